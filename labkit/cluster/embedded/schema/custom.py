"""The schema of a CRD as a Type.

It takes any schema, structural or not; `structural.py` finds what is wrong with one. Rules in CEL
(`x-kubernetes-validations`) are kept as they are written. Source: apiextensions-apiserver's
pkg/apiserver/schema, version 1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from labkit.cluster.embedded.schema.definitions import OBJECT_META, builtin
from labkit.cluster.embedded.schema.types import GroupVersionKind, Parts, Type

KINDS = {
    "array": "list", "boolean": "boolean", "integer": "integer", "number": "number",
    "string": "string",
}  # fmt: skip

LIMITS = frozenset(
    {
        "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
        "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems",
        "minProperties", "maxProperties",
    }
)  # fmt: skip
JUNCTORS = ("allOf", "anyOf", "oneOf")


def from_crd(
    schema: Mapping[str, Any] | None, gvk: GroupVersionKind | tuple[str, str, str]
) -> Type:
    """What objects of a custom kind look like.

    Args:
        schema: the `openAPIV3Schema` of one version, or None: any field is kept.
        gvk: group, version and kind.
    """
    schema = schema or {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    kind = GroupVersionKind(*gvk)
    return custom_type({**schema, "type": "object"}, gvk=kind, published=schema, has_identity=True)


def custom_type(
    schema: Mapping[str, Any],
    *,
    gvk: GroupVersionKind | None = None,
    published: Mapping[str, Any] | None = None,
    has_identity: bool = False,
) -> Type:
    """The Type of one node; `has_identity`: it has an apiVersion, a kind and metadata unsaid."""
    is_embedded = bool(schema.get("x-kubernetes-embedded-resource"))
    return Type(
        _kind(schema),
        format=schema.get("format", ""),
        gvk=gvk,
        required=tuple(schema.get("required", ())),
        preserves_unknown=bool(schema.get("x-kubernetes-preserve-unknown-fields")),
        is_custom=True,
        is_embedded=is_embedded,
        list_type=schema.get("x-kubernetes-list-type", "atomic"),
        list_keys=tuple(schema.get("x-kubernetes-list-map-keys", ())),
        map_type=schema.get("x-kubernetes-map-type", "granular"),
        default=schema.get("default"),
        nullable=bool(schema.get("nullable")),
        enum=tuple(schema.get("enum", ())),
        limits=_limits(schema),
        validations=tuple(schema.get("x-kubernetes-validations", ())),
        published=published,
        make_parts=partial(_parts, schema, has_identity or is_embedded),
    )


def _kind(schema: Mapping[str, Any]) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "int-or-string"
    kind = schema.get("type")
    if kind == "object":
        is_map = schema.get("additionalProperties", False) not in (None, False)
        return "map" if is_map else "object"
    return KINDS.get(kind or "", "any")


def _limits(schema: Mapping[str, Any]) -> dict[str, Any]:
    """What else a node asks for; the schemas in anyOf and the like as Types."""
    limits = {name: value for name, value in schema.items() if name in LIMITS}
    for name in JUNCTORS:
        if schema.get(name):
            limits[name] = [custom_type(part) for part in schema[name]]
    if schema.get("not"):
        limits["not"] = custom_type(schema["not"])
    return limits


def _parts(schema: Mapping[str, Any], has_identity: bool) -> Parts:
    fields = {name: custom_type(field) for name, field in (schema.get("properties") or {}).items()}
    if has_identity:
        identity = {name: custom_type({"type": "string"}) for name in ("apiVersion", "kind")}
        fields = identity | fields | {"metadata": _metadata(schema)}
    return Parts(fields, _element(schema))


def _element(schema: Mapping[str, Any]) -> Type | None:
    """Of a list its items, of a map its values; `additionalProperties: true` says nothing."""
    element = schema.get("items", schema.get("additionalProperties"))
    if isinstance(element, Mapping):
        return custom_type(element)
    return custom_type({}) if element else None


def _metadata(schema: Mapping[str, Any]) -> Type:
    """Metadata as every object has it; a schema may ask for more of the name."""
    metadata = builtin().definition(OBJECT_META)
    said = (schema.get("properties") or {}).get("metadata", {}).get("properties")
    if not said:
        return metadata
    names = {name: custom_type(field) for name, field in said.items() if name in metadata.fields}
    return Type(
        "object", name=metadata.name, make_parts=lambda: Parts({**metadata.fields, **names})
    )
