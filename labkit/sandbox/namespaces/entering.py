"""``enter``: a command in the namespaces of a process that runs, whoever made it.

What `nsenter` does, through the session's helper: this process has threads, and whoever has may
join neither a user nor a time namespace. Sources: nsenter(1), setns(2).
"""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from labkit.core.errors import BadInput, LabkitError, SystemFault
from labkit.sandbox.client import Refusal, client
from labkit.sandbox.command import Command, Pipes, Result
from labkit.sandbox.facts import NAMESPACE_KINDS
from labkit.sandbox.spec import PATH, parse_argv, parse_namespaces
from labkit.sandbox.table import read_process

if TYPE_CHECKING:
    from labkit.sandbox.sandbox import Sandbox


def enter(
    target: Sandbox | int,
    argv: Sequence[str],
    kinds: Iterable[str] = NAMESPACE_KINDS,
    *,
    input: str | bytes | None = None,
    timeout_s: float | None = None,
) -> Result:
    """Runs a command in namespaces of a process, and waits for its end.

    Args:
        target: a sandbox, or the PID of any process.
        argv: the command; with ``mnt`` among the kinds, it is looked for in that root.
        kinds: those to go into; the others stay ours. What is shared already needs no going.
        input: what it reads from standard input.
        timeout_s: deadline in seconds; the command is killed when it passes.

    Raises:
        BadInput: there is no such process, or no such command.
        SystemFault: a namespace may not be joined, and why.
        TimedOut: the deadline passed.
    """
    pid = target if isinstance(target, int) else target.pid
    words, wanted = parse_argv(argv), parse_namespaces(kinds)
    read_process(pid)
    data = input.encode() if isinstance(input, str) else bytes(input or b"")
    command, pipes = _start(pid, words, wanted)
    try:
        return command.communicate(data, pipes, timeout_s)
    except BaseException:  # a deadline, or an interrupt from the keyboard
        client().ask({"op": "signal", "pid": command.pid, "signal": int(signal.SIGKILL)})
        command.wait(timeout_s=10)
        raise


def _start(pid: int, argv: list[str], kinds: tuple[str, ...]) -> tuple[Command, Pipes]:
    message = {
        "op": "join", "pid": pid, "kinds": kinds, "argv": argv, "cwd": "/", "tty": False,
        "env": {"PATH": PATH, "HOME": "/root", "TERM": "xterm"},
        "capabilities": None, "filter": "", "has_other_root": False,
    }  # fmt: skip
    pipes, status = Pipes(), os.pipe()
    try:
        reply, _ = client().ask(message, [*pipes.theirs, status[1]])
        pipes.close_theirs()
    except Refusal as refusal:
        pipes.close()
        os.close(status[0])
        raise _explain(refusal, pid, argv[0]) from None
    except BaseException:
        pipes.close()
        os.close(status[0])
        raise
    finally:
        os.close(status[1])
    return Command(reply["pid"], status[0]), pipes


def _explain(refusal: Refusal, pid: int, command: str) -> LabkitError:
    step, number = refusal.step, refusal.errno
    if step.startswith("execute ") and number in (errno.ENOENT, errno.ENOTDIR):
        return BadInput(
            f"there is no program {command!r} there",
            why="with the mount namespace of another process, its files are those that count",
            hint="Leave 'mnt' out of the kinds, and the program comes from here",
        )
    if step.startswith("join the ") and number == errno.EPERM:
        return SystemFault(
            f"{step} of process {pid}",
            errno=number,
            why="whoever goes into a namespace needs CAP_SYS_ADMIN over the user namespace that "
            "owns it: as root, or as the user who made it, with 'user' among the kinds (setns(2))",
        )
    # ENOMEM: its PID namespace has no PID 1 any more (pid_namespaces(7)).
    if number == errno.ESRCH or (number, step) == (errno.ENOMEM, "join the namespaces"):
        return BadInput(f"there is no process {pid}", why="it has ended meanwhile")
    return SystemFault(f"enter process {pid}: {step}", errno=number)
