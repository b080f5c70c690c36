"""Writes a cpio archive in the form the kernel takes as initramfs (``newc``).

The same entries give the same bytes: no times, owners or inode numbers of this machine are in it.
Sources: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst; cpio(5).
"""

from __future__ import annotations

import stat
from collections.abc import Iterable
from dataclasses import dataclass

_MAGIC = "070701"
_TRAILER = "TRAILER!!!"
_BLOCK = 512


@dataclass(frozen=True)
class Entry:
    """One file of the archive, root's. ``mode`` has its type, as in ``st_mode``."""

    name: str
    mode: int
    content: bytes = b""
    device: tuple[int, int] = (0, 0)


def directory(name: str, permissions: int = 0o755) -> Entry:
    """A folder."""
    return Entry(name, stat.S_IFDIR | permissions)


def file(name: str, content: bytes, permissions: int = 0o644) -> Entry:
    """A regular file."""
    return Entry(name, stat.S_IFREG | permissions, content)


def symlink(name: str, target: str) -> Entry:
    """A symbolic link."""
    return Entry(name, stat.S_IFLNK | 0o777, target.encode())


def character_device(name: str, major: int, minor: int, permissions: int = 0o600) -> Entry:
    """A character device."""
    return Entry(name, stat.S_IFCHR | permissions, device=(major, minor))


def archive(entries: Iterable[Entry]) -> bytes:
    """The archive, its entries in the order given: a folder before what is in it."""
    made = bytearray()
    for number, entry in enumerate([*entries, Entry(_TRAILER, 0)], start=1):
        made += _header(number, entry)
        made += entry.name.encode() + b"\0"
        _pad(made, 4)
        made += entry.content
        _pad(made, 4)
    _pad(made, _BLOCK)
    return bytes(made)


def _header(number: int, entry: Entry) -> bytes:
    is_last = entry.name == _TRAILER
    links = 2 if stat.S_ISDIR(entry.mode) else 1
    major, minor = entry.device
    fields = (
        *(0 if is_last else number, entry.mode, 0, 0, links, 0, len(entry.content)),
        *(0, 0, major, minor, len(entry.name.encode()) + 1, 0),
    )
    return (_MAGIC + "".join(f"{field:08X}" for field in fields)).encode()


def _pad(made: bytearray, to: int) -> None:
    made += b"\0" * (-len(made) % to)
