"""Packs the published definitions of Kubernetes' API into two small files beside this one.

    python -m labkit.cluster.embedded.schema.packing kubernetes_validate-1.37.0-py3-none-any.whl

Origin: the OpenAPI definitions of Kubernetes (Copyright The Kubernetes Authors, Apache License
2.0, https://github.com/kubernetes/kubernetes/tree/master/api/openapi-spec), as the PyPI package
`kubernetes-validate` (Apache License) carries them. That package changes them for its own use,
and what it changed is put back: `null` beside every type, an `enum` of every kind and apiVersion,
and the types of `Quantity` and `IntOrString`. It is made from OpenAPI v2, which has no defaults:
those that are not just Go's zero values are written down below.

Not in it, and so not in ours: zero values as defaults (`"default": {}`), and enums of strings,
which a real server adds to its OpenAPI v3.

Each file is lines of a name, a tab and JSON, in order of names; the first line of the definitions
has no name and says which kind has which definition. Packing the same package twice gives the
same bytes.
"""

from __future__ import annotations

import gzip
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

from labkit.cluster.embedded.schema.definitions import (
    DEFINITIONS,
    DESCRIPTIONS,
    INT_OR_STRING,
    QUANTITY,
)
from labkit.cluster.embedded.version import VERSION

CORE = "io.k8s.api.core.v1"

PUBLISHED: dict[str, dict[str, Any]] = {
    QUANTITY: {"oneOf": [{"type": "string"}, {"type": "number"}]},
    INT_OR_STRING: {"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]},
}
"""Definitions that are not as the package has them."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "ContainerPort": {"protocol": "TCP"},
    "ServicePort": {"protocol": "TCP"},
    "AzureDiskVolumeSource": {
        "cachingMode": "ReadWrite", "fsType": "ext4", "kind": "Shared", "readOnly": False,
    },
    "ISCSIPersistentVolumeSource": {"iscsiInterface": "default"},
    "ISCSIVolumeSource": {"iscsiInterface": "default"},
    "RBDPersistentVolumeSource": {
        "keyring": "/etc/ceph/keyring", "pool": "rbd", "user": "admin",
    },
    "RBDVolumeSource": {"keyring": "/etc/ceph/keyring", "pool": "rbd", "user": "admin"},
    "ScaleIOPersistentVolumeSource": {"fsType": "xfs", "storageMode": "ThinProvisioned"},
    "ScaleIOVolumeSource": {"fsType": "xfs", "storageMode": "ThinProvisioned"},
}  # fmt: skip
"""Defaults that OpenAPI v3 publishes: of the core group, by definition and field."""

KINDS_OF_EVERY_GROUP = frozenset({"DeleteOptions", "WatchEvent"})
"""These say that they are of every group and version: the first, which is the core's, is enough."""


def pack(wheel: Path, folder: Path = DEFINITIONS.parent) -> None:
    """Reads `kubernetes-validate` and writes both files.

    Raises:
        KeyError: the package has no definitions of this version of Kubernetes.
    """
    definitions, descriptions = read(wheel)
    kinds = {"": kinds_of(definitions)}
    write(folder / DEFINITIONS.name, kinds | definitions)
    write(folder / DESCRIPTIONS.name, descriptions)


def read(wheel: Path) -> tuple[dict[str, Any], dict[str, dict[str, str]]]:
    """The definitions as published, without descriptions, and those."""
    name = f"kubernetes_validate/kubernetes-json-schema/v{VERSION}.0-local/_definitions.json"
    with zipfile.ZipFile(wheel) as package:
        found = json.loads(package.read(name))["$defs"]
    descriptions = {name: take_descriptions(schema) for name, schema in found.items()}
    definitions = {name: as_published(name, schema) for name, schema in found.items()}
    return definitions, descriptions


def take_descriptions(schema: dict[str, Any]) -> dict[str, str]:
    """Takes the descriptions out: that of the definition, by no name, and those of its fields."""
    texts = {"": schema.pop("description", "")}
    for name, field in schema.get("properties", {}).items():
        texts[name] = field.pop("description", "")
    return {name: text for name, text in texts.items() if text}


def as_published(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """A definition with the package's changes undone, and with its defaults."""
    if name in PUBLISHED:
        return PUBLISHED[name]
    schema = undo(schema)
    for said in (schema.get("properties", {}).get(field, {}) for field in ("apiVersion", "kind")):
        said.pop("enum", None)
    group, _, kind = name.rpartition(".")
    for field, default in DEFAULTS.get(kind, {}).items() if group == CORE else ():
        schema["properties"][field]["default"] = default
    kinds = schema.get("x-kubernetes-group-version-kind", [])
    if kinds and kinds[0]["kind"] in KINDS_OF_EVERY_GROUP:
        del kinds[1:]
    return schema


def undo(part: Any) -> Any:
    """A part of a schema without `null` beside its type; references are names."""
    if isinstance(part, list):
        return [undo(element) for element in part]
    if not isinstance(part, dict):
        return part
    part = {name: undo(value) for name, value in part.items()}
    if isinstance(part.get("type"), list):
        (part["type"],) = (kind for kind in part["type"] if kind != "null")
    if isinstance(part.get("$ref"), str):  # JSON schemas have a property of that name, too
        part["$ref"] = part["$ref"].removeprefix("#/$defs/")
    return part


def kinds_of(definitions: dict[str, Any]) -> dict[str, str]:
    """Which definition a kind has, by `group/version/kind`."""
    return {
        f"{kind['group']}/{kind['version']}/{kind['kind']}": name
        for name, schema in definitions.items()
        for kind in schema.get("x-kubernetes-group-version-kind", [])
    }


def write(path: Path, content: dict[str, Any]) -> None:
    """Writes lines of name and JSON, compressed; the same content gives the same bytes."""
    lines = (
        f"{name}\t{json.dumps(value, separators=(',', ':'), sort_keys=True, ensure_ascii=False)}"
        for name, value in sorted(content.items())
    )
    path.write_bytes(gzip.compress("\n".join(lines).encode(), compresslevel=9, mtime=0))


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
