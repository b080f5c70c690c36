"""Looking at a process or a sandbox: from both sides, what it is made of, whose child it is.

Sources: proc(5), namespaces(7), capabilities(7), overlayfs.rst (whiteouts).
"""

from __future__ import annotations

import os
import pwd
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from labkit.core.errors import Blocked
from labkit.core.linux import capability_names, start_ticks
from labkit.sandbox import cgroups, limits
from labkit.sandbox.census import Running, containers, find_running, roles, running
from labkit.sandbox.cgconfig.names import NoEqual, v1_controller_of
from labkit.sandbox.client import Refusal, client
from labkit.sandbox.facts import (
    Anatomy,
    BothSides,
    FamilyTree,
    HostProcess,
    Limit,
    ProcessLine,
    Relative,
    Side,
)
from labkit.sandbox.groups.files import Files
from labkit.sandbox.helper.networks import FILES as NETWORK_FILES
from labkit.sandbox.sandbox import Sandbox
from labkit.sandbox.table import (
    command_of,
    compare_namespaces,
    descent,
    processes,
    read_process,
)

Target = Sandbox | Running | str | int
"""A sandbox, its name, or the PID of any process as the host sees it."""

_SECCOMP = {"0": "off", "1": "strict", "2": "filter"}
"""What proc(5) writes after ``Seccomp:``."""

_READINGS = {
    "memory.max": ("memory.current", "bytes"),
    "memory.high": ("memory.current", "bytes"),
    "memory.low": ("memory.current", "bytes"),
    "pids.max": ("pids.current", "processes"),
}
"""Limit to the file that says the use, and its unit."""

_AS_THEY_BEGIN = {
    "memory.high": "max",
    "memory.low": "0",
    "cpu.max": "max 100000",
    "cpu.weight": "100",
    "cpuset.cpus": "",
    "io.max": "",
    "io.weight": "default 100",
}
"""What files say of which nobody has set anything; limits that are always shown are not here."""


def xray(target: Target) -> BothSides:
    """One process from both sides: as the host sees it, and as it sees itself.

    Raises:
        NotFound: no sandbox of that name runs.
        BadInput: there is no such process.
        Blocked: it belongs to another user.
    """
    name, pid = _resolve(target)
    process = read_process(pid)
    inside = _inside(pid)
    status = _status(pid)
    return BothSides(
        name=name,
        command=command_of(process),
        inside=inside,
        outside=_outside(process),
        namespaces=compare_namespaces(pid),
        capabilities=capability_names(int(status["CapEff"], 16)),
        no_new_privs=status.get("NoNewPrivs") == "1",
        seccomp=_SECCOMP.get(status.get("Seccomp", ""), "off"),
        is_stopped=process.state == "T",
    )


def anatomy(target: Target) -> Anatomy:
    """What a running sandbox of labkit's is made of.

    Raises:
        NotFound: no sandbox of that name, or with that PID 1, runs.
    """
    box = _running(target)
    process = read_process(box.pid)
    status = _status(box.pid)
    return Anatomy(
        name=box.name,
        pid=box.pid,
        command=command_of(process),
        hostname=box.hostname,
        is_rootless=os.geteuid() != 0,
        namespaces=compare_namespaces(box.pid),
        image=box.image,
        layers=tuple(Path(layer).name for layer in box.layers),
        changed=_changed_by(box),
        volumes=box.volumes,
        limits=tuple(limit for limit in read_limits(box) if limit.unit),
        capabilities=capability_names(int(status["CapEff"], 16)),
        no_new_privs=status.get("NoNewPrivs") == "1",
        seccomp=_SECCOMP.get(status.get("Seccomp", ""), "off"),
        seccomp_profile=box.seccomp,
    )


def family_tree(target: Target) -> FamilyTree:
    """A process, all its descendants, and the line that leads to it (see ``descent``)."""
    _, pid = _resolve(target)
    played = {client().pid: "helper", **roles()}
    line = descent(pid)
    members = {process.pid: process for process in line}
    for process in sorted(processes(), key=lambda p: p.start_ticks):
        if process.ppid in members and process.ppid not in {p.pid for p in line[:-1]}:
            members.setdefault(process.pid, process)

    return FamilyTree(
        tuple(
            Relative(p.pid, p.ppid, command_of(p), p.nspid[-1], played.get(p.pid, ""))
            for p in members.values()
        )
    )


def limits_of(target: Target) -> tuple[Limit, ...]:
    """The limits of a running sandbox; see :func:`read_limits`.

    Raises:
        NotFound: no sandbox of that name, or with that PID 1, runs.
    """
    return read_limits(_running(target))


def read_limits(box: Running) -> tuple[Limit, ...]:
    """The limits of a sandbox and what it uses now; none where it has no cgroups.

    ``memory.max`` and ``pids.max`` always; others when they are not what every group begins with.
    The use of CPU is the mean since the sandbox began.
    """
    return tuple(_limits(box))


def _limits(box: Running) -> Iterator[Limit]:
    places = cgroups.find_places(names=(*box.groups, "memory", "pids"))
    v1 = {v1_controller_of(n): d for n, d in box.groups.items() if places[n].version == 1}
    v2 = next((d for n, d in box.groups.items() if places[n].version == 2), "")
    files = Files(v1, v2)
    for name in limits.NAMES:
        limit: float | None = None
        try:
            words = files.read(name)
            if name in _READINGS:
                current, unit = _READINGS[name]
                limit = None if words == "max" else int(words)
                used: float = int(files.read(current))
            elif name == "cpu.max":
                quota, _, period = words.partition(" ")
                limit, unit = (None if quota == "max" else int(quota) / int(period)), "cores"
                used = _cores(files, box.pid)
            else:
                unit, used = "", 0
        except (OSError, NoEqual, KeyError):  # it has just ended; or no group of that controller
            continue
        is_as_it_began = words == _AS_THEY_BEGIN.get(name) or (name, words) == ("memory.low", "max")
        if not is_as_it_began:
            yield Limit(name, limit, used, unit, files.path(name), words)


def _cores(files: Files, pid: int) -> float:
    """CPUs that the sandbox used on average, from the start of its PID 1 until now."""
    said = dict(line.split() for line in files.read("cpu.stat").splitlines())
    age_s = time.clock_gettime(time.CLOCK_BOOTTIME) - start_ticks(pid) / os.sysconf("SC_CLK_TCK")
    return int(said["usage_usec"]) / 1e6 / max(age_s, 0.01)


def _resolve(target: Target) -> tuple[str, int]:
    if isinstance(target, int):
        names = {box.pid: box.name for box in running()}
        return names.get(target, f"process {target}"), target
    if isinstance(target, str):
        target = find_running(target)
    return target.name, target.pid


def _running(target: Target) -> Running:
    if isinstance(target, Running):
        return target
    name, pid = _resolve(target)
    return next((box for box in running() if box.pid == pid), None) or find_running(name)


def _inside(pid: int) -> Side:
    try:
        seen, _ = client().ask({"op": "look", "pid": pid})
    except Refusal as refusal:
        raise Blocked(
            f"process {pid} cannot be looked at from inside",
            why=f"{refusal.step}: {os.strerror(refusal.errno)}",
            hint="A user may look into processes of their own; root into all",
        ) from None
    del seen["is_chrooted"]  # a fact for labkit.sandbox.judgement
    seen["cgroup"] = _main_group(seen.pop("cgroups"))
    seen["processes"] = tuple(ProcessLine(*line) for line in seen["processes"])
    for key in ("root", "interfaces"):
        seen[key] = tuple(seen[key])
    return Side(**seen)


def _outside(process: HostProcess) -> Side:
    lines = tuple(ProcessLine(p.pid, p.ppid, command_of(p)) for p in descent(process.pid))
    mounts = Path("/proc/self/mountinfo").read_text().splitlines()
    on_root = [line.partition(" - ")[2] for line in mounts if line.split(" ")[4] == "/"]
    return Side(
        pid=process.pid,
        ppid=process.ppid,
        uid=process.uid,
        user=_user_name(process.uid),
        hostname=os.uname().nodename,
        root=tuple(sorted(os.listdir("/"))),  # noqa: PTH208
        root_filesystem=on_root[-1].split(" ")[0] if on_root else "?",
        processes=lines,
        process_count=sum(name.isdigit() for name in os.listdir("/proc")),  # noqa: PTH208
        interfaces=tuple(sorted(name for _, name in socket.if_nameindex())),
        mount_count=len(mounts),
        cgroup=_main_group(process.cgroups),
    )


def _main_group(groups: Any) -> str:
    return str(groups.get("memory", groups.get("", "?")))


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _status(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def _changed_by(box: Running) -> tuple[str, ...]:
    """What the sandbox changed; where its network's files are mounted, is the helper's doing."""
    mounted = NETWORK_FILES.values() if box.network else ()
    return tuple(path for path in _changed(box.upper) if path not in mounted) if box.upper else ()


def _changed(upper: str) -> list[str]:
    """Paths in a writable layer; a deleted file is a character device 0/0 there."""
    found, folders = [], [""]
    while folders:
        inner = folders.pop()
        for entry in _entries(f"{upper}/.{inner}"):
            path = f"{inner}/{entry.name}"
            # Never through a link: whoever is in the sandbox has made it.
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                folders.append(path)
                if not _entries(entry.path):
                    found.append(f"{path}/")
            else:
                is_whiteout = stat.S_ISCHR(status.st_mode) and status.st_rdev == 0
                found.append(path + (" (deleted)" if is_whiteout else ""))
    return sorted(found)


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:  # it went while we looked
        return []


__all__ = ["Target", "anatomy", "containers", "family_tree", "processes", "read_limits", "xray"]
