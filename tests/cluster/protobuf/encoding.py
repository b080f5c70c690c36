"""The least of an encoder: bodies to decode, field by field."""

from __future__ import annotations

from pathlib import Path

RECORDED = Path(__file__).with_name("recorded")


def varint(number: int) -> bytes:
    """A number of variable length; negative ones as their 64 bits."""
    number %= 2**64
    encoded = bytearray()
    while number > 127:
        encoded.append(number & 127 | 128)
        number >>= 7
    return bytes([*encoded, number])


def field(number: int, value: int | str | bytes) -> bytes:
    """A field: an int as a varint, anything else with its length before it."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def body(api_version: str, kind: str, *fields: bytes) -> bytes:
    """A request body with these fields of its object."""
    type_meta = field(1, api_version) + field(2, kind)
    return b"k8s\0" + field(1, type_meta) + field(2, b"".join(fields)) + field(3, "") + field(4, "")
