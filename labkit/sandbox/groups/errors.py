"""What the kernel refuses about a group, as errors that say why and what would help."""

from __future__ import annotations

import errno
from pathlib import Path

from labkit.core.errors import BadInput, Blocked, LabkitError, NotFound, SystemFault
from labkit.sandbox.cgconfig.names import NoEqual
from labkit.sandbox.limits import HELP, HINT_V2
from labkit.sandbox.refusal import why_not_written


def no_such_group(path: str) -> NotFound:
    """There is no group of that path."""
    return NotFound("cgroup", path, hint="group_tree() shows those there are")


def not_ours(path: str) -> Blocked:
    """It belongs to somebody else, and nobody said that it is meant."""
    return Blocked(
        f"the group {path} is left as it is",
        why="it belongs to no session of yours",
        hint=f"If you do mean it: Cgroup.at({path!r})",
    )


def not_made_here(path: str) -> Blocked:
    """What is made below it would outlive the session."""
    return Blocked(
        f"nothing is made below the group {path}",
        why="it belongs to no session of yours, so what is made there would stay for good",
        hint="Take a group of your own: Cgroup.create('lab')",
    )


def is_root(what: str) -> Blocked:
    """The root group is everybody's."""
    return Blocked(
        f"cannot {what} of the root group",
        why="every process of this machine is below it",
        hint="Make a group of your own: Cgroup.create('lab')",
    )


def no_place(controller: str, why: str, version: int) -> Blocked:
    """This user may make no groups."""
    return Blocked(
        f"groups with the controller {controller} cannot be made here",
        why=why,
        hint=HELP[version],
        capability="limits",
    )


def of_write(group: str, name: str, value: str, error: OSError | NoEqual) -> LabkitError:
    """The error for a value that could not be written into ``name`` of a group."""
    what = f"{name} of {group} cannot be {value!r}"
    if isinstance(error, NoEqual):
        return Blocked(what, why=f"in cgroup v1: {error.why}", hint=HINT_V2)
    number = error.errno or 0
    if number in (errno.EINVAL, errno.ERANGE):
        return BadInput(what, why=why_not_written(_file(error, name), value, number))
    if number == errno.EBUSY and name == "cgroup.subtree_control":
        return SystemFault(
            f"hand controllers down from {group}",
            errno=number,
            why="in cgroup v2 a group with processes cannot do that for the groups below it",
            hint="Move its processes into a group below it first",
        )
    if number == errno.EBUSY and name == "cgroup.procs":
        return SystemFault(
            f"add process {value} to {group}",
            errno=number,
            why="in cgroup v2 a group that hands controllers down holds no processes itself",
            hint="Add it to one of the groups below",
        )
    return SystemFault(
        f"write {value!r} to {name} of {group}",
        errno=number,
        why=why_not_written(_file(error, name), value, number),
    )


def of_read(group: str, name: str, error: OSError | NoEqual) -> LabkitError:
    """The error for a file that could not be read."""
    if isinstance(error, NoEqual):
        return Blocked(
            f"{name} of {group} is not there", why=f"in cgroup v1: {error.why}", hint=HINT_V2
        )
    if isinstance(error, FileNotFoundError):
        return NotFound("file", name, hint=f"{group} lacks its controller, or has gone")
    return SystemFault(f"read {name} of {group}", errno=error.errno or 0)


def _file(error: OSError, otherwise: str) -> str:
    return Path(str(error.filename)).name if error.filename else otherwise
