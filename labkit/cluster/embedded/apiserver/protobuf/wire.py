"""Protobuf's wire format: numbered fields, each with its wire type and its value.

Knows nothing about what a field means. Groups, which Kubernetes never had, are refused.

Source: protobuf.dev, "Encoding".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

VARINT: Literal[0] = 0
FIXED64: Literal[1] = 1
BYTES: Literal[2] = 2
FIXED32: Literal[5] = 5

Value = int | memoryview
"""A number as it was sent, without its sign, or a window on the bytes of a string or a message."""

Occurrence = tuple[int, Value]
"""A wire type and a value."""

VARINT_BYTES = 10
"""A number of 64 bits at seven bits a byte takes this many; a longer one is no number."""

MAX_NUMBER = 2**29 - 1
"""The highest number a field may have."""


class BadProtobuf(ValueError):
    """The body is not a Kubernetes object in protobuf; the message says what is wrong with it."""


class TooManyFields(BadProtobuf):
    """There are more fields in the messages of the body than may be."""


@dataclass
class Bounds:
    """What is left of what a body may hold, while it is read.

    Attributes:
        fields: in all of its messages together; each number of a packed list counts.
        depth: messages within each other.
    """

    fields: int
    depth: int

    def take(self, fields: int) -> None:
        """So many more have been found. Raises `TooManyFields`."""
        self.fields -= fields
        if self.fields < 0:
            raise TooManyFields("there are too many fields in it")


def read_varint(data: memoryview, position: int) -> tuple[int, int]:
    """Read one number of variable length.

    Returns the number, cut to 64 bits, and the position behind it. Raises `BadProtobuf` when the
    bytes end too early or go on for too long.
    """
    if position < len(data) and data[position] < 0x80:
        return data[position], position + 1  # most are of one byte
    number = 0
    for shift, byte in enumerate(data[position : position + VARINT_BYTES]):
        number |= (byte & 0x7F) << (7 * shift)
        if byte < 0x80:
            return number & 0xFFFF_FFFF_FFFF_FFFF, position + shift + 1
    if len(data) - position < VARINT_BYTES:
        raise BadProtobuf("unexpected end of a number")
    raise BadProtobuf(f"a number of more than {VARINT_BYTES} bytes")


def read_varints(data: memoryview) -> Iterator[int]:
    """The numbers of a packed list. Raises `BadProtobuf`."""
    position = 0
    while position < len(data):
        number, position = read_varint(data, position)
        yield number


def read_fields(data: memoryview) -> Iterator[tuple[int, Occurrence]]:
    """The fields of one message: number and occurrence, in the order sent. Raises `BadProtobuf`."""
    position = 0
    while position < len(data):
        tag, position = read_varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if not 0 < number <= MAX_NUMBER:
            raise BadProtobuf(f"{number} is no field's number")
        value, position = _read_value(wire_type, data, position)
        yield number, (wire_type, value)


def gather(data: memoryview, bounds: Bounds) -> dict[int, list[Occurrence]]:
    """The fields of one message by number, each with all its occurrences. Raises `BadProtobuf`."""
    fields: dict[int, list[Occurrence]] = {}
    for number, occurrence in read_fields(data):
        bounds.take(1)
        fields.setdefault(number, []).append(occurrence)
    return fields


def _read_value(wire_type: int, data: memoryview, position: int) -> tuple[Value, int]:
    match wire_type:
        case 0:
            return read_varint(data, position)
        case 1:
            return _read_fixed(data, position, 8)
        case 2:
            length, position = read_varint(data, position)
            return _take(data, position, length), position + length
        case 5:
            return _read_fixed(data, position, 4)
    raise BadProtobuf(f"wire type {wire_type} is not known")


def _read_fixed(data: memoryview, position: int, length: int) -> tuple[int, int]:
    taken = _take(data, position, length)
    return int.from_bytes(taken, "little"), position + length


def _take(data: memoryview, position: int, length: int) -> memoryview:
    if length > len(data) - position:
        raise BadProtobuf(f"unexpected end: {length} bytes are due, {len(data) - position} follow")
    return data[position : position + length]
