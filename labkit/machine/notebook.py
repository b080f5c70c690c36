"""A notebook's microVM, as its relay needs it.

Knows nothing about Jupyter's messages. See ``labkit.machine.relay.machine`` for what is asked here.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from labkit.core.errors import LabkitError
from labkit.core.session import Session, current_session
from labkit.machine.door import Door
from labkit.machine.microvm import MicroVM
from labkit.machine.notices import Notices
from labkit.machine.places import MICROVM
from labkit.machine.pulse import Pulse
from labkit.machine.relay.machine import Progress, Unready
from labkit.machine.snapshot import Damaged, Snapshot, prepare
from labkit.machine.wanted import ACCELERATOR, NOTEBOOK, PLACE, QEMU, SHARED, SINCE, WHY

_FOLDERS = ("LABKIT_FOLDER", "LABKIT_COURSE")
"""Variables that name what the machine has as ``/course``, when the notebook lies in it; else it is
the course around the notebook, or the notebook's own folder."""

_MARK = "labs/course.toml"
"""The file by which ``labkit.course`` knows a course."""

_INSIDE = Path("/course")

EVENTS = "/run/labkit/events"
"""In the machine: the socket to whoever keeps the events (``guest/services.py``)."""

_PASSED = (
    *(NOTEBOOK, "LABKIT_SEED", "NBGRADER_EXECUTION", "LANG", "TZ", "COLUMNS", "NO_COLOR"),
    *(PLACE, WHY),
)
"""Variables of the host that mean something in a machine."""


class NotebookMachine:
    """A microVM with a kernel in it that waits.

    Args:
        vm: runs already.
        session: the owner of what was made for it; it ends with the machine.
        notices: what its threads have to say.
        has_events: whether somebody on the host keeps what is to outlive it.
    """

    def __init__(
        self, vm: MicroVM, session: Session, notices: Notices, *, has_events: bool = False
    ) -> None:
        self._vm, self._session, self._has_events = vm, session, has_events
        self._notices = notices
        self._why: str | None = None
        self._door: Door | None = None
        self._about: dict[str, Any] = {}
        self._env: dict[str, str] = {}
        self._pulse = Pulse(vm.qemu.process.pid, vm.ask)
        self._poll = select.epoll()
        self._poll.register(vm.fileno(), select.EPOLLIN)
        self._poll.register(notices, select.EPOLLIN)
        self._folder = os.open(vm.folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def channel(self, name: str) -> Path:
        """The unix socket that QEMU shows for a port; its path is short (unix(7): 107 bytes)."""
        return Path(f"/proc/self/fd/{self._folder}/{name}")

    def begin(self, kernel: Mapping[str, Any]) -> None:
        """Lets the kernel go, with folder and environment as they are in the machine."""
        cwd = Path(kernel["cwd"])
        base = self._vm.exports["course"].folder
        inside = _INSIDE / cwd.relative_to(base) if cwd.is_relative_to(base) else _INSIDE
        env = passed(kernel["env"])
        if (base / _MARK).exists():
            env["LABKIT_COURSE"] = str(_INSIDE)
        if self._has_events:
            env["LABKIT_EVENTS"] = EVENTS
        since = datetime.now(UTC).isoformat(timespec="milliseconds")
        version = ".".join(map(str, self._vm.snapshot.program.version))
        env |= {SINCE: since, SHARED: str(base), QEMU: version}
        env[ACCELERATOR] = self._vm.snapshot.design.accelerator
        self._env = env
        self._vm.ask_to_begin({**kernel, "cwd": str(inside), "env": env})
        self._about = {
            "notebook": kernel["env"].get(NOTEBOOK, ""),
            "place": MICROVM,
            "since": since,
            "folder": str(cwd),
            "cwd": str(inside),
            "pid": self._vm.qemu.process.pid,
        }

    def has_begun(self) -> bool:
        """Whether the kernel has gone; opens the door for terminals then."""
        with _unready_when_damaged():
            if not self._vm.has_begun():
                return False
        ports = self._vm.agent, self._vm.qemu.ends["terminal"]
        self._door = Door(self._session.folder, *ports, self._about, self._env)
        self._poll.register(self._door, select.EPOLLIN)
        return True

    def fileno(self) -> int:
        """Can be read when PID 1 or a thread tells something, or when somebody is at the door."""
        return self._poll.fileno()

    def ended(self) -> str | None:
        """Why machine or kernel have ended; None while both live."""
        if not self._door:  # has_begun() has still to hear what PID 1 tells
            return None
        try:
            for event in self._vm.events():
                self._pulse.heard()
                if event.get("event") == "kernel" and not self._why:
                    self._why = _why_kernel_ended(event)
                self._door.tell(event)
            self._door.serve()
        except LabkitError:
            self._why = self._why or self._vm.why_ended()
        return self._why

    def notices(self) -> list[str]:
        """What its user should know; whoever has its terminal is told here."""
        texts = self._notices.take()
        if self._door:
            for text in texts:
                self._door.notice(text)
        return texts

    def interrupt(self) -> None:
        """SIGINT to the kernel, and to what it started in its group."""
        with contextlib.suppress(LabkitError):  # it has ended: ended() says why
            self._vm.signal(signal.SIGINT)

    def set_clock(self) -> None:
        """Brings the machine's clock up to date."""
        with contextlib.suppress(LabkitError):
            self._vm.set_clock()

    def silence(self) -> str | None:
        """What is to be told of a machine that no longer answers."""
        if not self._door:
            return None
        with contextlib.suppress(LabkitError):  # it has ended: ended() says why
            return self._pulse.look()
        return None

    def end(self) -> None:
        """Throws the machine away, and what was made for it."""
        if self._poll.closed:
            return
        if self._door:
            self._door.close()
        self._poll.close()
        os.close(self._folder)
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

    def kernel_info(self) -> dict[str, Any]:
        """What the snapshot's kernel says of itself."""
        assert self._snapshot
        with _unready_when_damaged():
            return self._snapshot.kernel_info()

    def start(self) -> NotebookMachine:
        """Resumes a copy."""
        session = current_session()
        folder = shared_folder(Path.cwd(), os.environ)
        notices = Notices()
        try:
            with _unready_when_damaged():
                vm = MicroVM(self._snapshot or prepare(), session, folder, notices.put)
        except BaseException:
            session.close()
            raise
        if self._keep_events:
            vm.serve("events", self._keep_events)
        return NotebookMachine(vm, session, notices, has_events=self._keep_events is not None)


@contextlib.contextmanager
def _unready_when_damaged() -> Iterator[None]:
    try:
        yield
    except Damaged as error:
        raise Unready(error.what, why=error.why, hint=error.hint) from error


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
