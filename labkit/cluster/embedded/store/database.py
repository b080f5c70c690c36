"""The file of the past: opened, recognised, its schema; what SQLite's errors mean.

A row of ``changes`` is one write. A file that is damaged or that somebody else made is left as it
is. ``synchronous=OFF``: what a write has handed to the kernel outlives this process however it
ends, and a power cut is no case of a lab.

Sources: sqlite.org/wal.html, sqlite.org/pragma.html, sqlite.org/rescode.html.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import orjson

from labkit.core.errors import BadInput, Blocked, LabkitError, SystemFault

APPLICATION_ID = 0x6C61_6273
"""Tells our files from others ("labs")."""

SCHEMA_VERSION = 1

WAL_BYTES = 16 << 20
"""What is left of the write-ahead log after a checkpoint: a large compaction may stretch it."""

_SCHEMA = f"""
BEGIN;
CREATE TABLE changes (
  revision INTEGER PRIMARY KEY,
  type TEXT NOT NULL,
  resource TEXT NOT NULL,
  namespace TEXT NOT NULL,
  name TEXT NOT NULL,
  previous INTEGER,              -- the revision of the object before
  component TEXT NOT NULL,
  because INTEGER,
  microseconds INTEGER NOT NULL, -- since 1970, in UTC
  is_forgetful INTEGER NOT NULL, -- the last state only: the row moves on with each write
  data TEXT NOT NULL             -- the object's JSON
);
CREATE INDEX changes_by_key ON changes (resource, namespace, name, revision);
CREATE TABLE state (
  compacted INTEGER NOT NULL,    -- changes up to here are gone, save for what was present then
  revision INTEGER NOT NULL,     -- at least: the last change may be gone
  forgetful TEXT NOT NULL        -- resources, as JSON
);
INSERT INTO state VALUES (0, 0, '[]');
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
COMMIT;
"""

_FULL = 13
_MACHINE_CODES = {3, 5, 6, 7, 8, 10, 14, 15, 22}
"""Result codes that tell of the machine: permissions, busy, memory, read-only, input and output."""

_IOERR_SHORT_READ = 522


def connect(path: Path) -> sqlite3.Connection:
    """The database of a file, which is there; an empty one gets its schema.

    Raises:
        LabkitError: it is damaged, not ours, or of a newer labkit.
    """
    # Made in one thread and used in another, never by two at once.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        with told(path):
            _recognise(connection, path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
            if _number(connection, "application_id") == 0:
                connection.executescript(_SCHEMA)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Tells SQLite's errors as labkit's, and what no longer is the text that was written."""
    try:
        yield
    except sqlite3.Error as error:
        raise _translated(error, path) from error
    except (UnicodeDecodeError, orjson.JSONDecodeError) as error:
        raise damaged(path, str(error)) from error


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[Callable[..., object]]:
    """All of it or nothing: gives the function that executes its statements."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection.execute
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def damaged(path: Path, why: str) -> LabkitError:
    """The error of a file that does not say what was written."""
    return SystemFault(
        f"read the store in {path}",
        why=f"the file is damaged ({why})",
        hint=f"Nothing was deleted. Move {path.parent} away to begin anew; "
        f"`sqlite3 {path} .recover` shows what can still be read",
    )


def _recognise(connection: sqlite3.Connection, path: Path) -> None:
    application, version = (_number(connection, n) for n in ("application_id", "user_version"))
    is_empty = not connection.execute("SELECT 1 FROM sqlite_master").fetchone()
    if application == APPLICATION_ID and version > SCHEMA_VERSION:
        raise Blocked(
            f"the store in {path} cannot be read",
            why=f"a newer labkit wrote it (schema {version}, this one knows {SCHEMA_VERSION})",
            hint=f"Update labkit, or use another folder than {path.parent}",
        )
    if application != APPLICATION_ID and not (is_empty and application == 0):
        raise Blocked(
            f"the store in {path} cannot be read",
            why="it is a database of another program",
            hint=f"Nothing was changed. Use another folder than {path.parent}",
        )


def _number(connection: sqlite3.Connection, pragma: str) -> int:
    return int(connection.execute(f"PRAGMA {pragma}").fetchone()[0])


def _translated(error: sqlite3.Error, path: Path) -> LabkitError:
    if isinstance(error, sqlite3.ProgrammingError):
        hint = f"Open it anew: Store({str(path.parent)!r})"
        return BadInput(f"the store in {path.parent} is closed", hint=hint)
    code = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF == _FULL:
        hint = "Make room on that disk; what was written before is safe"
        return SystemFault(f"write to the store in {path}", why=str(error), hint=hint)
    if code & 0xFF in _MACHINE_CODES and code != _IOERR_SHORT_READ:
        hint = f"See that {path.parent} can be written; what was written before is safe"
        return SystemFault(f"use the store in {path}", why=str(error), hint=hint)
    return damaged(path, str(error))
