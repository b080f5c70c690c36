"""Request bodies in protobuf to objects, as JSON would have said them.

A body is four bytes of magic and a `runtime.Unknown`: apiVersion, kind and the message's own bytes.
The object is what Go's JSON encoder makes of the same message: fields that are zero and say
`omitempty` are not there, empty structs are (`status: {}`), and so are nulls (`rules: null`).
Fields that nobody knows are skipped, as a real API server does.

Knows nothing about what an object means, and asks nobody. Values are not made canonical: a quantity
stays as it was sent.

Source: k8s.io/apimachinery, `runtime/serializer/protobuf` and `runtime/generated.proto`.
"""

from __future__ import annotations

import math
import struct
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from labkit.cluster.embedded.apiserver.protobuf.messages import (
    Message,
    Type,
    find_kind,
    find_message,
)
from labkit.cluster.embedded.apiserver.protobuf.well_known import RAW, WELL_KNOWN, raw_json
from labkit.cluster.embedded.apiserver.protobuf.wire import (
    BYTES,
    FIXED64,
    VARINT,
    BadProtobuf,
    Bounds,
    Occurrence,
    gather,
    read_varints,
)

MAGIC = b"k8s\0"
CONTENT_TYPE = "application/vnd.kubernetes.protobuf"

MAX_DEPTH = 100
"""Messages within messages. The deepest honest ones are schemas of custom resources, some thirty;
each level takes up to six of Python's frames, of which there are a thousand."""

MOST_FIELDS = 100_000
"""Of all messages of a body: a second of work. An object that etcd takes has fewer."""

AS_MANY_AS = 10
"""A message in a list counts as so many fields: it costs as much, here and afterwards."""

Occurrences = Sequence[Occurrence]


def decode(body: bytes, *, most_fields: int = MOST_FIELDS) -> dict[str, Any]:
    """The object of a request body in protobuf.

    Args:
        body: the whole body, magic included.
        most_fields: of all its messages together.

    Returns:
        The object, with its kind and apiVersion.

    Raises:
        TooManyFields: there are more, which is found before much is made of them.
        BadProtobuf: the body is broken, or of a kind that is not sent in protobuf. Nothing else is
            ever raised, whatever the bytes are.
    """
    if not body.startswith(MAGIC):
        raise BadProtobuf("the body does not begin as Kubernetes' protobuf does")
    bounds = Bounds(most_fields, MAX_DEPTH)
    envelope = gather(memoryview(body)[len(MAGIC) :], bounds)
    _check_encoding(_string(envelope.get(3, ())), _string(envelope.get(4, ())))
    type_meta = gather(_joined(envelope.get(1, ())), bounds)
    api_version, kind = _string(type_meta.get(1, ())), _string(type_meta.get(2, ()))
    name = find_kind(api_version, kind)
    if name is None:
        raise BadProtobuf(f"no kind {kind!r} is known in version {api_version!r}")
    message: dict[str, Any] = _message(name, _joined(envelope.get(2, ())), bounds)
    return {"kind": kind, "apiVersion": api_version, **message}


def is_known(group: str, version: str, kind: str) -> bool:
    """Whether this kind can be sent in protobuf; custom resources never can."""
    return find_kind(f"{group}/{version}" if group else version, kind) is not None


def _check_encoding(encoding: str, content_type: str) -> None:
    if encoding:
        raise BadProtobuf(f"content encoding {encoding!r} is not known")
    if content_type not in ("", CONTENT_TYPE):
        raise BadProtobuf(f"content type {content_type!r} is not protobuf")


def _message(name: str, data: memoryview, bounds: Bounds) -> Any:
    if bounds.depth < 0:
        raise BadProtobuf(f"more than {MAX_DEPTH} messages within each other")
    bounds.depth -= 1
    value = _read_message(name, gather(data, bounds), bounds)
    bounds.depth += 1
    return value


def _read_message(name: str, fields: dict[int, list[Occurrence]], bounds: Bounds) -> Any:
    if name in RAW:
        return raw_json(_joined(fields.get(1, ())[-1:]))
    if name in WELL_KNOWN:
        return WELL_KNOWN[name](_sent(name, fields, bounds))
    message = find_message(name)
    if message.is_list:
        return _value(message.fields[0].type, fields.get(1), bounds)
    return _object(message, fields, bounds)


def _object(
    message: Message, fields: dict[int, list[Occurrence]], bounds: Bounds
) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for field in message.fields:
        sent = fields.get(field.number)
        if sent is None and field.is_optional:
            continue
        value = _value(field.type, sent, bounds)
        if not field.name:
            result |= value
        elif not field.is_left_out(value):
            result[field.name] = value
    return result


def _sent(name: str, fields: dict[int, list[Occurrence]], bounds: Bounds) -> dict[str, Any]:
    return {
        field.name: _value(field.type, fields[field.number], bounds)
        for field in find_message(name).fields
        if field.number in fields
    }


def _value(type: Type, sent: Occurrences | None, bounds: Bounds) -> Any:
    """The value of a field from all its occurrences; None and an absent one are Go's zero value."""
    match type.shape:
        case "pointer":
            return None if sent is None else _value(type.inner, sent, bounds)
        case "message":
            # Occurrences of one message are parts of it: to join them is to merge them.
            return _message(type.name, _joined(sent or ()), bounds)
        case "scalar":
            return _scalar(type.name, sent[-1]) if sent else ZERO[type.name]
        case "list":
            return None if sent is None else list(_items(type.inner, sent, bounds))
        case "map":
            return None if sent is None else dict(_entry(type.inner, one, bounds) for one in sent)


def _items(type: Type, sent: Occurrences, bounds: Bounds) -> Iterator[Any]:
    for occurrence in sent:
        _, value = occurrence
        is_number = type.shape == "scalar" and WIRE_TYPES[type.name] == VARINT
        if is_number and isinstance(value, memoryview):  # a packed list
            bounds.take(len(value))
            yield from (SCALARS[type.name](number) for number in read_varints(value))
        else:
            if type.shape == "message":
                bounds.take(AS_MANY_AS)
            yield _value(type, [occurrence], bounds)


def _entry(type: Type, occurrence: Occurrence, bounds: Bounds) -> tuple[str, Any]:
    fields = gather(_joined([occurrence]), bounds)
    value = _value(type, fields.get(2), bounds)
    # An entry of a map always has its bytes, if none: it is never null.
    return _string(fields.get(1, ())), "" if value is None and type.name == "[]byte" else value


def _scalar(name: str, occurrence: Occurrence) -> Any:
    wire_type, value = occurrence
    if wire_type != WIRE_TYPES[name]:
        raise BadProtobuf(f"a {name} with wire type {wire_type}")
    return SCALARS[name](value)


def _string(sent: Occurrences) -> str:
    text: str = _scalar("string", sent[-1]) if sent else ""
    return text


def _joined(sent: Occurrences) -> memoryview:
    parts = [value for _, value in sent if isinstance(value, memoryview)]
    if len(parts) != len(sent):
        raise BadProtobuf("a number where a message is due")
    return parts[0] if len(parts) == 1 else memoryview(b"".join(parts))


def _int(bits: int) -> Callable[[Any], int]:
    half = 1 << (bits - 1)
    return lambda number: ((number + half) & (2 * half - 1)) - half


def _float(number: int) -> int | float:
    (value,) = struct.unpack("<d", number.to_bytes(8, "little"))
    if not math.isfinite(value):
        raise BadProtobuf(f"{value} cannot be said in JSON")
    # Go writes whole numbers without a point, up to this size.
    return int(value) if value.is_integer() and abs(value) < 1e21 else float(value)


SCALARS: dict[str, Callable[[Any], Any]] = {
    "bool": bool,
    "int32": _int(32),
    "int64": _int(64),
    "float64": _float,
    # Bytes that are no UTF-8 are replaced, as Go's JSON encoder does.
    "string": lambda data: str(data, "utf-8", "replace"),
    "[]byte": lambda data: b64encode(data).decode(),
}

ZERO: dict[str, Any] = {
    "bool": False,
    "int32": 0,
    "int64": 0,
    "float64": 0,
    "string": "",
    "[]byte": None,
}

WIRE_TYPES: dict[str, int] = {
    "bool": VARINT,
    "int32": VARINT,
    "int64": VARINT,
    "float64": FIXED64,
    "string": BYTES,
    "[]byte": BYTES,
}
