"""The table of events in a SQLite file: made, opened, and one event as a row of it.

Events are numbered from one on, without gaps. Each row carries a digest of itself, number included,
so a row that is damaged, moved or gone is not taken for true. Knows nothing about who else uses
the file.

Source: sqlite.org/wal.html. Every write is on the disk when the call returns
(``synchronous=FULL``): it survives SIGKILL, and a power cut as far as the disk keeps its word.
That costs one fsync for each thing that a learner does.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.core.errors import BadInput
from labkit.grading.events import Event, read_event
from labkit.grading.faults import BUSY_S, Damaged

if TYPE_CHECKING:
    import sqlite3

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
        _try_to_write(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _try_to_write(connection: sqlite3.Connection) -> None:
    """A damaged header can say that the file is for reading only: found here, not at a verdict."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        connection.execute("PRAGMA user_version = 1")
    finally:
        connection.execute("ROLLBACK")


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


def beside(path: Path, suffix: str) -> Path:
    """The file of the same name with a suffix."""
    return path.with_name(path.name + suffix)
