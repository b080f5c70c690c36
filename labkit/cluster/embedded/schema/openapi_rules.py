"""What the schema of a CRD must not say whether it is structural or not: unsupported keywords,
lists whose keys are no keys.

Source: apiextensions-apiserver's pkg/apis/apiextensions/validation/validation.go
(`ValidateCustomResourceDefinitionOpenAPISchema`), version 1.36, whose order this is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from labkit.cluster.embedded.schema.custom import JUNCTORS
from labkit.cluster.embedded.schema.types import Fault, Path, forbidden, invalid, required, show

Schema = Mapping[str, Any]

TYPES = ("array", "boolean", "integer", "number", "object", "string")
UNSUPPORTED = ("id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref")
LIST_TYPE, LIST_KEYS = "x-kubernetes-list-type", "x-kubernetes-list-map-keys"
MAP_TYPE, PRESERVE = "x-kubernetes-map-type", "x-kubernetes-preserve-unknown-fields"
EMBEDDED = "x-kubernetes-embedded-resource"
IDENTITY = ("metadata", "apiVersion", "kind")


def openapi_faults(schema: Schema, path: Path) -> list[Fault]:
    """What is wrong with a schema and with all below it, depth first."""
    return list(_find(schema, path, is_root=True))


def is_convertible(schema: Any) -> bool:
    """Whether a schema says nothing that a structural one has no place for."""
    if isinstance(schema, list):
        return all(map(is_convertible, schema))
    if not isinstance(schema, Mapping):
        return True
    if any(schema.get(name) for name in UNSUPPORTED) or isinstance(schema.get("items"), list):
        return False
    below = [schema.get(name) for name in ("items", "additionalProperties", "not", *JUNCTORS)]
    return all(map(is_convertible, [*below, *(schema.get("properties") or {}).values()]))


def _find(
    schema: Schema,
    path: Path,
    *,
    is_root: bool = False,
    no_default: str = "",
    in_meta: bool = False,
) -> Iterator[Fault]:
    yield from _keywords(schema, path, no_default, in_meta=in_meta)
    for name, below in (schema.get("properties") or {}).items():
        is_identity = (is_root or bool(schema.get(EMBEDDED))) and name in IDENTITY
        why = f" in top-level {name}" if is_root and is_identity else no_default
        where = f"{path}.properties[{name}]"
        yield from _find(below, where, no_default=why, in_meta=in_meta or is_identity)
    if isinstance(schema.get("additionalProperties"), Mapping):
        inside = " inside additionalProperties applying to object metadata"
        why = no_default or (inside if in_meta else "")
        where = f"{path}.additionalProperties"
        yield from _find(schema["additionalProperties"], where, no_default=why, in_meta=in_meta)
    if schema.get("not"):
        yield from _find(schema["not"], f"{path}.not", no_default=no_default, in_meta=in_meta)
    for name in ("allOf", "oneOf", "anyOf"):
        for index, part in enumerate(schema.get(name) or ()):
            where = f"{path}.{name}[{index}]"
            yield from _find(part, where, no_default=no_default, in_meta=in_meta)
    if isinstance(schema.get("items"), Mapping):
        yield from _find(schema["items"], f"{path}.items", no_default=no_default, in_meta=in_meta)
    yield from _extensions(schema, path)


def _keywords(schema: Schema, path: Path, no_default: str, *, in_meta: bool) -> Iterator[Fault]:
    kind = schema.get("type", "")
    if kind and kind not in TYPES:
        yield _not_supported(f"{path}.type", kind, TYPES)
    if schema.get("default") is not None and no_default:
        yield forbidden(f"{path}.default", f"must not be set{no_default}")
    for name in UNSUPPORTED:
        if schema.get(name):
            yield forbidden(f"{path}.{name}", f"{name} is not supported")
    if kind == "null":
        text = "type cannot be set to null, use nullable as an alternative"
        yield forbidden(f"{path}.type", text)
    if isinstance(schema.get("items"), list):
        yield forbidden(f"{path}.items", "items must be a schema object and not an array")
    if in_meta and schema.get(EMBEDDED):
        yield forbidden(f"{path}.{EMBEDDED}", "must not be used inside of resource meta")
    if schema.get("uniqueItems"):
        text = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield forbidden(f"{path}.uniqueItems", text)
    if schema.get("properties") and schema.get("additionalProperties") not in (None, True):
        text = "additionalProperties and properties are mutual exclusive"
        yield forbidden(f"{path}.additionalProperties", text)


def _extensions(schema: Schema, path: Path) -> Iterator[Fault]:
    if schema.get(PRESERVE) is False:
        yield invalid(f"{path}.{PRESERVE}", False, "must be true or undefined")
    map_type, list_type = schema.get(MAP_TYPE), schema.get(LIST_TYPE)
    if map_type is not None:
        yield from _must_be(schema, "object", MAP_TYPE, path)
        if map_type not in ("atomic", "granular"):
            yield _not_supported(f"{path}.{MAP_TYPE}", map_type, ("atomic", "granular"))
    if list_type is not None:
        yield from _must_be(schema, "array", LIST_TYPE, path)
        if list_type == "set" and schema.get("type") == "array":
            yield from _set(schema, path)
        if list_type not in ("atomic", "set", "map"):
            yield _not_supported(f"{path}.{LIST_TYPE}", list_type, ("atomic", "set", "map"))
    keys = schema.get(LIST_KEYS)
    if keys and list_type != "map":
        text, where = f"must be map if {LIST_KEYS} is non-empty", f"{path}.{LIST_TYPE}"
        yield required(where, text) if list_type is None else invalid(where, list_type, text)
    if list_type == "map":
        yield from _map(schema, path)
    yield from _elements(schema, path)


def _must_be(schema: Schema, kind: str, because: str, path: Path) -> Iterator[Fault]:
    said = schema.get("type", "")
    if said != kind:
        text = f"must be {kind} if {because} is specified"
        yield invalid(f"{path}.type", said, text) if said else required(f"{path}.type", text)


def _set(schema: Schema, path: Path) -> Iterator[Fault]:
    """The elements of a set are compared as a whole."""
    element = schema.get("items")
    if not isinstance(element, Mapping):
        return
    said, text = element.get(LIST_TYPE), f"must be atomic as item of a list with {LIST_TYPE}=set"
    if element.get("type") == "array" and said not in (None, "atomic"):
        yield invalid(f"{path}.items.{LIST_TYPE}", said, text)
    if element.get("type") == "object" and element.get(MAP_TYPE) != "atomic":
        yield invalid(f"{path}.items.{MAP_TYPE}", said, text)  # the server shows this one, too


def _map(schema: Schema, path: Path) -> Iterator[Fault]:
    keys, element = schema.get(LIST_KEYS) or [], schema.get("items")
    if not keys:
        yield required(f"{path}.{LIST_KEYS}", f"must not be empty if {LIST_TYPE} is map")
    if element is None:
        yield required(f"{path}.items", f"must have a schema if {LIST_TYPE} is map")
    if not isinstance(element, Mapping):
        return
    if element.get("type") != "object":
        text = f"must be object if parent array's {LIST_TYPE} is map"
        yield invalid(f"{path}.items.type", element.get("type", ""), text)
        return
    fields = element.get("properties") or {}
    for index, key in enumerate(keys):
        if key not in fields:
            text = "entries must all be names of item properties"
            yield invalid(f"{path}.{LIST_KEYS}", keys, text)
        elif fields[key].get("type") in ("array", "object"):
            text = f"must be a scalar type if parent array's {LIST_TYPE} is map"
            yield invalid(f"{path}.items.properties[{key}].type", element["type"], text)
        if key in keys[:index]:
            yield invalid(f"{path}.{LIST_KEYS}", keys, "must not contain duplicate entries")


def _elements(schema: Schema, path: Path) -> Iterator[Fault]:
    """Each element of a set or a map is there, and has its keys."""
    element, list_type = schema.get("items"), schema.get(LIST_TYPE)
    if not isinstance(element, Mapping) or list_type not in ("set", "map"):
        return
    if element.get("nullable"):
        text = f"cannot be nullable when {LIST_TYPE} is {list_type}"
        yield forbidden(f"{path}.items.nullable", text)
    if list_type != "map":
        return
    fields = element.get("properties") or {}
    for key in schema.get(LIST_KEYS) or ():
        field, where = fields.get(key), f"{path}.items.properties[{key}]"
        if field is None:
            continue
        text = f"this property is in {LIST_KEYS}, so it"
        if key not in (element.get("required") or ()) and field.get("default") is None:
            words = f"{text} must have a default or be a required property"
            yield required(f"{where}.default", words)
        if field.get("nullable"):
            yield forbidden(f"{where}.nullable", f"{text} cannot be nullable")


def _not_supported(path: Path, said: Any, known: tuple[str, ...]) -> Fault:
    text = f"Unsupported value: {show(said)}: supported values: {', '.join(map(show, known))}"
    return Fault(path, text, "FieldValueNotSupported")
