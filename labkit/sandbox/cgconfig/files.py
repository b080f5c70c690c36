"""The files of each controller that a configuration can set, in both versions of cgroups.

Sources: the kernel's admin-guide/cgroup-v1/ and admin-guide/cgroup-v2.rst. Files that only tell
something are not here.
"""

from __future__ import annotations

import re

V1 = {
    "blkio": (
        *("blkio.weight", "blkio.weight_device", "blkio.bfq.weight"),
        *("blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device"),
        *("blkio.throttle.read_iops_device", "blkio.throttle.write_iops_device"),
    ),
    "cpu": (
        *("cpu.shares", "cpu.idle", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.cfs_burst_us"),
        *("cpu.rt_runtime_us", "cpu.rt_period_us"),
    ),
    "cpuacct": (),
    "cpuset": (
        *("cpuset.cpus", "cpuset.mems", "cpuset.cpu_exclusive", "cpuset.mem_exclusive"),
        *("cpuset.mem_hardwall", "cpuset.memory_migrate", "cpuset.memory_pressure_enabled"),
        *("cpuset.memory_spread_page", "cpuset.memory_spread_slab"),
        *("cpuset.sched_load_balance", "cpuset.sched_relax_domain_level"),
    ),
    "devices": ("devices.allow", "devices.deny"),
    "freezer": ("freezer.state",),
    "hugetlb": (),
    "memory": (
        *("memory.limit_in_bytes", "memory.soft_limit_in_bytes", "memory.memsw.limit_in_bytes"),
        *("memory.kmem.limit_in_bytes", "memory.kmem.tcp.limit_in_bytes", "memory.swappiness"),
        *("memory.oom_control", "memory.use_hierarchy", "memory.move_charge_at_immigrate"),
    ),
    "net_cls": ("net_cls.classid",),
    "net_prio": ("net_prio.ifpriomap",),
    "perf_event": (),
    "pids": ("pids.max",),
    "rdma": ("rdma.max",),
}
"""Controller to files of cgroup v1; every group has also :data:`V1_CORE`."""

V1_CORE = ("notify_on_release", "cgroup.clone_children")

V2 = {
    "cgroup": (
        *("cgroup.freeze", "cgroup.max.depth", "cgroup.max.descendants", "cgroup.type"),
        *("cgroup.subtree_control", "cgroup.pressure"),
    ),
    "cpu": (
        *("cpu.weight", "cpu.weight.nice", "cpu.max", "cpu.max.burst", "cpu.idle"),
        *("cpu.uclamp.min", "cpu.uclamp.max"),
    ),
    "cpuset": (*("cpuset.cpus", "cpuset.mems", "cpuset.cpus.partition", "cpuset.cpus.exclusive"),),
    "hugetlb": (),
    "io": ("io.weight", "io.max", "io.latency", "io.bfq.weight", "io.cost.qos", "io.cost.model"),
    "memory": (
        *("memory.min", "memory.low", "memory.high", "memory.max", "memory.oom.group"),
        *("memory.swap.high", "memory.swap.max", "memory.zswap.max", "memory.zswap.writeback"),
    ),
    "misc": ("misc.max",),
    "pids": ("pids.max",),
    "rdma": ("rdma.max",),
}
"""Controller to files of cgroup v2. ``cgroup`` stands for what every group has."""

_HUGE = {1: r"hugetlb\.[0-9]+[KMG]B\.limit_in_bytes", 2: r"hugetlb\.[0-9]+[KMG]B\.(rsvd\.)?max"}


def controllers(version: int) -> dict[str, tuple[str, ...]]:
    """Controllers of a version (1 or 2), with their files."""
    return {1: V1, 2: V2}[version]


def has(version: int, controller: str, name: str) -> bool:
    """Whether a controller has a file of that name to set."""
    if controller == "hugetlb":
        return bool(re.fullmatch(_HUGE[version], name))
    core = V1_CORE if version == 1 else ()
    return name in (*controllers(version).get(controller, ()), *core)
