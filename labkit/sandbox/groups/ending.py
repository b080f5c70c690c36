"""Stopping, ending and removing what is in a group.

In v2 the kernel does it (cgroup.freeze, cgroup.kill). In v1 the controller freezer holds everything
still while each process is sent SIGKILL, so that a fork bomb does not outrun us.

Sources: cgroup-v2.rst ("Core Interface Files"), cgroup-v1/freezer-subsystem.rst.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.core.errors import SystemFault, TimedOut
from labkit.sandbox.cgroups import members, write

if TYPE_CHECKING:
    from labkit.sandbox.groups.group import Cgroup

_PAUSE_S = 0.002


def freeze(group: Cgroup, timeout_s: float) -> None:
    """See :meth:`Cgroup.freeze`."""
    deadline = time.monotonic() + timeout_s
    group.write("cgroup.freeze", "1")
    while not _stands_still(group):
        if time.monotonic() > deadline:
            raise TimedOut(
                f"that all of {group.path} stands still",
                after_s=timeout_s,
                last_seen=f"cgroup.events says {group['cgroup.events']!r}",
            )
        time.sleep(_PAUSE_S)


def _stands_still(group: Cgroup) -> bool:
    said = dict(line.split() for line in group["cgroup.events"].splitlines())
    return said.get("frozen") == "1" or said.get("populated") == "0"


def kill(group: Cgroup, timeout_s: float) -> int:
    """See :meth:`Cgroup.kill`."""
    deadline = time.monotonic() + timeout_s
    seen: set[str] = set()
    while pids := _members(group):
        seen |= pids
        _kill_once(group, pids)
        while (left := _members(group)) and left <= seen and time.monotonic() < deadline:
            if not _is_dying(left):
                break
            time.sleep(_PAUSE_S)
        if left and time.monotonic() > deadline:
            raise TimedOut(
                f"the end of all processes of {group.path}",
                after_s=timeout_s,
                last_seen=f"{len(left)} of them are there: {', '.join(sorted(left)[:5])}",
            )
    return len(seen)


def _kill_once(group: Cgroup, pids: set[str]) -> None:
    switch = f"{group.files.v2}/cgroup.kill"
    if group.files.v2 and not group.files.v1 and Path(switch).exists():
        write(switch, "1")
        return
    is_frozen = "freezer" in group.files.v1
    if is_frozen:
        with contextlib.suppress(TimedOut):
            freeze(group, 1.0)
        pids = _members(group)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(int(pid), signal.SIGKILL)
    if is_frozen:
        for one in group.walk():
            one.write("cgroup.freeze", "0")


def _is_dying(pids: set[str]) -> bool:
    """Whether each of them has had its SIGKILL: it is pending, or the process is being undone."""
    return all(_has_been_killed(pid) for pid in pids)


def _has_been_killed(pid: str) -> bool:
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    bit = 1 << (signal.SIGKILL - 1)
    pending = int(fields.get("SigPnd", "0"), 16) | int(fields.get("ShdPnd", "0"), 16)
    return bool(pending & bit) or fields.get("State", "Z")[0] in "ZX"


def _members(group: Cgroup) -> set[str]:
    return {pid for one in group.walk() for folder in one.files.folders for pid in members(folder)}


def remove(group: Cgroup, timeout_s: float = 2.0) -> None:
    """See :meth:`Cgroup.remove`."""
    deadline = time.monotonic() + timeout_s
    for one in reversed([*group.walk()]):
        if pids := one.processes if one.is_there else ():
            raise SystemFault(
                f"remove the group {one.path}",
                why=f"{len(pids)} processes are in it",
                hint="End them first: group.kill()",
            )
        for folder in one.files.folders:
            _rmdir(folder, deadline)


def _rmdir(folder: str, deadline: float) -> None:
    """A group of which the last process has just ended stays busy for a moment."""
    while True:
        try:
            Path(folder).rmdir()
        except FileNotFoundError:
            return
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > deadline:
                raise SystemFault(f"remove the group {folder}", errno=error.errno or 0) from error
            time.sleep(_PAUSE_S)
        else:
            return
