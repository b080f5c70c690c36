"""Packing the published definitions."""

from __future__ import annotations

import gzip
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.schema import Definitions
from labkit.cluster.embedded.schema.definitions import (
    DEFINITIONS,
    DESCRIPTIONS,
    INT_OR_STRING,
    QUANTITY,
)
from labkit.cluster.embedded.schema.packing import pack
from labkit.cluster.embedded.version import VERSION

THING = "io.k8s.api.core.v1.ContainerPort"
ALTERED: dict[str, Any] = {
    THING: {
        "description": "A thing.",
        "type": ["object", "null"],
        "required": ["size"],
        "x-kubernetes-group-version-kind": [{"group": "g", "version": "v1", "kind": "Thing"}],
        "properties": {
            "apiVersion": {"type": ["string", "null"], "enum": ["g/v1"]},
            "kind": {"type": ["string", "null"], "enum": ["Thing"]},
            "size": {"$ref": f"#/$defs/{QUANTITY}", "description": "How big."},
            "protocol": {"type": ["string", "null"]},
            "names": {"type": ["array", "null"], "items": {"type": ["string", "null"]}},
        },
    },
    "Delete": {
        "type": ["object", "null"],
        "x-kubernetes-group-version-kind": [
            {"group": group, "version": "v1", "kind": "DeleteOptions"} for group in ("", "apps")
        ],
    },
    QUANTITY: {"oneOf": [{"type": ["string", "null"]}, {"type": ["number", "null"]}]},
    INT_OR_STRING: {"oneOf": [{"type": ["string", "null"]}, {"type": ["integer", "null"]}]},
}
"""As `kubernetes-validate` has definitions."""


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "package.whl"
    name = f"kubernetes_validate/kubernetes-json-schema/v{VERSION}.0-local/_definitions.json"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr(name, json.dumps({"$defs": ALTERED}))
    return path


def test_what_the_package_altered_is_put_back(wheel: Path, tmp_path: Path) -> None:
    pack(wheel, tmp_path)
    packed = Definitions((tmp_path / DEFINITIONS.name).read_bytes())
    assert packed.schema(THING) == {
        "type": "object",
        "required": ["size"],
        "x-kubernetes-group-version-kind": [{"group": "g", "version": "v1", "kind": "Thing"}],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "size": {"$ref": QUANTITY},
            "protocol": {"type": "string", "default": "TCP"},
            "names": {"type": "array", "items": {"type": "string"}},
        },
    }
    assert packed.schema(QUANTITY) == {"oneOf": [{"type": "string"}, {"type": "number"}]}
    assert packed.schema(INT_OR_STRING)["format"] == "int-or-string"
    found = packed.kind("g", "v1", "Thing")
    assert found is packed.definition(THING)


def test_a_kind_of_every_group_is_the_cores(wheel: Path, tmp_path: Path) -> None:
    pack(wheel, tmp_path)
    packed = Definitions((tmp_path / DEFINITIONS.name).read_bytes())
    assert packed.kind("", "v1", "DeleteOptions") is not None
    assert packed.kind("apps", "v1", "DeleteOptions") is None


def test_descriptions_are_apart(wheel: Path, tmp_path: Path) -> None:
    pack(wheel, tmp_path)
    lines = gzip.decompress((tmp_path / DESCRIPTIONS.name).read_bytes()).decode().splitlines()
    texts = {name: json.loads(text) for name, text in (line.split("\t", 1) for line in lines)}
    assert texts[THING] == {"": "A thing.", "size": "How big."}


def test_packing_twice_gives_the_same_bytes(wheel: Path, tmp_path: Path) -> None:
    pack(wheel, tmp_path)
    first = [(tmp_path / path.name).read_bytes() for path in (DEFINITIONS, DESCRIPTIONS)]
    assert [packed[4:8] for packed in first] == [bytes(4)] * 2  # gzip's own time
    pack(wheel, tmp_path)
    assert [(tmp_path / path.name).read_bytes() for path in (DEFINITIONS, DESCRIPTIONS)] == first


def test_another_version_is_not_packed(tmp_path: Path) -> None:
    path = tmp_path / "package.whl"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("kubernetes_validate/kubernetes-json-schema/v1.2.0-local/x.json", "{}")
    with pytest.raises(KeyError, match=VERSION):
        pack(path, tmp_path)


def test_what_is_packed_is_small() -> None:
    assert DEFINITIONS.stat().st_size < 32_000
    assert DESCRIPTIONS.stat().st_size < 256_000


def test_nothing_of_the_packages_own_is_left() -> None:
    text = gzip.decompress(DEFINITIONS.read_bytes())
    assert b'"null"' not in text
    assert b'"enum":[' not in text
    assert b"$defs" not in text
