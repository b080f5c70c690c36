"""What environments and files say of their own pod: `fieldRef`, `resourceFieldRef`.

Source: Kubernetes `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from .. import faults as f
from ..names import qualified_name
from ..quantity import parse
from ..rules import Faults

ENVIRONMENT = (
    "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName",
    "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
)  # fmt: skip
"""Fields that an environment can have."""
FILES = (
    "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace",
    "metadata.uid",
)  # fmt: skip
"""Fields that a file can have."""
_ELSEWHERE = ("spec.restartPolicy", "spec.schedulerName", "status.phase")
"""What only field selectors know."""
_SUBSCRIPT = ("metadata.annotations[", "metadata.labels[")
_RESOURCES = (
    "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu",
    "requests.ephemeral-storage", "requests.memory",
)  # fmt: skip
_BYTES = ("1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei")
_DIVISORS = {
    "cpu": ("cpu", ("1m", "1")),
    "memory": ("memory", _BYTES),
    "ephemeral-storage": ("local ephemeral storage", _BYTES),
}


def field_ref(value: Any, path: str, faults: Faults, *, supported: tuple[str, ...]) -> None:
    """A field of the pod, one of those that are supported here."""
    asked = value.get("fieldPath") or ""
    if not asked:
        faults.append(f.required(f"{path}.fieldPath"))
    elif asked.startswith(_SUBSCRIPT) and asked.endswith("']"):
        name = asked.partition("['")[2][:-2]
        faults += [f.invalid(path, name, message) for message in qualified_name(name)]
    elif asked not in supported:
        if asked in (*ENVIRONMENT, *FILES, *_ELSEWHERE):
            faults.append(f.not_supported(f"{path}.fieldPath", asked, supported))
        else:
            message = f"error converting fieldPath: field label not supported: {asked}"
            faults.append(f.invalid(f"{path}.fieldPath", asked, message))


def resource_field_ref(
    value: Any, path: str, faults: Faults, *, is_of_volume: bool = False
) -> None:
    """A limit or a request of a container; a volume has to say which container's."""
    asked = value.get("resource") or ""
    if is_of_volume and not value.get("containerName"):
        faults.append(f.required(f"{path}.containerName"))
    elif not asked:
        faults.append(f.required(f"{path}.resource"))
    elif asked not in _RESOURCES and not asked.startswith(
        ("limits.hugepages-", "requests.hugepages-")
    ):
        faults.append(f.not_supported(f"{path}.resource", asked, _RESOURCES))
    _divisor(asked, value.get("divisor"), path, faults)


def _divisor(asked: str, given: Any, path: str, faults: Faults) -> None:
    amount = parse(given if given is not None else "0")
    said, allowed = _DIVISORS.get(asked.partition(".")[2], ("", ()))
    if allowed and amount.nano and amount.nano not in [parse(one).nano for one in allowed]:
        text = " and ".join(allowed) if said == "cpu" else ", ".join(allowed)
        message = f"only divisor's values {text} are supported with the {said} resource"
        faults.append(f.invalid(f"{path}.divisor", asked, message))
