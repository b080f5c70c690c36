"""The types of a Go program, read from its executable, where Go's own reflection finds them.

Of a struct this gives what its source says: fields in order, their types, their tags. Reads 64-bit
little-endian ELF files that are not position-independent, built by Go 1.18 or later.
Knows nothing about Kubernetes.

Sources: Go's internal/abi (type.go) and runtime (symtab.go); elf(5).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

TYPE_BYTES = 48
"""The part that all types have: size, hash, flags, kind, offsets of the name and of the pointer."""

UNCOMMON, EXTRA_STAR = 1, 2
"""Flags of a type: it has a package and methods; its name is stored with a star before it."""

HAS_TAG, IS_EMBEDDED = 2, 8
"""Flags of a name."""


class Kind(IntEnum):
    """The kinds of types that this module tells apart."""

    FUNC = 19
    INTERFACE = 20
    MAP = 21
    POINTER = 22
    SLICE = 23
    STRUCT = 25


OWN_BYTES = {Kind.FUNC: 8, Kind.INTERFACE: 32, Kind.POINTER: 8, Kind.SLICE: 8, Kind.STRUCT: 32}
"""What a type of this kind has between the common part and its package and methods."""


@dataclass(frozen=True)
class GoType:
    """A type: where it is, its kind by number, its name (`v1.Pod`) and its package's path."""

    address: int
    kind: int
    name: str
    package: str


@dataclass(frozen=True)
class GoField:
    """A field of a struct: its Go name, its tags by key, the address of its type."""

    name: str
    tags: dict[str, str]
    type: int
    is_embedded: bool


class GoProgram:
    """An executable that a Go compiler made."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._sections = dict(self._read_sections())
        self._base, *_ = self._sections[".rodata"]
        self._pointers = dict(self._read_pointers())

    def pointed_at(self) -> list[GoType]:
        """The types that the program has pointers to: every named struct that matters is one."""
        return [self.type(address) for address in self._pointers]

    def type(self, address: int) -> GoType:
        """The type at this address."""
        _, flags, kind, name, _ = self._common(address)
        text = self._name(self._base + name)[0]
        text = text[1:] if flags & EXTRA_STAR else text
        package = ""
        if flags & UNCOMMON and kind in OWN_BYTES:
            path, *_ = self._unpack("<i", self._uncommon(address, kind))
            package = self._name(self._base + path)[0]
        return GoType(address, kind, text, package)

    def element(self, type: GoType) -> GoType:
        """What a pointer points at, what a slice is of."""
        return self.type(self._unpack("<Q", type.address + TYPE_BYTES)[0])

    def key_and_value(self, type: GoType) -> tuple[GoType, GoType]:
        """The types of a map's keys and values."""
        key, value = self._unpack("<QQ", type.address + TYPE_BYTES)
        return self.type(key), self.type(value)

    def fields(self, type: GoType) -> Iterator[GoField]:
        """The fields of a struct, in order."""
        first, count = self._unpack("<QQ", type.address + TYPE_BYTES + 8)
        for index in range(count):
            name, field_type, _ = self._unpack("<QQQ", first + 24 * index)
            text, tag, flags = self._name(name)
            tags = dict(re.findall(r'([\w-]+):"([^"]*)"', tag))
            yield GoField(text, tags, field_type, bool(flags & IS_EMBEDDED))

    def methods(self, type: GoType) -> set[str]:
        """The names of the exported methods of a type and of a pointer to it."""
        names = set(self._methods(type.address))
        pointer = self._pointers.get(type.address)
        return names if pointer is None else names | set(self._methods(pointer))

    def _methods(self, address: int) -> Iterator[str]:
        _, flags, kind, _, _ = self._common(address)
        if not flags & UNCOMMON or kind not in OWN_BYTES:
            return
        place = self._uncommon(address, kind)
        _, count, _, offset, _ = self._unpack("<iHHII", place)
        for index in range(count):
            (name,) = self._unpack("<i", place + offset + 16 * index)
            yield self._name(self._base + name)[0]

    def _common(self, address: int) -> tuple[int, int, int, int, int]:
        _, _, hash, flags, _, _, kind, _, _, name, pointer = self._unpack("<QQIBBBBQQii", address)
        return hash, flags, kind & 31, name, pointer

    def _uncommon(self, address: int, kind: int) -> int:
        return address + TYPE_BYTES + OWN_BYTES[Kind(kind)]

    def _name(self, address: int) -> tuple[str, str, int]:
        place = self._place(address)
        flags = self._data[place]
        text, place = self._string(place + 1)
        tag, _ = self._string(place) if flags & HAS_TAG else ("", 0)
        return text, tag, flags

    def _string(self, place: int) -> tuple[str, int]:
        length = shift = 0
        while True:
            byte = self._data[place]
            length |= (byte & 127) << shift
            place, shift = place + 1, shift + 7
            if byte < 128:
                return self._data[place : place + length].decode(), place + length

    def _unpack(self, layout: str, address: int) -> tuple[int, ...]:
        return struct.unpack_from(layout, self._data, self._place(address))

    def _place(self, address: int) -> int:
        """Where in the file this address is."""
        for name in (".rodata", ".data", ".noptrdata"):
            start, place, length = self._sections[name]
            if start <= address < start + length:
                return place + address - start
        raise ValueError(f"no data at {address:#x}")

    def _read_sections(self) -> Iterator[tuple[str, tuple[int, int, int]]]:
        (table,) = struct.unpack_from("<Q", self._data, 40)
        count, names = struct.unpack_from("<HH", self._data, 60)
        headers = [
            struct.unpack_from("<IIQQQQ", self._data, table + 64 * index) for index in range(count)
        ]
        for name, _, _, address, place, length in headers:
            start = headers[names][4] + name
            text = self._data[start : self._data.index(b"\0", start)].decode()
            yield text, (address, place, length)

    def _read_pointers(self) -> Iterator[tuple[int, int]]:
        _, place, length = self._sections[".typelink"]
        for offset in struct.unpack_from(f"<{length // 4}i", self._data, place):
            address = self._base + offset
            if self._common(address)[2] == Kind.POINTER:
                yield self._unpack("<Q", address + TYPE_BYTES)[0], address
