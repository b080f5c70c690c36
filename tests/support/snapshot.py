"""What one test run has on this machine: processes, mounts, cgroups, networks, files.

Sees only what is this run's own. A process is ours when it descends from this one or carries our
``LABKIT_HOME``; a mount when it lies in, or is made of, one of our folders; a cgroup, a network
namespace or a link when its name has the id of a session of ours. Other people's containers on
the same machine, and other test runs beside this one, are never looked at.

Sources: proc(5), cgroups(7), ip-netns(8). Deliberately not ``labkit`` itself: this is its oracle.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Collection, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

_NAMED_NETWORKS = Path("/run/netns")
_KEPT_FILES = frozenset({"sweep.lock", "sessions", "kernels"})
"""What is left in the runtime folder for good, by design."""


@dataclass(frozen=True)
class Snapshot:
    """Each thing as a line of text that says which it is."""

    processes: frozenset[str]
    mounts: frozenset[str]
    cgroups: frozenset[str]
    network_namespaces: frozenset[str]
    links: frozenset[str]
    files: frozenset[str]

    def since(self, earlier: Snapshot) -> list[str]:
        """What is here now and was not then, one line each."""
        return [
            f"{field.name.replace('_', ' ')}: {line}"
            for field in fields(self)
            for line in sorted(getattr(self, field.name) - getattr(earlier, field.name))
        ]


def take_snapshot(
    home: Path, sessions: Collection[str] = (), *, not_ours: Collection[int] = ()
) -> Snapshot:
    """Looks at everything that belongs to this run.

    Args:
        home: the ``LABKIT_HOME`` whose things are ours; so is the folder it lies in.
        sessions: ids of sessions whose cgroups, network namespaces and links are ours.
        not_ours: PIDs not to look at; those that were there before save most of the time.
    """
    can_look = sessions and os.access(_NAMED_NETWORKS, os.R_OK)  # else nothing in it is ours
    named = os.listdir(_NAMED_NETWORKS) if can_look else []
    return Snapshot(
        processes=frozenset(describe(pid) for pid in our_processes(home, not_ours)),
        mounts=frozenset(_mounts_of(home.parent)),
        cgroups=frozenset(_cgroups_of(sessions)),
        network_namespaces=frozenset(n for n in named if any(id in n for id in sessions)),
        links=frozenset(_links_of(sessions)),
        files=frozenset(_files_of(home)),
    )


def all_pids() -> frozenset[int]:
    """Every process on the machine."""
    return frozenset(int(name) for name in os.listdir("/proc") if name.isdigit())


def our_processes(home: Path, not_ours: Collection[int] = ()) -> list[int]:
    """Live processes of this run, without this one."""
    this = os.getpid()
    parents = {pid: _parent_of(pid) for pid in all_pids() - set(not_ours) - {this}}
    mark = f"LABKIT_HOME={home}".encode()
    found = {pid for pid, parent in parents.items() if parent and _has_environment(pid, mark)}
    while more := {
        pid for pid, parent in parents.items() if parent in found | {this} and pid not in found
    }:
        found |= more
    return sorted(found)


def describe(pid: int) -> str:
    """A process in a line: PID and command."""
    command = _read(f"/proc/{pid}/cmdline").replace(b"\0", b" ") or _read(f"/proc/{pid}/comm")
    return f"{pid} {command.decode(errors='replace').strip()}"


def cgroup_folders() -> Iterator[Path]:
    """In each hierarchy, our own group and those above it: the places where groups can be made."""
    paths = dict(line.split(":", 2)[1:] for line in _lines("/proc/self/cgroup"))
    for line in _lines("/proc/self/mountinfo"):
        mounted, _, rest = line.partition(" - ")
        fstype, _, options = rest.split(" ", 2)
        if fstype not in ("cgroup", "cgroup2"):
            continue
        names = set(options.split(",")) if fstype == "cgroup" else {""}
        for own in {path for key, path in paths.items() if names.intersection(key.split(","))}:
            folder = Path(mounted.split(" ")[4])
            yield folder
            for part in own.strip("/").split("/"):
                folder = folder / part
                yield folder


def _cgroups_of(sessions: Collection[str]) -> Iterator[str]:
    if not sessions:
        return
    for folder in set(cgroup_folders()):
        for name in os.listdir(folder) if folder.is_dir() else []:
            if any(name.startswith(f"labkit-{id}") for id in sessions):
                yield str(folder / name)


def _links_of(sessions: Collection[str]) -> Iterator[str]:
    for _, name in socket.if_nameindex():
        if any(id in name for id in sessions):
            yield name


def _mounts_of(folder: Path) -> Iterator[str]:
    for line in _lines("/proc/self/mountinfo"):
        if str(folder) in line:
            yield line.split(" ")[4]


def _files_of(home: Path) -> Iterator[str]:
    for folder in (home / "run", home / "run" / "sessions", home.parent / "tmp"):
        for name in os.listdir(folder) if folder.is_dir() else []:
            if name not in _KEPT_FILES:
                yield str(folder / name)


def _parent_of(pid: int) -> int:
    """PID of the parent; 0 for a process that has gone or is a zombie."""
    stat = _read(f"/proc/{pid}/stat").rpartition(b")")[2].split()
    return int(stat[1]) if stat and stat[0] not in (b"Z", b"X") else 0


def _has_environment(pid: int, entry: bytes) -> bool:
    return entry in _read(f"/proc/{pid}/environ").split(b"\0")


def _lines(path: str) -> list[str]:
    return _read(path).decode(errors="replace").splitlines()


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""
