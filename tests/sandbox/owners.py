"""Processes that work with sandboxes, to be killed: see test_killed.py."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from tests.sandbox.both.tools import names_in
from tests.support.snapshot import Snapshot
from tests.support.wait import wait_until

OWNER = """
import random, sys
from labkit.sandbox import Sandbox, xray
random.seed(int(sys.argv[1]))
limits = {"memory.max": "64M", "pids.max": 20} if len(sys.argv) > 2 else {}
keep = [Sandbox(limits=limits).start() for _ in range(3)]
terminal = keep[0].terminal(["sleep", "600"])
print("ready", flush=True)
while True:
    box = Sandbox(limits=limits)
    if random.random() < 0.5:
        box.run(["sh", "-c", "sleep 600 & true"])
    else:
        with box:
            box.exec(["true"])
            xray(box)
    keep[1].exec(["sh", "-c", "sleep 600 >/dev/null 2>&1 &"])
"""
"""Starts, uses and ends sandboxes for ever, three of them all the time."""


@contextlib.contextmanager
def owner(
    argv: list[str], env: dict[str, str], errors: int | IO[bytes] = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[str]]:
    """A process that works with sandboxes; killed at the end of the block at the latest."""
    with subprocess.Popen(
        argv, stdout=subprocess.PIPE, stderr=errors, text=True, env=env, cwd="/"
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def nothing_left(snapshot: Callable[[], Snapshot], before: Snapshot) -> None:
    """Without anybody's help."""
    wait_until(lambda: not snapshot().since(before), what="all is gone")


def helper_of(pid: int) -> int:
    """The helper of a process: its child that runs boot.py."""
    for name in names_in("/proc"):
        with contextlib.suppress(OSError, IndexError):
            stat = Path(f"/proc/{name}/stat").read_text() if name.isdigit() else ""
            if stat and int(stat.rpartition(")")[2].split()[1]) == pid:
                return int(name)
    raise AssertionError(f"process {pid} has no helper")


def is_alive(pid: int) -> bool:
    """Whether a process has not ended; a zombie has, and has closed its files."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
