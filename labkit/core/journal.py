"""The journal of a session: one JSON object a line, written before the thing it names is made.

Kept apart from the session because the helper that makes sandboxes needs this much and no more:
every module it imports is copied at each fork.
"""

from __future__ import annotations

import json
import os
from typing import Any

Entry = dict[str, Any]

NAME = "journal.jsonl"


def open_journal(folder: str) -> int:
    """The journal of a session's folder, as a file descriptor to append to."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
    return os.open(f"{folder}/{NAME}", flags, 0o600)


def append(journal: int, kind: str, **fields: Any) -> None:
    """Writes one entry, whole or not at all (one write to a file opened with O_APPEND)."""
    os.write(journal, json.dumps({"kind": kind, **fields}).encode() + b"\n")


def forget(journal: int) -> None:
    """Empties the journal: nothing of what it names is left."""
    os.ftruncate(journal, 0)


def read_journal(folder: str) -> list[Entry]:
    """The entries of a session's journal, oldest first; a torn last line is left out."""
    try:
        with open(f"{folder}/{NAME}") as file:
            lines = file.read().splitlines()
    except FileNotFoundError:
        return []
    entries = []
    for line in lines:
        try:
            entries.append(json.loads(line))
        except ValueError:
            break
    return entries
