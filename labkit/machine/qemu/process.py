"""A running QEMU, from the side of the process that started it.

It ends with that process (PR_SET_PDEATHSIG), and it finds its sockets by short names, for its
working folder is the machine's (unix(7): a path has at most 107 bytes).

Sources: qemu(1), prctl(2), migration.rst of QEMU ("x-ignore-shared": memory in a file stays there).
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from pathlib import Path

from labkit.core.errors import SystemFault
from labkit.machine.qemu.command import PASSED, Design, command
from labkit.machine.qemu.confine import Confinement
from labkit.machine.qemu.find import Program
from labkit.machine.qemu.qmp import Qmp

_REASONS = ("Kernel panic", "labkit: ", "Error: ")
"""What a line has in it that tells why: of Linux, of init, of Python."""

_END_S = 5.0
_SAVE_S = 60.0
_RESUME_S = 20.0

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
        self.log = folder / "console.log"
        self.ends: dict[str, socket.socket] = {}
        with contextlib.ExitStack() as theirs:
            fds = {}
            for name in ("qmp", *PASSED):
                ours, their_end = socket.socketpair()
                self.ends[name] = ours
                fds[name] = theirs.enter_context(their_end).fileno()
            fds["console"] = _open_for(theirs, self.log)
            argv = command(program.argv, design, fds, ram, is_new=is_new)
            files = [design.kernel, design.initramfs, *design.disks]
            errors = _open_for(theirs, folder / "qemu.log")
            files += [program.folder] if program.folder else []
            confinement = Confinement(reads=files, writes=[folder, ram])
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
        try:
            self.qmp = Qmp(self.ends.pop("qmp"))
        except BaseException as error:
            self.end()
            if isinstance(error, SystemFault):
                raise SystemFault("start QEMU", why=self.last_words()) from error
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
        return f"exit code {self.process.returncode}"


def _open_for(stack: contextlib.ExitStack, path: Path) -> int:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    stack.callback(os.close, fd)
    return fd
