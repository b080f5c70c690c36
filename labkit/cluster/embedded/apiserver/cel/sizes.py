"""How large the values of a schema can be, and how often a place of it can be in one object.

What has no limit of its own is limited by the largest request. Source: Kubernetes'
`apiserver/pkg/cel/common/schemas.go` and `limits.go`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from labkit.cluster.embedded.apiserver.cel.names import escaped
from labkit.cluster.embedded.apiserver.cel.values import VISIBLE_METADATA
from labkit.cluster.embedded.schema import Type
from labkit.cluster.embedded.schema.types import NOTHING

LARGEST = 3 * 1024 * 1024
"""Bytes of a request."""
LONGEST_TEXT = LARGEST - len('""')
BYTES_OF_A_CHARACTER = 4
"""At most: limits are of characters, sizes of bytes."""
TEXTS = {"date": (12, 12), "date-time": (21, 32), "duration": (3, 32)}
"""Of the formats that are no strings to an expression: least bytes in JSON, and the size."""
LEAST = {"boolean": 4, "integer": 1, "number": 1, "int-or-string": 1, "string": 2}
"""Bytes that a value takes in JSON."""
OF_A_PAIR = 6
"""Bytes of an entry of a map beside its value: two of the key, and the signs around it."""
OF_A_FIELD = 4
"""Bytes of a field beside its name and its value: the signs around them."""


class Sized(NamedTuple):
    """What one type comes to.

    Attributes:
        most: characters, bytes, elements or entries.
        least_bytes: of a value in JSON.
        element: of a list or a map.
        fields: of an object, by the names that expressions use.
        is_map: whether it has keys.
    """

    most: int
    least_bytes: int
    element: Sized | None = None
    fields: Mapping[str, Sized] = NOTHING
    is_map: bool = False

    def at(self, path: Sequence[str]) -> Sized | None:
        """What is below it: fields by name, `@items`, `@values` and `@keys`."""
        found: Sized | None = self
        for name in path:
            if found is None:
                return None
            if name in ("@items", "@values"):
                found = found.element
            elif name == "@keys":
                found = KEY if found.is_map else None
            else:
                found = found.fields.get(name)
        return found


KEY = Sized(0, LEAST["string"])
METADATA = Sized(
    0, len("{}"), fields=dict.fromkeys(VISIBLE_METADATA, Sized(LONGEST_TEXT, LEAST["string"]))
)


def sized(type_: Type) -> Sized | None:
    """The sizes of a type; None for what no expression can name."""
    if type_.kind == "object":
        return _object(type_)
    if type_.kind in ("list", "map"):
        element = sized(type_.element) if type_.element is not None else None
        return _many(type_, element) if element is not None else None
    if type_.kind not in LEAST:
        return None
    if type_.kind == "string" and type_.format in TEXTS:
        least, most = TEXTS[type_.format]
        return Sized(most, least)
    most = _longest(type_) if type_.kind in ("string", "int-or-string") else 0
    return Sized(most, LEAST[type_.kind])


def _longest(type_: Type) -> int:
    limit = type_.limits.get("maxLength")
    if limit is not None:
        is_counted = type_.kind == "string" and type_.format == "byte"
        return int(max(limit, 0)) * (1 if is_counted else BYTES_OF_A_CHARACTER)
    if type_.enum and type_.kind == "string" and type_.format != "byte":
        return max(len(one.encode()) if isinstance(one, str) else 0 for one in type_.enum)
    return LONGEST_TEXT


def _many(type_: Type, element: Sized) -> Sized:
    is_map = type_.kind == "map"
    limit = type_.limits.get("maxProperties" if is_map else "maxItems")
    if limit is None:
        each = element.least_bytes + (OF_A_PAIR if is_map else len(","))
        limit = (LARGEST - len("[]")) // each
    return Sized(max(limit, 0), len("[]"), element, is_map=is_map)


def _object(type_: Type) -> Sized:
    if not type_.is_custom:  # metadata, of which no limit counts that a schema has
        return METADATA
    fields: dict[str, Sized] = {}
    least = len("{}")
    for name, field in type_.fields.items():
        found = sized(field)
        if found is None:
            continue
        written = escaped(name)
        if written is not None:
            fields[written] = found
        if name in type_.required and field.default is None:
            least += len(name) + found.least_bytes + OF_A_FIELD
    return Sized(0, least, fields=fields)


def times(schema: Mapping[str, Any], above: int | None) -> int | None:
    """How often what is directly below a node can be in an object; None for any number.

    Args:
        schema: of the node.
        above: how often the node can be.
    """
    limit: int | None = 1
    if schema.get("type") == "array":
        limit = schema.get("maxItems")
    elif schema.get("type") == "object" and schema.get("additionalProperties") is not None:
        limit = schema.get("maxProperties")
    return None if limit is None or above is None else above * max(limit, 0)


def often(type_: Sized) -> int:
    """How often a value can be in one request, where nothing limits it."""
    return LARGEST // (type_.least_bytes + len(","))
