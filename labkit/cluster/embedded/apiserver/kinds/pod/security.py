"""Security contexts: who a container runs as, and what it may.

Source: Kubernetes `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

import re
from typing import Any

from .. import faults as f
from ..rules import Faults, between, each, one_of, struct
from .paths import descending_path

_ID = between(0, 2**31 - 1)
_SYSCTL = "([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?"


def _seccomp(value: Any, path: str, faults: Faults) -> None:
    if value is None:
        return
    kind, file = value.get("type") or "", value.get("localhostProfile")
    if kind == "Localhost":
        if file is None:
            message = "must be set when seccomp type is Localhost"
            faults.append(f.required(f"{path}.localhostProfile", message))
        descending_path(file, f"{path}.localhostProfile", faults)
        return
    if file is not None:
        message = "can only be set when seccomp type is Localhost"
        faults.append(f.invalid(f"{path}.localhostProfile", file, message))
    if not kind:
        faults.append(f.required(f"{path}.type", "type is required when seccompProfile is set"))
    elif kind not in ("RuntimeDefault", "Unconfined"):
        supported = ("Localhost", "RuntimeDefault", "Unconfined")
        faults.append(f.not_supported(f"{path}.type", kind, supported))


def _escalation(value: Any, path: str, faults: Faults) -> None:
    if value.get("allowPrivilegeEscalation") is not False:
        return
    if value.get("privileged"):
        message = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"
        faults.append(f.invalid(path, value, message))
    if "CAP_SYS_ADMIN" in ((value.get("capabilities") or {}).get("add") or ()):
        message = (
            "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN"
        )
        faults.append(f.invalid(path, value, message))


container_security = struct(
    {
        "runAsUser": _ID,
        "runAsGroup": _ID,
        "procMount": one_of("Default", "Unmasked"),
        "seccompProfile": _seccomp,
    },
    _escalation,
)


def _fs_group_change(value: Any, path: str, faults: Faults) -> None:
    supported = ("Always", "OnRootMismatch")
    if value not in supported:  # nothing said is no fault, "" is one
        faults.append(f.not_supported(path, value, supported))


def _sysctl(value: Any, path: str, faults: Faults) -> None:
    name = value.get("name") or ""
    if not name:
        faults.append(f.required(f"{path}.name"))
    elif len(name) > 253 or not re.fullmatch(_SYSCTL, name):
        message = f"must have at most 253 characters and match regex ^{_SYSCTL}$"
        faults.append(f.invalid(f"{path}.name", name, message))


pod_security = struct(
    {
        "fsGroup": _ID,
        "runAsUser": _ID,
        "runAsGroup": _ID,
        "supplementalGroups": each(_ID),
        "sysctls": each(_sysctl, unique="name"),
        "fsGroupChangePolicy": _fs_group_change,
        "supplementalGroupsPolicy": one_of("Merge", "Strict"),
        "seccompProfile": _seccomp,
    }
)
