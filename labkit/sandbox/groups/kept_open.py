"""Small files of the kernel's that are read again and again: kept open, as far as that goes.

To open such a file costs five times what it costs to read it again (pread from its beginning makes
the kernel say it anew). A file of a group that has gone answers with an error, and is let go.
Knows nothing about groups.
"""

from __future__ import annotations

import os
import resource
import weakref

_SHARE = 2
"""Up to a half of what this process may have open: 2048 where Jupyter has set the usual 4096.

The limit itself is left alone, though this process could raise it: what is opened later, by the
learner's own code, would get numbers from 1024 on, for which select(2) cannot wait, and every
program that a notebook starts would inherit the limit. It matters outside Jupyter only: with the
usual 1024 of a shell a hundred groups (some 1,700 files on v2) take up to twice as long to read.
"""

_BYTES = 1024
"""Most of them say less; what says more is read in further parts."""


_MORE = 1 << 16


class KeptOpen:
    """Files by their paths. :meth:`end_round` closes those that were not read since the last."""

    def __init__(self) -> None:
        self._fds: dict[str, int] = {}
        self._used: set[str] = set()
        self._most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] // _SHARE
        weakref.finalize(self, _close_all, self._fds)

    def read(self, path: str) -> str:
        """What the file says now; nothing when it is not there."""
        fd = self._fds.get(path)
        if fd is not None:
            try:
                text = _pread(fd)
            except OSError:  # its group has gone; there may be another of that name
                os.close(self._fds.pop(path))
            else:
                self._used.add(path)
                return text.decode(errors="replace")
        return self._open(path)

    def end_round(self) -> None:
        """Closes what was not read in this round."""
        for path in self._fds.keys() - self._used:
            os.close(self._fds.pop(path))
        self._used.clear()

    def _open(self, path: str) -> str:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return ""
        try:
            text = _pread(fd)
        except OSError:
            text = b""
        if text and len(self._fds) < self._most:
            self._fds[path] = fd
            self._used.add(path)
        else:
            os.close(fd)
        return text.decode(errors="replace")


def _pread(fd: int) -> bytes:
    text = os.pread(fd, _BYTES, 0)
    if len(text) < _BYTES:
        return text
    while part := os.pread(fd, _MORE, len(text)):
        text += part
    return text


def _close_all(fds: dict[str, int]) -> None:
    while fds:
        os.close(fds.popitem()[1])
