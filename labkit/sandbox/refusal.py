"""Turns a step that the kernel refused into an error a learner can act on.

The meaning is read from errno and the step's name, never from a text of the kernel's.
"""

from __future__ import annotations

import errno
import os

from labkit.core.errors import BadInput, Blocked, LabkitError, SystemFault
from labkit.sandbox.client import Refusal
from labkit.sandbox.limits import capability_of
from labkit.sandbox.spec import Spec

_NOT_ALLOWED = (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS, errno.ENOSYS)


def explain(refusal: Refusal, spec: Spec, command: str) -> LabkitError:
    """The error for a refused step of starting ``command`` in the sandbox ``spec``."""
    step, number = refusal.step, refusal.errno
    if step.startswith("execute "):
        return _of_command(command, number)
    if step.startswith("set ") and step.count(" ") > 2 and not step.startswith("set the "):
        return of_limit(*step.split(" ", 3)[1:], number=number)
    if wrong := _of_input(step, number, spec):
        return wrong
    return (
        _of_machine(step, number, spec)
        or _of_ids_and_calls(step, number, spec)
        or _of_the_moment(step, number, spec)
    )


def _of_machine(step: str, number: int, spec: Spec) -> Blocked | None:
    """What this machine, or this user, may not do."""
    if step == "make a time namespace" and number == errno.EINVAL:
        return Blocked(
            "this kernel has no time namespaces",
            why="they came with Linux 5.6, and can be left out",
            hint="Leave out clocks and 'time'",
            capability="sandbox",
        )
    if step in ("make the namespaces", "make a time namespace") and number in _NOT_ALLOWED:
        return _of_namespaces(spec, number)
    if step.startswith("mount") and number in _NOT_ALLOWED:
        return Blocked(
            f"this machine does not let a sandbox {step}",
            why=f"the kernel answers {errno.errorcode.get(number, number)}; inside a container "
            "that is not privileged, this is usual",
            capability="sandbox",
        )
    return None


def _of_ids_and_calls(step: str, number: int, spec: Spec) -> Blocked | None:
    """What it may not do with user ids and with the filter of system calls."""
    says = os.strerror(number)
    if step == "map the user ids" and spec.id_map:
        return Blocked(
            f"these ids cannot be mapped: {spec.id_map.users}",
            why=f"the kernel, or newuidmap with /etc/subuid, answers: {says}",
            capability="sandbox",
        )
    if step == "map the ids of the image's files":
        return Blocked(
            "the image's files cannot be shown to other user ids here",
            why=f"the file system of the image store has no ID-mapped mounts: {says}",
            hint="Set LABKIT_HOME to a folder on ext4, xfs, btrfs or tmpfs (mount_setattr(2))",
            capability="sandbox",
        )
    if step == "install the filter of system calls":
        return Blocked(
            "system calls cannot be filtered", why=f"the kernel: {says}", capability="seccomp"
        )
    return None


def of_limit(limit: str, file: str, value: str, *, number: int) -> LabkitError:
    """The error for a limit that the kernel did not take."""
    why = why_not_written(file, value, number)
    if number == errno.EBUSY:
        return SystemFault(f"set {limit}", errno=number, why=why)
    return Blocked(
        f"{limit} cannot be set to {value} here", why=why, capability=capability_of(limit)
    )


def why_not_written(file: str, value: str, number: int) -> str:
    """What an errno means for a file of a cgroup, in words."""
    name = errno.errorcode.get(number, str(number))
    return f"{_WRITING.get(number, os.strerror(number).lower())} ({file}: {name})".format(
        file=file, value=repr(value)
    )


_WRITING = {
    errno.ENOENT: "this kernel has no file {file} here",
    errno.EINVAL: "{value} is no value that the kernel takes",
    errno.ERANGE: "{value} is beyond what the kernel takes",
    errno.ENODEV: "there is no such device, or it is no whole disk",
    errno.ENXIO: "there is no such device, or it is no whole disk",
    errno.EACCES: "this user may not change it, or the group above does not have that much",
    errno.EPERM: "this user may not change it",
    errno.EBUSY: "more is in use than can be taken away, or there are processes in the way",
    errno.ENOSPC: "a group with processes must keep a CPU and a memory node",
    errno.EOPNOTSUPP: "this kernel does not support it",
    errno.ESRCH: "there is no such process",
}
"""cgroups(7), cgroup-v2.rst, cgroup-v1/cpusets.rst, and what kernels were seen to answer."""


def _of_the_moment(step: str, number: int, spec: Spec) -> LabkitError:
    """What is no fault of the request or of the machine's rules."""
    # No process can be made in a PID namespace whose PID 1 has ended (pid_namespaces(7): ENOMEM).
    if number == errno.ESRCH or (number, step) == (errno.ENOMEM, "join the namespaces"):
        return SystemFault(f"use sandbox {spec.name!r}", why="it has ended")
    if number in (errno.ECONNRESET, errno.EPIPE):  # of the socket to it
        why = "it was killed before its command was executed"
        return SystemFault(f"start sandbox {spec.name!r}", why=why)
    if number == errno.EWOULDBLOCK and step.startswith("hold the layers"):
        return SystemFault(
            f"start sandbox {spec.name!r}",
            why=f"its image {spec.image!r} is being removed from the store at this moment",
            hint="Make the image again, then start the sandbox",
        )
    if number == errno.ETIMEDOUT:
        return SystemFault(
            f"start sandbox {spec.name!r}: {step}",
            why="something that it needs does not answer",
            hint="Does a layer or a volume lie on a file server that is not there?",
        )
    if number in (errno.ENOSPC, errno.EROFS, errno.EDQUOT) and step == "write the journal":
        return Blocked(
            "sandboxes cannot be started",
            why=f"the journal of the session cannot be written: {os.strerror(number)}",
            hint="Make room there, or set LABKIT_HOME to a folder that you can write",
            capability="sandbox",
        )
    return SystemFault(f"start sandbox {spec.name!r}: {step}", errno=number)


def not_running(name: str, why: str) -> SystemFault:
    """There is nothing to be asked of a sandbox that does not run."""
    hint = "Start it: box.start(['sleep', '600'])"
    return SystemFault(f"use sandbox {name!r}", why=why, hint=hint)


def name_is_taken(name: str) -> BadInput:
    """A name is unique among the running sandboxes of a user."""
    return BadInput(
        f"a sandbox named {name!r} runs already",
        hint="Take another name, stop that one, or say start(…, replace=True)",
    )


def _of_input(step: str, number: int, spec: Spec) -> BadInput | None:
    if step == "name":
        return name_is_taken(spec.name)
    if step.startswith("set the clock ") and number == errno.ERANGE:
        return BadInput(
            f"{step.removeprefix('set the ')} cannot be {spec.clocks} ahead",
            why="no clock goes below 0, which was the start of the machine, or beyond 146 years",
        )
    if step.startswith("enter the folder "):
        return BadInput(
            f"the sandbox has no folder {step.removeprefix('enter the folder ')}",
            why="the command was to start there (cwd)",
        )
    return None


def _of_command(command: str, number: int) -> LabkitError:
    if number in (errno.ENOENT, errno.ENOTDIR):
        return BadInput(
            f"the sandbox has no program {command!r}",
            why="no folder of its PATH holds it, or the interpreter or loader it names is missing",
            hint="" if command == "ls" else "What it does have: box.run(['ls', '/bin'])",
        )
    if number == errno.ENOEXEC:
        return BadInput(
            f"{command!r} is not a program",
            why="the kernel cannot execute its format; a script must begin with #! and the path "
            "of its interpreter",
        )
    if number == errno.EACCES:
        return BadInput(
            f"{command!r} cannot be executed",
            why="it is a folder, or lacks the permission to execute (x)",
            hint="In the sandbox: chmod +x FILE",
        )
    if number == errno.E2BIG:
        return BadInput(
            "the command is too long",
            why="an argument may have 128 kB, all of them and the environment 2 MB (execve(2))",
        )
    return SystemFault(f"execute {command!r} in the sandbox", errno=number)


def _of_namespaces(spec: Spec, number: int) -> Blocked:
    kinds = ", ".join(spec.namespaces)
    if number == errno.ENOSPC:
        why = "the kernel's count of namespaces is used up (/proc/sys/user/max_*_namespaces)"
    else:
        why = (
            "this user may not make user namespaces here, and without one only root may make the "
            "others"
        )
    return Blocked(f"new namespaces ({kinds}) cannot be made", why=why, capability="sandbox")
