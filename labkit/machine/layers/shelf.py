"""A folder of things that were made, each under a name with a digest of all it is made from.

A thing is a file or a folder. It is there whole or not at all: made under a temporary name, written
to disk, renamed. Beside it lies a note of what it is made from and how it looked, so that one that
was damaged or cut short since is noticed, and made again. One maker at a time; readers never wait.

Knows nothing about what is made. Sources: rename(2), fsync(2), flock(2).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from labkit.image.lock import exclusive
from labkit.machine.looks import Look, digest_of, look_at, looks_like
from labkit.machine.room import writing_in

WAIT_S = 1800.0
"""Longest wait for another maker: a slow network brings 120 MB in half an hour."""

_PARTIAL = ".making-"
_LOCK = ".lock"
_NOTE = ".json"


@dataclass(frozen=True)
class Item:
    """Something to make.

    Attributes:
        name: what it is, such as ``"kernel"``.
        made_of: everything that its content depends on.
        suffix: of the file's name, such as ``".squashfs"``; ``""`` for a folder.
    """

    name: str
    made_of: tuple[str, ...]
    suffix: str = ""

    @property
    def file_name(self) -> str:
        """The name it is kept under."""
        return f"{self.name}-{digest_of(self.made_of)[:16]}{self.suffix}"


@dataclass(frozen=True)
class Kept:
    """Something made. ``sha256`` is of the bytes; for a folder, of its names and sizes."""

    path: Path
    sha256: str


class Shelf:
    """The folder, which is made when missing."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.absolute()
        with writing_in(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def find(self, item: Item) -> Kept | None:
        """The thing, if it was made and is still as it was made."""
        path = self.folder / item.file_name
        noted = _read_note(_note(path))
        if noted is None or not (look := looks_like(path, noted)):
            return None
        if look != noted:  # copied or touched, the same bytes: next time no digest is needed
            with writing_in(self.folder):
                self._write_note(path, item, look)
        return Kept(path, look.sha256)

    def keep(self, item: Item, make: Callable[[Path], None]) -> Kept:
        """The thing, made by ``make(path)`` unless it is there. Call it under :meth:`alone`."""
        if kept := self.find(item):
            return kept
        path = self.folder / item.file_name
        partial = self.folder / f"{_PARTIAL}{item.file_name}"
        with writing_in(self.folder):
            _take_away(partial)
            make(partial)
            _flush(partial)
            _take_away(path)
            look = look_at(partial)
            self._write_note(path, item, look)
            partial.rename(path)
            _flush(self.folder)
        return Kept(path, look.sha256)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else makes or removes anything here; what was left half made goes.

        Raises:
            TimedOut: another process was at it for longer than :data:`WAIT_S`.
        """
        with writing_in(self.folder), exclusive(self.folder / _LOCK, wait_s=WAIT_S):
            self._take_away_halves()  # of one that was killed
            try:
                yield
            finally:
                self._take_away_halves()

    def prune(self, keep: Iterable[Path]) -> list[Path]:
        """Removes every thing made here but ``keep``; returns what went. Under :meth:`alone`."""
        wanted = {path.absolute() for path in keep}
        gone = []
        for note in sorted(self.folder.glob(f"*{_NOTE}")):
            path = note.with_name(note.name.removesuffix(_NOTE))
            if path not in wanted and _read_note(note) is not None:
                _take_away(path)
                note.unlink()
                gone.append(path)
        return gone

    def _take_away_halves(self) -> None:
        for left in self.folder.glob(f"{_PARTIAL}*"):
            _take_away(left)

    def _write_note(self, path: Path, item: Item, look: Look) -> None:
        partial = self.folder / f"{_PARTIAL}{path.name}{_NOTE}"
        text = json.dumps({"made_of": item.made_of, "look": asdict(look)}, indent=1)
        partial.write_text(text, encoding="utf-8")
        _flush(partial)
        partial.rename(_note(path))


def _note(path: Path) -> Path:
    return path.with_name(path.name + _NOTE)


def _read_note(note: Path) -> Look | None:
    try:
        return Look(**json.loads(note.read_text(encoding="utf-8"))["look"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _flush(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _take_away(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
