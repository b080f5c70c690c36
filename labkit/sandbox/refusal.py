"""Turns a step that the kernel refused into an error a learner can act on.

The meaning is read from errno and the step's name, never from a text of the kernel's.
"""

from __future__ import annotations

import errno
import os

from labkit.core.errors import BadInput, Blocked, LabkitError, SystemFault
from labkit.sandbox.client import Refusal
from labkit.sandbox.spec import Spec

_NOT_ALLOWED = (errno.EPERM, errno.EACCES, errno.ENOSPC, errno.EUSERS, errno.ENOSYS)


def explain(refusal: Refusal, spec: Spec, command: str) -> LabkitError:
    """The error for a refused step of starting ``command`` in the sandbox ``spec``."""
    step, number = refusal.step, refusal.errno
    if step.startswith("execute "):
        return _of_command(command, number)
    if wrong := _of_input(step, spec):
        return wrong
    if step == "make the namespaces" and number in _NOT_ALLOWED:
        return _of_namespaces(spec, number)
    if step.startswith("mount") and number in _NOT_ALLOWED:
        return Blocked(
            f"this machine does not let a sandbox {step}",
            why=f"the kernel answers {errno.errorcode.get(number, number)}; inside a container "
            "that is not privileged, this is usual",
            capability="sandbox",
        )
    return _of_the_moment(step, number, spec)


def _of_the_moment(step: str, number: int, spec: Spec) -> LabkitError:
    """What is no fault of the request or of the machine's rules."""
    if number == errno.ESRCH:
        return SystemFault(f"use sandbox {spec.name!r}", why="it has ended")
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


def name_is_taken(name: str) -> BadInput:
    """A name is unique among the running sandboxes of a user."""
    return BadInput(
        f"a sandbox named {name!r} runs already",
        hint="Take another name, stop that one, or say start(…, replace=True)",
    )


def _of_input(step: str, spec: Spec) -> BadInput | None:
    if step == "name":
        return name_is_taken(spec.name)
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


def _of_namespaces(spec: Spec, number: int) -> LabkitError:
    kinds = ", ".join(spec.namespaces)
    if number == errno.ENOSPC:
        why = "the kernel's count of namespaces is used up (/proc/sys/user/max_*_namespaces)"
    else:
        why = (
            "this user may not make user namespaces here, and without one only root may make the "
            "others"
        )
    return Blocked(f"new namespaces ({kinds}) cannot be made", why=why, capability="sandbox")
