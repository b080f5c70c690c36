"""What the machine starts before its snapshot is taken: a bridge, and the kernel that waits.

Sources: cgroups(7) (memory.max, memory.events, pids.max), proc(5) (oom_score_adj).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from labkit.machine.guest.bridge import start_bridge
from labkit.machine.guest.channels import CHANNELS
from labkit.machine.guest.files import mount_files
from labkit.machine.guest.ports import find_port

RUN = Path("/run/labkit")
"""Sockets of the kernel, and of the events."""

EVENTS = RUN / "events"
"""Where progress goes to the host."""

_GROUP = Path("/sys/fs/cgroup/notebook")
_OOM_SCORE = Path("/proc/self/oom_score_adj")
_KEPT_BYTES = 64 << 20
"""Memory that a notebook cannot take: with it, the machine still answers."""
_MOST_PROCESSES = 2000
"""A fork bomb stops here; an ordinary lab has some dozens."""


class Kernel:
    """The notebook's kernel: it has everything imported, and waits for its first message.

    It lies in a cgroup of its own, so that a notebook that takes all memory ends itself, not PID 1.

    Attributes:
        pid: its PID.
        info: what it says of itself, the content of a ``kernel_info_reply``.
    """

    def __init__(self) -> None:
        _make_group()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "labkit.machine.guest.kernel", RUN],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            preexec_fn=_join_group,  # noqa: PLW1509 - PID 1 has one thread
        )
        assert self._process.stdout
        with self._process.stdout as said:
            if not (line := said.readline()):
                raise RuntimeError("the kernel did not get ready; its words are on the console")
        self.info: dict[str, Any] = json.loads(line)
        self.pid = self._process.pid
        start_bridge({find_port(name): f"{RUN}/channel-{n}" for name, n in CHANNELS.items()})

    def begin(self, what: dict[str, Any]) -> None:
        """Tells it what is new, and lets it go."""
        assert self._process.stdin
        with self._process.stdin as tell:
            tell.write(json.dumps(what).encode() + b"\n")

    def oom_kills(self) -> int:
        """How many processes of the notebook were killed because memory had run out."""
        rows = (_GROUP / "memory.events").read_text().splitlines()
        return int(dict(row.split() for row in rows)["oom_kill"])


def start_kernel() -> Kernel:
    """Mounts the files, starts the kernel, and the bridge between its sockets and the ports."""
    _OOM_SCORE.write_text("-1000")
    mount_files()
    RUN.mkdir(mode=0o700, exist_ok=True)
    subprocess.Popen([sys.executable, "-m", "labkit.machine.guest.events", str(EVENTS)])
    return Kernel()


def _make_group() -> None:
    _GROUP.mkdir(exist_ok=True)
    total = int(Path("/proc/meminfo").read_text().split()[1]) * 1024
    limits = {"memory.max": total - _KEPT_BYTES, "pids.max": _MOST_PROCESSES}
    for name, value in limits.items():
        (_GROUP / name).write_text(str(value))


def _join_group() -> None:
    (_GROUP / "cgroup.procs").write_text("0")
    _OOM_SCORE.write_text("0")
    os.setsid()
