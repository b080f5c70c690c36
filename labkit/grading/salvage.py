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
from labkit.grading.faults import Damaged
from labkit.grading.table import COLUMNS, SUFFIXES, beside, create, from_row

if TYPE_CHECKING:
    import sqlite3

PAGE_BYTES = 4096
"""The size of a page in the files that we make (SQLite's default)."""

SIZE_IN_PAGES = slice(28, 32)
"""Where the header holds the size of the file. Zero there means: ask the file system."""

MENDED = ".mended"
"""What the name of the new file ends in until it takes the old one's place."""


def mend(path: Path) -> tuple[Path, int]:
    """Puts a sound file in the place of a damaged one, with the events that could be read.

    The new file is complete before the old one is renamed: whenever this is killed, the next
    start goes on from here (:func:`finish_mending`).

    Returns:
        Where the damaged file is now, and how many events were read from it.

    Raises:
        OSError, sqlite3.Error: the new file cannot be written.
    """
    events = salvage(path)
    create(beside(path, MENDED), events)
    aside = move_aside(path)
    finish_mending(path)
    return aside, len(events)


def finish_mending(path: Path) -> None:
    """Does what a killed :func:`mend` left to do: gives the new file its name."""
    mended = beside(path, MENDED)
    if mended.exists():
        if path.exists():
            mended.unlink()  # killed before the damaged file was renamed: it is read again
        else:
            mended.rename(path)


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
            beside(path, suffix).rename(beside(aside, suffix))
    return aside


def salvage(path: Path) -> list[Event]:
    """The events that can be read from a damaged file, in order. It is not changed."""
    found: dict[int, Event] = {}
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        for name in ("as-it-is", "mended"):
            copy = Path(folder) / name
            for suffix in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(beside(path, suffix), beside(copy, suffix))
            if name == "mended":
                _put_a_sound_first_page(copy, Path(folder) / "fresh")
            found |= _read_from_both_ends(copy)
    return [found[number] for number in sorted(found)]


def _read_from_both_ends(path: Path) -> dict[int, Event]:
    """A damaged page ends a scan; the scan from the other end reaches what lies behind it."""
    import sqlite3

    found: dict[int, Event] = {}
    for order in ("ASC", "DESC"):
        with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):
            connection = sqlite3.connect(path)
            connection.text_factory = lambda raw: raw.decode(errors="replace")
            with contextlib.closing(connection):
                _scan(connection, order, found)
    return found


def _scan(connection: sqlite3.Connection, order: str, found: dict[int, Event]) -> None:
    query = f"SELECT {COLUMNS} FROM events NOT INDEXED ORDER BY id {order}"
    for row in connection.execute(query):
        with contextlib.suppress(Damaged):
            found[row[0]] = from_row(row)


def _put_a_sound_first_page(path: Path, fresh: Path) -> None:
    """The first page holds the header and the schema: the same in each file that we make."""
    create(fresh, ())
    page = bytearray(fresh.read_bytes()[:PAGE_BYTES])
    page[SIZE_IN_PAGES] = bytes(4)
    with path.open("r+b") as file:
        file.write(page)
