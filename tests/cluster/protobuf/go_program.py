"""Writes a small executable with Go's types in it, as Go's linker lays them out."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from tests.cluster.protobuf.encoding import varint

BASE = 0x400000
BOOL, MAP, POINTER, SLICE, STRING, STRUCT = 1, 21, 22, 23, 24, 25


@dataclass
class Program:
    """Types are added one by one; each is known by its address."""

    rodata: bytearray = field(default_factory=lambda: bytearray(8))
    pointers: list[int] = field(default_factory=list)

    def scalar(self, kind: int, name: str) -> int:
        return self._type(kind, name)

    def pointer(self, to: int, *methods: str) -> int:
        # Types of pointers are what the linker lists.
        address = self._type(POINTER, "*", struct.pack("<Q", to), "main", methods)
        self.pointers.append(address)
        return address

    def slice(self, of: int, package: str = "", name: str = "[]") -> int:
        return self._type(SLICE, name, struct.pack("<Q", of), package)

    def map(self, key: int, value: int) -> int:
        return self._type(MAP, "map", struct.pack("<QQ", key, value))

    def struct(self, package: str, name: str, *fields: tuple[str, int, str]) -> int:
        """A struct; its fields are name, type and tags, without a name for embedded ones."""
        array = b"".join(self._field(*one) for one in fields)
        own = struct.pack("<QQQQ", 0, self._add(array), len(fields), len(fields))
        return self._type(STRUCT, f"*{name}", own, package, star=True)

    def image(self) -> bytes:
        """The executable."""
        links = b"".join(struct.pack("<i", address - BASE) for address in self.pointers)
        names = b"\0.rodata\0.data\0.noptrdata\0.typelink\0.shstrtab\0"
        header = struct.pack("<40xQ12xHH", 64, 6, 5)
        parts, place = b"", 64 + 64 * 6
        headers = [bytes(64)]
        for name, address, data in (
            (b".rodata", BASE, bytes(self.rodata)),
            (b".data", 0x100, b""),
            (b".noptrdata", 0x100, b""),
            (b".typelink", 0x200, links),
            (b".shstrtab", 0, names),
        ):
            start = names.index(b"\0" + name + b"\0") + 1
            headers.append(struct.pack("<IIQQQQ24x", start, 1, 0, address, place, len(data)))
            parts, place = parts + data, place + len(data)
        return header.ljust(64, b"\0") + b"".join(headers) + parts

    def _field(self, name: str, type: int, tags: str) -> bytes:
        flags = (2 if tags else 0) | (0 if name else 8)
        return struct.pack("<QQQ", self._name(name or "Embedded", flags, tags), type, 0)

    def _type(
        self,
        kind: int,
        name: str,
        own: bytes = b"",
        package: str = "",
        methods: tuple[str, ...] = (),
        *,
        star: bool = False,
    ) -> int:
        flags = (1 if package else 0) | (2 if star else 0)
        name_offset = self._name(name) - BASE
        common = struct.pack("<QQIBBBBQQii", 0, 0, 0, flags, 8, 8, kind, 0, 0, name_offset, 0)
        uncommon = b""
        if package:
            count, path = len(methods), self._name(package) - BASE
            uncommon = struct.pack("<iHHII", path, count, count, 16, 0)
            uncommon += b"".join(struct.pack("<i12x", self._name(one) - BASE) for one in methods)
        return self._add(common + own + uncommon)

    def _name(self, text: str, flags: int = 0, tags: str = "") -> int:
        data = bytes([flags]) + varint(len(text)) + text.encode()
        return self._add(data + varint(len(tags)) + tags.encode())

    def _add(self, data: bytes) -> int:
        address = BASE + len(self.rodata)
        self.rodata += data
        return address
