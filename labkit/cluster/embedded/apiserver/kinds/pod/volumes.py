"""A pod's volumes, and where its containers mount them.

Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

import re
from typing import Any

from .. import faults as f
from ..claims import claim_template
from ..names import dns1123_label
from ..quantity import parse
from ..rules import (
    Faults,
    Object,
    Rule,
    fill,
    fill_absent,
    items,
    named,
    parts,
    required,
    struct,
)
from .files import FILES_OF_KEYS, downward, projected
from .paths import descending_path
from .sources import (
    OF_A_POD,
    ONLY_ONE,
    RULE_PATHS,
    SECOND_PATHS,
    SOURCES,
    TOO_LONG_TOGETHER,
    is_too_long_together,
)

_MODE = 0o644
_HAVE_MODE = ("secret", "configMap", "downwardAPI", "projected")
_TYPES = (
    "emptyDir", "hostPath", "gitRepo", "gcePersistentDisk", "awsElasticBlockStore", "secret", "nfs",
    "iscsi", "glusterfs", "flocker", "persistentVolumeClaim", "rbd", "cinder", "cephfs", "quobyte",
    "downwardAPI", "fc", "flexVolume", "configMap", "azureFile", "vsphereVolume",
    "photonPersistentDisk", "portworxVolume", "azureDisk", "storageos", "projected", "scaleIO",
    "csi", "ephemeral", "image",
)  # fmt: skip
"""In the order in which the API server looks at them: the first is the one that counts."""
_PLACES = {name: place for place, name in enumerate(_TYPES)}
_SECOND_PATHS = {**SECOND_PATHS, "downwardAPI": "downwarAPI"}


_PART = "[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_IMAGE = re.compile(rf"(?:[A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?/)?{_PART}(?:/{_PART})*(?:[:@]|$)")


def volume_defaults(volume: Object) -> None:
    """In place: a volume without a source is an emptyDir; files can be read by all."""
    if not any(source is not None and name in _PLACES for name, source in volume.items()):
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


_SOURCES: dict[str, Rule] = {
    **SOURCES,
    **OF_A_POD,
    "emptyDir": _empty_dir,
    "gitRepo": struct({"repository": required(), "directory": descending_path}),
    "secret": struct({"secretName": required(), **FILES_OF_KEYS}),
    "configMap": struct({"name": required(), **FILES_OF_KEYS}),
    "downwardAPI": downward,
    "persistentVolumeClaim": struct({"claimName": required()}),
    "projected": projected,
    "ephemeral": struct({"volumeClaimTemplate": required(claim_template)}),
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
    there = [name for name, part in volume.items() if part is not None and name in _PLACES]
    there.sort(key=_PLACES.__getitem__)
    if not there:
        faults.append(f.required(path, "must specify a volume type"))
        return
    if rule := _SOURCES.get(there[0]):
        rule(volume[there[0]], f"{path}.{RULE_PATHS.get(there[0], there[0])}", faults)
    for name in there[1:]:
        faults.append(f.forbidden(f"{path}.{_SECOND_PATHS.get(name, name)}", ONLY_ONE))
    name = volume.get("name") or ""
    if is_too_long_together(volume.get("iscsi") or {}, name):
        faults.append(f.invalid(f"{path}.name", name, TOO_LONG_TOGETHER))
