"""The journal of a session: one JSON object a line, written before the thing it names is made.

Kept apart from the session because the helper that makes sandboxes needs this much and no more:
every module it imports is copied at each fork. One process at a time writes a journal.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterable
from typing import Any

Entry = dict[str, Any]

NAME = "journal.jsonl"

_FLAGS = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC


def open_journal(folder: str) -> int:
    """The journal of a session's folder, as a file descriptor to append to."""
    return os.open(f"{folder}/{NAME}", _FLAGS, 0o600)


def append(journal: int, kind: str, **fields: Any) -> None:
    """Writes one entry, whole or not at all. Raises OSError, as when the disk is full."""
    _write(journal, _line({"kind": kind, **fields}))


def replace(folder: str, entries: Iterable[Entry]) -> None:
    """Puts another journal in the place of a session's: whoever reads sees the old or the new."""
    new = f"{folder}/{NAME}.new"
    fd = os.open(new, _FLAGS | os.O_TRUNC, 0o600)
    try:
        _write(fd, b"".join(_line(entry) for entry in entries))
    finally:
        os.close(fd)
    os.rename(new, f"{folder}/{NAME}")


def read_journal(folder: str) -> list[Entry]:
    """The entries of a session's journal, oldest first; what is no entry is left out."""
    try:
        with open(f"{folder}/{NAME}", errors="replace") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    entries = (_entry(line) for line in lines)
    return [entry for entry in entries if entry is not None]


def _line(entry: Entry) -> bytes:
    return json.dumps(entry).encode() + b"\n"


def _entry(line: str) -> Entry | None:
    """The entry of a line; None for a line that a crash or a full disk has torn."""
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and isinstance(entry.get("kind"), str) else None


def _write(fd: int, data: bytes) -> None:
    written = os.write(fd, data) if data else 0
    if written < len(data):  # part of a line would spoil the next one
        os.ftruncate(fd, os.fstat(fd).st_size - written)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
