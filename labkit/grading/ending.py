"""Ends a program and what it started, by process group, and nothing else.

Sources: setsid(2), killpg(3), proc(5).
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from pathlib import Path

from labkit.core.errors import TimedOut

TERM_S, KILL_S = 1.0, 5.0
"""Time for a process to end when asked (it may have files to close), and when made to."""


def end_group(process: subprocess.Popen[bytes]) -> None:
    """Ends a process that leads a process group, and the group: asks first, then makes them.

    Raises:
        TimedOut: one of them lives on (a process in a system call that cannot be interrupted).
    """
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream:
            with contextlib.suppress(OSError):  # a pipe whose reader is gone
                stream.close()
    for number, deadline_s in ((signal.SIGTERM, TERM_S), (signal.SIGKILL, KILL_S)):
        if _has_members(process):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
        until = time.monotonic() + deadline_s
        while _has_members(process):
            if time.monotonic() > until:
                break
            time.sleep(0.02)
        else:
            return
    what = f"the end of {process.args!r}"
    raise TimedOut(what, after_s=TERM_S + KILL_S, last_seen=f"process group {process.pid} lives")


def _has_members(process: subprocess.Popen[bytes]) -> bool:
    """Whether a process of its group runs; one that waits to be reaped does not count."""
    if process.poll() is None:
        return True
    # Reaped. Its number stays taken while its group has members, so whoever has that number now
    # is a stranger, and the group was empty before.
    if Path(f"/proc/{process.pid}").exists():
        return False
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, _, group = stat.read_text(errors="replace").rpartition(")")[2].split()[:3]
            if int(group) == process.pid and state != "Z":
                return True
    return False
