"""Where this user may make cgroups, and the memory and pids groups of one sandbox.

Speaks cgroup v1, v2 and the hybrid of both; limits always go by their v2 names, ``memory.max`` and
``pids.max``. Runs in the helper, so it imports little; whoever calls journals first.

Sources: cgroups(7), Documentation/admin-guide/cgroup-v1/{memory,pids}.rst,
Documentation/admin-guide/cgroup-v2.rst ("Delegation", "No Internal Process Constraint").
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Mapping
from typing import NamedTuple

from labkit.core import linux

CONTROLLERS = ("memory", "pids")

_V1_FILES = {"memory.max": "memory.limit_in_bytes", "memory.current": "memory.usage_in_bytes"}
_V1_UNLIMITED_MEMORY = 1 << 62
"""v1 says "no limit" with the largest multiple of the page size; anything this big means it."""


class Place(NamedTuple):
    """Where groups of one controller can be made."""

    controller: str
    version: int
    base: str
    """Folder in which a group is made; empty when there is none for this user."""
    why_not: str
    """Why ``base`` is empty."""


def find_places(proc: str = "/proc", root: str = "") -> dict[str, Place]:
    """For each controller, the place where this user may make groups.

    Args:
        proc: the folder of proc(5).
        root: what is put before every mount point that ``proc`` names.
    """
    mounts = {name: root + point for name, point in _cgroup_mounts(proc).items()}
    own = own_cgroups("self", proc)
    return {name: _find_place(name, mounts, own) for name in CONTROLLERS}


def own_cgroups(pid: str, proc: str = "/proc") -> dict[str, str]:
    """Controller to cgroup path of a process; cgroup v2 has the key ``""``."""
    paths = {}
    for line in _read(f"{proc}/{pid}/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    return paths


def file_name(place: Place, name: str) -> str:
    """The file of a v2 name on this machine: ``memory.max`` is limit_in_bytes on v1."""
    return _V1_FILES.get(name, name) if place.version == 1 else name


def create(folder: str) -> None:
    """Makes one group. Raises OSError."""
    os.mkdir(folder, 0o755)


def members_file(place: Place, folder: str) -> str:
    """The file to which a process writes "0" to join a group.

    On v1 it is the one for single threads: a process of one thread that moves itself is spared the
    wait for an RCU grace period, some milliseconds on a machine where nobody else moves processes.
    """
    return f"{folder}/tasks" if place.version == 1 else f"{folder}/cgroup.procs"


def set_limit(place: Place, folder: str, name: str, value: int) -> None:
    """Writes one limit, and denies swap beside a memory limit. Raises OSError."""
    write(f"{folder}/{file_name(place, name)}", str(value))
    if name == "memory.max":
        swap = (
            ("memory.memsw.limit_in_bytes", str(value))
            if place.version == 1
            else ("memory.swap.max", "0")
        )
        if os.path.exists(f"{folder}/{swap[0]}"):
            write(f"{folder}/{swap[0]}", swap[1])


def read_limit(place: Place, folder: str, name: str) -> tuple[int | None, int]:
    """A limit (None for none) and the use now. Raises OSError when the group has gone."""
    raw = linux.read(f"{folder}/{file_name(place, name)}").decode().strip()
    limit = None if raw == "max" or int(raw) >= _V1_UNLIMITED_MEMORY else int(raw)
    current = name.replace(".max", ".current")
    return limit, int(linux.read(f"{folder}/{file_name(place, current)}"))


def oom_kills(groups: Mapping[str, str]) -> int:
    """How many processes of a sandbox the kernel has killed for want of memory."""
    folder = groups.get("memory")
    for events in ("memory.oom_control", "memory.events") if folder else ():
        for line in _read(f"{folder}/{events}").splitlines():
            key, _, value = line.partition(" ")
            if key == "oom_kill":
                return int(value)
    return 0


def remove(folder: str, timeout_s: float = 2.0) -> None:
    """Removes a group and ends what still runs in it; waits while the kernel lets go of it.

    Raises:
        OSError: it stays busy.
    """
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            os.rmdir(folder)
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise
            _kill_members(folder)
            time.sleep(0.0005)
        else:
            return


def _kill_members(folder: str) -> None:
    for pid in _read(f"{folder}/cgroup.procs").split():
        if pid == "0":  # a process of another PID namespace: kill(0) would be ourselves
            continue
        try:
            os.kill(int(pid), signal.SIGKILL)
        except ProcessLookupError:
            continue


def write(path: str, text: str) -> None:
    """Writes a kernel file in one call, as these files want it."""
    fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _find_place(controller: str, mounts: dict[str, str], own: dict[str, str]) -> Place:
    if mount := mounts.get(controller):
        return _first_writable(controller, 1, mount, own.get(controller, "/"))
    unified = mounts.get("")
    if not unified:
        return Place(controller, 2, "", "no cgroup file system is mounted here")
    if controller not in _read(f"{unified}/cgroup.controllers").split():
        return Place(controller, 2, "", f"the kernel offers no {controller} controller here")
    return _first_writable(controller, 2, unified, own.get("", "/"))


def _first_writable(controller: str, version: int, mount: str, own: str) -> Place:
    """The topmost folder, from the root of the mount down to our own group, that is ours."""
    parts = [part for part in own.split("/") if part and part != ".."]
    folders = ["/".join([mount, *parts[:n]]) for n in range(len(parts) + 1)]
    for folder in folders:
        if not os.access(f"{folder}/cgroup.procs", os.W_OK) or not os.access(folder, os.W_OK):
            continue
        if version == 1 or _delegates(folder, controller):
            return Place(controller, version, folder, "")
    user = os.geteuid()
    return Place(
        controller,
        version,
        "",
        f"user {user} may not make groups below {mount} (cgroup v{version})",
    )


def _delegates(folder: str, controller: str) -> bool:
    """Whether groups below ``folder`` get the controller; switches it on where that is allowed."""
    control = f"{folder}/cgroup.subtree_control"
    if controller in _read(control).split():
        return True
    try:
        write(control, f"+{controller}")
    except OSError:
        return False
    return controller in _read(control).split()


def _cgroup_mounts(proc: str) -> dict[str, str]:
    """Controller to mount point; cgroup v2 has the key ``""``."""
    found: dict[str, str] = {}
    for line in _read(f"{proc}/self/mountinfo").splitlines():
        fields, _, rest = line.partition(" - ")
        fstype, _, options = rest.split(" ", 2)
        point = fields.split(" ")[4]
        if fstype == "cgroup":
            for controller in options.split(" ")[-1].split(","):
                found.setdefault(controller, point)
        elif fstype == "cgroup2":
            found.setdefault("", point)
    return found


def _read(path: str) -> str:
    try:
        return linux.read(path).decode(errors="replace")
    except OSError:
        return ""
