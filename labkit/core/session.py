"""A session owns what was made, and takes exactly that away again.

Each thing that outlives a system call (a cgroup, a mount point, a process, a folder) is first
written to the session's **journal**, then made. The journal is one JSON object a line. Whoever
ends the session undoes the journal from its last line to its first; if the session was killed,
the next :func:`sweep` does so. A session is alive as long as somebody holds the lock on its
folder: the process that opened it, or the helper that makes sandboxes for it.

Knows nothing about sandboxes; ``labkit.core.undo`` knows how each kind of thing is taken away.
Source: flock(2) (the lock belongs to the open file description, so it outlives neither holder).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from labkit.core.journal import NAME as JOURNAL
from labkit.core.journal import read_journal
from labkit.core.paths import runtime_dir
from labkit.core.undo import ACTIONS

LOCK = "lock"


class Session:
    """One owner's things: a folder, a lock on it, and a journal in it.

    Args:
        folder: a session's folder; a new one in the runtime folder when not given.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.owner_pid = os.getpid()
        with _nobody_sweeps():
            self.folder = folder or _sessions_dir() / secrets.token_hex(4)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self.lock_fd = os.open(self.folder / LOCK, flags, 0o600)
            fcntl.flock(self.lock_fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._on_close: list[Callable[[], None]] = []

    @property
    def id(self) -> str:
        """Eight hexadecimal digits; part of the name of everything the session makes."""
        return self.folder.name

    def on_close(self, action: Callable[[], None]) -> None:
        """Calls ``action`` when the session is closed, last registered first."""
        self._on_close.append(action)

    def close(self) -> None:
        """Ends the session and removes what it made. Safe to call twice."""
        if self.lock_fd < 0 or os.getpid() != self.owner_pid:
            return
        while self._on_close:
            self._on_close.pop()()
        undo(self.folder)
        os.close(self.lock_fd)
        self.lock_fd = -1


@cache
def current_session() -> Session:
    """The session of this process: opened at the first call, closed when Python exits."""
    import atexit

    sweep()
    session = Session()
    atexit.register(session.close)
    return session


@dataclass(frozen=True)
class Leftover:
    """A thing that a killed session left: its session, its kind, and what it is."""

    session: str
    kind: str
    what: str


def session_folders() -> Iterator[tuple[Path, bool]]:
    """Each session of this user: its folder, and whether it is alive."""
    for folder in sorted(_sessions_dir().iterdir()):
        if folder.is_dir():
            yield folder, _is_alive(folder)


def sweep() -> list[Leftover]:
    """Removes what sessions that were killed left behind.

    Returns:
        What was removed. Sessions that live are not touched.
    """
    removed = []
    with _nobody_sweeps():
        for folder, is_alive in session_folders():
            if not is_alive:
                removed += undo(folder)
    return removed


def undo(folder: Path) -> list[Leftover]:
    """Undoes a session's journal, last entry first, then removes its folder."""
    removed = undo_journal(folder)
    shutil.rmtree(folder, ignore_errors=True)
    return removed


def undo_journal(folder: Path) -> list[Leftover]:
    """Undoes a session's journal, last entry first, and empties it."""
    removed = []
    for entry in reversed(read_journal(str(folder))):
        action = ACTIONS.get(entry["kind"])
        if action and action(entry):
            what = str(entry.get("path") or entry.get("name", ""))
            removed.append(Leftover(folder.name, entry["kind"], what))
    (folder / JOURNAL).unlink(missing_ok=True)
    return removed


def _is_alive(folder: Path) -> bool:
    try:
        fd = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _sessions_dir() -> Path:
    folder = runtime_dir() / "sessions"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@contextlib.contextmanager
def _nobody_sweeps() -> Iterator[None]:
    """Holds the lock that keeps a sweep from taking a session that is just being opened."""
    fd = os.open(runtime_dir() / "sweep.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)
