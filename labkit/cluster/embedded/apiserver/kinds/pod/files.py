"""Files that volumes are made of: keys of secrets and config maps, fields of the pod, tokens.

Source: Kubernetes `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from .. import faults as f
from ..rules import Faults, Object, Rule, each, items, parts, required, struct
from .paths import local_path
from .references import FILES, field_ref, resource_field_ref

_TOKEN_MIN_S, _TOKEN_MAX_S = 600, 1 << 32
_SOURCES = ("secret", "configMap", "downwardAPI", "serviceAccountToken")


def file_mode(value: Any, path: str, faults: Faults) -> None:
    """Who may read and write a file, as a number."""
    if value is not None and not 0 <= value <= 0o777:
        message = "must be a number between 0 and 0777 (octal), both inclusive"
        faults.append(f.invalid(path, value, message))


_KEY_TO_PATH = struct(
    {
        "key": required(),
        "path": required(local_path),
        "mode": file_mode,
    }
)
FILES_OF_KEYS: dict[str, Rule] = {"defaultMode": file_mode, "items": each(_KEY_TO_PATH)}
"""What secrets and config maps have in common."""


def _downward_file(file: Any, path: str, faults: Faults) -> None:
    # The API server names the list's owner here, not the item.
    _DOWNWARD_PATH(file.get("path"), f"{path}.path", faults)
    if (field := file.get("fieldRef")) is not None:
        field_ref(field, f"{path}.fieldRef", faults, supported=FILES)
        if file.get("resourceFieldRef") is not None:
            message = "fieldRef and resourceFieldRef can not be specified simultaneously"
            faults.append(f.invalid(path, "resource", message))
    elif (resource := file.get("resourceFieldRef")) is not None:
        resource_field_ref(resource, f"{path}.resourceFieldRef", faults, is_of_volume=True)
    else:
        message = "one of fieldRef and resourceFieldRef is required"
        faults.append(f.required(path, message))
    file_mode(file.get("mode"), f"{path}.mode", faults)


_DOWNWARD_PATH = required(local_path)


def downward(value: Any, path: str, faults: Faults) -> None:
    """Files that say something of the pod."""
    file_mode(value.get("defaultMode"), f"{path}.defaultMode", faults)
    for file in parts(value, "items"):
        _downward_file(file, path, faults)


def projected(value: Any, path: str, faults: Faults) -> None:
    """Several sources in one folder: no two make the same file."""
    file_mode(value.get("defaultMode"), f"{path}.defaultMode", faults)
    seen: set[str] = set()
    for source, own_path in items(value, "sources", path):
        there = [name for name in _SOURCES if source.get(name) is not None]
        for name in there:
            _source(name, source[name], f"{own_path}.{name}", faults)
            if name == "serviceAccountToken" and not source[name].get("path"):
                faults.append(f.required(f"{path}.path"))
            for file in _paths(source[name]):
                if file in seen:
                    faults.append(f.invalid(path, file, "conflicting duplicate paths"))
                seen.add(file)
        for name in there[1:]:
            faults.append(
                f.forbidden(f"{own_path}.{name}", "may not specify more than 1 volume type")
            )


def _source(name: str, source: Object, path: str, faults: Faults) -> None:
    if name == "downwardAPI":
        downward(source, path, faults)
    elif name == "serviceAccountToken":
        _token(source, path, faults)
    else:
        _KEYS(source, path, faults)


_KEYS = struct({"name": required(), "items": each(_KEY_TO_PATH)})


def _token(token: Object, path: str, faults: Faults) -> None:
    lasts_s, path = token.get("expirationSeconds") or 0, f"{path}.expirationSeconds"
    if lasts_s < _TOKEN_MIN_S:
        faults.append(f.invalid(path, lasts_s, "may not specify a duration less than 10 minutes"))
    elif lasts_s > _TOKEN_MAX_S:
        message = "may not specify a duration larger than 2^32 seconds"
        faults.append(f.invalid(path, lasts_s, message))


def _paths(source: Object) -> list[str]:
    files = [source, *parts(source, "items")]
    return [file["path"] for file in files if file.get("path")]
