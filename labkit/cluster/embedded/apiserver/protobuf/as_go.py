"""An object of a built-in kind as Go would write it: what a real API server makes of any body.

It reads each body into structs and writes those out again. What is empty and says `omitempty` is
gone then (`volumes: []`, `hostNetwork: false`); what never says it is there (`rules: null`, a
`resources: {}`); a quantity is a string in its one form, be it sent as a number. So a client that
sends JSON gets what a client that sends protobuf gets.

Knows nothing about what an object means. What is no field of its message stays, as does what is of
another type: others refuse that.

Source: the Go documentation of encoding/json (`Marshal`), and the tables of `messages.py`.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from labkit.cluster.embedded.apiserver.kinds.quantity import parse
from labkit.cluster.embedded.apiserver.protobuf.decoding import ZERO
from labkit.cluster.embedded.apiserver.protobuf.messages import (
    Field,
    Message,
    Type,
    find_kind,
    find_message,
)
from labkit.cluster.embedded.apiserver.protobuf.well_known import RAW, WELL_KNOWN

QUANTITY = "resource.Quantity"
EMPTY = {QUANTITY: "0", "intstr.IntOrString": 0}
"""Messages that are written as something else than an object; the others of those are null."""
EMPTY_IS_SAID = {"autoscaling/v2.HPAScalingRules": frozenset({"policies"})}
"""Lists that are not as good as none when they are empty: what is missing would have a default."""


@dataclass(frozen=True, slots=True)
class _Form:
    """The fields of a message as JSON has them: with those of the messages it takes in."""

    fields: dict[str, Field]
    always: tuple[Field, ...]
    """Those that are never left out."""
    empty_is_said: frozenset[str]


@cache
def _form(name: str) -> _Form:
    fields = {field.name: field for field in _flat(find_message(name))}
    always = tuple(field for field in fields.values() if not field.is_optional)
    return _Form(fields, always, EMPTY_IS_SAID.get(name, frozenset()))


def _flat(message: Message) -> Iterator[Field]:
    for field in message.fields:
        if field.name:
            yield field
        else:
            yield from _flat(find_message(field.type.name))


def write_as_go(
    api_version: str, kind: str, value: dict[str, Any], parts: Container[str] | None = None
) -> None:
    """Takes out of an object what Go leaves out, and adds what it writes always. In place.

    Args:
        api_version, kind: which kind it is; nothing happens where it is none that is built in.
        value: an object that its schema takes.
        parts: the fields of the object itself that this is about; all when not given.
    """
    name = find_kind(api_version, kind)
    if name is not None:
        _write_fields(_form(name), value, parts)


def _write_fields(form: _Form, value: dict[str, Any], parts: Container[str] | None = None) -> None:
    for one in form.always:
        if value.get(one.name) is None and (parts is None or one.name in parts):
            value[one.name] = _zero(one.type)
    for name, sent in tuple(value.items()):
        field = form.fields.get(name)
        if field is None or (parts is not None and name not in parts):
            continue
        if sent == [] and name in form.empty_is_said:
            continue
        part, shape = sent, field.type.shape
        if sent is not None and shape != "scalar":
            part = _written(field.type, sent)
            if not part and shape in ("list", "map"):  # none and empty are one when kept
                part = None
            value[name] = part
        if field.is_optional and (part is None or field.is_left_out(part)):
            del value[name]


def _written(type: Type, value: Any) -> Any:
    match type.shape:
        case "pointer":
            return _written(type.inner, value)
        case "message":
            return _message(type.name, value)
        case "list" if isinstance(value, list) and type.inner.shape != "scalar":
            return [part if part is None else _written(type.inner, part) for part in value]
        case "map" if isinstance(value, dict) and type.inner.shape != "scalar":
            return {
                name: part if part is None else _written(type.inner, part)
                for name, part in value.items()
            }
    return value


def _message(name: str, value: Any) -> Any:
    if name == QUANTITY:
        return str(parse(value))
    if name in RAW or name in WELL_KNOWN:
        return value
    message = find_message(name)
    if message.is_list:
        return _written(message.fields[0].type, value)
    if isinstance(value, dict):
        _write_fields(_form(name), value)
    return value


def _zero(type: Type) -> Any:
    match type.shape:
        case "scalar":
            return ZERO[type.name]
        case "message" if type.name in RAW or type.name in WELL_KNOWN:
            return EMPTY.get(type.name)
        case "message" if not find_message(type.name).is_list:
            return _message(type.name, {})
    return None
