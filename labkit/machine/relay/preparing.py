"""A machine made ready in a thread of its own, as something that a poller can wait for.

It may take a minute, the first time; meanwhile the relay answers.
"""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass

from labkit.machine.relay.machine import Maker


@dataclass(frozen=True)
class Step:
    """What is being done, and how far all of it is, from 0 to 1."""

    what: str
    share: float


_FIRST = Step("waiting for its turn", 0.0)
"""Nothing is told as long as somebody else makes the same."""


class Preparing:
    """Has ``maker`` prepare; the thread ends with the process, whatever it is at.

    Attributes:
        step: what is being done now.
        is_done: whether it is over.
        error: why there is no machine.
    """

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.step = _FIRST
        self.is_done = False
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def fileno(self) -> int:
        """Can be read when there is something new."""
        return self._read

    def read(self) -> None:
        """Has it readable again only when there is something new again."""
        with contextlib.suppress(BlockingIOError):
            os.read(self._read, 4096)

    def close(self) -> None:
        """Once it is done."""
        self._thread.join()
        os.close(self._read)
        os.close(self._write)

    def _run(self) -> None:
        try:
            self._maker.prepare(self._tell)
        except Exception as error:  # the main thread says it
            self.error = error
        self.is_done = True
        self._wake()

    def _tell(self, what: str, share: float) -> None:
        self.step = Step(what, share)
        self._wake()

    def _wake(self) -> None:
        try:
            os.write(self._write, b"!")
        except BlockingIOError:
            return  # full of what was not read yet
