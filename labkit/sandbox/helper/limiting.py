"""Limits of a sandbox that runs, and groups that belong to no sandbox, from the helper's side.

The helper makes them, for it alone writes the journal while it runs.

Sources: cgroups(7), cgroup-v1/cgroups.rst ("Attaching processes").
"""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from labkit.core import journal
from labkit.sandbox import cgroups
from labkit.sandbox.cgroups import Place, Write
from labkit.sandbox.helper.attempt import Refused
from labkit.sandbox.helper.launch import Child

_MOVE_S = 2.0
"""How long the processes of a sandbox may keep forking while they are moved."""


def extend(child: Child, names: Iterable[str], places: Mapping[str, Place], log: int) -> Child:
    """Gives a running sandbox groups of further controllers, its processes in them.

    Args:
        child: the sandbox's PID 1.
        names: controllers that it is to have groups of.
        places: where groups of each are made.
        log: the session's journal.
    """
    step = "make a further cgroup"
    try:
        for name in names:
            if name in child.groups:
                continue
            if not child.groups or not child.is_first:
                raise Refused(step, errno.ENOTSUP)
            known = next(iter(child.groups.values()))
            folder = f"{places[name].base}/{os.path.basename(known)}"
            if folder not in child.groups.values():
                journal.append(log, "cgroup", path=folder)
                cgroups.create(folder)
            child = child._replace(groups={**child.groups, name: folder})
            if folder != known:
                _move(known, folder)
        if child.entry and child.entry["groups"] != child.groups:
            child = child._replace(entry={**child.entry, "groups": child.groups})
            journal.append(log, **(child.entry or {}))
    except OSError as error:
        raise Refused(step, error.errno or 0) from error
    return child


def change(child: Child, writes: Iterable[Sequence[Any]]) -> None:
    """Writes limits of a sandbox; see :class:`~labkit.sandbox.cgroups.Write`."""
    for write in (Write(*each) for each in writes):
        try:
            cgroups.set_limits(child.groups, [write])
        except OSError as error:
            step = f"set {write.limit} {write.file} {write.value}"
            raise Refused(step, error.errno or 0) from error


def make(folders: Iterable[str], session: str, log: int) -> None:
    """Makes groups that are not there yet, parents first.

    The one that has the session's id in its name is journalled; those below go with it.
    """
    for folder in folders:
        try:
            if os.path.isdir(folder):
                continue
            if os.path.basename(folder).startswith(f"labkit-{session}-"):
                journal.append(log, "cgroup", path=folder)
            cgroups.create(folder)
        except OSError as error:
            raise Refused(f"make the cgroup {folder}", error.errno or 0) from error


def _move(source: str, target: str) -> None:
    """Moves the processes of one v1 group into another hierarchy's, until none is new."""
    deadline = time.monotonic() + _MOVE_S
    while True:
        there = set(cgroups.members(target))
        coming = [pid for pid in cgroups.members(source) if pid not in there]
        if not coming:
            return
        if time.monotonic() > deadline:
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        for pid in coming:
            try:
                cgroups.write(f"{target}/cgroup.procs", pid)
            except ProcessLookupError:
                continue
