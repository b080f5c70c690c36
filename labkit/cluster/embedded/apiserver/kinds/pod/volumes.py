"""A pod's volumes, and where its containers mount them.

Drivers of one cloud are taken as they come: only their place in the union is checked.
Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

import re
from typing import Any

from .. import faults as f
from ..names import dns1123_label, dns1123_subdomain
from ..quantity import parse
from ..rules import (
    Faults,
    Object,
    Rule,
    between,
    both,
    fill,
    fill_absent,
    items,
    named,
    named_even_empty,
    one_of,
    parts,
    required,
    struct,
)
from .files import FILES_OF_KEYS, downward, projected
from .paths import absolute_path, no_backsteps

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


_PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(rf"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?/)?{_PART}(?:/{_PART})*(?:[:@]|$)")


def volume_defaults(volume: Object) -> None:
    """In place: a volume without a source is an emptyDir; files can be read by all."""
    if not any(source is not None and name in _TYPES for name, source in volume.items()):
        volume["emptyDir"] = {}
    for name in _HAVE_MODE:
        if (source := volume.get(name)) is not None:
            fill_absent(source, {"defaultMode": _MODE})
            _source_defaults(source)
    for source in parts((volume.get("projected") or {}), "sources"):
        if (token := source.get("serviceAccountToken")) is not None:
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
    """Always for what moves: no tag, or `latest`. What is no image's name is not looked into."""
    if len(image) > 255 or not _IMAGE.match(image):
        return "IfNotPresent"
    name, _, digest = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    is_latest = tag == "latest" if colon else not digest
    return "Always" if is_latest else "IfNotPresent"


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
    "secret": struct({"secretName": required(), **FILES_OF_KEYS}),
    "configMap": struct({"name": required(), **FILES_OF_KEYS}),
    "downwardAPI": downward,
    "persistentVolumeClaim": struct({"claimName": required()}),
    "nfs": struct({"server": required(), "path": both(required(), absolute_path)}),
    "csi": struct({"driver": both(required(), named_even_empty(dns1123_subdomain))}),
    "iscsi": struct({"targetPortal": required(), "iqn": required(), "lun": between(0, 255)}),
    "projected": projected,
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
