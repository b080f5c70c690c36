"""A running QEMU, from the side of the process that started it.

It ends with that process (PR_SET_PDEATHSIG), and it gets each of its sockets open: it makes none.

Sources: qemu(1), prctl(2), proc(5) (/proc/vmstat), migration.rst of QEMU ("x-ignore-shared": memory
in a file stays there).
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from pathlib import Path

from labkit.core.errors import SystemFault, TimedOut
from labkit.host.packages import install_command
from labkit.machine.qemu.command import PASSED, SOCKETS, Design, command
from labkit.machine.qemu.confine import Confinement
from labkit.machine.qemu.find import Program
from labkit.machine.qemu.qmp import Qmp
from labkit.machine.unix_socket import listen

_REASONS = ("Kernel panic", "labkit: ", "Error: ")
"""What a line has in it that tells why: of Linux, of init, of Python."""

_ONE = 1
"""The relay: QEMU speaks to one at a time."""

_END_S = 30.0
_LAST_BREATH_S = 1.0
_SAVE_S = 120.0
_RESUME_S = 60.0

_NO_MEMORY_IN_THE_STREAM = [{"capability": "x-ignore-shared", "state": True}]


class Qemu:
    """A machine: its process, the host ends of its ports, and its console.

    Args:
        program: the QEMU.
        design: what is to be emulated.
        folder: the machine's own; its sockets and its console's log are made in it.
        ram: the file of its memory.
        is_new: whether it boots; else :meth:`resume` brings a saved one back.

    Raises:
        SystemFault: QEMU does not start; with its own words.
    """

    def __init__(
        self, program: Program, design: Design, folder: Path, ram: Path, *, is_new: bool
    ) -> None:
        self.folder = folder
        self._oom_kills = count_oom_kills()
        self.log = folder / "console.log"
        self.ends: dict[str, socket.socket] = {}
        with contextlib.ExitStack() as theirs:
            fds = {}
            for name in ("qmp", *PASSED):
                ours, their_end = socket.socketpair()
                self.ends[name] = ours
                fds[name] = theirs.enter_context(their_end).fileno()
            for name in SOCKETS:
                fds[name] = theirs.enter_context(listen(folder, name, _ONE)).fileno()
            fds["console"] = _open_for(theirs, self.log)
            argv = command(program.argv, design, fds, ram, is_new=is_new)
            files = [design.kernel, design.initramfs, *design.disks]
            errors = _open_for(theirs, folder / "qemu.log")
            confinement = Confinement(reads=[*files, *program.reads], writes=[ram])
            try:
                self.process = subprocess.Popen(
                    argv,
                    cwd=folder,
                    pass_fds=list(fds.values()),
                    stdin=subprocess.DEVNULL,
                    stdout=errors,
                    stderr=errors,
                    start_new_session=True,
                    preexec_fn=confinement.enter,  # noqa: PLW1509 - system calls only
                )
            except OSError as error:
                self._close()
                raise _cannot_start(program, error.strerror or str(error)) from error
        try:
            self.qmp = Qmp(self.ends.pop("qmp"))
        except SystemFault as error:
            self.end()
            raise _cannot_start(program, self.last_words()) from error
        except TimedOut as error:
            self.end()
            raise _cannot_start(program, error.what) from error
        except BaseException:
            self.end()
            raise

    def boot(self) -> None:
        """Starts a new machine."""
        self.qmp.ask("cont")

    def save(self, state: Path) -> None:
        """Stops the machine and writes the state of its devices; its memory is in its file.

        Raises:
            SystemFault: the state cannot be written.
        """
        self.qmp.ask("stop")
        self.qmp.ask("migrate-set-capabilities", capabilities=_NO_MEMORY_IN_THE_STREAM)
        fd = os.open(state, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            self.qmp.ask("getfd", fds=[fd], fdname="state")
        finally:
            os.close(fd)
        self.qmp.ask("migrate", uri="fd:state")
        self.qmp.wait_until_saved(_SAVE_S)

    def resume(self, state: Path) -> None:
        """Brings a saved machine back and lets it run.

        Raises:
            SystemFault: it is not this QEMU's, or damaged.
        """
        self.qmp.ask("migrate-set-capabilities", capabilities=_NO_MEMORY_IN_THE_STREAM)
        fd = os.open(state, os.O_RDONLY | os.O_CLOEXEC)
        try:
            self.qmp.ask("getfd", fds=[fd], fdname="state")
        finally:
            os.close(fd)
        self.qmp.ask("migrate-incoming", uri="fd:state")
        self.qmp.wait_until_saved(_RESUME_S)
        self.qmp.ask("cont")

    def end(self) -> None:
        """Ends the machine at once, and waits for QEMU."""
        self.process.kill()
        self.process.wait(_END_S)
        self._close()

    def has_ended(self) -> bool:
        """Whether its process has. Its ports close a moment before, so this waits a moment."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_LAST_BREATH_S)
        return self.process.returncode is not None

    def why_ended(self) -> str:
        """Of what it ended, in words for its user: a signal, or what it said last."""
        self.has_ended()
        code = self.process.returncode
        if code == -signal.SIGKILL and count_oom_kills() > self._oom_kills:
            return (
                "this computer had run out of memory, and QEMU was killed for it "
                "(`labkit machine list` shows which other machines to close)"
            )
        if code is not None and code < 0:
            return f"QEMU was killed by {signal.Signals(-code).name}"
        return f"{'its' if code is None else 'QEMU has ended: its'} last words: {self.last_words()}"

    def _close(self) -> None:
        for end in self.ends.values():
            end.close()
        if hasattr(self, "qmp"):
            self.qmp.close()

    def last_words(self) -> str:
        """Why the machine has ended, as QEMU says; else as its console does."""
        for log in (self.folder / "qemu.log", self.log):
            with contextlib.suppress(OSError):
                lines = log.read_text(errors="replace").split("\n")
                words = [line.strip() for line in lines if line.strip()]
                reasons = [line for line in words if any(mark in line for mark in _REASONS)]
                if words:
                    return (reasons or words)[-1][-300:]
        code = self.process.returncode
        return "none" if code is None else f"exit code {code}"


def count_oom_kills() -> int:
    """How many processes of this computer Linux has killed for want of memory since its start."""
    with contextlib.suppress(OSError, KeyError):
        rows = Path("/proc/vmstat").read_text().splitlines()
        return int(dict(row.split() for row in rows)["oom_kill"])
    return 0


def _cannot_start(program: Program, why: str) -> SystemFault:
    version = ".".join(map(str, program.version))
    return SystemFault(
        f"start QEMU {version} ({program.path})",
        why=why,
        hint=f"Try again. If that does not help, install another one: {install_command('qemu')}",
    )


def _open_for(stack: contextlib.ExitStack, path: Path) -> int:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    stack.callback(os.close, fd)
    return fd
