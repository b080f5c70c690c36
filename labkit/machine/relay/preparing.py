"""A machine made ready in a thread of its own, as something that a poller can wait for.

It may take a minute, the first time; meanwhile the relay answers.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

from labkit.machine.relay.machine import Maker


@dataclass(frozen=True)
class Step:
    """What is being done, and how far all of it is, from 0 to 1."""

    what: str
    share: float


class Preparing:
    """Has ``maker`` prepare; the thread ends with the process, whatever it is at."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._told: Step | None = None
        self.is_done = False
        self.error: Exception | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def fileno(self) -> int:
        """Can be read when there is something new."""
        return self._read

    def read(self) -> Step | None:
        """What is being done now."""
        try:
            os.read(self._read, 4096)
        except BlockingIOError:
            return None
        return self._told

    def _run(self) -> None:
        try:
            self._maker.prepare(self._tell)
        except Exception as error:  # the main thread says it
            self.error = error
        self.is_done = True
        self._wake()

    def _tell(self, what: str, share: float) -> None:
        self._told = Step(what, share)
        self._wake()

    def _wake(self) -> None:
        try:
            os.write(self._write, b"!")
        except BlockingIOError:
            return  # full of what was not read yet
