"""Groups as plain values, read fast: a live picture of a hundred of them costs little.

A :class:`Reader` keeps the files open between readings; what takes the kernel long (memory.stat) is
left alone. CPU use is a difference of two readings, so it keeps the last one, too. Knows nothing
about who may change what.

Sources: cgroup-v2.rst ("Interface Files"), cgroup-v1/{memory,pids,cpusets}.rst,
scheduler/sched-bwc.rst.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from functools import cache

from labkit.core import linux
from labkit.sandbox.cgconfig.names import UNLIMITED
from labkit.sandbox.cgconfig.table import BY_V2, V1_CONTROLLERS
from labkit.sandbox.groups.errors import no_such_group
from labkit.sandbox.groups.events import parse_pressure
from labkit.sandbox.groups.files import Files, Trees, trees
from labkit.sandbox.groups.kept_open import KeptOpen
from labkit.sandbox.maps import Gauge, Group, GroupTree, Pressure

Read = Callable[[str], str]
"""Reads a file; nothing when it is not there."""

_PLAIN_FOLDER = 2
"""Links of a folder without folders in it: kernfs counts those."""


class Reader:
    """Reads groups again and again.

    Args:
        version: 1 or 2; that of this machine's memory controller when not given.

    Raises:
        NotFound: nothing of that version is mounted here.
    """

    def __init__(self, version: int | None = None) -> None:
        mounted = trees()
        self.version = mounted.version if version is None else version
        self._trees = Trees(mounted.v1 if self.version == 1 else {}, mounted.v2)
        if self.version == 1:
            self._trees = Trees(mounted.v1, "")
        self._last: dict[str, tuple[float, int]] = {}
        self._kept = KeptOpen()
        self.read = self._kept.read

    def tree(self, path: str = "/") -> GroupTree:
        """The groups at and below ``path``.

        Raises:
            NotFound: there is no such group.
        """
        path = "/" + path.strip("/")
        top = self._trees.files(path, self.version)
        if not top.folders:
            raise no_such_group(path)
        groups = tuple(self.group(files, where) for where, files in _walk(path, top))
        self._last = {one.path: self._last[one.path] for one in groups if one.path in self._last}
        pids = {pid for group in groups for pid in group.processes}
        commands = {pid: comm for pid in pids if (comm := _comm(pid))}
        self._kept.end_round()
        return GroupTree(self.version, self._controllers(), path, groups, commands)

    def group(self, files: Files, path: str) -> Group:
        """One group."""
        return (_group_v1 if files.v1 else _group_v2)(files, path, self)

    def cores(self, path: str, usage_us: int) -> float:
        """CPUs used since the reading before; 0 at the first."""
        now = time.monotonic()
        then, before = self._last.get(path, (now, usage_us))
        self._last[path] = (now, usage_us)
        return max(0.0, (usage_us - before) / 1e6 / (now - then)) if now > then else 0.0

    def _controllers(self) -> tuple[str, ...]:
        if self.version == 2:
            return tuple(self.read(f"{self._trees.v2}/cgroup.controllers").split())
        v2_names = {v1: v2 for v2, v1 in V1_CONTROLLERS.items() if v2 != "cgroup"}
        return tuple(v2_names.get(name, name) for name in self._trees.v1)


def group_tree(path: str = "/", version: int | None = None) -> GroupTree:
    """A cgroup tree now, or the part below one group. For CPU use keep a :class:`Reader`.

    Args:
        path: of the topmost group.
        version: 1 or 2; that of this machine's memory controller when not given.

    Raises:
        NotFound: there is no such group.
    """
    return Reader(version).tree(path)


def _walk(path: str, files: Files) -> Iterator[tuple[str, Files]]:
    """Groups and their folders, parents first, siblings by name."""
    yield path, files
    below: dict[str, dict[str, str]] = {}
    folders = {**files.v1, **({"": files.v2} if files.v2 else {})}
    seen: dict[str, list[str]] = {}
    for controller, folder in folders.items():
        if folder not in seen:  # v1 may have several controllers in one hierarchy
            seen[folder] = _folders_in(folder)
        for name in seen[folder]:
            below.setdefault(name, {})[controller] = f"{folder}/{name}"
    for name in sorted(below):
        v2 = below[name].pop("", "")
        yield from _walk(f"{path.rstrip('/')}/{name}", Files(below[name], v2))


def _folders_in(folder: str) -> list[str]:
    try:
        if os.stat(folder).st_nlink == _PLAIN_FOLDER:  # noqa: PTH116 - a Path costs more
            return []
        with os.scandir(folder) as entries:
            return [entry.name for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:  # it has gone
        return []


# -- version 2 -------------------------------------------------------------------------------------


def _group_v2(files: Files, path: str, reader: Reader) -> Group:
    folder, read = f"{files.v2}/", reader.read
    there = read(folder + "cgroup.controllers").split()
    stat = _counts(read(folder + "cpu.stat"))
    quota = read(folder + "cpu.max") if "cpu" in there else ""
    gauges: list[Gauge] = []
    events: dict[str, int] = {}
    if "memory" in there:
        gauges += _amount(read, folder, "memory.max", "memory.current", "bytes")
        high = _amount(read, folder, "memory.high", "memory.current", "bytes")
        gauges += [one for one in high if one.limit is not None]
        events |= _named("memory", _counts(read(folder + "memory.events")))
    if "pids" in there:
        gauges += _amount(read, folder, "pids.max", "pids.current", "processes")
        events |= _named("pids", _counts(read(folder + "pids.events")))
    if stat:
        used = reader.cores(path, stat.get("usage_usec", 0))
        file = folder + "cpu.max" if quota else ""
        gauges.append(Gauge("cpu.max", used, _share(quota), "cores", file))
        events |= {f"cpu.{k}": stat[k] for k in ("nr_throttled", "throttled_usec") if k in stat}
    return Group(
        path=path,
        processes=_pids(read, folder),
        gauges=tuple(gauges),
        weight=int(read(folder + "cpu.weight") or 0) or None if "cpu" in there else None,
        cpus=read(folder + "cpuset.cpus.effective").strip() if "cpuset" in there else "",
        is_frozen=read(folder + "cgroup.freeze").strip() == "1",
        events=events,
        pressure=tuple(_pressure(read, folder)),
        owner_uid=_owner(folder),
    )


def _amount(read: Read, folder: str, limit: str, current: str, unit: str) -> Iterator[Gauge]:
    """A limit and its use; nothing in a root group, which has neither."""
    if text := read(folder + limit).strip():
        used = int(read(folder + current) or 0)
        yield Gauge(limit, used, None if text == "max" else int(text), unit, folder + limit)


def _share(cpu_max: str) -> float | None:
    quota, _, period = cpu_max.strip().partition(" ")
    return int(quota) / int(period) if quota.isdigit() and period else None


def _pressure(read: Read, folder: str) -> Iterator[Pressure]:
    for resource in ("cpu", "memory", "io"):
        if text := read(f"{folder}{resource}.pressure"):
            yield parse_pressure(resource, text)


# -- version 1 -------------------------------------------------------------------------------------


def _group_v1(files: Files, path: str, reader: Reader) -> Group:
    at, read = {name: f"{folder}/" for name, folder in files.v1.items()}, reader.read
    gauges, events, weight = [], {}, None
    if memory := at.get("memory"):
        limit = int(read(memory + "memory.limit_in_bytes") or UNLIMITED)
        used = int(read(memory + "memory.usage_in_bytes") or 0)
        most = None if limit >= UNLIMITED else limit
        gauges.append(Gauge("memory.max", used, most, "bytes", memory + "memory.limit_in_bytes"))
        kills = _counts(read(memory + "memory.oom_control")).get("oom_kill", 0)
        failures = int(read(memory + "memory.failcnt") or 0)
        events = {"memory.oom_kill": kills, "memory.max": failures}
    if pids := at.get("pids"):
        gauges += _amount(read, pids, "pids.max", "pids.current", "processes")
        events |= _named("pids", _counts(read(pids + "pids.events")))
    if cpu := at.get("cpu"):
        stat = _counts(read(cpu + "cpu.stat"))
        events["cpu.nr_throttled"] = stat.get("nr_throttled", 0)
        events["cpu.throttled_usec"] = stat.get("throttled_time", 0) // 1000
        weight = _weight(read(cpu + "cpu.shares").strip())
    if "cpuacct" in at or cpu:
        gauges.append(_cpu_gauge_v1(at, path, reader))
    cpuset, freezer, main = at.get("cpuset"), at.get("freezer"), f"{files.main}/"
    return Group(
        path=path,
        processes=_pids(read, main),
        gauges=tuple(gauges),
        weight=weight,
        cpus=read(cpuset + "cpuset.effective_cpus").strip() if cpuset else "",
        is_frozen=freezer is not None and read(freezer + "freezer.state").strip() in _STILL,
        events=events,
        owner_uid=_owner(main),
    )


_STILL = ("FROZEN", "FREEZING")


@cache
def _weight(shares: str) -> int | None:
    return int(BY_V2["cpu.weight"].to_v2(shares) or 0) or None


def _cpu_gauge_v1(at: dict[str, str], path: str, reader: Reader) -> Gauge:
    read = reader.read
    usage = read(f"{at['cpuacct']}cpuacct.usage") if "cpuacct" in at else ""
    used = reader.cores(path, int(usage) // 1000) if usage else 0.0
    if cpu := at.get("cpu"):
        quota = read(f"{cpu}cpu.cfs_quota_us").strip()
        period = read(f"{cpu}cpu.cfs_period_us").strip() if quota not in ("", "-1") else ""
        file = f"{cpu}cpu.cfs_quota_us" if quota else ""
        return Gauge("cpu.max", used, _share(f"{quota} {period}"), "cores", file)
    return Gauge("cpu.max", used, None, "cores")


# -- files -----------------------------------------------------------------------------------------


def _comm(pid: int) -> str:
    """What a process is called; nothing when it has ended."""
    try:
        return linux.read(f"/proc/{pid}/comm").decode(errors="replace").rstrip("\n")
    except OSError:
        return ""


def _counts(text: str) -> dict[str, int]:
    words = text.split()
    return dict(zip(words[::2], map(int, words[1::2]), strict=False))


def _named(controller: str, counts: dict[str, int]) -> dict[str, int]:
    return {f"{controller}.{key}": count for key, count in counts.items()}


def _pids(read: Read, folder: str) -> tuple[int, ...]:
    return tuple(sorted(map(int, read(folder + "cgroup.procs").split())))


def _owner(folder: str) -> int:
    try:
        return os.stat(folder).st_uid  # noqa: PTH116
    except OSError:
        return 0
