"""Persistent volumes, and volumes that an attachment says itself.

Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation/validation.go`,
`pkg/volume/validation` (mount options).
"""

from __future__ import annotations

import posixpath
from typing import Any

from . import faults as f
from .claims import CLASS_NAME, VOLUME_MODES, access_modes, keeps_attributes, positive
from .differences import difference
from .kind import Kind
from .names import dns1123_subdomain
from .pod.placement import node_selector
from .pod.resources import canonical_list
from .pod.sources import OF_A_VOLUME, ONLY_ONE, RULE_PATHS, SECOND_PATHS, SOURCES, iscsi
from .quantity import parse
from .rules import (
    IMMUTABLE,
    Faults,
    Object,
    child,
    fill,
    fill_absent,
    named,
    one_of,
    part,
    same,
    shown_pointer,
)

_TYPES = (
    "hostPath", "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "flocker", "nfs", "rbd",
    "quobyte", "cephfs", "iscsi", "cinder", "fc", "flexVolume", "azureFile", "vsphereVolume",
    "photonPersistentDisk", "portworxVolume", "azureDisk", "scaleIO", "local", "storageos", "csi",
)  # fmt: skip
"""In the order in which the API server looks at them: the first is the one that counts."""
_RULES = {**SOURCES, **OF_A_VOLUME}
_RECLAIM = one_of("Delete", "Recycle", "Retain")
_MOUNT_OPTIONS = "volume.beta.kubernetes.io/mount-options"
_TAKE_MOUNT_OPTIONS = frozenset(
    {
        "gcePersistentDisk", "awsElasticBlockStore", "glusterfs", "nfs", "rbd", "quobyte", "iscsi",
        "cinder", "cephfs", "azureFile", "vsphereVolume", "azureDisk", "photonPersistentDisk",
    }
)  # fmt: skip


def _defaults(new: Object) -> None:
    spec = child(new, "spec")
    fill(spec, {"persistentVolumeReclaimPolicy": "Retain"})
    fill_absent(spec, {"volumeMode": "Filesystem"})
    canonical_list(spec, "capacity")
    if (host := spec.get("hostPath")) is not None:
        fill_absent(host, {"type": ""})
    fill(child(new, "status"), {"phase": "Pending"})


def _sources(spec: Object) -> list[str]:
    return [name for name in _TYPES if spec.get(name) is not None]


def _capacity(value: Any, path: str, faults: Faults) -> None:
    if not value:
        faults.append(f.required(path))
    if "storage" not in (value or ()) or len(value) > 1:
        faults.append(f.not_supported(path, value or None, ("storage",)))
    for name, written in (value or {}).items():
        own_path, whole = f"{path}[{name}]", parse(written).value
        if whole < 0:
            faults.append(f.invalid(own_path, whole, "must be a valid resource quantity"))
        positive(written, own_path, faults)


def _modes(spec: Object, path: str, faults: Faults) -> None:
    if not spec.get("accessModes"):
        faults.append(f.required(f"{path}.accessModes"))
    access_modes(spec.get("accessModes"), f"{path}.accessModes", faults)


def _node_affinity(value: Any, path: str, faults: Faults) -> None:
    if value.get("required") is None:
        faults.append(f.required(f"{path}.required", "must specify required node constraints"))
    else:
        node_selector(value["required"], f"{path}.required", faults)


def _one_source(spec: Object, path: str, name: str, faults: Faults, *, is_placed: bool) -> None:
    there = _sources(spec)
    for index, source in enumerate(there):
        if index and source != "flexVolume":  # which is looked into even when it is one too many
            second = SECOND_PATHS.get(source, source)
            faults.append(f.forbidden(f"{path}.{second}", ONLY_ONE))
            continue
        own_path = f"{path}.{RULE_PATHS.get(source, source)}"
        if source == "iscsi":
            iscsi(spec[source], own_path, faults, volume_name=name)
        else:
            _RULES[source](spec[source], own_path, faults)
        if source == "local" and not is_placed:
            message = "Local volume requires node affinity"
            faults.append(f.required(f"{path}.nodeAffinity", message))
    if not there:
        faults.append(f.required(path, "must specify a volume type"))
    _no_recycled_root(spec, path, faults)


def _no_recycled_root(spec: Object, path: str, faults: Faults) -> None:
    host = spec.get("hostPath")
    if host is None or spec.get("persistentVolumeReclaimPolicy") != "Recycle":
        return
    where = host.get("path") or ""
    if where and posixpath.normpath(where).lstrip("/") == "":
        message = "may not be 'recycle' for a hostPath mount of '/'"
        faults.append(f.forbidden(f"{path}.persistentVolumeReclaimPolicy", message))


def _attributes(spec: Object, path: str, faults: Faults) -> None:
    name, own_path = spec.get("volumeAttributesClassName"), f"{path}.volumeAttributesClassName"
    if name is None:
        return
    if not name:
        faults.append(f.required(own_path, "an empty string is disallowed"))
    named(dns1123_subdomain)(name or None, own_path, faults)
    if spec.get("csi") is None:
        message = "has to be specified when using volumeAttributesClassName"
        faults.append(f.required(f"{path}.csi", message))


def _volume(new: Any, path: str, faults: Faults) -> None:
    spec, path = new.get("spec") or {}, "spec"
    _modes(spec, path, faults)
    _capacity(spec.get("capacity"), f"{path}.capacity", faults)
    _RECLAIM(spec.get("persistentVolumeReclaimPolicy") or None, f"{path}.{_POLICY}", faults)
    affinity, name = spec.get("nodeAffinity"), new["metadata"].get("name") or ""
    if affinity is not None:
        _node_affinity(affinity, f"{path}.nodeAffinity", faults)
    _one_source(spec, path, name, faults, is_placed=affinity is not None)
    CLASS_NAME(spec.get("storageClassName"), f"{path}.storageClassName", faults)
    VOLUME_MODES(spec.get("volumeMode"), f"{path}.volumeMode", faults)
    _attributes(spec, path, faults)


_POLICY = "persistentVolumeReclaimPolicy"
_INLINE = "in the context of inline volumes"
_NOT_INLINE = f"may not be specified {_INLINE}"


def inline_volume(spec: Any, path: str, faults: Faults) -> None:
    """A volume that an attachment says itself: one of a CSI driver, and no more than that."""
    for name in ("claimRef", "capacity"):
        if spec.get(name):
            faults.append(f.forbidden(f"{path}.{name}", _NOT_INLINE))
    if spec.get("csi") is None:
        faults.append(f.required(f"{path}.csi", f"has to be specified {_INLINE}"))
    _modes(spec, path, faults)
    if spec.get(_POLICY) not in (None, "", "Retain"):
        faults.append(f.forbidden(f"{path}.{_POLICY}", f"may only be Retain {_INLINE}"))
    if spec.get("nodeAffinity") is not None:
        faults.append(f.forbidden(f"{path}.nodeAffinity", _NOT_INLINE))
    _one_source(spec, path, "", faults, is_placed=False)
    if spec.get("storageClassName"):
        faults.append(f.forbidden(f"{path}.storageClassName", _NOT_INLINE))
    if spec.get("volumeMode") not in (None, "Filesystem"):
        message = f"may not specify volumeMode other than Filesystem {_INLINE}"
        faults.append(f.forbidden(f"{path}.volumeMode", message))


def _mount_options(new: Any, path: str, faults: Faults) -> None:
    if _MOUNT_OPTIONS not in (new["metadata"].get("annotations") or ()):
        return
    if _TAKE_MOUNT_OPTIONS.isdisjoint(_sources(new.get("spec") or {})):
        message = "may not specify mount options for this volume type"
        faults.append(f.forbidden(f"metadata.annotations.{_MOUNT_OPTIONS}", message))


_NEW_NAMES = {
    "failure-domain.beta.kubernetes.io/zone": "topology.kubernetes.io/zone",
    "failure-domain.beta.kubernetes.io/region": "topology.kubernetes.io/region",
    "beta.kubernetes.io/os": "kubernetes.io/os",
    "beta.kubernetes.io/arch": "kubernetes.io/arch",
    "beta.kubernetes.io/instance-type": "node.kubernetes.io/instance-type",
}
"""Labels of nodes that have another name now: by it a volume may be bound to its nodes anew."""


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        new = {name: _renamed(item) for name, item in value.items()}
        if new.get("key") in _NEW_NAMES:
            new["key"] = _NEW_NAMES[new["key"]]
        return new
    return [_renamed(item) for item in value] if isinstance(value, list | tuple) else value


def _update(new: Object, old: Object, faults: Faults) -> None:
    now, was = ({name: one["spec"][name] for name in _sources(one["spec"])} for one in (new, old))
    secret = "controllerExpandSecretRef"
    if "csi" in was and "csi" in now and part(was, f"csi.{secret}") is None:
        now["csi"] = {**now["csi"], secret: None}  # it may be said once
    if not same(now, was):
        message = "spec.persistentvolumesource is immutable after creation"
        where = "spec.persistentvolumesource"
        faults.append(f.forbidden(where, f"{message}\n{difference(was, now)}"))
    # The paths of the next two are short there, too.
    if not same(mode := new["spec"].get("volumeMode"), old["spec"].get("volumeMode")):
        faults.append(f.invalid("volumeMode", mode, IMMUTABLE))
    before, affinity = old["spec"].get("nodeAffinity"), new["spec"].get("nodeAffinity")
    if before is not None and not any(same(affinity, one) for one in (before, _renamed(before))):
        faults.append(f.invalid("nodeAffinity", shown_pointer(affinity), IMMUTABLE))
    keeps_attributes(new["spec"], old["spec"], faults)


VOLUME = Kind(
    is_namespaced=False,
    defaults=(_defaults,),
    rules=(_volume,),
    create_rules=(_mount_options,),
    update_rules=(_update,),
    rules_first=True,
    status={"phase": "Pending"},
)
