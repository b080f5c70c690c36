"""Looking at a process or a sandbox: from both sides, what it is made of, whose child it is.

Sources: proc(5), namespaces(7), capabilities(7), overlayfs.rst (whiteouts).
"""

from __future__ import annotations

import os
import pwd
import socket
import stat
from pathlib import Path
from typing import Any

from labkit.core.errors import Blocked
from labkit.core.linux import capability_names
from labkit.sandbox import cgroups
from labkit.sandbox.census import Running, containers, find_running, running
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

_UNITS = {"memory.max": "bytes", "pids.max": "processes"}


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
        is_rootless=process.uid != 0,
        namespaces=compare_namespaces(box.pid),
        image=box.image,
        layers=tuple(Path(layer).name for layer in box.layers),
        changed=tuple(_changed(box.upper)) if box.upper else (),
        volumes=box.volumes,
        limits=read_limits(box),
        capabilities=capability_names(int(status["CapEff"], 16)),
        no_new_privs=status.get("NoNewPrivs") == "1",
    )


def family_tree(target: Target) -> FamilyTree:
    """A process, all its descendants, and the line that leads to it (see ``descent``)."""
    _, pid = _resolve(target)
    boxes = {box.pid: box.name for box in running()}
    helper = client().pid
    line = descent(pid)
    members = {process.pid: process for process in line}
    for process in sorted(processes(), key=lambda p: p.start_ticks):
        if process.ppid in members and process.ppid not in {p.pid for p in line[:-1]}:
            members.setdefault(process.pid, process)

    def role(process: HostProcess) -> str:
        if process.pid in boxes:
            return f"sandbox {boxes[process.pid]}"
        return {os.getpid(): "you are here", helper: "helper"}.get(process.pid, "")

    return FamilyTree(
        tuple(
            Relative(p.pid, p.ppid, command_of(p), p.nspid[-1], role(p)) for p in members.values()
        )
    )


def read_limits(box: Running) -> tuple[Limit, ...]:
    """The limits of a sandbox and what it uses now; none where it has no cgroups."""
    places = cgroups.find_places()
    found = []
    for name, unit in _UNITS.items():
        controller = name.partition(".")[0]
        folder, place = box.groups.get(controller), places[controller]
        if folder:
            try:
                limit, used = cgroups.read_limit(place, folder, name)
            except FileNotFoundError:  # it has just ended
                continue
            file = f"{folder}/{cgroups.file_name(place, name)}"
            found.append(Limit(name, limit, used, unit, file))
    return tuple(found)


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
