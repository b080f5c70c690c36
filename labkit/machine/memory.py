"""Whether there is memory for a further machine; where there is not, which one to close.

What is left is the least of what the whole system has and what each memory cgroup around this
process may still take: its limit less its use, not counting the cache of files, which the kernel
gives back.

Sources: proc(5) (``MemAvailable``), Documentation/admin-guide/cgroup-v1/memory.rst,
Documentation/admin-guide/cgroup-v2.rst ("Memory").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import SystemFault
from labkit.machine.running import Running, running_machines
from labkit.sandbox.cgroups import Place, memory_around, read_limit

_CACHE = {
    1: ("total_active_file", "total_inactive_file"),
    2: ("active_file", "inactive_file"),
}
"""What ``memory.stat`` calls the cache of files, by the version of cgroups."""


@dataclass(frozen=True)
class Left:
    """Memory that can still be had.

    Attributes:
        size: in bytes.
        limit: what it is left of, when a cgroup sets a limit; 0 for the whole system's memory.
        group: the folder of that cgroup.
    """

    size: int
    limit: int = 0
    group: str = ""

    def __str__(self) -> str:
        size = f"{max(self.size, 0) >> 20} MB of memory are"
        if not self.limit:
            return f"{size} free"
        return f"{size} left of the {self.limit >> 20} MB that {self.group} allows"


def memory_left(proc: str = "/proc", root: str = "") -> Left:
    """The memory that this process and its children can still have.

    Args:
        proc: the folder of proc(5).
        root: what is put before every mount point that ``proc`` names.
    """
    rows = (row.split() for row in Path(proc, "meminfo").read_text().splitlines())
    sizes = {row[0]: int(row[1]) << 10 for row in rows}
    found = [Left(sizes["MemAvailable:"])]
    for group in memory_around(proc, root):
        limit, used = read_limit(group, group.base, "memory.max")
        if limit is not None:
            found.append(Left(limit - used + _cache_bytes(group), limit, group.base))
    return min(found, key=lambda left: left.size)


def require_memory(
    needed_bytes: int,
    left: Callable[[], Left] = memory_left,
    machines: Callable[[], Iterable[Running]] = running_machines,
) -> None:
    """Refuses to start a machine that there is no memory for.

    Args:
        needed_bytes: what it takes.
        left: what there is.
        machines: those that run.

    Raises:
        SystemFault: there is less; with the notebook whose machine to close.
    """
    there = left()
    if there.size >= needed_bytes:
        return
    raise SystemFault(
        "start another machine",
        why=f"{there}, and it takes {needed_bytes >> 20} MB",
        hint=_what_to_close([(one.memory_bytes(), one) for one in machines()]),
    )


def _what_to_close(machines: list[tuple[int, Running]]) -> str:
    if not machines:
        return "No notebook has a machine of its own now: close other programs, and try again"
    used, largest = max(machines, key=lambda pair: pair[0])
    closing = f"Close the machine of {largest.name}, which uses {used >> 20} MB"
    if len(machines) > 1:
        closing += f", the most of {len(machines)}"
    return (
        f"{closing}: in JupyterLab, Kernel → Shut Down Kernel, there. "
        "`labkit machine list` shows what runs"
    )


def _cache_bytes(group: Place) -> int:
    stat = Path(group.base, "memory.stat").read_text().splitlines()
    sizes = dict(row.split() for row in stat)
    return sum(int(sizes.get(name, 0)) for name in _CACHE[group.version])
