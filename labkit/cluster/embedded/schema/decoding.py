"""What Go's JSON decoder would refuse in an object, in its words.

A real API server decodes into Go structs, so a wrong type is not a fault of validation: the
request is bad, and the message is the decoder's. It names the innermost struct, the way to the
field without indices, and the Go type:

    json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32

Here is the walk; `go.py` knows the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from labkit.cluster.embedded.schema.go import LAYOUTS, RANGES, Place, refusal
from labkit.cluster.embedded.schema.types import Fault, Type, child

PLAIN = "plain fields"
CLASSES = {"string": str, "integer": int, "number": float, "boolean": bool, "int-or-string": str}
"""The class that a value has that the decoder takes without a closer look."""

CAREFULLY = frozenset({*LAYOUTS, "byte"})
"""Formats of strings that the decoder looks into."""

SMALL = RANGES["int32"]
"""Integers up to here fit everywhere."""


def wrong_types(type_: Type, value: Any) -> list[Fault]:
    """What the decoder would refuse, in the order of the object; it would say the first alone.

    The fields of a CRD's object are not looked at, save for its metadata: they are `faults`.
    """
    try:
        return [] if _fits(type_, value) else list(_walk(type_, value, Place()))
    except RecursionError:  # a schema in a schema in a schema …
        return [Fault("", "exceeded max depth")]


def _fits(type_: Type, value: Any) -> bool:
    """Whether the decoder takes a value: nearly always, so this comes first, and is quick."""
    kind = type_.kind
    if kind == "object" and isinstance(value, dict):
        return _object_fits(type_, value)
    if kind == "map" and isinstance(value, dict):
        return _elements_fit(type_, value.values())
    if kind == "list" and isinstance(value, list):
        return _elements_fit(type_, value)
    return next(_walk(type_, value, Place()), None) is None


def _object_fits(type_: Type, value: dict[str, Any]) -> bool:
    plain: dict[str, type | None] | None = type_.memo.get(PLAIN)
    if plain is None:
        plain = {name: _plain(field) for name, field in type_.fields.items()}
        type_.memo[PLAIN] = plain
    fields = type_.fields
    for name, part in value.items():
        kind = part.__class__
        if kind is plain.get(name) and (kind is not int or -SMALL <= part < SMALL):
            continue
        if part is not None and name in fields and not _fits(fields[name], part):
            return False
    return True


def _elements_fit(type_: Type, parts: Iterable[Any]) -> bool:
    element = type_.element
    if element is None:
        return True
    plain = _plain(element) if element.kind != "integer" else None
    return all(part.__class__ is plain or _fits(element, part) for part in parts)


def _plain(type_: Type) -> type | None:
    if type_.kind == "string" and type_.format in CAREFULLY:
        return None
    return CLASSES.get(type_.kind)


def _walk(type_: Type, value: Any, place: Place) -> Iterator[Fault]:
    """Descends as the decoder does, knowing where it is."""
    if value is None:
        return
    match type_.kind:
        case "object" | "any" if isinstance(value, dict):
            for name, part in value.items():
                if name in type_.fields:
                    yield from _walk(type_.fields[name], part, place.at(type_, name))
        case "map" if isinstance(value, dict) and type_.element:
            for name, part in value.items():
                inner = place._replace(path=child(place.path, name))
                yield from _walk(type_.element, part, inner)
        case "list" if isinstance(value, list) and type_.element:
            for index, part in enumerate(value):
                inner = place._replace(path=f"{place.path}[{index}]")
                yield from _walk(type_.element, part, inner)
        case kind if kind != "any" and not type_.is_custom:
            said = refusal(type_, value, place)
            if said:
                yield Fault(place.path, said)
