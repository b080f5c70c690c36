"""Which files of cgroup v1 and v2 do the same, how values are translated, and what has no equal.

Sources: the kernel's admin-guide/cgroup-v1/ and admin-guide/cgroup-v2.rst ("Deprecated v1 Core
Features", "Issues with v1"). CPU weights are converted as runc 1.3.2 and crun 1.23 do it, which
takes one default to the other (1024, 100); I/O weights as runc does it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass

Convert = Callable[[str], str | None]
"""A value of one version as the other has it; None for one that it cannot have."""


@dataclass(frozen=True)
class Equivalent:
    """A file of version 1 and the one of version 2 that does the same.

    Attributes:
        v1, v2: names of files.
        to_v2, to_v1: how values are translated.
        note: what is not quite the same; empty when all is.
    """

    v1: str
    v2: str
    to_v2: Convert
    to_v1: Convert
    note: str = ""


_LEAST_SHARES, _MOST_SHARES = 2, 1 << 18
_MOST_WEIGHT = 10_000
_SIZES = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}
PERIOD_US = 100_000
"""Of CPU bandwidth, when none is given: the kernel's."""


def _same(value: str) -> str:
    return value


def limit_to_v2(value: str) -> str:
    """No limit is -1 in v1 and "max" in v2."""
    return "max" if value == "-1" else value


def limit_to_v1(value: str) -> str:
    """See :func:`limit_to_v2`."""
    return "-1" if value == "max" else value


def _shares_to_weight(value: str) -> str | None:
    if (shares := number(value)) is None:
        return None
    exponent = math.log2(min(max(shares, _LEAST_SHARES), _MOST_SHARES))
    return str(math.ceil(10 ** ((exponent**2 + 125 * exponent) / 612 - 7 / 34) - 1e-9))


def _weight_to_shares(value: str) -> str | None:
    if (weight := number(value)) is None:
        return None
    weight = min(max(weight, 1), _MOST_WEIGHT)
    shares = 2 ** ((math.sqrt(125**2 + 4 * 612 * (math.log10(weight) + 7 / 34)) - 125) / 2)
    # Whoever reads it back is to find the weight that was written.
    near = sorted({math.floor(shares), math.ceil(shares)}, key=lambda one: abs(one - shares))
    same = (one for one in near if _shares_to_weight(str(one)) == str(weight))
    return str(next(same, near[0]))


def _io_to_v2(value: str) -> str | None:
    weight = number(value)
    return None if weight is None else str(1 + (min(max(weight, 10), 1000) - 10) * 9999 // 990)


def _io_to_v1(value: str) -> str | None:
    weight = number(value.removeprefix("default "))
    if weight is None:
        return None
    return str(10 + -(-(min(max(weight, 1), _MOST_WEIGHT) - 1) * 990 // 9999))


def _frozen_to_v2(value: str) -> str | None:
    return {"FROZEN": "1", "THAWED": "0"}.get(value)


def _frozen_to_v1(value: str) -> str | None:
    return {"1": "FROZEN", "0": "THAWED"}.get(value)


def number(value: str) -> int | None:
    """A whole number, from 0; None for anything else."""
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None


def number_of_bytes(value: str) -> int | None:
    """A size as the kernel reads it: ``64M``; None for anything else."""
    match = re.fullmatch(r"([0-9]{1,18})([kmgt]?)", value.lower())
    return int(match[1]) * _SIZES[match[2]] if match else None


def _renamed(v1: str, v2: str, note: str = "") -> Equivalent:
    return Equivalent(v1, v2, _same, _same, note)


def _limit(v1: str, v2: str, note: str = "") -> Equivalent:
    return Equivalent(v1, v2, limit_to_v2, limit_to_v1, note)


TABLE = (
    Equivalent("cpu.shares", "cpu.weight", _shares_to_weight, _weight_to_shares,
               "2 to 262144 becomes 1 to 10000; both defaults (1024, 100) mean the same"),
    _renamed("cpu.cfs_burst_us", "cpu.max.burst"),
    _renamed("cpu.idle", "cpu.idle"),
    _renamed("cpuset.cpus", "cpuset.cpus", "v2: may be empty, which means those of the parent"),
    _renamed("cpuset.mems", "cpuset.mems", "v2: may be empty, which means those of the parent"),
    _limit("memory.limit_in_bytes", "memory.max"),
    _limit("memory.soft_limit_in_bytes", "memory.low",
           "v1 reclaims from whoever is above it; v2 spares whoever is below it"),
    _renamed("pids.max", "pids.max"),
    Equivalent("blkio.weight", "io.weight", _io_to_v2, _io_to_v1,
               "10 to 1000 becomes 1 to 10000; the defaults (500, 100) do not mean the same"),
    Equivalent("freezer.state", "cgroup.freeze", _frozen_to_v2, _frozen_to_v1),
    _renamed("rdma.max", "rdma.max"),
)  # fmt: skip

HUGE_PAGES = re.compile(r"hugetlb\.([0-9]+[KMG]B)\.(limit_in_bytes|max)")
"""One file for each size of page."""

THROTTLES = {
    "blkio.throttle.read_bps_device": "rbps",
    "blkio.throttle.write_bps_device": "wbps",
    "blkio.throttle.read_iops_device": "riops",
    "blkio.throttle.write_iops_device": "wiops",
}

ONLY_V1 = {
    "cpuacct": "v2 counts CPU time in every group: cpu.stat",
    "devices": "v2 has no files for it: a BPF program decides (BPF_PROG_TYPE_CGROUP_DEVICE)",
    "net_cls": "v2 has none: nftables and BPF match the group itself (socket cgroupv2)",
    "net_prio": "v2 has none: nftables and BPF match the group itself (socket cgroupv2)",
    "name=": "v2 has one hierarchy, and every process is in it",
    "perf_event": "v2 needs no section for it: perf takes any group",
    "cpu.rt_runtime_us": "v2 does not divide real-time CPU among groups",
    "cpu.rt_period_us": "v2 does not divide real-time CPU among groups",
    "memory.swappiness": "v2 has one for the whole machine: vm.swappiness",
    "memory.oom_control": "v2 always kills; memory.oom.group kills a whole group",
    "memory.kmem.limit_in_bytes": "v2 counts the kernel's memory in memory.max",
    "memory.kmem.tcp.limit_in_bytes": "v2 counts the memory of sockets in memory.max",
    "memory.use_hierarchy": "v2 always counts what is below",
    "memory.move_charge_at_immigrate": "in v2 memory stays where it was first used",
    "cpuset.cpu_exclusive": "v2 makes partitions: cpuset.cpus.partition",
    "cpuset.mem_exclusive": "v2 has none",
    "cpuset.memory_migrate": "v2 always does",
    "notify_on_release": "v2 tells of it in cgroup.events, to be polled",
}

ONLY_V2 = {
    "memory.min": "v1 cannot keep memory for a group",
    "memory.high": "v1 has no limit that slows down before it kills",
    "memory.oom.group": "v1 kills one process at a time",
    "memory.zswap.max": "v1 has none",
    "cpu.weight.nice": "in v1 it is cpu.shares, and no nice value",
    "cpu.uclamp.min": "v1 on the kernels of today has none",
    "cpu.uclamp.max": "v1 on the kernels of today has none",
    "cpuset.cpus.partition": "v1 has cpuset.cpu_exclusive, which does less",
    "io.latency": "v1 has none",
    "io.cost.qos": "v1 has none",
    "cgroup.max.depth": "v1 has none",
    "cgroup.max.descendants": "v1 has none",
    "cgroup.type": "v1 can have threads of one process in different groups by its tasks files",
}

BY_V1 = {one.v1: one for one in TABLE}
BY_V2 = {one.v2: one for one in TABLE}

READINGS = {
    "memory.current": "memory.usage_in_bytes",
    "memory.peak": "memory.max_usage_in_bytes",
    "memory.stat": "memory.stat",
    "pids.current": "pids.current",
    "pids.peak": "pids.peak",
    "pids.events": "pids.events",
    "cpuset.cpus.effective": "cpuset.effective_cpus",
    "cpuset.mems.effective": "cpuset.effective_mems",
    "cgroup.procs": "cgroup.procs",
    "cgroup.threads": "tasks",
}
"""Files of v2 that only tell something, to those of v1 that say the same."""

V1_CONTROLLERS = {"io": "blkio", "cgroup": "freezer"}
"""Controllers of v2 with another name in v1. ``cgroup`` is what every group of v2 can do."""
