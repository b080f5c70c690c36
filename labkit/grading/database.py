"""Where events are kept: one SQLite file, only ever appended to.

Several processes use it at once (a notebook, a terminal). Each event carries a digest, so a
damaged one is never taken for true. A damaged file is moved aside whole and what can still be
read of it goes on in a new one: see :mod:`labkit.grading.salvage`. Knows nothing about what
events mean.

Every write is on the disk when the call returns (``synchronous=FULL``): it survives SIGKILL, and
a power cut as far as the disk keeps its word. That costs one fsync for each thing a learner does.

Sources: sqlite.org/wal.html, sqlite.org/howtocorrupt.html (fork), flock(2).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from labkit.core.errors import BadInput, TimedOut
from labkit.grading.events import Event, read_event
from labkit.grading.faults import BUSY_S, Damaged, is_damage, translated, unusable

if TYPE_CHECKING:
    import sqlite3

T = TypeVar("T")

SCHEMA = (
    "CREATE TABLE events (id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, at TEXT NOT NULL,"
    " kind TEXT NOT NULL, topic TEXT NOT NULL, task TEXT NOT NULL, data TEXT NOT NULL,"
    " is_foreign INTEGER NOT NULL, digest TEXT NOT NULL)",
    "CREATE TRIGGER events_never_change BEFORE UPDATE ON events"
    " BEGIN SELECT RAISE(ABORT, 'events never change'); END",
    "CREATE TRIGGER events_never_go BEFORE DELETE ON events"
    " BEGIN SELECT RAISE(ABORT, 'events are never deleted'); END",
)
COLUMNS = "id, uid, at, kind, topic, task, data, is_foreign, digest"

SUFFIXES = ("-wal", "-shm", "")
"""What SQLite keeps beside a file, and the file."""


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


def create(path: Path, events: Iterable[Event]) -> None:
    """Makes a file with these events, whole or not at all.

    Raises:
        sqlite3.Error, OSError: it cannot be written.
    """
    import sqlite3

    unfinished = beside(path, ".tmp")
    for suffix in SUFFIXES:
        beside(unfinished, suffix).unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        with transaction(connection):
            for statement in SCHEMA:
                connection.execute(statement)
            insert(connection, events)
    unfinished.rename(path)


def connect(path: Path) -> sqlite3.Connection:
    """Opens a file of events and reads it through before anything is written.

    Raises:
        Damaged: something in it is not what was written.
        sqlite3.Error: it cannot be opened, or SQLite found the damage.
    """
    import sqlite3

    # Autocommit: transactions are begun and ended in one place, below. Mode rw: never to make an
    # empty file where there is none.
    uri = f"{path.as_uri()}?mode=rw"
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    # A text that is none is no reason to stop: its digest tells.
    connection.text_factory = lambda raw: raw.decode(errors="replace")
    try:
        if (found := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
            raise Damaged(found)
        rows = connection.execute(f"SELECT {COLUMNS} FROM events ORDER BY id")
        for number, row in enumerate(rows, 1):
            from_row(row)
            if row[0] != number:
                raise Damaged(f"event {number} is missing")
        connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def insert(connection: sqlite3.Connection, events: Iterable[Event]) -> int:
    """Numbers events on from the last one and writes them, but for those that are there already.

    Returns:
        How many were written.
    """
    last = connection.execute("SELECT COALESCE(MAX(id), 0) FROM events").fetchone()[0]
    number = last
    for event in events:
        if connection.execute("SELECT 1 FROM events WHERE uid = ?", (event.id,)).fetchone():
            continue
        number += 1
        data = json.dumps(dict(event.data), sort_keys=True, ensure_ascii=False)
        parts = (event.id, event.at, event.kind, event.topic, event.task, data)
        row = (number, *parts, int(event.is_foreign))
        connection.execute(
            f"INSERT INTO events ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*row, _digest(row)),
        )
    return int(number - last)


def from_row(row: Sequence[object]) -> Event:
    """The event of a row.

    Raises:
        Damaged: the row is not what was written.
    """
    number, id, at, kind, topic, task, data, is_foreign, digest = row
    if _digest(row[:-1]) != digest:
        raise Damaged(f"event {number!r} is not what was written")
    try:
        parts = {"id": id, "at": at, "kind": kind, "topic": topic, "task": task}
        raw = {**parts, "data": json.loads(str(data))}
        return read_event(raw, where=f"event {number}", is_foreign=bool(is_foreign))
    except (BadInput, ValueError) as error:
        raise Damaged(str(error)) from error


def _digest(row: Sequence[object]) -> str:
    """What a damaged row does not have; the number counts, for the order has a meaning."""
    return hashlib.sha256(repr(row).encode(errors="replace")).hexdigest()[:16]


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All that is written inside it, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        with contextlib.suppress(Exception):
            connection.execute("ROLLBACK")
        raise


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


def beside(path: Path, suffix: str) -> Path:
    """The file of the same name with a suffix."""
    return path.with_name(path.name + suffix)
