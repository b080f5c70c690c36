"""The headers of a tar archive, one entry at a time. Reads no file's content.

Not ``tarfile``: in early patch versions of Python 3.11 a hostile header makes it loop or eat the
memory, and it follows sparse maps. Here every step goes forward in the file, and the memory used
does not depend on what the archive says. What an entry may be is not judged here: see ``plan``.

Sources: POSIX.1-2017 pax ("ustar Interchange Format", "pax Header Block"), tar(5) of libarchive
for the GNU forms (long names, base-256 numbers).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Literal

Kind = Literal["file", "folder", "symlink", "hard link", "device", "fifo", "sparse file", "unknown"]

BLOCK = 512

MAX_META = 1 << 20
"""Bytes of one extended header. A path has at most 4 KiB; the rest may be extended attributes."""

_KINDS: dict[bytes, Kind] = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",  # "contiguous": a plain file everywhere but on systems long gone
    b"1": "hard link",
    b"2": "symlink",
    b"3": "device",
    b"4": "device",
    b"5": "folder",
    b"6": "fifo",
    b"S": "sparse file",
}


class MalformedTar(Exception):
    """The bytes are not a tar archive; the message says where it stops being one."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an archive, as its header says it.

    Attributes:
        name: bytes that are not UTF-8 are kept as surrogates, as everywhere in ``os``.
        mode: permission bits, with setuid, setgid and sticky.
        mtime_ns: nanoseconds since 1970.
        size: bytes of content; 0 for all but files.
        offset: where the content begins in the archive.
        link: target of a link.
    """

    name: str
    kind: Kind
    mode: int
    uid: int
    gid: int
    mtime_ns: int
    size: int
    offset: int
    link: str


def read_entries(archive: BinaryIO) -> Iterator[Entry]:
    """The entries of an uncompressed tar in a file that can be sought, in its order.

    Raises:
        MalformedTar: it is not a tar, or it ends early.
    """
    end = archive.seek(0, os.SEEK_END)
    position = 0
    extended: dict[str, str] = {}
    while block := _next_header(archive, position, end):
        position += BLOCK
        size, flag = _number(block[124:136]), block[156:157]
        if flag in (b"x", b"g", b"L", b"K"):
            records = _read_meta(archive, position, size, end, flag)
            if flag != b"g":  # of a header for all, only the owner and the time could matter
                extended.update(records)
            position += _padded(size)
            continue
        entry = _entry(block, position, extended)
        extended = {}
        position += _padded(entry.size)
        if position > end:
            raise MalformedTar(f"the archive ends within the content of {entry.name!r}")
        yield entry


def _next_header(archive: BinaryIO, position: int, end: int) -> bytes:
    """The header at ``position``; nothing at the archive's end."""
    archive.seek(position)
    block = archive.read(BLOCK)
    if not block and position == end > 0:
        return b""  # no closing zero blocks: common, and nothing is missing
    if len(block) < BLOCK:
        raise MalformedTar(f"the archive ends within a header, at byte {position}")
    if not any(block):
        return b""
    if not _is_header(block):
        raise MalformedTar(f"what should be a header, at byte {position}, has no right checksum")
    return block


def _is_header(block: bytes) -> bool:
    """Whether its checksum is right: the sum of its bytes, with spaces where the sum stands."""
    try:
        return _number(block[148:156]) == sum(block[:148]) + 8 * 32 + sum(block[156:])
    except MalformedTar:
        return False


def _entry(block: bytes, offset: int, extended: dict[str, str]) -> Entry:
    name = extended.get("path") or _path(block)
    kind = _KINDS.get(block[156:157], "unknown")
    if kind == "file" and block[156:157] == b"\0" and name.endswith("/"):
        kind = "folder"  # how archives older than POSIX say it
    if any(key.startswith("GNU.sparse.") for key in extended):
        kind = "sparse file"
    size = _whole(extended, "size", _number(block[124:136]))
    return Entry(
        name=name,
        kind=kind,
        mode=_number(block[100:108]) & 0o7777,
        uid=_whole(extended, "uid", _number(block[108:116])),
        gid=_whole(extended, "gid", _number(block[116:124])),
        mtime_ns=_time_ns(extended.get("mtime"), block[136:148]),
        size=size if kind in ("file", "sparse file", "unknown") else 0,
        offset=offset,
        link=extended.get("linkpath") or _text(block[157:257]),
    )


def _path(block: bytes) -> str:
    name, prefix = _text(block[:100]), _text(block[345:500])
    is_posix = block[257:263] == b"ustar\0"  # GNU's own form has other things where prefix is
    return f"{prefix}/{name}" if is_posix and prefix else name


def _read_meta(
    archive: BinaryIO, position: int, size: int, end: int, flag: bytes
) -> dict[str, str]:
    """What an extended header says of the entry after it, under pax's names."""
    if size > MAX_META:
        raise MalformedTar(f"the extended header at byte {position} has {size} bytes")
    if position + _padded(size) > end:
        raise MalformedTar(f"the archive ends within an extended header, at byte {position}")
    archive.seek(position)
    content = archive.read(size)
    if flag in (b"L", b"K"):
        return {"path" if flag == b"L" else "linkpath": _text(content)}
    records = dict(_pax_records(content, position))
    if flag == b"g" and not records.keys().isdisjoint({"path", "linkpath", "size"}):
        raise MalformedTar(f"the header at byte {position} gives all entries one path or size")
    return records


def _pax_records(content: bytes, position: int) -> Iterator[tuple[str, str]]:
    """Records ``LENGTH KEY=VALUE\\n``, where LENGTH counts the whole record."""
    start = 0
    while start < len(content):
        space = content.find(b" ", start, start + 8)
        digits = content[start:space] if space > 0 else b""
        stop = start + int(digits) if digits.isdigit() else start
        record = content[space + 1 : stop]
        if stop <= space or stop > len(content) or b"=" not in record or record[-1:] != b"\n":
            raise MalformedTar(f"the extended header at byte {position} is not of pax's form")
        key, _, value = record[:-1].partition(b"=")
        yield _decoded(key), _decoded(value)
        start = stop


def _whole(extended: dict[str, str], key: str, otherwise: int) -> int:
    if key not in extended:
        return otherwise
    if not (extended[key].isascii() and extended[key].isdigit() and len(extended[key]) < 20):
        raise MalformedTar(f"an extended header says {key}={extended[key]!r}")
    return int(extended[key])


def _time_ns(pax: str | None, field: bytes) -> int:
    """A time in nanoseconds; one that no clock shows (before 1970, after 2242) is the nearest."""
    if pax is None:
        seconds, fraction = _number(field, is_signed=True), ""
    else:
        whole, _, fraction = pax.partition(".")
        digits = whole.removeprefix("-") + fraction
        if not (digits.isascii() and digits.isdigit() and len(whole) < 20):
            raise MalformedTar(f"an extended header says mtime={pax!r}")
        seconds = int(whole)
    last = (1 << 33) - 1
    return min(max(seconds, 0), last) * 10**9 + int(f"{fraction:0<9.9}" if seconds >= 0 else 0)


def _number(field: bytes, *, is_signed: bool = False) -> int:
    """A number of a header: octal text, or base 256 when its first bit is set."""
    if field[0] & 0x80:
        is_negative = bool(field[0] & 0x40)
        first = field[0] if is_negative else field[0] & 0x7F
        value = int.from_bytes(bytes([first]) + field[1:], "big", signed=is_negative)
    else:
        digits = field.strip(b" \0").split(b"\0")[0].strip()
        if not all(digit in b"01234567" for digit in digits):
            raise MalformedTar(f"{field!r} stands where a header has a number")
        value = int(digits or b"0", 8)
    if value < 0 and not is_signed:
        raise MalformedTar("a header has a negative number")
    return value


def _text(field: bytes) -> str:
    return _decoded(field.partition(b"\0")[0])


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _padded(size: int) -> int:
    return -(-size // BLOCK) * BLOCK
