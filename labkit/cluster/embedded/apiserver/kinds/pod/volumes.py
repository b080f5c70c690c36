"""A pod's volumes, and where its containers mount them.

Drivers of one cloud are taken as they come: only their place in the union is checked.
Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from .. import faults as f
from ..names import config_key, dns1123_label, dns1123_subdomain
from ..quantity import parse
from ..rules import (
    Faults,
    Object,
    Rule,
    both,
    each,
    fill,
    fill_absent,
    items,
    named,
    one_of,
    parts,
    required,
    struct,
)

_MODE = 0o644
_HAVE_MODE = ("secret", "configMap", "downwardAPI", "projected")
_ONLY_ONE = "may not specify more than 1 volume type"
_TYPES = frozenset({
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs",
    "iscsi", "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte",
    "downwardAPI", "fc", "flexVolume", "configMap", "azureFile", "vsphereVolume",
    "photonPersistentDisk", "portworxVolume", "azureDisk", "storageos", "projected", "scaleIO",
    "csi", "ephemeral", "image",
})  # fmt: skip


def volume_defaults(volume: Object) -> None:
    """In place: a volume without a source is an emptyDir; files can be read by all."""
    if not any(source is not None and name in _TYPES for name, source in volume.items()):
        volume["emptyDir"] = {}
    for name in _HAVE_MODE:
        if source := volume.get(name):
            fill_absent(source, {"defaultMode": _MODE})
            _source_defaults(source)
    for source in parts((volume.get("projected") or {}), "sources"):
        if token := source.get("serviceAccountToken"):
            fill_absent(token, {"expirationSeconds": 3600})
        _source_defaults(source.get("downwardAPI") or {})
    if (host := volume.get("hostPath")) is not None:
        fill_absent(host, {"type": ""})
    if claim := (volume.get("ephemeral") or {}).get("volumeClaimTemplate"):
        fill_absent(claim.get("spec") or {}, {"volumeMode": "Filesystem"})
    if image := volume.get("image"):
        fill(image, {"pullPolicy": pull_policy(image.get("reference") or "")})


def _source_defaults(source: Object) -> None:
    for file in parts(source, "items"):
        if reference := file.get("fieldRef"):
            fill(reference, {"apiVersion": "v1"})


def pull_policy(image: str) -> str:
    """Always for what moves: no tag, or `latest`."""
    name, _, digest = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    is_latest = tag == "latest" if colon else not digest
    return "Always" if is_latest else "IfNotPresent"


def no_backsteps(value: Any, path: str, faults: Faults) -> None:
    """A path without `..`."""
    if ".." in (value or "").split("/"):
        faults.append(f.invalid(path, value, "must not contain '..'"))


def descending_path(value: Any, path: str, faults: Faults) -> None:
    """A path that stays below."""
    if (value or "").startswith("/"):
        faults.append(f.invalid(path, value, "must be a relative path"))
    no_backsteps(value, path, faults)


def _file_mode(value: Any, path: str, faults: Faults) -> None:
    if value is not None and not 0 <= value <= 0o777:
        message = "must be a number between 0 and 0777 (octal), both inclusive"
        faults.append(f.invalid(path, value, message))


def _no_dots(value: Any, path: str, faults: Faults) -> None:
    if (value or "").startswith(".."):
        faults.append(f.invalid(path, value, "must not start with '..'"))


_KEY_TO_PATH = struct(
    {
        "key": required(named(config_key)),
        "path": required(both(descending_path, _no_dots)),
        "mode": _file_mode,
    }
)
_FILES: dict[str, Rule] = {"defaultMode": _file_mode, "items": each(_KEY_TO_PATH)}
_DOWNWARD = struct({"path": required(both(descending_path, _no_dots)), "mode": _file_mode})


def _empty_dir(value: Any, path: str, faults: Faults) -> None:
    limit = value.get("sizeLimit")
    if limit is not None and parse(limit).nano < 0:
        message = "SizeLimit field must be a valid resource quantity"
        faults.append(f.forbidden(f"{path}.sizeLimit", message))


_HOST_PATH = struct(
    {
        "path": required(no_backsteps),
        "type": one_of(
            "",
            "BlockDevice",
            "CharDevice",
            "Directory",
            "DirectoryOrCreate",
            "File",
            "FileOrCreate",
            "Socket",
        ),
    }
)
_SOURCES: dict[str, Rule] = {
    "emptyDir": _empty_dir,
    "hostPath": _HOST_PATH,
    "secret": struct({"secretName": required(), **_FILES}),
    "configMap": struct({"name": required(), **_FILES}),
    "downwardAPI": struct({"defaultMode": _file_mode, "items": each(_DOWNWARD)}),
    "persistentVolumeClaim": struct({"claimName": required()}),
    "nfs": struct({"server": required(), "path": required()}),
    "csi": struct({"driver": required()}),
    "projected": struct({"defaultMode": _file_mode}),
}


_VOLUME_NAME = required(named(dns1123_label))


def volumes(spec: Object, path: str, faults: Faults) -> dict[str, Object]:
    """Checks a pod's volumes; gives those by name that containers may mount."""
    good: dict[str, Object] = {}
    for volume, own_path in items(spec, "volumes", path):
        wrong: Faults = []
        _source(volume, own_path, wrong)
        name = volume.get("name") or ""
        _VOLUME_NAME(name, f"{own_path}.name", wrong)
        if name in good:
            wrong.append(f.duplicate(f"{own_path}.name", name))
        if wrong:
            faults += wrong
        else:
            good[name] = volume
    return good


def _source(volume: Object, path: str, faults: Faults) -> None:
    there = [name for name, source in volume.items() if source is not None and name in _TYPES]
    if not there:
        faults.append(f.required(path, "must specify a volume type"))
        return
    if rule := _SOURCES.get(there[0]):
        rule(volume[there[0]], f"{path}.{there[0]}", faults)
    for name in there[1:]:
        faults.append(f.forbidden(f"{path}.{name}", _ONLY_ONE))


def mounts(container: Object, volumes: dict[str, Object], path: str, faults: Faults) -> None:
    """Where a container mounts the pod's volumes."""
    seen = set()
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
        _sub_paths(mount, path, own_path, faults)


def _sub_paths(mount: Object, path: str, own_path: str, faults: Faults) -> None:
    # The API server names the list here, not the item.
    descending_path(mount.get("subPath"), f"{path}.volumeMounts.subPath", faults)
    if expression := mount.get("subPathExpr"):
        if mount.get("subPath"):
            message = "subPathExpr and subPath are mutually exclusive"
            faults.append(f.invalid(f"{own_path}.subPathExpr", expression, message))
        descending_path(expression, f"{path}.volumeMounts.subPathExpr", faults)


image_pull_secrets = each(struct({"name": named(dns1123_subdomain)}))
