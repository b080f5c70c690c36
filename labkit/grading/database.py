"""Where events are kept: one SQLite file, only ever appended to.

Several processes use it at once (a notebook, a terminal). A damaged file is moved aside whole, and
what can still be read of it goes on in a new one: see :mod:`labkit.grading.salvage`. Knows nothing
about what events mean.

Sources: sqlite.org/howtocorrupt.html (fork, a file renamed while open), flock(2).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from labkit.core.errors import TimedOut
from labkit.grading.events import Event
from labkit.grading.faults import BUSY_S, Damaged, is_damage, translated, unusable
from labkit.grading.table import COLUMNS, connect, create, from_row, insert, transaction

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")


class EventStore:
    """The events of one file. Safe to use from several threads and processes.

    Args:
        path: the file; made when first used, with its folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.notice = ""
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._opened_as: tuple[int, int, int] = (0, 0, 0)
        self._inherited: list[sqlite3.Connection] = []

    def append(self, *events: Event) -> int:
        """Writes events, all or none. Those whose id is there already are left out.

        Returns:
            How many were added; they are on the disk.
        """
        return self._do(lambda connection: insert(connection, events))

    def append_first(self, event: Event) -> None:
        """Writes an event unless there is one of its kind that is not foreign."""

        def write(connection: sqlite3.Connection) -> None:
            query = "SELECT 1 FROM events WHERE kind = ? AND NOT is_foreign"
            if not connection.execute(query, (event.kind,)).fetchone():
                insert(connection, [event])

        self._do(write)

    def read(self, *, kind: str = "", task: str = "") -> list[Event]:
        """The events in the order in which they were written, of one kind or task if given."""
        query = (
            f"SELECT {COLUMNS} FROM events"
            " WHERE (? = '' OR kind = ?) AND (? = '' OR task = ?) ORDER BY id"
        )
        return self._do(
            lambda connection: [
                from_row(row) for row in connection.execute(query, (kind, kind, task, task))
            ]
        )

    def close(self) -> None:
        """Closes the file. The store opens it again when it is next used."""
        with self._lock:
            if self._connection and self._opened_as[0] == os.getpid():
                self._connection.close()
            elif self._connection:
                # Made before a fork: SQLite forbids even to close it here. Keep it from being
                # collected, which would.
                self._inherited.append(self._connection)
            self._connection = None

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def _do(self, action: Callable[[sqlite3.Connection], T]) -> T:
        """Runs ``action`` in a transaction; on a damaged file mends first, and tries again."""
        import sqlite3

        with self._lock:
            try:
                return self._try(action)
            except (sqlite3.Error, Damaged) as error:
                if not is_damage(error, self.path):
                    raise translated(error, self.path) from error
                self.close()
            try:
                return self._try(action)
            except (sqlite3.Error, Damaged) as error:
                raise translated(error, self.path) from error

    def _try(self, action: Callable[[sqlite3.Connection], T]) -> T:
        try:
            with transaction(self._open()) as connection:
                return action(connection)
        except UnicodeDecodeError as error:
            # SQLite quotes what it cannot read, and Python cannot read the quotation.
            raise Damaged(str(error)) from error

    def _open(self) -> sqlite3.Connection:
        if self._connection and self._opened_as != _identity(self.path):
            self.close()  # another process moved it aside, or somebody deleted it
        if not self._connection:
            try:
                with _folder_locked(self.path.parent):
                    self._connection = self._open_or_mend()
                    self._opened_as = _identity(self.path)
            except OSError as error:
                raise unusable(self.path, error.strerror or str(error)) from error
        return self._connection

    def _open_or_mend(self) -> sqlite3.Connection:
        import sqlite3

        from labkit.grading.salvage import finish_mending, mend, move_aside

        finish_mending(self.path)
        if not self.path.exists():
            move_aside(self.path)  # a log without its file: SQLite would apply it to the new one
            create(self.path, ())
        try:
            return connect(self.path)
        except (sqlite3.Error, Damaged, UnicodeDecodeError) as error:
            if not is_damage(error, self.path):
                raise
        aside, count = mend(self.path)
        self.notice = (
            f"Your progress file was damaged. It is kept as {aside}; "
            f"{count} events could be read from it and go on in a new file."
        )
        return connect(self.path)


@contextlib.contextmanager
def _folder_locked(folder: Path) -> Iterator[None]:
    """One process at a time opens or mends. The lock is on the folder: nothing is left behind."""
    folder.mkdir(parents=True, exist_ok=True)
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        until = time.monotonic() + BUSY_S
        while not _try_lock(fd):
            if time.monotonic() > until:
                seen = "another process opens the file there"
                raise TimedOut(f"the lock on {folder}", after_s=BUSY_S, last_seen=seen)
            time.sleep(0.01)
        yield
    finally:
        os.close(fd)


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A file system without locks on folders (NFS): SQLite's own locks have to do.
        return error.errno != errno.EWOULDBLOCK
    return True


def _identity(path: Path) -> tuple[int, int, int]:
    """What the connection belongs to: this process (SQLite forbids use after fork), that file."""
    try:
        found = path.stat()
    except OSError:
        return os.getpid(), 0, 0
    return os.getpid(), found.st_dev, found.st_ino
