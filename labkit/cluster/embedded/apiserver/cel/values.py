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
from labkit.cluster.embedded.schema.types import show

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


def aligned(type_: Type, old: Any, new: Any) -> Any:
    """An old value whose lists of type set and map are in the order of the new ones.

    Two such lists are equal whatever their order is; the evaluator compares them place by place.
    Where they do not have the same elements, or keys, the old one stays as it was.
    """
    if isinstance(old, dict) and isinstance(new, dict):
        of = type_.element if type_.kind == "map" else None
        return {
            name: aligned(below, part, new[name])
            if name in new and (below := of or type_.fields.get(name)) is not None
            else part
            for name, part in old.items()
        }
    if isinstance(old, list) and isinstance(new, list) and type_.list_type in ("set", "map"):
        was, now = _by_key(type_, old), _by_key(type_, new)
        if was.keys() == now.keys() and len(was) == len(old) == len(new):
            element = type_.element
            return [aligned(element, was[key], one) if element else was[key]
                    for key, one in now.items()]  # fmt: skip
    return old


def _by_key(type_: Type, elements: list[Any]) -> dict[str, Any]:
    if type_.list_type == "set":
        return {show(one): one for one in elements}
    keys = type_.list_keys
    return {
        show([one.get(key) for key in keys]) if isinstance(one, dict) else "": one
        for one in elements
    }


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
