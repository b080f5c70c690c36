"""Starting a command where something runs already: in a sandbox, or in any process's namespaces.

Sources: setns(2), clone(2) (CLONE_PARENT).
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from labkit.core import linux
from labkit.sandbox import cgroups
from labkit.sandbox.cgroups import Place
from labkit.sandbox.helper import inside
from labkit.sandbox.helper.attempt import Attempt, Refused
from labkit.sandbox.helper.batch import Batch
from labkit.sandbox.helper.launch import (
    SYNC_BYTES,
    Child,
    Spec,
    await_exec,
    batch_memory,
    is_elsewhere,
    members_of,
    read_report,
    run_batch,
)


def enter(spec: Spec, fds: Sequence[int], target: Child, places: dict[str, Place]) -> Child:
    """Starts a command in the namespaces and cgroups of a sandbox that runs.

    Args:
        spec, fds, places: as for :func:`start`.
        target: the sandbox's PID 1.
    """
    oom_kills = cgroups.oom_kills(target.groups)
    kinds = [kind for kind in linux.CLONE_FLAGS if is_elsewhere(target.pid, kind)]
    members = members_of(target.groups, places)
    into = _Into(target.pidfd, kinds, members, at_once=True)
    child = _go_in(spec, fds, into)
    return child._replace(name=target.name, groups=target.groups, oom_kills=oom_kills)


def join(spec: Spec, fds: Sequence[int]) -> Child:
    """Starts a command in namespaces of any process, whoever made it (nsenter(1)).

    Args:
        spec, fds: as for :func:`start`; ``pid`` and ``kinds`` say where to.
    """
    try:
        target = os.pidfd_open(spec["pid"])
    except OSError as error:
        raise Refused("find the process", error.errno or 0) from error
    try:
        kinds = [kind for kind in spec["kinds"] if is_elsewhere(spec["pid"], kind)]
        return _go_in(spec, fds, _Into(target, kinds, [], at_once=False))
    finally:
        os.close(target)


class _Into(NamedTuple):
    """Where a command is to go."""

    target: int
    """A pidfd."""
    kinds: list[str]
    members: list[str]
    """Files of cgroups that take it in."""
    at_once: bool
    """Whether all namespaces are joined by one call; else each, for its own reason."""


def _go_in(spec: Spec, fds: Sequence[int], into: _Into) -> Child:
    started, attempt = time.monotonic(), Attempt()
    do = Batch(batch_memory())
    try:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                attempt.step = "write down what is to be done"
                inside.execute(do, spec, fds, theirs.fileno(), is_fork=True)
                do.write_down()
                attempt.step = "enter the sandbox"
                middle = os.fork()
                if middle == 0:
                    _join_and_clone(into, ours, theirs)
            first = ours.recv(SYNC_BYTES)
            os.waitpid(middle, 0)
            if not first.startswith(b"p"):
                raise Refused(*read_report(first, attempt.step))
            attempt.pid = int(first[1:])
            attempt.pidfd = os.pidfd_open(attempt.pid)
            ours.send(b"g")
            await_exec(attempt, ours, do)
    except OSError as error:
        attempt.give_up()
        raise Refused(attempt.step, error.errno or 0) from error
    except Refused:
        attempt.give_up()
        raise
    return Child(
        attempt.pid, attempt.pidfd, fds[3], "", False, {}, started, terminal_fd=attempt.terminal
    )


def _join_and_clone(into: _Into, ours: socket.socket, sync: socket.socket) -> NoReturn:
    """In the middle process: join the namespaces, then fork (a PID namespace takes children)."""
    step = "open the cgroup"
    try:
        ours.close()
        groups = [os.open(path, os.O_WRONLY | os.O_CLOEXEC) for path in into.members]
        step = "join the namespaces"
        if into.at_once:
            if into.kinds:  # a sandbox may have none of its own, and setns(2) refuses none
                linux.setns(into.target, _flags(into.kinds))
        else:
            _join_each(into)
        # The helper is to be the parent: it must be able to wait for the process.
        pid, _ = linux.clone(linux.CLONE_PARENT)
        if pid == 0:
            step = "wait for the helper"
            if sync.recv(1) == b"g":
                os.setsid()
                step = "join the cgroup"
                for fd in groups:
                    os.write(fd, b"0")
                run_batch(batch_memory())
        else:
            sync.send(b"p%d" % pid)
    except Refused as error:
        sync.send(f"e{error.report['errno']} {error.report['step']}".encode())
    except OSError as error:
        sync.send(f"e{error.errno or 0} {step}".encode())
    except BaseException as error:  # a fork must never run on as a second helper
        sync.send(f"e0 {step}: {error!r}".encode(errors="replace"))
    finally:
        os._exit(0)


def _join_each(into: _Into) -> None:
    """Joins what we may as we are, then the user namespace, and then what its root may."""
    left = [kind for kind in into.kinds if kind != "user" and not _has_joined(into.target, kind)]
    if "user" in into.kinds:
        if not _has_joined(into.target, "user"):
            raise Refused("join the user namespace", errno.EPERM)
        left = [kind for kind in left if not _has_joined(into.target, kind)]
    if left:
        raise Refused(f"join the {left[0]} namespace", errno.EPERM)


def _has_joined(target: int, kind: str) -> bool:
    try:
        linux.setns(target, linux.CLONE_FLAGS[kind])
    except PermissionError:
        return False
    return True


def _flags(kinds: Sequence[str]) -> int:
    flags = 0
    for kind in kinds:
        flags |= linux.CLONE_FLAGS[kind]
    return flags
