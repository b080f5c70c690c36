"""What a machine's threads have to say to its user: put by any thread, read by one loop that polls.

Source: eventfd(2).
"""

from __future__ import annotations

import os
import shutil
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

Warn = Callable[[str], None]
"""Takes a text for the user; may be called in any thread."""

AGAIN_S = 5.0
"""A program that goes on writing to a full disk is told of once in this time."""


class Notices:
    """Texts that wait to be read. Stays open with its process: a thread may be late."""

    def __init__(self) -> None:
        self._texts: deque[str] = deque()
        self._fd = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)

    def put(self, text: str) -> None:
        """Leaves a text."""
        self._texts.append(text)
        os.eventfd_write(self._fd, 1)

    def fileno(self) -> int:
        """Can be read when there is one."""
        return self._fd

    def take(self) -> list[str]:
        """Those left since."""
        try:
            os.eventfd_read(self._fd)
        except BlockingIOError:
            return []
        return [self._texts.popleft() for _ in range(len(self._texts))]


class FullDisk:
    """Says that the disk of a folder is full, and not over and over.

    Args:
        folder: the host's.
        warn: takes the text.
    """

    def __init__(self, folder: Path, warn: Warn) -> None:
        self._folder, self._warn = folder, warn
        self._said_at = -AGAIN_S

    def __call__(self) -> None:
        """A write has found no room."""
        if time.monotonic() < self._said_at + AGAIN_S:
            return
        self._said_at = time.monotonic()
        free = shutil.disk_usage(self._folder).free
        self._warn(
            f"There is no room left on the disk of {self._folder} ({free >> 20} MB are free, or "
            "your quota is used up): a file was not written whole.\n"
            "→ Make room there, and run this again."
        )
