"""The folder of a store: whose it is, who may read it, and that one process has it at a time.

Knows nothing about what is written there. Source: flock(2).
"""

from __future__ import annotations

import fcntl
import os
import shlex
import tempfile
from pathlib import Path

from labkit.core.errors import Blocked

LOCK, DATABASE = "store.lock", "store.db"

_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


class Folder:
    """A folder that is this process's until ``close()``, or until the process ends in any way.

    Args:
        path: where; made when it is not there, with its parents. None: a temporary one.

    Raises:
        Blocked: another process has it, or it cannot be written.
    """

    def __init__(self, path: Path | str | None) -> None:
        self._lock = -1
        self._temporary = None
        if path is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="labkit-store-")
            path = self._temporary.name
        self.path = Path(path).absolute()
        try:
            self._take()
        except BaseException:
            self.close()
            raise

    @property
    def database(self) -> Path:
        """The file of the database."""
        return self.path / DATABASE

    def close(self) -> None:
        """Lets go of the folder; a temporary one is removed."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1
        if self._temporary:
            self._temporary.cleanup()

    def _take(self) -> None:
        lock = self.path / LOCK
        try:
            self.path.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
            self._lock = _open_private(lock)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.close(_open_private(self.database))
        except BlockingIOError as error:
            holder = f"`fuser {shlex.quote(str(lock))}` names it"
            raise Blocked(
                f"the store in {self.path} is in use",
                why="a folder is one process's at a time, and another one has it",
                hint=f"Stop that one first ({holder}), or use another folder",
            ) from error
        except OSError as error:
            raise Blocked(
                f"the store cannot keep anything in {self.path}",
                why=error.strerror or str(error),
                hint="Give it a folder that this user can write",
            ) from error


def _open_private(path: Path) -> int:
    """A file for its owner only, made when it is not there, as a file descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _FILE_MODE)
    try:
        os.fchmod(descriptor, _FILE_MODE)  # it may have been there, copied by somebody
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
