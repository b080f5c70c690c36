"""What a schema's values are to an evaluation: plain maps, lists and scalars.

Fields are under the names that expressions use. What no expression can name is kept in one entry
that cannot be named either, so that two objects are equal only if that is. Source: Kubernetes'
`apiserver/pkg/cel/common/values.go`.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Any

from labkit.cluster.embedded.apiserver.cel.names import escaped
from labkit.cluster.embedded.apiserver.cel.times import read_duration, read_time
from labkit.cluster.embedded.schema import Type

VISIBLE_METADATA = ("name", "generateName")
REST = ""
"""The name of what cannot be named."""


def to_value(type_: Type, value: Any) -> Any:
    """A value of an object, as `self` has it."""
    if value is None:
        return None
    if isinstance(value, dict):
        return _of_object(type_, value)
    if isinstance(value, list):
        element = type_.element
        return [to_value(element, one) if element else plain(one) for one in value]
    read = READERS.get((type_.kind, type_.format)) or READERS.get((type_.kind, ""))
    return read(value) if read else value


def _of_object(type_: Type, value: Mapping[str, Any]) -> dict[str, Any]:
    if type_.kind == "map" and type_.element is not None:
        return {name: to_value(type_.element, part) for name, part in value.items()}
    if not type_.is_custom:
        return {name: value[name] for name in VISIBLE_METADATA if name in value}
    found: dict[str, Any] = {}
    rest: dict[str, Any] = {}
    fields = type_.fields
    for name, part in value.items():
        field, written = fields.get(name), escaped(name)
        if field is None or written is None or (field.kind == "any" and field.is_custom):
            rest[name] = plain(part)
        else:
            found[written] = to_value(field, part)
    if rest:
        found[REST] = rest
    return found


def plain(value: Any) -> Any:
    """JSON as the evaluator takes it: dicts and lists of no other class."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    return [plain(part) for part in value] if isinstance(value, list) else value


def _bytes(text: Any) -> Any:
    try:
        return base64.b64decode(text)
    except (binascii.Error, ValueError, TypeError):
        return text


def _number(value: Any) -> Any:
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _integer(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


READERS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("number", ""): _number,
    ("integer", ""): _integer,
    ("string", "byte"): _bytes,
    ("string", "date"): read_time,
    ("string", "date-time"): read_time,
    ("string", "duration"): read_duration,
}
