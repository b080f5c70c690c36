"""The ids of every session that is opened below a folder, by whichever process, however short.

A session's folder is gone when the session ends, but what it failed to take away is not: its id is
in the names of those things. So the kernel is asked to note each folder that appears.

Source: inotify(7).
"""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path

_HEADER = struct.Struct("iIII")
_IN_CREATE = 0x100


class SessionIds:
    """Collects names of new folders; one inotify instance for as many folders as are added."""

    def __init__(self) -> None:
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1")
        self._seen: set[str] = set()

    def add(self, folder: Path) -> None:
        """Notes what appears in ``folder`` from now on; until the folder is removed."""
        if self._libc.inotify_add_watch(self._fd, os.fsencode(folder), _IN_CREATE) < 0:
            raise OSError(ctypes.get_errno(), f"inotify_add_watch {folder}")

    def seen(self) -> frozenset[str]:
        """Every name so far."""
        while data := self._read():
            while data:
                length = _HEADER.unpack_from(data)[3]
                name = data[_HEADER.size : _HEADER.size + length].rstrip(b"\0").decode()
                self._seen |= {name} if name else set()
                data = data[_HEADER.size + length :]
        return frozenset(self._seen)

    def forget(self) -> None:
        """Starts anew."""
        self.seen()
        self._seen.clear()

    def close(self) -> None:
        """Gives the descriptor back."""
        os.close(self._fd)

    def _read(self) -> bytes:
        try:
            return os.read(self._fd, 65536)
        except BlockingIOError:
            return b""
