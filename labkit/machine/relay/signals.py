"""Signals as something that a poller can wait for. Source: signal.set_wakeup_fd of Python."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable


class Signals:
    """Those of ``numbers`` that came; from now on they do nothing else.

    Only for the main thread of a process, and one at a time in it.
    """

    def __init__(self, numbers: Iterable[int]) -> None:
        self._read, self._write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(self._write, warn_on_full_buffer=False)
        for number in numbers:
            signal.signal(number, lambda *_: None)

    def fileno(self) -> int:
        """Can be read when one came."""
        return self._read

    def close(self) -> None:
        """From now on nobody hears of them."""
        signal.set_wakeup_fd(-1)
        os.close(self._read)
        os.close(self._write)

    def read(self) -> set[int]:
        """Those that came since."""
        try:
            return set(os.read(self._read, 4096))  # a byte each: its number
        except BlockingIOError:
            return set()
