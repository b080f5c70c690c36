"""What is done in a machine by these tests: a command, and what came of it."""

from __future__ import annotations

import itertools
import select
import time
from dataclasses import dataclass, field

from labkit.core.errors import SystemFault
from labkit.machine.microvm import MicroVM

DEADLINE_S = 240.0


class StillRunning(AssertionError):
    """A script has not ended in time.

    Attributes:
        said: its output so far.
    """

    def __init__(self, script: str, said: str) -> None:
        super().__init__(f"{script!r} has not ended; so far: {said!r}")
        self.said = said


@dataclass
class Inside:
    """A machine, and its root's shell."""

    machine: MicroVM
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def run(
        self, script: str, *, cwd: str = "/course", deadline_s: float = DEADLINE_S
    ) -> tuple[int, str]:
        """Exit code and output of a shell script in the machine."""
        port, id = self.machine.qemu.ends["terminal"], next(self._numbers)
        argv = ["sh", "-c", script]
        self.machine.agent.tell("run", id=id, argv=argv, env={}, cwd=cwd, size=None)
        said, deadline = b"", time.monotonic() + deadline_s
        while time.monotonic() < deadline:
            ready, _, _ = select.select([port, self.machine], [], [], 1)
            if port in ready:
                said += port.recv(65536)
            if self.machine in ready:
                for event in self.machine.events():
                    if event["event"] == "ended" and event["id"] == id:
                        while select.select([port], [], [], 0.2)[0]:
                            said += port.recv(65536)
                        return event["status"], said.decode()
        raise StillRunning(script, said.decode(errors="replace"))

    def ask(self, script: str) -> str:
        """Output of a script that succeeds."""
        status, said = self.run(script)
        assert status == 0, said
        return said.strip()

    def wait_for_its_end(self) -> None:
        """Waits until the machine has ended by itself."""
        deadline = time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            select.select([self.machine], [], [], 1)
            try:
                self.machine.events()
            except SystemFault:
                self.machine.qemu.process.wait(10)
                return
        raise AssertionError("the machine goes on")
