"""What becomes of null: Go's decoder leaves a field that is null as if it were absent.

So it is with the kinds that are built in; an element of a list or a map that is null becomes the
zero value of its type. In a CRD's object null stays where the schema says `nullable`. Source:
apiextensions-apiserver's pkg/apiserver/schema/defaulting/prune.go, version 1.36.
"""

from __future__ import annotations

from typing import Any

from labkit.cluster.embedded.schema.types import Type

HOLDERS = ("object", "map", "list")
ZERO: dict[str, Any] = {
    "string": "", "integer": 0, "number": 0, "boolean": False, "quantity": "0",
    "int-or-string": 0,
}  # fmt: skip
"""As Go has them, and encodes them."""


def drop_nulls(type_: Type, value: Any) -> None:
    """Takes null fields out, in place."""
    if isinstance(value, dict):
        if type_.kind == "object":
            _drop_in_object(type_, value)
        elif type_.kind == "map" and type_.element:
            _drop_in_elements(type_.element, value, value.items())
    elif isinstance(value, list) and type_.kind == "list" and type_.element:
        _drop_in_elements(type_.element, value, enumerate(value))


def _drop_in_object(type_: Type, value: dict[str, Any]) -> None:
    fields = type_.fields
    if None in value.values():
        for name in [name for name, part in value.items() if part is None]:
            if name in fields and not _may_be_null(fields[name]):
                del value[name]
    for name, part in value.items():
        if isinstance(part, (dict, list)):
            field = fields.get(name)
            if field is not None and field.kind in HOLDERS:
                drop_nulls(field, part)


def _drop_in_elements(element: Type, holder: Any, parts: Any) -> None:
    if element.kind in HOLDERS:
        for key, part in parts:
            if part is not None:
                drop_nulls(element, part)
            elif element.kind != "list" and not element.is_custom:
                holder[key] = {}
    elif not element.is_custom and element.kind in ZERO:
        for key, part in parts:
            if part is None:
                holder[key] = ZERO[element.kind]


def _may_be_null(type_: Type) -> bool:
    return type_.nullable or (type_.is_custom and type_.default is not None)
