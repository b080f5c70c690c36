"""What a guest has open: files and folders, by handles that no other server ever gave.

Knows nothing about packets. Source: draft-ietf-secsh-filexfer-02, section 6.2.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from labkit.machine.files.beneath import error_of

Row = tuple[bytes, os.stat_result]


class UnknownHandle(Exception):
    """A handle of an earlier server, of a closed file, or none at all."""


@dataclass
class OpenFile:
    """A file that is open."""

    fd: int
    is_read_only: bool


class Listing:
    """A folder that is open, read as it is asked for: a large one is never in memory whole.

    Args:
        rows: the names in it and stat(2) of each.
        fd: closed with it.
    """

    def __init__(self, rows: Iterator[Row], fd: int = -1) -> None:
        self.rows, self.fd = rows, fd

    def take(self, count: int) -> list[Row]:
        """The next names; none at the end."""
        return list(islice(self.rows, count))


def list_folder(fd: int) -> Listing:
    """The names in a folder; its own two, ``.`` and ``..``, first. Takes ``fd``."""
    return Listing(_rows(fd), fd)


def _rows(fd: int) -> Iterator[Row]:
    here = os.fstat(fd)
    yield from ((b".", here), (b"..", here))
    with os.scandir(fd) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # gone since
                yield os.fsencode(entry.name), entry.stat(follow_symlinks=False)


@dataclass
class Handles:
    """The table of handles.

    Args:
        most: how many there may be at once.
    """

    most: int
    _open: dict[bytes, OpenFile | Listing] = field(default_factory=dict)
    _count: int = 0
    _born: bytes = field(default_factory=lambda: os.urandom(8))

    def check_room(self) -> None:
        """Raises OSError (EMFILE) where there is no room for one more."""
        if len(self._open) >= self.most:
            raise error_of(errno.EMFILE)

    def add(self, what: OpenFile | Listing) -> bytes:
        """A new handle."""
        self._count += 1
        handle = self._born + self._count.to_bytes(8)
        self._open[handle] = what
        return handle

    def file(self, handle: bytes) -> OpenFile:
        """The file of a handle."""
        found = self._open.get(handle)
        if not isinstance(found, OpenFile):
            raise UnknownHandle
        return found

    def listing(self, handle: bytes) -> Listing:
        """The folder of a handle."""
        found = self._open.get(handle)
        if not isinstance(found, Listing):
            raise UnknownHandle
        return found

    def close(self, handle: bytes) -> None:
        """Closes a file or folder."""
        found = self._open.pop(handle, None)
        if found is None:
            raise UnknownHandle
        if isinstance(found, Listing):
            found.rows = iter(())  # ends the reading, and with it its own descriptor
        if found.fd >= 0:
            os.close(found.fd)

    def close_all(self) -> None:
        """Closes what is still open."""
        for handle in list(self._open):
            with contextlib.suppress(OSError):
                self.close(handle)
