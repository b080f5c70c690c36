"""The definitions of the kinds that are built in, as Kubernetes publishes them.

They are packed beside this file (`packing.py` says where they are from) and become Types one by
one, when they are asked for. Descriptions are read when somebody wants them. Knows nothing about
CRDs.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import orjson

from labkit.cluster.embedded.schema.types import GroupVersionKind, Parts, Type

DEFINITIONS = Path(__file__).parent / "definitions.gz"
DESCRIPTIONS = Path(__file__).parent / "descriptions.gz"

META = "io.k8s.apimachinery.pkg"
QUANTITY = f"{META}.api.resource.Quantity"
INT_OR_STRING = f"{META}.util.intstr.IntOrString"
OBJECT_META = f"{META}.apis.meta.v1.ObjectMeta"
LIST_META = f"{META}.apis.meta.v1.ListMeta"
MICRO_TIME = f"{META}.apis.meta.v1.MicroTime"

NOT_LOOKED_INTO = frozenset(
    {
        f"{META}.apis.meta.v1.FieldsV1",
        f"{META}.apis.meta.v1.Patch",
        f"{META}.runtime.RawExtension",
    }
)
"""Objects whose fields no schema names. (An object without fields that is not here is empty.)"""

JSON_SCHEMA = "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"
OR_A_SCHEMA = frozenset({f"{JSON_SCHEMA}Or{other}" for other in ("Array", "Bool", "StringArray")})
"""These may be something else; where they are an object, it is a schema."""

KINDS = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean"}
NAMED_KINDS = {QUANTITY: "quantity", INT_OR_STRING: "int-or-string"}


class Definitions:
    """Definitions by name, and by kind."""

    def __init__(self, packed: bytes) -> None:
        lines = gzip.decompress(packed).split(b"\n")
        self._lines = dict(line.split(b"\t", 1) for line in lines)
        self._names: dict[str, str] = orjson.loads(self._lines.pop(b""))
        self._types: dict[str, Type] = {}

    def kind(self, group: str, version: str, kind: str) -> Type | None:
        """What objects of a kind look like, or None if no such kind is built in."""
        name = self._names.get(f"{group}/{version}/{kind}")
        return self.definition(name) if name else None

    def definition(self, name: str) -> Type:
        """What a definition says: `io.k8s.api.core.v1.Pod`.

        Raises:
            KeyError: there is no definition of that name.
        """
        found = self._types.get(name)
        if found is None:
            found = self._types[name] = self._make(self.schema(name), name)
        return found

    def schema(self, name: str) -> dict[str, Any]:
        """A definition as published, without descriptions; a `$ref` is a name. Yours to change.

        Raises:
            KeyError: there is no definition of that name.
        """
        schema: dict[str, Any] = orjson.loads(self._lines[name.encode()])
        return schema

    def describe(self, name: str) -> Mapping[str, str]:
        """The texts of a definition: its own by the empty name, those of its fields by theirs."""
        line = self._descriptions.get(name.encode())
        texts: dict[str, str] = orjson.loads(line) if line else {}
        return texts

    def __contains__(self, name: str) -> bool:
        return name.encode() in self._lines

    def __iter__(self) -> Iterator[str]:
        return map(bytes.decode, self._lines)

    @cached_property
    def _descriptions(self) -> dict[bytes, bytes]:
        lines = gzip.decompress(DESCRIPTIONS.read_bytes()).split(b"\n")
        return dict(line.split(b"\t", 1) for line in lines)

    def _make(self, schema: Mapping[str, Any], name: str = "") -> Type:
        """The Type of a node."""
        said = _beside(schema)
        if "$ref" in schema:
            return self.definition(schema["$ref"]).used_as(**said)
        kind = NAMED_KINDS.get(name) or _kind(schema)
        kinds = schema.get("x-kubernetes-group-version-kind")
        return Type(
            kind,
            name=name,
            format="micro-time" if name == MICRO_TIME else schema.get("format", ""),
            gvk=GroupVersionKind(**kinds[0]) if kinds else None,
            required=tuple(schema.get("required", ())),
            preserves_unknown=name in NOT_LOOKED_INTO,
            list_keys=tuple(schema.get("x-kubernetes-list-map-keys", ())),
            list_type=schema.get("x-kubernetes-list-type", "atomic"),
            make_parts=partial(self._parts, schema, name),
            **said,
        )

    def _parts(self, schema: Mapping[str, Any], name: str) -> Parts:
        """The fields of an object, the element of a list or a map."""
        if name in OR_A_SCHEMA:
            return Parts(self.definition(JSON_SCHEMA).fields)
        if "items" in schema:
            return Parts(element=self._make(schema["items"]))
        if "additionalProperties" in schema:
            return Parts(element=self._make(schema["additionalProperties"]))
        fields = schema.get("properties", {})
        return Parts({name: self._make(field) for name, field in fields.items()})


def _kind(schema: Mapping[str, Any]) -> str:
    """Which kind of Type a node is that refers to no other."""
    match schema.get("type"):
        case "array":
            return "list"
        case "object":
            return "map" if "additionalProperties" in schema else "object"
        case None:
            return "any"
        case scalar:
            return KINDS[scalar]


def _beside(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What a field says of itself, be its type a reference or not."""
    said: dict[str, Any] = {}
    if strategy := schema.get("x-kubernetes-patch-strategy"):
        said["patch_strategy"] = frozenset(strategy.split(","))
    if key := schema.get("x-kubernetes-patch-merge-key"):
        said["patch_key"] = key
    if map_type := schema.get("x-kubernetes-map-type"):
        said["map_type"] = map_type
    if "default" in schema:
        said["default"] = schema["default"]
    return said


@cache
def builtin() -> Definitions:
    """The definitions of this Kubernetes: read once."""
    return Definitions(DEFINITIONS.read_bytes())
