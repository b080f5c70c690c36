"""A notebook's microVM, as its relay needs it.

Knows nothing about Jupyter's messages. See ``labkit.machine.relay.machine`` for what is asked here.
"""

from __future__ import annotations

import os
import select
import signal
import socket
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from labkit.core.errors import LabkitError
from labkit.core.session import Session, current_session
from labkit.machine.door import Door
from labkit.machine.microvm import MicroVM, start
from labkit.machine.places import MICROVM
from labkit.machine.relay.machine import Progress
from labkit.machine.snapshot import Snapshot, prepare
from labkit.machine.wanted import SINCE

_FOLDERS = ("LABKIT_FOLDER", "LABKIT_COURSE")
"""Variables that name what the machine has as ``/course``, when the notebook lies in it; else it is
the course around the notebook, or the notebook's own folder."""

_MARK = "labs/course.toml"
"""The file by which ``labkit.course`` knows a course."""

_INSIDE = Path("/course")

ACCELERATOR = "LABKIT_ACCELERATOR"
"""What a kernel in a machine is told: ``kvm``, or ``tcg`` (emulated)."""

EVENTS = "/run/labkit/events"
"""In the machine: the socket to whoever keeps the events (``guest/services.py``)."""

_PASSED = (
    *("JPY_SESSION_NAME", "LABKIT_SEED", "NBGRADER_EXECUTION", "LANG", "TZ", "COLUMNS", "NO_COLOR"),
    *("LABKIT_PLACE", "LABKIT_PLACE_WHY", "LABKIT_PLACE_SINCE"),
)
"""Variables of the host that mean something in a machine."""


class NotebookMachine:
    """A microVM with a kernel in it that waits.

    Args:
        vm: runs already.
        session: the owner of what was made for it; it ends with the machine.
        has_events: whether somebody on the host keeps what is to outlive it.
    """

    def __init__(self, vm: MicroVM, session: Session, *, has_events: bool = False) -> None:
        self._vm, self._session, self._has_events = vm, session, has_events
        self._why: str | None = None
        self._door: Door | None = None
        self._poll = select.epoll()
        self._poll.register(vm.fileno(), select.EPOLLIN)

    def channel(self, name: str) -> Path:
        """The unix socket that QEMU shows for a port."""
        return self._vm.folder / name

    def begin(self, kernel: Mapping[str, Any]) -> None:
        """Lets the kernel go, with folder and environment as they are in the machine, and opens the
        door for terminals.
        """
        cwd = Path(kernel["cwd"])
        base = self._vm.exports["course"].folder
        inside = _INSIDE / cwd.relative_to(base) if cwd.is_relative_to(base) else _INSIDE
        env = passed(kernel["env"])
        if (base / _MARK).exists():
            env["LABKIT_COURSE"] = str(_INSIDE)
        if self._has_events:
            env["LABKIT_EVENTS"] = EVENTS
        env[ACCELERATOR] = self._vm.snapshot.design.accelerator
        self._vm.begin({**kernel, "cwd": str(inside), "env": env})
        about = {
            "notebook": kernel["env"].get("JPY_SESSION_NAME", ""),
            "place": MICROVM,
            "since": kernel["env"].get(SINCE, ""),
            "folder": str(cwd),
            "cwd": str(inside),
            "pid": self._vm.qemu.process.pid,
        }
        ports = self._vm.agent, self._vm.qemu.ends["terminal"]
        self._door = Door(self._session.folder, *ports, about)
        self._poll.register(self._door, select.EPOLLIN)

    def fileno(self) -> int:
        """Can be read when PID 1 tells something, or when somebody is at the door."""
        return self._poll.fileno()

    def ended(self) -> str | None:
        """Why machine or kernel have ended; None while both live."""
        try:
            for event in self._vm.events():
                if event.get("event") == "kernel" and not self._why:
                    self._why = _why_kernel_ended(event)
                if self._door:
                    self._door.tell(event)
            if self._door:
                self._door.serve()
        except LabkitError:
            self._why = self._why or self._vm.why_ended()
        return self._why

    def interrupt(self) -> None:
        """SIGINT to the kernel, and to what it started in its group."""
        self._vm.signal(signal.SIGINT)

    def set_clock(self) -> None:
        """Brings the machine's clock up to date."""
        self._vm.set_clock()

    def end(self) -> None:
        """Throws the machine away, and what was made for it."""
        if self._door:
            self._door.close()
        self._poll.close()
        self._vm.end()
        self._session.close()


class NotebookMaker:
    """Prepares the snapshot, once, and resumes a copy of it.

    Args:
        keep_events: answers on a stream for what is to outlive the machine; None when nothing is.
    """

    def __init__(self, keep_events: Callable[[socket.socket], None] | None = None) -> None:
        self._snapshot: Snapshot | None = None
        self._keep_events = keep_events

    def prepare(self, progress: Progress) -> None:
        """Makes the snapshot, if it has not been made."""
        self._snapshot = prepare(progress)

    def start(self) -> NotebookMachine:
        """Resumes a copy."""
        session = current_session()
        vm = start(self._snapshot or prepare(), session, shared_folder(Path.cwd(), os.environ))
        if self._keep_events:
            vm.serve("events", self._keep_events)
        return NotebookMachine(vm, session, has_events=self._keep_events is not None)


def shared_folder(here: Path, env: Mapping[str, str]) -> Path:
    """What a machine gets as ``/course``.

    Args:
        here: where the notebook lies.
        env: may name the folder.
    """
    named = [Path(env[name]).resolve() for name in _FOLDERS if env.get(name)]
    around = [path for path in (here, *here.parents) if (path / _MARK).exists()]
    return next((path for path in (*named, *around) if here.is_relative_to(path)), here)


def passed(env: Mapping[str, str]) -> dict[str, str]:
    """What of the host's environment means something in a machine."""
    return {name: env[name] for name in _PASSED if name in env}


def _why_kernel_ended(event: Mapping[str, Any]) -> str:
    code = event.get("status")
    if code == -signal.SIGKILL and event.get("oom_kills"):
        return "it had used up its memory, and the Python in it was killed"
    if isinstance(code, int) and code < 0:
        return f"its Python was killed by {signal.Signals(-code).name}"
    return f"its Python ended with exit code {code}"
