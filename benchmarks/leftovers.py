"""Two hundred sandboxes started, used and removed: what there is before, and after.

Counted by other means than labkit's: /proc, ``lsns``, ``ip``.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from benchmarks.report import Row, Table
from labkit.core.errors import Blocked
from labkit.core.session import current_session
from labkit.sandbox import Sandbox
from labkit.sandbox.client import client

COUNT = 200


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Starts, uses and removes sandboxes."""
    count = COUNT // 10 if is_quick else COUNT
    limits = _limits()
    _use(10, limits)
    before = _look()
    _use(count, limits)
    after = _look()
    rows = [
        Row(what, f"{now - before[what]:+d}", f"{before[what]} before, {now} after", "none", ok)
        for what, now in after.items()
        for ok in [now <= before[what]]
    ]
    rows.append(_memory_row(count, limits))
    yield Table(f"{count} sandboxes started, used and removed: what is left", tuple(rows))


def _limits() -> dict[str, str | int]:
    limits: dict[str, str | int] = {"memory.max": "64M", "pids.max": 20}
    try:
        Sandbox(limits=limits).run(["true"])
    except Blocked:
        return {}
    return limits


def _use(count: int, limits: dict[str, str | int]) -> None:
    for number in range(count):
        with Sandbox(limits=limits) as box:
            if box.exec(["echo", str(number)]).stdout != f"{number}\n":
                raise RuntimeError("a sandbox gave another's answer")


def _look() -> dict[str, int]:
    helper, session = client().pid, current_session()
    links = subprocess.run(["ip", "-json", "link"], capture_output=True, text=True, check=True)
    bases = {place.base for place in client().places().values() if place.base}
    groups = [path for base in bases for path in Path(base).glob(f"labkit-{session.id}*")]
    return {
        "processes": len(Path(f"/proc/{helper}/task/{helper}/children").read_text().split()),
        "mounts": len(Path("/proc/self/mountinfo").read_text().splitlines()),
        "cgroups": len(groups),
        "namespaces": len(_namespaces(os.getpid()) | _namespaces(helper)),
        "links": len(json.loads(links.stdout)),
        "files": _count(session.folder),
        "open files, session": _count("/proc/self/fd"),
        "open files, helper": _count(f"/proc/{helper}/fd"),
    }


def _namespaces(pid: int) -> set[int]:
    command = ["lsns", "--list", "--json", "--task", str(pid)]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {int(row["ns"]) for row in json.loads(shown)["namespaces"]}


def _count(folder: str | Path) -> int:
    return sum(1 for _ in Path(folder).iterdir())


def _memory_row(count: int, limits: dict[str, str | int]) -> Row:
    before = _memory_kib(client().pid)
    _use(count, limits)
    now = _memory_kib(client().pid)
    note = f"{before} KiB before, {now} KiB after {count} more"
    return Row(
        "memory of the helper", f"{now - before:+d} KiB", note, "≤ 512 KiB", now - before <= 512
    )


def _memory_kib(pid: int) -> int:
    return int(Path(f"/proc/{pid}/status").read_text().partition("VmRSS:")[2].split()[0])
