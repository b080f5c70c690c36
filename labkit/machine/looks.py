"""How something looked when it was made, so that damage is noticed: size, time, digest.

Knows nothing about what it is.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Look:
    """A file or a folder. ``sha256`` is of the bytes; for a folder, of its names and sizes."""

    size: int
    mtime_ns: int
    sha256: str


def digest_of(parts: Iterable[str]) -> str:
    """SHA-256, in hexadecimal digits, of a list of texts; where one ends matters."""
    return hashlib.sha256(json.dumps(list(parts)).encode()).hexdigest()


def looks_like(path: Path, noted: Look) -> Look | None:
    """How it looks now, if it is what was noted. A file with its old time is believed unread."""
    try:
        found = path.lstat()
        if not path.is_dir() and found.st_size != noted.size:
            return None
        if not path.is_dir() and found.st_mtime_ns == noted.mtime_ns:
            return noted
        look = look_at(path)
    except OSError:
        return None
    return look if look.sha256 == noted.sha256 else None


def look_at(path: Path) -> Look:
    """How it looks now; reads all of it.

    Raises:
        OSError: it is not there, or cannot be read.
    """
    if path.is_dir():
        lines = sorted(_listing(path))
        return Look(len(lines), 0, digest_of(lines))
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    found = path.stat()
    return Look(found.st_size, found.st_mtime_ns, sha256)


def _listing(folder: Path) -> Iterator[str]:
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        for name in (*folders, *names):
            path = here / name
            found = path.lstat()
            size = 0 if path.is_dir() and not path.is_symlink() else found.st_size
            yield f"{path.relative_to(folder)} {found.st_mode:o} {size}"
