"""One writer at a time in a folder, across threads and processes.

The lock goes with the process that holds it, so a killed writer blocks nobody.
Source: flock(2).
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from labkit.core.errors import TimedOut

WAIT_S = 120.0
"""Longest wait for another writer: unpacking an image of 1 GB takes well under a minute."""

_STEP_S = 0.005


@contextmanager
def exclusive(file: Path, *, wait_s: float = WAIT_S) -> Iterator[None]:
    """Holds the lock on ``file``, which is made when missing.

    Raises:
        TimedOut: another process held it for longer than ``wait_s`` seconds.
    """
    fd = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _acquire(fd, file, wait_s)
        os.ftruncate(fd, 0)
        os.pwrite(fd, str(os.getpid()).encode(), 0)  # for whoever waits in vain
        yield
    finally:
        # Said outright: a child that another thread is forking has this descriptor, too.
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def _acquire(fd: int, file: Path, wait_s: float) -> None:
    deadline = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise _held(fd, file, wait_s) from None
        time.sleep(_STEP_S)


def _held(fd: int, file: Path, wait_s: float) -> TimedOut:
    holder = os.pread(fd, 32, 0).decode(errors="replace") or "unknown"
    return TimedOut(
        f"its turn to write in {file.parent}",
        after_s=wait_s,
        last_seen=f"process {holder} is writing there",
        hint="Wait for it, or end it if it hangs",
    )
