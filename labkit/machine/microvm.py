"""A microVM at work: a resumed copy of the snapshot, with a folder of the host in it.

Its parts end together: whoever holds it ends QEMU with it, and QEMU ends when its host has gone.
Start it before the process has threads: QEMU follows the thread that started it.

Knows nothing about Jupyter and about what is graded.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from labkit.core.errors import SystemFault
from labkit.core.journal import append, open_journal
from labkit.core.linux import start_ticks
from labkit.core.session import Session
from labkit.machine.agent import Agent, Event
from labkit.machine.files import Export, serve
from labkit.machine.guest.power import RESET
from labkit.machine.qemu.find import require_memory
from labkit.machine.snapshot import SOURCE, Snapshot, prepare

BEGIN_S = 20.0
"""The longest wait for a resumed machine's first answer; a tenth of a second is usual."""

PRIVATE_BYTES = 160 << 20
"""What a further machine takes of this one's memory, with its relay."""

FOLDER = "machine"
"""In the session's folder: sockets, and what the console says."""

_SEED_BYTES = 32

_LAST_WORDS = {
    RESET: "it was reset, as you asked",
    "reboot: Power down": "it was switched off from inside",
    "reboot: Restarting system": "it was restarted from inside",
}
"""What is said on the console at the end, and what that means; the first that was said counts."""


def start(snapshot: Snapshot, session: Session, folder: Path) -> MicroVM:
    """Starts a machine; when its snapshot turns out to be damaged, it is made again.

    Args:
        snapshot, session, folder: see :class:`MicroVM`.

    Raises:
        Blocked: this machine lacks something. SystemFault: the machine does not start.
    """
    try:
        return MicroVM(snapshot, session, folder)
    except SystemFault:
        if snapshot.is_whole:
            raise
    shutil.rmtree(session.folder / FOLDER)
    return MicroVM(prepare(), session, folder)


class MicroVM:
    """A machine that runs.

    Args:
        snapshot: what it is a copy of.
        session: the owner of what it makes.
        folder: the folder of the host that it has as ``/course``.

    Raises:
        SystemFault: it does not start, or there is no memory for it.
    """

    def __init__(self, snapshot: Snapshot, session: Session, folder: Path) -> None:
        require_memory(PRIVATE_BYTES)
        self.folder = session.folder / FOLDER
        self.folder.mkdir(mode=0o700)
        self.qemu = snapshot.resume(self.folder)
        self.snapshot, self.started = snapshot, time.time()
        pid = self.qemu.process.pid
        log = open_journal(str(session.folder))
        append(log, "machine", pid=pid, start_ticks=start_ticks(pid))
        os.close(log)
        self.agent = Agent(self.qemu.ends["agent"])
        self.exports = {"course": Export(folder), "labkit": Export(SOURCE, True)}
        self.serve("files", lambda port: serve(port, self.exports))

    def serve(self, port: str, server: Callable[[socket.socket], None]) -> None:
        """Has a port answered in a thread, until the machine ends."""
        threading.Thread(target=server, args=(self.qemu.ends[port],), daemon=True).start()

    def begin(self, kernel: Mapping[str, Any] | None = None) -> None:
        """Tells the machine what is new since its snapshot.

        Args:
            kernel: for the notebook's kernel, which then begins; None leaves it waiting.

        Raises:
            SystemFault: the machine ended. TimedOut: it does not answer.
        """
        seed = secrets.token_bytes(_SEED_BYTES).hex()
        self.agent.tell("begin", now_ns=time.time_ns(), seed=seed, kernel=kernel and dict(kernel))
        self.agent.wait_for("begun", BEGIN_S)

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
        """Sends a signal to the notebook's kernel."""
        self.agent.tell("signal", number=number)

    def set_clock(self) -> None:
        """Brings its clock up to date: this machine was suspended, or the guest was."""
        self.agent.tell("time", now_ns=time.time_ns())

    def why_ended(self) -> str:
        """What the machine ended of, in words for its user."""
        console = self.qemu.log.read_text(errors="replace") if self.qemu.log.exists() else ""
        if "Kernel panic" in console:
            return f"its kernel panicked: {console.partition('Kernel panic - ')[2].splitlines()[0]}"
        for words, why in _LAST_WORDS.items():
            if words in console:
                return why
        code = self.qemu.process.poll()
        if code is not None and code < 0:
            return f"QEMU was killed by signal {-code}"
        return f"QEMU has ended: {self.qemu.last_words()}"

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
