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
    # The log goes first: if we are killed in between, a damaged file without its log is mended
    # at the next start, but a log without its file would be applied to the new one.
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside


def salvage(aside: Path) -> list[Event]:
    """The events that can be read from a damaged file, in order. It is not changed."""
    found: dict[int, Event] = {}
    with tempfile.TemporaryDirectory(prefix="labkit-") as folder:
        for is_mended in (False, True):
            copy = Path(folder) / f"copy-{is_mended}"
            for suffix in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(
                        aside.with_name(aside.name + suffix), copy.with_name(copy.name + suffix)
                    )
            if is_mended:
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
