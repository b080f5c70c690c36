"""What is wrong with the schema of a CRD: it must be structural.

That is: every node says its type, and what is said in anyOf, allOf, oneOf and not is about values
only. Source: apiextensions-apiserver's pkg/apiserver/schema/validation.go and
pkg/apis/apiextensions/validation, version 1.36. Rules in CEL are looked at elsewhere:
they need a language.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit.cluster.embedded.schema.custom import JUNCTORS, custom_type
from labkit.cluster.embedded.schema.faults import faults
from labkit.cluster.embedded.schema.patterns import BadPattern, go_pattern
from labkit.cluster.embedded.schema.types import Fault, Path, show
from labkit.cluster.embedded.schema.unknown import unknown_fields

Schema = Mapping[str, Any]

ROOT = "spec.versions[0].schema.openAPIV3Schema"
TYPES = ("array", "boolean", "integer", "number", "object", "string")
UNSUPPORTED = ("$ref", "$schema", "id", "definitions", "dependencies", "additionalItems",
               "patternProperties")  # fmt: skip
INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
NOT_NESTED = {
    "type": "empty", "title": "empty", "description": "empty", "default": "undefined",
    "nullable": "false", "additionalProperties": "undefined",
    "x-kubernetes-preserve-unknown-fields": "false", "x-kubernetes-embedded-resource": "false",
    "x-kubernetes-int-or-string": "false", "x-kubernetes-list-map-keys": "empty",
    "x-kubernetes-list-type": "undefined", "x-kubernetes-map-type": "undefined",
    "x-kubernetes-validations": "empty",
}  # fmt: skip
"""What a schema within anyOf and the like must not say, and what it must be instead."""

EMBEDDED = "x-kubernetes-embedded-resource"
PRESERVE = "x-kubernetes-preserve-unknown-fields"
IS_INT_OR_STRING = "x-kubernetes-int-or-string"


def structural_faults(schema: Schema, path: Path = ROOT) -> list[Fault]:
    """What is wrong with an `openAPIV3Schema`, sorted as a real server sorts it."""
    found = [*_root(schema, path), *_node(schema, path, "root"), *_incomplete(schema, path)]
    return sorted(found, key=str)


def _root(schema: Schema, path: Path) -> Iterator[Fault]:
    kind = schema.get("type")
    if kind and kind != "object":
        yield _invalid(f"{path}.type", kind, "must be object at the root")
    if schema.get("additionalProperties"):
        yield _forbidden(f"{path}.additionalProperties", "must not be used at the root")
    if schema.get("nullable"):
        yield _forbidden(f"{path}.nullable", "nullable cannot be set to true at the root")
    metadata = (schema.get("properties") or {}).get("metadata", {})
    said = {*metadata} - {"type", "description", "properties"}
    said |= {*metadata.get("properties", ())} - {"name", "generateName"}
    if said:
        yield _forbidden(
            f"{path}.properties[metadata]",
            "must not specify anything other than name and generateName, "
            "but metadata is implicitly specified",
        )


def _node(schema: Schema, path: Path, level: str) -> Iterator[Fault]:
    """One node and those below it."""
    yield from _type(schema, path, level)
    yield from _keywords(schema, path)
    yield from _list(schema, path)
    yield from _identity(schema, path, level)
    yield from _default(schema, path)
    yield from _values(schema, path)
    for name, field in (schema.get("properties") or {}).items():
        yield from _node(field, f"{path}.properties[{name}]", "field")
    if isinstance(schema.get("items"), Mapping):
        yield from _node(schema["items"], f"{path}.items", "item")
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from _node(schema["additionalProperties"], f"{path}.additionalProperties", "field")


def _type(schema: Schema, path: Path, level: str) -> Iterator[Fault]:
    kind = schema.get("type", "")
    where = {"root": "at the root", "item": "for specified array items"}
    if schema.get(EMBEDDED) and kind != "object":
        text = "must be object if x-kubernetes-embedded-resource is true"
        yield _invalid(f"{path}.type", kind, text) if kind else _required(f"{path}.type", text)
    elif not kind and not schema.get(IS_INT_OR_STRING) and not schema.get(PRESERVE):
        words = where.get(level, "for specified object fields")
        yield _required(f"{path}.type", f"must not be empty {words}")
    if kind and kind not in TYPES:
        said = ", ".join(map(show, TYPES))
        text = f"Unsupported value: {show(kind)}: supported values: {said}"
        yield Fault(f"{path}.type", text, "FieldValueNotSupported")
    items = schema.get("items")
    if isinstance(items, list):
        text = "items must be a schema object and not an array"
        yield _forbidden(f"{path}.items", text)
    elif kind == "array" and not isinstance(items, Mapping):
        yield _required(f"{path}.items", "must be specified")


def _keywords(schema: Schema, path: Path) -> Iterator[Fault]:
    for name in UNSUPPORTED:
        if schema.get(name):
            yield _forbidden(f"{path}.{name}", f"{name} is not supported")
    if schema.get("properties") and schema.get("additionalProperties") is not None:
        text = "additionalProperties and properties are mutual exclusive"
        yield _forbidden(f"{path}.additionalProperties", text)
    if schema.get("uniqueItems"):
        text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield _forbidden(f"{path}.uniqueItems", text)
    if schema.get(PRESERVE) is False:
        yield _invalid(f"{path}.{PRESERVE}", False, "must be true or undefined")
    for name in (PRESERVE, EMBEDDED):
        if schema.get(name) and schema.get(IS_INT_OR_STRING):
            text = "must be false if x-kubernetes-int-or-string is true"
            yield _invalid(f"{path}.{name}", True, text)


def _list(schema: Schema, path: Path) -> Iterator[Fault]:
    """A list of type map has keys, and elements that are objects."""
    list_type, keys = schema.get("x-kubernetes-list-type"), schema.get("x-kubernetes-list-map-keys")
    if list_type not in (None, "atomic", "set", "map"):
        text = f'Unsupported value: {show(list_type)}: supported values: "atomic", "map", "set"'
        yield Fault(f"{path}.x-kubernetes-list-type", text, "FieldValueNotSupported")
    if list_type and schema.get("type") != "array":
        kind = schema.get("type", "")
        text = "must be array if x-kubernetes-list-type is set"
        yield _invalid(f"{path}.type", kind, text) if kind else _required(f"{path}.type", text)
    if list_type == "map" and not keys:
        text = "must not be empty if x-kubernetes-list-type is map"
        yield _required(f"{path}.x-kubernetes-list-map-keys", text)
    element = schema.get("items")
    fields = (element.get("properties") or {}) if isinstance(element, Mapping) else {}
    for index, key in enumerate(keys or ()):
        if list_type == "map" and key not in fields:
            text = "must be one of the specified properties"
            yield _invalid(f"{path}.x-kubernetes-list-map-keys[{index}]", key, text)


def _identity(schema: Schema, path: Path, level: str) -> Iterator[Fault]:
    """What is said of apiVersion, kind and metadata fits what they are."""
    fields = schema.get("properties") or {}
    if level == "root" or schema.get(EMBEDDED):
        kinds = (("kind", "string"), ("apiVersion", "string"), ("metadata", "object"))
        for name, kind in kinds:
            if name in fields and fields[name].get("type") != kind:
                got = fields[name].get("type", "")
                yield _invalid(f"{path}.properties[{name}].type", got, f"must be {kind}")
    if schema.get(EMBEDDED) and schema.get("additionalProperties"):
        text = "must not be used if x-kubernetes-embedded-resource is set"
        yield _forbidden(f"{path}.additionalProperties", text)
    if schema.get(EMBEDDED) and not schema.get(PRESERVE) and not fields:
        yield _required(
            f"{path}.properties",
            "must not be empty if x-kubernetes-embedded-resource is true "
            "without x-kubernetes-preserve-unknown-fields",
        )


def _default(schema: Schema, path: Path) -> Iterator[Fault]:
    """A default is what the schema allows."""
    default = schema.get("default")
    if default is None:
        return
    type_ = custom_type(schema)
    for unknown in unknown_fields(type_, default):
        yield _invalid(f"{path}.default", default, f"must not have unknown field {unknown}")
    for fault in faults(type_, default):
        yield Fault(f"{path}.default", fault.message, fault.reason)


def _values(schema: Schema, path: Path) -> Iterator[Fault]:
    """The pattern, and what is in anyOf, allOf, oneOf and not."""
    if pattern := schema.get("pattern"):
        try:
            go_pattern(pattern)
        except BadPattern as problem:
            text = f"must be a valid regular expression, but isn't: {problem}"
            yield _invalid(f"{path}.pattern", pattern, text)
    for name, part in _nested(schema):
        if not _says_int_or_string(schema, name, part):
            yield from _value(part, f"{path}.{name}")


def _nested(schema: Schema) -> Iterator[tuple[str, Schema]]:
    for name in JUNCTORS:
        for index, part in enumerate(schema.get(name) or ()):
            yield f"{name}[{index}]", part
    if schema.get("not"):
        yield "not", schema["not"]


def _says_int_or_string(schema: Schema, name: str, part: Schema) -> bool:
    """The two forms in which an int-or-string may say its types."""
    if name.startswith("anyOf"):
        return bool(schema["anyOf"] == INT_OR_STRING)
    return name == "allOf[0]" and part.get("anyOf") == INT_OR_STRING


def _value(schema: Schema, path: Path) -> Iterator[Fault]:
    """A schema about values only."""
    for name, must in NOT_NESTED.items():
        if schema.get(name):
            yield _forbidden(f"{path}.{name}", f"must be {must} to be structural")
    yield from _values(schema, path)
    for name, field in (schema.get("properties") or {}).items():
        below = f"{path}.properties[{name}]"
        if name == "metadata":
            yield _forbidden(below, "must not be specified in a nested context")
        yield from _value(field, below)
    if isinstance(schema.get("items"), Mapping):
        yield from _value(schema["items"], f"{path}.items")


def _incomplete(schema: Schema, path: Path) -> Iterator[Fault]:
    """What anyOf and the like speak of is specified outside of them, too."""
    for name, part in _nested(schema):
        yield from _missing(schema, part, path, f"{path}.{name}")
    for name, field in (schema.get("properties") or {}).items():
        yield from _incomplete(field, f"{path}.properties[{name}]")
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), Mapping):
            yield from _incomplete(schema[name], f"{path}.{name}")


def _missing(schema: Schema, part: Schema, path: Path, nested: Path) -> Iterator[Fault]:
    fields = schema.get("properties") or {}
    for name, field in (part.get("properties") or {}).items():
        where, within = f"{path}.properties[{name}]", f"{nested}.properties[{name}]"
        if name in fields:
            yield from _missing(fields[name], field, where, within)
        elif not schema.get("additionalProperties"):
            yield _required(where, f"because it is defined in {within}")
    items, values = schema.get("items"), part.get("items")
    if isinstance(items, Mapping) and isinstance(values, Mapping):
        yield from _missing(items, values, f"{path}.items", f"{nested}.items")
    elif values:
        yield _required(f"{path}.items", f"because it is defined in {nested}.items")
    for name, below in _nested(part):
        yield from _missing(schema, below, path, f"{nested}.{name}")


def _invalid(path: Path, value: Any, text: str) -> Fault:
    return Fault(path, f"Invalid value: {show(value)}: {text}")


def _required(path: Path, text: str) -> Fault:
    return Fault(path, f"Required value: {text}", "FieldValueRequired")


def _forbidden(path: Path, text: str) -> Fault:
    return Fault(path, f"Forbidden: {text}", "FieldValueForbidden")
