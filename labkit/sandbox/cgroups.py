"""Where this user may make cgroups, and the groups of one sandbox.

Speaks cgroup v1, v2 and the hybrid of both; controllers go by their v2 names. Runs in the helper,
so it imports little, and is told which file a limit is on this machine (``labkit.sandbox.limits``
looks that up); whoever calls journals first.

Sources: cgroups(7), Documentation/admin-guide/cgroup-v1/{memory,pids,cpusets}.rst,
Documentation/admin-guide/cgroup-v2.rst ("Delegation", "No Internal Process Constraint").
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from labkit.core import linux

CONTROLLERS = ("memory", "pids")
"""Every sandbox has groups of these, for what it uses is shown; of others when a limit asks."""

V1_NAMES = {"io": "blkio", "cgroup": "freezer"}
"""Controllers with another name in v1; ``cgroup`` is what every group of v2 can do."""

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


class Write(NamedTuple):
    """One file of a limit, and what is written into it."""

    limit: str
    """The v2 name of the limit, such as ``memory.max``."""
    controller: str
    file: str
    """Its name on this machine."""
    value: str
    is_optional: bool = False
    """Whether a kernel may lack the file."""


def find_places(
    proc: str = "/proc",
    root: str = "",
    names: Iterable[str] = CONTROLLERS,
    beside: Mapping[str, Place] | None = None,
) -> dict[str, Place]:
    """For each controller, the place where this user may make groups.

    Args:
        proc: the folder of proc(5).
        root: what is put before every mount point that ``proc`` names.
        names: controllers, by their v2 names.
        beside: places found before. In v2 a process is in one group alone, so further controllers
            have to be had in the same place.
    """
    mounts = {name: root + point for name, point in cgroup_mounts(proc).items()}
    own = own_cgroups("self", proc)
    bases = {place.base for place in (beside or {}).values() if place.version == 2 and place.base}
    base = min(bases, default="")
    return {name: _find_place(name, mounts, own, base) for name in names}


def own_cgroups(pid: str, proc: str = "/proc") -> dict[str, str]:
    """Controller to cgroup path of a process; cgroup v2 has the key ``""``."""
    paths = {}
    for line in _read(f"{proc}/{pid}/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    return paths


def memory_around(proc: str = "/proc", root: str = "") -> list[Place]:
    """The memory groups that this process is in, the outermost first: each may have a limit.

    Args:
        proc, root: see :func:`find_places`.
    """
    mounts, own = cgroup_mounts(proc), own_cgroups("self", proc)
    version, key = (1, "memory") if "memory" in mounts else (2, "")
    if key not in mounts:
        return []
    folders = _way_down(root + mounts[key], own.get(key, "/"))
    places = [Place("memory", version, folder, "") for folder in folders]
    return [one for one in places if os.path.exists(f"{one.base}/{file_name(one, 'memory.max')}")]


def file_name(place: Place, name: str) -> str:
    """The file of a v2 name on this machine: ``memory.max`` is limit_in_bytes on v1."""
    return _V1_FILES.get(name, name) if place.version == 1 else name


def create(folder: str) -> None:
    """Makes one group. Raises OSError.

    A cpuset of v1 begins empty, and takes no process until it has CPUs and memory nodes: it gets
    its parent's, as in v2.
    """
    os.mkdir(folder, 0o755)
    if os.path.exists(f"{folder}/cpuset.cpus") and os.path.exists(f"{folder}/tasks"):
        for name in ("cpuset.cpus", "cpuset.mems"):
            write(f"{folder}/{name}", _read(f"{os.path.dirname(folder)}/{name}").strip())


def members_file(place: Place, folder: str) -> str:
    """The file to which a process writes "0" to join a group.

    On v1 it is the one for single threads: a process of one thread that moves itself is spared the
    wait for an RCU grace period, some milliseconds on a machine where nobody else moves processes.
    """
    return f"{folder}/tasks" if place.version == 1 else f"{folder}/cgroup.procs"


def set_limits(groups: Mapping[str, str], writes: Iterable[Write]) -> None:
    """Writes limits into the groups of a sandbox.

    Args:
        groups: controller to folder.
        writes: what to write, in this order.

    Raises:
        OSError: the kernel takes one of them not.
    """
    for _, controller, file, value, is_optional in writes:
        path = f"{groups[controller]}/{file}"
        if is_optional and not os.path.exists(path):
            continue
        write_limit(groups[controller], file, value)


def write_limit(folder: str, file: str, value: str) -> None:
    """Writes a limit of a group. Raises OSError when the kernel does not take it.

    Version 1 limits memory, and memory and swap together, which may never be the smaller one: where
    it is, it is raised first.
    """
    path = f"{folder}/{file}"
    try:
        write(path, value)
    except OSError as error:
        both = f"{folder}/memory.memsw.limit_in_bytes"
        is_memory = file == "memory.limit_in_bytes" and os.path.exists(both)
        if error.errno != errno.EINVAL or not is_memory:
            raise
        try:
            write(both, value)
        except OSError:
            raise error from None  # no value at all: the file that was meant has to say so
        write(path, value)


def change_limit(folder: str, file: str, value: str) -> None:
    """As :func:`write_limit`; a v1 group that has a limit and no swap goes on having no swap."""
    both = f"{folder}/memory.memsw.limit_in_bytes"
    has_no_swap = False
    if file == "memory.limit_in_bytes" and (was := _read(both)):
        has_no_swap = int(was) < _V1_UNLIMITED_MEMORY and was == _read(f"{folder}/{file}")
    write_limit(folder, file, value)
    if has_no_swap:
        write(both, value)


def read_limit(place: Place, folder: str, name: str) -> tuple[int | None, int]:
    """A limit (None for none) and the use now. Raises OSError when the group has gone."""
    raw = linux.read(f"{folder}/{file_name(place, name)}").decode().strip()
    limit = None if raw == "max" or int(raw) >= _V1_UNLIMITED_MEMORY else int(raw)
    current = name.replace(".max", ".current")
    return limit, int(linux.read(f"{folder}/{file_name(place, current)}"))


def limit_of(pid: int, name: str, proc: str = "/proc", root: str = "") -> tuple[str, int | None]:
    """The group that a process is in, and its limit there; no group ("") where we cannot see it.

    Args:
        pid: of the process.
        name: ``memory.max`` or ``pids.max``.
        proc, root: see :func:`find_places`.
    """
    controller = name.partition(".")[0]
    mounts, own = cgroup_mounts(proc), own_cgroups(str(pid), proc)
    key = controller if controller in mounts else ""
    if key not in mounts or key not in own:
        return "", None
    place = Place(controller, 1 if key else 2, root + mounts[key], "")
    folder = place.base + own[key].rstrip("/")
    raw = _read(f"{folder}/{file_name(place, name)}").strip()
    if not raw or raw == "max" or int(raw) >= _V1_UNLIMITED_MEMORY:
        return folder, None
    return folder, int(raw)


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


def members(folder: str) -> list[str]:
    """The processes of a group; without those of a PID namespace beside ours, which are 0."""
    return [pid for pid in _read(f"{folder}/cgroup.procs").split() if pid != "0"]


def _kill_members(folder: str) -> None:
    for pid in members(folder):
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


def _find_place(controller: str, mounts: dict[str, str], own: dict[str, str], base: str) -> Place:
    v1_name = V1_NAMES.get(controller, controller)
    if mount := mounts.get(v1_name):
        return _first_writable(controller, 1, mount, own.get(v1_name, "/"))
    unified = mounts.get("")
    if not unified:
        return Place(controller, 2, "", "no cgroup file system is mounted here")
    if controller not in _read(f"{unified}/cgroup.controllers").split():
        return Place(controller, 2, "", f"the kernel offers no {controller} controller here")
    if base:
        why_not = _why_not_handed_down(base, controller)
        return Place(controller, 2, "" if why_not else base, why_not)
    return _first_writable(controller, 2, unified, own.get("", "/"))


def _first_writable(controller: str, version: int, mount: str, own: str) -> Place:
    """The topmost folder, from the root of the mount down to our own group, that is ours."""
    for folder in _way_down(mount, own):
        if not os.access(f"{folder}/cgroup.procs", os.W_OK) or not os.access(folder, os.W_OK):
            continue
        if version == 1 or not _why_not_handed_down(folder, controller):
            return Place(controller, version, folder, "")
    user = os.geteuid()
    return Place(
        controller,
        version,
        "",
        f"user {user} may not make groups below {mount} (cgroup v{version})",
    )


def _way_down(mount: str, own: str) -> list[str]:
    """The folders from the root of the mount down to our own group."""
    parts = [part for part in own.split("/") if part and part != ".."]
    return ["/".join([mount, *parts[:n]]) for n in range(len(parts) + 1)]


def _why_not_handed_down(folder: str, controller: str) -> str:
    """Why groups below ``folder`` do not get a controller of v2; empty when they do.

    Switches it on where that is allowed, and never off again: the kernel would take its files, with
    the limits in them, from every group that others have made there since. (It refuses only where
    such a group hands the controller down itself.)
    """
    control = f"{folder}/cgroup.subtree_control"
    if controller in _read(control).split():
        return ""
    if controller not in _read(f"{folder}/cgroup.controllers").split():
        return f"the controller {controller} was not delegated to {folder}"
    try:
        write(control, f"+{controller}")
    except OSError as error:
        return f"{control} does not take +{controller}: {error.strerror}"
    if controller in _read(control).split():
        return ""
    return f"{control} does not take +{controller}"


def cgroup_mounts(proc: str = "/proc") -> dict[str, str]:
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
