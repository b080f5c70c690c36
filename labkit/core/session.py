"""A session owns what was made, and takes exactly that away again.

Each thing that outlives a system call (a cgroup, a process) is first written to the session's
**journal**, then made. The journal is one JSON object a line. Whoever ends the session undoes the
journal from its last line to its first; if the session was killed, the next :func:`sweep` does so.
A session is alive as long as somebody holds the lock on its folder: the process that opened it, or
the helper that makes sandboxes for it.

Knows nothing about sandboxes; ``labkit.core.undo`` knows how each kind of thing is taken away.
Source: flock(2) (the lock belongs to the open file description, so it outlives neither holder).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from labkit.core.errors import Blocked
from labkit.core.journal import NAME as JOURNAL
from labkit.core.journal import Entry, read_journal, replace
from labkit.core.paths import runtime_dir
from labkit.core.undo import ACTIONS

T = TypeVar("T")

LOCK = "lock"

_ID = re.compile(r"[0-9a-f]{8}")
_LOCK_PATIENCE_S = 1.0
"""Somebody who looks whether a session lives holds its lock for a moment."""


class Session:
    """One owner's things: a folder, a lock on it, and a journal in it.

    Args:
        folder: a session's folder; a new one in the runtime folder when not given.

    Raises:
        Blocked: the folder cannot be made or written.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.owner_pid = os.getpid()
        self._parts: dict[str, Any] = {}
        self._making = threading.RLock()
        self._on_close: list[Callable[[], None]] = []
        self.inner: list[Session] = []
        self.lock_fd = -1
        with writing_to("the folder of sessions"), _nobody_sweeps():
            self.folder = folder or _sessions_dir() / secrets.token_hex(4)
            self.folder.mkdir(mode=0o700, exist_ok=True)
            self.lock_fd = _take_lock(self.folder / LOCK)

    @property
    def id(self) -> str:
        """Eight hexadecimal digits; part of the name of everything the session makes."""
        return self.folder.name

    @property
    def is_closed(self) -> bool:
        """Whether it has ended, or belongs to the process that this one was forked from."""
        return self.lock_fd < 0

    def part(self, name: str, make: Callable[[], T]) -> T:
        """A part of the session, made at first use, by one thread at a time."""
        with self._making:
            if name not in self._parts:
                self._parts[name] = make()
            part: T = self._parts[name]
            return part

    def parts(self, kind: type[T]) -> list[T]:
        """The parts of one kind that were made so far."""
        return [part for part in list(self._parts.values()) if isinstance(part, kind)]

    def on_close(self, action: Callable[[], None]) -> None:
        """Calls ``action`` when the session is closed, last registered first."""
        self._on_close.append(action)

    def open_inner(self) -> Session:
        """A session with a journal of its own, for one process writes a journal; ends with this."""
        inner = Session()
        self.inner.append(inner)
        self.on_close(inner.close)
        return inner

    def close(self) -> None:
        """Ends the session and removes what it made. Safe to call twice."""
        if self.is_closed:
            return
        try:
            while self._on_close:
                self._on_close.pop()()
        finally:
            undo(self.folder)
            self._let_go()

    def leave(self) -> None:
        """In a forked child: the session is the parent's; the child opens one of its own."""
        self._on_close.clear()
        for inner in self.inner:
            inner.leave()
        self._let_go()

    def _let_go(self) -> None:
        if not self.is_closed:
            os.close(self.lock_fd)
            self.lock_fd = -1


class _OfThisProcess:
    """The one session of this process, opened by one thread at a time.

    A fork waits until nobody is opening one, and the child begins without: it would speak through
    its parent's socket, and hold its parent's lock.
    """

    def __init__(self) -> None:
        self.session: Session | None = None
        self.lock = threading.RLock()
        os.register_at_fork(
            before=self.lock.acquire, after_in_parent=self.lock.release, after_in_child=self.leave
        )

    def leave(self) -> None:
        if self.session is not None:
            self.session.leave()
        self.session = None
        self.lock.release()


@cache
def _of_this_process() -> _OfThisProcess:
    return _OfThisProcess()


def current_session() -> Session:
    """The session of this process: opened at the first call, closed when Python exits.

    Raises:
        Blocked: the runtime folder cannot be written.
    """
    here = _of_this_process()
    with here.lock:
        if here.session is None or here.session.is_closed:
            import atexit

            sweep()
            here.session = Session()
            atexit.register(here.session.close)
        return here.session


def opened_session() -> Session | None:
    """The session of this process if it has one; opens none."""
    session = _of_this_process().session
    return None if session is None or session.is_closed else session


@dataclass(frozen=True)
class Leftover:
    """A thing that a killed session left: its session, its kind, and what it is."""

    session: str
    kind: str
    what: str


def session_folders() -> Iterator[tuple[Path, bool]]:
    """Each session of this user: its folder, and whether it is alive."""
    for folder in sorted(_sessions_dir().iterdir()):
        if _ID.fullmatch(folder.name) and folder.is_dir() and not folder.is_symlink():
            yield folder, _is_alive(folder)


def sweep() -> list[Leftover]:
    """Removes what sessions that were killed left behind.

    Returns:
        What was removed. Sessions that live are not touched.

    Raises:
        Blocked: the folder of sessions cannot be written.
    """
    removed = []
    with writing_to("the folder of sessions"), _nobody_sweeps():
        for folder, is_alive in session_folders():
            if not is_alive:
                removed += undo(folder)
    return removed


def undo(folder: Path) -> list[Leftover]:
    """Undoes a session's journal, last entry first, then removes its folder.

    What cannot be taken away yet stays in the journal, and the folder with it, for the next sweep.
    """
    removed = undo_journal(folder)
    if not read_journal(str(folder)):
        shutil.rmtree(folder, ignore_errors=True)
    return removed


def undo_journal(folder: Path) -> list[Leftover]:
    """Undoes a session's journal, last entry first, and empties it as far as that went."""
    removed, kept = [], []
    for entry in reversed(read_journal(str(folder))):
        try:
            if _take_away(entry, folder.name):
                what = str(entry.get("path") or entry.get("name", ""))
                removed.append(Leftover(folder.name, entry["kind"], what))
        except OSError:
            kept.append(entry)
    if kept:
        replace(str(folder), reversed(kept))
    else:
        (folder / JOURNAL).unlink(missing_ok=True)
    return removed


def _take_away(entry: Entry, session: str) -> bool:
    action = ACTIONS.get(entry["kind"])
    try:
        return action is not None and action(entry, session)
    except (KeyError, TypeError, ValueError):  # not an entry that labkit wrote
        return False


def _is_alive(folder: Path) -> bool:
    try:
        fd = os.open(folder / LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(fd)
    return False


def _take_lock(path: Path) -> int:
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + _LOCK_PATIENCE_S
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(fd)
                raise
            time.sleep(0.001)
        else:
            return fd


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


@contextlib.contextmanager
def writing_to(what: str | Path) -> Iterator[None]:
    """Turns a full or read-only disk into an error that says so.

    Raises:
        Blocked: something could not be written; with the file, and the variable that helps.
    """
    try:
        yield
    except OSError as error:
        where = error.filename or (what if isinstance(what, Path) else runtime_dir())
        raise Blocked(
            f"labkit cannot write to {what}",
            why=f"{where}: {error.strerror or error}",
            hint="Make room there, or set LABKIT_HOME to a folder that you can write",
        ) from error
