"""The packets of SFTP version 3, read and written.

Source: draft-ietf-secsh-filexfer-02; OpenSSH's PROTOCOL ("sftp").
"""

from __future__ import annotations

import os
import stat
import struct
from dataclasses import dataclass

INIT, VERSION = 1, 2
OPEN, CLOSE, READ, WRITE, LSTAT, FSTAT, SETSTAT, FSETSTAT = range(3, 11)
OPENDIR, READDIR, REMOVE, MKDIR, RMDIR, REALPATH, STAT, RENAME, READLINK, SYMLINK = range(11, 21)
STATUS, HANDLE, DATA, NAME, ATTRS = range(101, 106)
EXTENDED, EXTENDED_REPLY = 200, 201

OK, EOF, NO_SUCH_FILE, PERMISSION_DENIED, FAILURE, BAD_MESSAGE = range(6)
OP_UNSUPPORTED = 8
INVALID_HANDLE, NO_SPACE = 9, 14
"""Of later versions: sshfs makes EIO of each code that it does not know, and EPERM of FAILURE."""

_SIZE, _UIDGID, _PERMISSIONS, _TIMES, _EXTENDED = 1, 2, 4, 8, 1 << 31

LARGEST = 1 << 18
"""Bytes of data in a packet; sshfs asks for 64 KiB at a time, OpenSSH takes as much as this."""
LONGEST_PACKET = LARGEST + 1024
"""With what stands around the data."""
_MOST_EXTENSIONS = 16


class BadPacket(ValueError):
    """A packet that is cut off, or says more than it holds."""


class Reader:
    """The fields of a packet, one after the other.

    Raises:
        BadPacket: by each method, when the packet ends before the field does.
    """

    def __init__(self, packet: bytes) -> None:
        self._packet, self._at = packet, 0

    def number(self) -> int:
        """A number of 4 bytes."""
        return int.from_bytes(self._take(4))

    def long(self) -> int:
        """A number of 8 bytes."""
        return int.from_bytes(self._take(8))

    def text(self) -> bytes:
        """A string: its length, then its bytes."""
        return self._take(self.number())

    def attributes(self) -> Attributes:
        """What a request says of a file."""
        flags = self.number()
        size = self.long() if flags & _SIZE else None
        if flags & _UIDGID:
            self._take(8)  # the host's files are the host's user's, whatever a guest says
        mode = self.number() if flags & _PERMISSIONS else None
        times = (self.number(), self.number()) if flags & _TIMES else None
        if flags & _EXTENDED:
            for _ in range(min(self.number(), _MOST_EXTENSIONS)):
                self.text(), self.text()
        return Attributes(size, mode, times)

    def _take(self, count: int) -> bytes:
        taken = self._packet[self._at : self._at + count]
        if len(taken) < count:
            raise BadPacket(f"a field of {count} bytes has {len(taken)}")
        self._at += count
        return taken


@dataclass(frozen=True)
class Attributes:
    """What is to be changed of a file; None for what is not."""

    size: int | None
    mode: int | None
    times: tuple[int, int] | None


def number(value: int) -> bytes:
    """A number of 4 bytes."""
    return struct.pack(">I", value)


def text(value: bytes) -> bytes:
    """A string: its length, then its bytes."""
    return number(len(value)) + value


def attributes(found: os.stat_result) -> bytes:
    """What stat(2) says of a file. Its owner is always root: to the guest it is nobody else's.

    Without setuid, setgid and sticky: set on the host for the host's users, they would mean root.
    """
    times = (_seconds(found.st_atime), _seconds(found.st_mtime))
    flags = _SIZE | _UIDGID | _PERMISSIONS | _TIMES
    mode = stat.S_IFMT(found.st_mode) | found.st_mode & 0o777
    return struct.pack(">IQIIIII", flags, found.st_size, 0, 0, mode, *times)


def _seconds(time: float) -> int:
    return min(max(int(time), 0), 0xFFFFFFFF)


def names(id: int, rows: list[tuple[bytes, os.stat_result]]) -> bytes:
    """An answer that is some names, each with its attributes."""
    parts = [number(len(rows))]
    for name, found in rows:
        parts += [text(name), text(name), attributes(found)]
    return packet(NAME, id, b"".join(parts))


def packet(kind: int, id: int, body: bytes = b"") -> bytes:
    """An answer to the request ``id``."""
    return struct.pack(">IBI", len(body) + 5, kind, id) + body


def status(id: int, code: int, why: str = "") -> bytes:
    """An answer that is a code and a reason."""
    return packet(STATUS, id, number(code) + text(why.encode()) + text(b""))
