"""A microVM at work: a resumed copy of the snapshot, with a folder of the host in it.

Its parts end together: whoever holds it ends QEMU with it, and QEMU ends when its host has gone.
Start it before the process has threads: QEMU follows the thread that started it.

Knows nothing about Jupyter and about what is graded.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import shutil
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from labkit.core.errors import Blocked, SystemFault
from labkit.core.journal import append, open_journal
from labkit.core.linux import start_ticks
from labkit.core.paths import data_dir
from labkit.core.session import Session, writing_to
from labkit.machine.agent import Agent, Event
from labkit.machine.files import Export, serve
from labkit.machine.guest import power
from labkit.machine.memory import require_memory
from labkit.machine.notices import FullDisk, Warn
from labkit.machine.qemu.process import Qemu
from labkit.machine.relay.machine import RESET
from labkit.machine.snapshot import Damaged, Snapshot

BEGIN_S = 60.0
"""The longest wait for a resumed machine's first answer; a tenth of a second is usual. Its memory
comes page by page from a file, which a slow disk has to find.
"""

_SIGNAL_S = 2.0
"""The longest wait for a signal to be sent; some ten milliseconds are usual."""

PRIVATE_BYTES = 160 << 20
"""What a further machine takes of this one's memory, with its relay."""

FOLDER = "machine"
"""In the session's folder: sockets, and what the console says."""

REMOVED = "removed"
"""In the data folder: what machines have removed from the folders that they were given."""

_SEED_BYTES = 32

_LAST_WORDS = {
    power.RESET: RESET,
    "reboot: Power down": "it was switched off from inside",
    "reboot: Restarting system": "it was restarted from inside",
}
"""What is said on the console at the end, and what that means; the first that was said counts."""


def start(prepare: Callable[[], Snapshot], session: Session, folder: Path, warn: Warn) -> MicroVM:
    """Starts a machine; when its snapshot turns out to be damaged, it is made again.

    Args:
        prepare: brings the snapshot.
        session, folder, warn: see :class:`MicroVM`.

    Raises:
        Blocked: this machine lacks something. SystemFault: the machine does not start.
    """
    try:
        return MicroVM(prepare(), session, folder, warn)
    except Damaged:
        return MicroVM(prepare(), session, folder, warn)


def _removed() -> Path | None:
    """Where files go that the guest removes; nowhere when this user cannot keep anything."""
    with contextlib.suppress(Blocked):
        return data_dir() / REMOVED
    return None


class MicroVM:
    """A machine that runs.

    Args:
        snapshot: what it is a copy of.
        session: the owner of what it makes.
        folder: the folder of the host that it has as ``/course``.
        warn: told, in another thread, what the user should know.

    Raises:
        Damaged: its snapshot is. Blocked: the session's disk is full.
        SystemFault: it does not start, or there is no memory for it.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        session: Session,
        folder: Path,
        warn: Warn = lambda _: None,
    ) -> None:
        require_memory(PRIVATE_BYTES)
        self.folder = session.folder / FOLDER
        with writing_to(self.folder):
            self.folder.mkdir(mode=0o700)
            try:
                self.qemu = _resume(snapshot, session, self.folder)
            except BaseException:
                shutil.rmtree(self.folder, ignore_errors=True)
                raise
        self.snapshot, self.started = snapshot, time.time()
        self.agent = Agent(self.qemu.ends["agent"])
        course = Export(folder, removed=_removed())
        self.exports = {"course": course}
        on_full = FullDisk(folder, warn)
        self.serve("files", lambda port: serve(port, self.exports, on_full=on_full))

    def serve(self, port: str, server: Callable[[socket.socket], None]) -> None:
        """Has a port answered in a thread, until the machine ends."""
        threading.Thread(target=server, args=(self.qemu.ends[port],), daemon=True).start()

    def begin(self, kernel: Mapping[str, Any] | None = None) -> None:
        """Tells the machine what is new since its snapshot, and waits until it has taken that in.

        Args:
            kernel: for the notebook's kernel, which then begins; None leaves it waiting.

        Raises:
            Damaged: its snapshot is. SystemFault: the machine ended, or does not answer.
        """
        self.ask_to_begin(kernel)
        while not self.has_begun():
            select.select([self.agent], [], [], BEGIN_S)

    def ask_to_begin(self, kernel: Mapping[str, Any] | None = None) -> None:
        """The same without the wait: :meth:`has_begun` tells how it went."""
        self._begins_until = time.monotonic() + BEGIN_S
        seed = secrets.token_bytes(_SEED_BYTES).hex()
        new = {"now_ns": time.time_ns(), "seed": seed, "kernel": kernel and dict(kernel)}
        with contextlib.suppress(SystemFault):  # it has ended: has_begun() says it
            self.agent.tell("begin", **new)

    def has_begun(self) -> bool:
        """Whether it has taken in what :meth:`ask_to_begin` told; to be asked until it has.

        Raises:
            Damaged: its snapshot is. SystemFault: the machine ended, or does not answer.
        """
        why = f"it has not answered within {BEGIN_S:g} s"
        try:
            if self.agent.take("begun"):
                return True
            if time.monotonic() < self._begins_until:
                return False
        except SystemFault as error:
            why = error.why or error.what
        self.snapshot.check()
        raise SystemFault(
            "start a machine",
            why=f"{why}; {self.why_ended()}",
            hint="Try again; on a busy computer, when it is less busy",
        )

    def fileno(self) -> int:
        """Can be read when :meth:`events` has something to tell."""
        return self.agent.fileno()

    def events(self) -> list[Event]:
        """What PID 1 has told since.

        Raises:
            SystemFault: the machine has ended.
        """
        return self.agent.read()

    def signal(self, number: int) -> None:
        """Sends a signal to the notebook's kernel, and waits until it has been sent.

        Raises:
            SystemFault: the machine has ended. TimedOut: it does not answer.
        """
        self.agent.tell("signal", number=number)
        self.agent.wait_for("signalled", _SIGNAL_S)

    def set_clock(self) -> None:
        """Brings its clock up to date: this machine was suspended, or the guest was."""
        self.agent.tell("time", now_ns=time.time_ns())

    def ask(self) -> None:
        """Asks PID 1 for a sign of life, an event ``alive``."""
        self.agent.tell("ask")

    def has_ended(self) -> bool:
        """Whether QEMU has gone, or goes just now."""
        return self.qemu.has_ended()

    def why_ended(self) -> str:
        """What the machine ended of, in words for its user."""
        console = self.qemu.log.read_text(errors="replace") if self.qemu.log.exists() else ""
        if "Kernel panic" in console:
            return f"its kernel panicked: {console.partition('Kernel panic - ')[2].splitlines()[0]}"
        for words, why in _LAST_WORDS.items():
            if words in console:
                return why
        return self.qemu.why_ended()

    def end(self) -> None:
        """Throws the machine away. Safe to call twice."""
        self.qemu.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()


def _resume(snapshot: Snapshot, session: Session, folder: Path) -> Qemu:
    """A copy of the snapshot, written down in the session's journal."""
    qemu = snapshot.resume(folder)
    try:
        log = open_journal(str(session.folder))
        try:
            pid = qemu.process.pid
            append(log, "machine", pid=pid, start_ticks=start_ticks(pid))
        finally:
            os.close(log)
    except BaseException:
        qemu.end()
        raise
    return qemu
