"""What to do with a damaged file of events: keep all of it, and read what can be read.

Nothing is deleted. The file is renamed, and read from a copy, so that it stays as it was found.
Each event's digest says whether it is what was written.

Source: sqlite.org/fileformat2.html (the header and the first page).
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.grading.events import Event

if TYPE_CHECKING:
    import sqlite3

PAGE_BYTES = 4096
"""The size of a page in the files that we make (SQLite's default)."""

SIZE_IN_PAGES = slice(28, 32)
"""Where the header holds the size of the file. Zero there means: ask the file system."""

SUFFIXES = ("-wal", "-shm", "")
"""What SQLite keeps beside a file, and the file."""


def mend(path: Path) -> tuple[Path, int]:
    """Puts a sound file in the place of a damaged one, with the events that could be read.

    The new file is complete before the old one is renamed: whenever this is killed, the next
    start goes on from here (:func:`finish_mending`).

    Returns:
        Where the damaged file is now, and how many events were read from it.

    Raises:
        OSError, sqlite3.Error: the new file cannot be written.
    """
    from labkit.grading.database import INSERT, connect, to_row, transaction

    events = salvage(path)
    new = _new(path)
    for suffix in SUFFIXES:
        _beside(new, suffix).unlink(missing_ok=True)
    with contextlib.closing(connect(new)) as connection, transaction(connection):
        connection.executemany(INSERT, map(to_row, events))
    aside = move_aside(path)
    finish_mending(path)
    return aside, len(events)


def finish_mending(path: Path) -> None:
    """Does what a killed :func:`mend` left to do: gives the new file its name."""
    if not path.exists() and _new(path).exists():
        _new(path).rename(path)


def move_aside(path: Path) -> Path:
    """Renames a file of events with its -wal and -shm.

    Returns:
        The new path of the file: its name, then ``.corrupt-`` and the date and time.
    """
    stem = f"{path.name}.corrupt-{time.strftime('%Y%m%d-%H%M%S')}"
    aside, number = path.with_name(stem), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{stem}-{number}")
    # The log goes first: left alone, it would be applied to the new file.
    for suffix in SUFFIXES:
        with contextlib.suppress(FileNotFoundError):
            _beside(path, suffix).rename(_beside(aside, suffix))
    return aside


def salvage(path: Path) -> list[Event]:
    """The events that can be read from a damaged file, in order. It is not changed."""
    found: dict[int, Event] = {}
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        for name in ("as-it-is", "mended"):
            copy = Path(folder) / name
            for suffix in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(_beside(path, suffix), _beside(copy, suffix))
            if name == "mended":
                _put_a_sound_first_page(copy, Path(folder) / "fresh")
            found |= _read_from_both_ends(copy)
    return [found[number] for number in sorted(found)]


def _read_from_both_ends(path: Path) -> dict[int, Event]:
    """A damaged page ends a scan; the scan from the other end reaches what lies behind it."""
    import sqlite3

    found: dict[int, Event] = {}
    for order in ("ASC", "DESC"):
        with contextlib.suppress(sqlite3.Error):
            connection = sqlite3.connect(path)
            connection.text_factory = lambda raw: raw.decode(errors="replace")
            with contextlib.closing(connection):
                _scan(connection, order, found)
    return found


def _scan(connection: sqlite3.Connection, order: str, found: dict[int, Event]) -> None:
    from labkit.grading.database import COLUMNS, Damaged, from_row

    query = f"SELECT id, {COLUMNS} FROM events NOT INDEXED ORDER BY id {order}"
    for number, *row in connection.execute(query):
        with contextlib.suppress(Damaged):
            found[number] = from_row(row)


def _put_a_sound_first_page(path: Path, fresh: Path) -> None:
    """The first page holds the header and the schema: the same in each file that we make."""
    from labkit.grading.database import connect

    connect(fresh).close()
    page = bytearray(fresh.read_bytes()[:PAGE_BYTES])
    page[SIZE_IN_PAGES] = bytes(4)
    with path.open("r+b") as file:
        file.write(page)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _new(path: Path) -> Path:
    return _beside(path, ".new")
