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
from labkit.cluster.embedded.schema.embedded import identity_faults
from labkit.cluster.embedded.schema.faults import values_faults
from labkit.cluster.embedded.schema.openapi_rules import IDENTITY, is_convertible, openapi_faults
from labkit.cluster.embedded.schema.patterns import BadPattern, go_pattern
from labkit.cluster.embedded.schema.types import Fault, Path, forbidden, invalid, required
from labkit.cluster.embedded.schema.unknown import unknown_fields

Schema = Mapping[str, Any]

ROOT = "spec.versions[0].schema.openAPIV3Schema"
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
    """What is wrong with an `openAPIV3Schema`, as a real server tells it.

    First, sorted, what makes it no structural schema; or, where it is one, which defaults it does
    not allow itself. Then what no schema may say.
    """
    found: list[Fault] = []
    if schema.get("nullable"):
        found.append(forbidden(f"{path}.nullable", "nullable cannot be true at the root"))
    if is_convertible(schema):
        plain = [*_root(schema, path), *_node(schema, path, "root"), *_incomplete(schema, path)]
        found += sorted(plain, key=str) or _defaults(schema, path, is_root=True)
    return found + openapi_faults(schema, path)


def _root(schema: Schema, path: Path) -> Iterator[Fault]:
    kind = schema.get("type")
    if kind and kind != "object":
        yield invalid(f"{path}.type", kind, "must be object at the root")
    if schema.get("additionalProperties"):
        yield forbidden(f"{path}.additionalProperties", "must not be used at the root")
    metadata = (schema.get("properties") or {}).get("metadata", {})
    said = {*metadata} - {"type", "default", "properties"}
    said |= {*metadata.get("properties", ())} - {"name", "generateName"}
    if said:
        yield forbidden(
            f"{path}.properties[metadata]",
            "must not specify anything other than name and generateName, "
            "but metadata is implicitly specified",
        )


def _node(schema: Schema, path: Path, level: str) -> Iterator[Fault]:
    """One node and those below it."""
    yield from _type(schema, path, level)
    yield from _keywords(schema, path)
    yield from _identity(schema, path, level)
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
        yield invalid(f"{path}.type", kind, text) if kind else required(f"{path}.type", text)
    elif not kind and not schema.get(IS_INT_OR_STRING) and not schema.get(PRESERVE):
        words = where.get(level, "for specified object fields")
        yield required(f"{path}.type", f"must not be empty {words}")
    if kind == "array" and not isinstance(schema.get("items"), Mapping):
        yield required(f"{path}.items", "must be specified")


def _keywords(schema: Schema, path: Path) -> Iterator[Fault]:
    for name in (PRESERVE, EMBEDDED):
        if schema.get(name) and schema.get(IS_INT_OR_STRING):
            text = "must be false if x-kubernetes-int-or-string is true"
            yield invalid(f"{path}.{name}", True, text)


def _identity(schema: Schema, path: Path, level: str) -> Iterator[Fault]:
    """What is said of apiVersion, kind and metadata fits what they are."""
    fields = schema.get("properties") or {}
    if level == "root" or schema.get(EMBEDDED):
        kinds = (("kind", "string"), ("apiVersion", "string"), ("metadata", "object"))
        for name, kind in kinds:
            if name in fields and fields[name].get("type") != kind:
                got = fields[name].get("type", "")
                yield invalid(f"{path}.properties[{name}].type", got, f"must be {kind}")
    if schema.get(EMBEDDED) and schema.get("additionalProperties"):
        text = "must not be used if x-kubernetes-embedded-resource is set"
        yield forbidden(f"{path}.additionalProperties", text)
    if schema.get(EMBEDDED) and not schema.get(PRESERVE) and not fields:
        yield required(
            f"{path}.properties",
            "must not be empty if x-kubernetes-embedded-resource is true "
            "without x-kubernetes-preserve-unknown-fields",
        )


def _defaults(
    schema: Schema, path: Path, *, is_root: bool = False, is_identity: bool = False
) -> list[Fault]:
    """Defaults are what their schemas allow; below additionalProperties there can be none."""
    found = []
    if schema.get("default") is not None and not is_identity:
        found += _of_default(schema, f"{path}.default", is_root=is_root)
    if isinstance(schema.get("items"), Mapping):
        found += _defaults(schema["items"], f"{path}.items", is_identity=is_identity)
    for name, field in (schema.get("properties") or {}).items():
        has_identity = is_root or bool(schema.get(EMBEDDED))
        below = is_identity or (has_identity and name in IDENTITY)
        found += _defaults(field, f"{path}.properties[{name}]", is_identity=below)
    return found


def _of_default(schema: Schema, path: Path, *, is_root: bool) -> list[Fault]:
    default, type_ = schema["default"], custom_type(schema)
    found = []
    if [one for one in unknown_fields(type_, default) if ".metadata." not in f".{one}"]:
        found.append(invalid(path, default, "must not have unknown fields"))
    embedded = {**schema, EMBEDDED: True} if is_root else schema
    identity = list(identity_faults(custom_type(embedded), default))
    wrong = identity or values_faults(type_, default)
    return found + [Fault(_below(path, one.path), _said(one), one.reason) for one in wrong]


def _below(path: Path, inner: Path) -> Path:
    return f"{path}.{inner}" if inner and not inner.startswith("<") else path


def _said(fault: Fault) -> str:
    """The message, in which a value without a path leaves a gap."""
    return (
        fault.message.replace(": in body ", ":  in body ", 1) if not fault.path else fault.message
    )


def _values(schema: Schema, path: Path) -> Iterator[Fault]:
    """The pattern, and what is in anyOf, allOf, oneOf and not."""
    if pattern := schema.get("pattern"):
        try:
            go_pattern(pattern)
        except BadPattern as problem:
            text = f"must be a valid regular expression, but isn't: {problem}"
            yield invalid(f"{path}.pattern", pattern, text)
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
        if schema.get(name) or (name == "default" and schema.get(name) is not None):
            yield forbidden(f"{path}.{name}", f"must be {must} to be structural")
    yield from _values(schema, path)
    for name, field in (schema.get("properties") or {}).items():
        below = f"{path}.properties[{name}]"
        if name == "metadata":
            yield forbidden(below, "must not be specified in a nested context")
        yield from _value(field, below)
    if isinstance(schema.get("items"), Mapping):
        yield from _value(schema["items"], f"{path}.items")


def _incomplete(schema: Schema, path: Path) -> Iterator[Fault]:
    """What anyOf and the like of the root speak of is specified outside of them, too.

    Of the root alone: the real server does not ask it of what is below.
    """
    for name, part in _nested(schema):
        yield from _missing(schema, part, path, f"{path}.{name}")


def _missing(schema: Schema, part: Schema, path: Path, nested: Path) -> Iterator[Fault]:
    fields = schema.get("properties") or {}
    for name, field in (part.get("properties") or {}).items():
        where, within = f"{path}.properties[{name}]", f"{nested}.properties[{name}]"
        if name in fields:
            yield from _missing(fields[name], field, where, within)
        else:
            yield required(where, f"because it is defined in {within}")
    items, values = schema.get("items"), part.get("items")
    if isinstance(items, Mapping) and isinstance(values, Mapping):
        yield from _missing(items, values, f"{path}.items", f"{nested}.items")
    elif values:
        yield required(f"{path}.items", f"because it is defined in {nested}.items")
    for name, below in _nested(part):
        yield from _missing(schema, below, path, f"{nested}.{name}")
