"""Where a container mounts a pod's volumes, and which it takes as devices.

Source: Kubernetes `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from .. import faults as f
from ..rules import Faults, Object, items, parts
from .paths import descending_path

_CLAIMS = ("persistentVolumeClaim", "ephemeral")


def mounts(container: Object, volumes: dict[str, Object], path: str, faults: Faults) -> None:
    """Where a container mounts the pod's volumes."""
    seen = set()
    taken = [(one.get("name"), one.get("devicePath")) for one in parts(container, "volumeDevices")]
    for mount, own_path in items(container, "volumeMounts", path):
        name, where = mount.get("name") or "", mount.get("mountPath") or ""
        if not name:
            faults.append(f.required(f"{own_path}.name"))
        if name not in volumes:
            faults.append(f.not_found(f"{own_path}.name", name))
        if not where:
            faults.append(f.required(f"{own_path}.mountPath"))
        if where in seen:
            faults.append(f.invalid(f"{own_path}.mountPath", where, "must be unique"))
        seen.add(where)
        if name in [other for other, _ in taken]:
            message = "must not already exist in volumeDevices"
            faults.append(f.invalid(f"{own_path}.name", name, message))
        if where in [other for _, other in taken]:
            message = "must not already exist as a path in volumeDevices"
            faults.append(f.invalid(f"{own_path}.mountPath", where, message))
        _sub_paths(mount, path, own_path, faults)


def _sub_paths(mount: Object, path: str, own_path: str, faults: Faults) -> None:
    # The API server names the list here, not the item.
    descending_path(mount.get("subPath"), f"{path}.volumeMounts.subPath", faults)
    if expression := mount.get("subPathExpr"):
        if mount.get("subPath"):
            message = "subPathExpr and subPath are mutually exclusive"
            faults.append(f.invalid(f"{own_path}.subPathExpr", expression, message))
        descending_path(expression, f"{path}.volumeMounts.subPathExpr", faults)


def devices(container: Object, volumes: dict[str, Object], path: str, faults: Faults) -> None:
    """Which of the pod's volumes a container takes as raw devices, and where."""
    names, paths = set(), set()
    taken = [(one.get("name"), one.get("mountPath")) for one in parts(container, "volumeMounts")]
    for device, own_path in items(container, "volumeDevices", path):
        name, where = device.get("name") or "", device.get("devicePath") or ""
        at_name, at_path = f"{own_path}.name", f"{own_path}.devicePath"
        if not name:
            faults.append(f.required(at_name))
        if name in names:
            faults.append(f.invalid(at_name, name, "must be unique"))
        if name not in volumes:
            faults.append(f.not_found(at_name, name))
        elif not any(volumes[name].get(kind) for kind in _CLAIMS):
            message = "can only use volume source type of PersistentVolumeClaim or Ephemeral"
            faults.append(f.invalid(at_name, name, f"{message} for block mode"))
        if not where:
            faults.append(f.required(at_path))
        if where in paths:
            faults.append(f.invalid(at_path, where, "must be unique"))
        if ".." in where.split("/"):
            message = "can not contain backsteps ('..')"
            faults.append(f.invalid(at_path, where, message))
        elif where:
            paths.add(where)
        if name in [other for other, _ in taken]:
            message = "must not already exist in volumeMounts"
            faults.append(f.invalid(at_name, name, message))
        if where in [other for _, other in taken]:
            message = "must not already exist as a path in volumeMounts"
            faults.append(f.invalid(at_path, where, message))
        if name:
            names.add(name)
