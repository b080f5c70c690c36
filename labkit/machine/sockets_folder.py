"""A private folder for the sockets of one kernel: mode 0700, taken away with it, or after a crash.

Whoever owns one holds a lock on it (flock(2)), which the kernel lets go with the process; a folder
that nobody holds is a dead server's, and the next kernel's start removes it.

Sources: flock(2), unix(7) (a path has at most 107 bytes).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from labkit.core.paths import runtime_dir

_LONGEST_PATH = 107
_NAME = "/kernels/k12345678/s-1"
"""As long as what is added to the folder of what runs."""


class SocketsFolder:
    """A folder for as long as this object is open."""

    def __init__(self) -> None:
        base = _base()
        with _locked(base):
            _sweep(base)
            self.path = Path(tempfile.mkdtemp(prefix="k", dir=base))
            self._fd = _open(self.path)
            fcntl.flock(self._fd, fcntl.LOCK_EX)

    def close(self) -> None:
        """Takes the folder away."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._fd)


def _base() -> Path:
    """Where live things are; /tmp when that is too deep for a socket's path."""
    base = runtime_dir()
    if len(os.fsencode(str(base) + _NAME)) > _LONGEST_PATH:
        base = Path("/tmp") / f"labkit-{os.getuid()}"
        base.mkdir(mode=0o700, exist_ok=True)
        if base.lstat().st_uid != os.getuid():
            return Path(tempfile.mkdtemp(prefix="labkit-", dir="/tmp"))
    folder = base / "kernels"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def _sweep(base: Path) -> None:
    for folder in base.iterdir():
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            fd = _open(folder)
            stack.callback(os.close, fd)
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    fd = _open(folder)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _open(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
