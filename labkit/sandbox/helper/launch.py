"""Starting a process in a sandbox, from the helper's side.

:func:`start` makes a new sandbox: journal, cgroups, clone(2), id maps, go. :func:`enter` starts a
further process in a sandbox that runs. Both return once the command has been executed, or raise
:class:`Refused` with the step that failed; then nothing of it is left.

Sources: clone(2), setns(2), user_namespaces(7) ("Defining user and group ID mappings").
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import time
from typing import Any, NamedTuple, NoReturn

from labkit.core import journal, linux
from labkit.sandbox import cgroups
from labkit.sandbox.cgroups import Place
from labkit.sandbox.helper import inside

Spec = dict[str, Any]

_SYNC_BYTES = 4096


class Refused(Exception):
    """A step failed. ``report`` is what goes back over the wire."""

    def __init__(self, step: str, number: int, **more: str) -> None:
        super().__init__(step)
        self.report = {"step": step, "errno": number, **more}


class Child(NamedTuple):
    """A process that this helper started and waits for."""

    pid: int
    pidfd: int
    status_fd: int
    """Where its end is told."""
    name: str
    groups: dict[str, str]
    """Controller to folder of the cgroups to remove with it; none for a process that entered."""
    upper_fd: int
    """The sandbox's writable layer, -1 without a root of its own."""
    started: float
    terminal_fd: int = -1


def start(spec: Spec, fds: list[int], places: dict[str, Place], log: int) -> Child:
    """Makes a sandbox and starts its command as PID 1.

    Args:
        spec: what the session asks for; see ``labkit.sandbox.spec``.
        fds: standard input, output and error, then the descriptor that is told the end.
        places: where cgroups can be made.
        log: the session's journal.
    """
    started = time.monotonic()
    groups = _make_groups(spec, places, log)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    flags = 0
    for kind in spec["namespaces"]:
        flags |= linux.CLONE_FLAGS[kind] if kind != "cgroup" else 0
    try:
        pid, pidfd = linux.clone(flags)
    except OSError as error:
        remove_groups(groups)
        raise Refused("make the namespaces", error.errno or 0) from error
    if pid == 0:
        ours.close()
        _as_child(inside.become, spec, fds, theirs)
    theirs.close()
    try:
        if "user" in spec["namespaces"]:
            _write_id_maps(pid)
        for folder in groups.values():
            cgroups.write(f"{folder}/cgroup.procs", str(pid))
    except OSError as error:
        _give_up(pid, pidfd, groups)
        raise Refused(str(error), error.errno or 0) from error
    ours.send(b"g")
    upper_fd, terminal_fd = _await_exec(ours, pid, pidfd, groups)
    journal.append(
        log, "sandbox", name=spec["name"], pid=pid, start_ticks=start_ticks(pid),
        helper=os.getpid(), upper_fd=upper_fd, groups=groups, image=spec["image"],
        layers=spec["layers"], volumes=spec["volumes"], hostname=spec["hostname"],
    )  # fmt: skip
    return Child(pid, pidfd, fds[3], spec["name"], groups, upper_fd, started, terminal_fd)


def enter(spec: Spec, fds: list[int], target: Child) -> Child:
    """Starts a command in the namespaces and cgroups of a sandbox that runs."""
    started = time.monotonic()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    flags = 0
    for kind, flag in linux.CLONE_FLAGS.items():
        if namespace(target.pid, kind) != namespace(os.getpid(), kind):
            flags |= flag
    middle = os.fork()
    if middle == 0:
        ours.close()
        _as_child(_enter_and_clone, {**spec, "flags": flags, "pidfd": target.pidfd}, fds, theirs)
    theirs.close()
    first = ours.recv(_SYNC_BYTES)
    os.waitpid(middle, 0)
    if not first.startswith(b"p"):
        raise Refused(*_read_report(first, "enter the sandbox"))
    pid = int(first[1:])
    pidfd = os.pidfd_open(pid)
    for folder in target.groups.values():
        cgroups.write(f"{folder}/cgroup.procs", str(pid))
    ours.send(b"g")
    _, terminal_fd = _await_exec(ours, pid, pidfd, {})
    return Child(pid, pidfd, fds[3], target.name, {}, -1, started, terminal_fd)


def namespace(pid: int, kind: str) -> int:
    """Inode number of a process's namespace; 0 when it cannot be read."""
    try:
        return os.stat(f"/proc/{pid}/ns/{kind}").st_ino
    except OSError:
        return 0


def start_ticks(pid: int) -> int:
    """Start time of a process in clock ticks since boot, 0 when it has gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return int(file.read().rpartition(")")[2].split()[19])
    except OSError:
        return 0


def _as_child(action: Any, spec: Spec, fds: list[int], sync: socket.socket) -> NoReturn:
    """Runs ``action`` in a new process; a failure is reported, and nothing returns from here."""
    steps = inside.Steps()
    try:
        action(spec, fds, sync, steps)
    except OSError as error:
        sync.send(f"e{error.errno or 0} {steps.now}".encode())
    except BaseException as error:  # a fork must never run on as a second helper
        sync.send(f"e0 {steps.now}: {error!r}".encode())
    os._exit(127)


def _enter_and_clone(spec: Spec, fds: list[int], sync: socket.socket, steps: inside.Steps) -> None:
    """In the middle process: join the namespaces, then fork (a PID namespace takes children)."""
    steps.now = "join the namespaces"
    linux.setns(spec["pidfd"], spec["flags"])
    # The helper is to be the parent: it must be able to wait for the process.
    pid, _ = linux.clone(linux.CLONE_PARENT)
    if pid == 0:
        steps.now = "wait for the helper"
        if sync.recv(1) != b"g":
            os._exit(1)
        os.setsid()
        inside.run(spec, fds, sync, steps)
    sync.send(b"p%d" % pid)
    os._exit(0)


def _write_id_maps(pid: int) -> None:
    """Root keeps all ids; anyone else is root inside and themselves outside."""
    if os.geteuid() == 0:
        for kind in ("uid", "gid"):
            with open(f"/proc/self/{kind}_map") as file:
                rows = [line.split() for line in file.read().splitlines()]
            text = "".join(f"{inside_id} {inside_id} {count}\n" for inside_id, _, count in rows)
            cgroups.write(f"/proc/{pid}/{kind}_map", text)
        return
    cgroups.write(f"/proc/{pid}/uid_map", f"0 {os.geteuid()} 1\n")
    cgroups.write(f"/proc/{pid}/setgroups", "deny")
    cgroups.write(f"/proc/{pid}/gid_map", f"0 {os.getegid()} 1\n")


def _make_groups(spec: Spec, places: dict[str, Place], log: int) -> dict[str, str]:
    groups: dict[str, str] = {}
    made: set[str] = set()
    try:
        for controller, place in places.items():
            if not place.base:
                continue
            folder = f"{place.base}/{spec['group']}"
            groups[controller] = folder
            if folder not in made:  # one folder holds all controllers of v2
                journal.append(log, "cgroup", path=folder)
                cgroups.create(place, spec["group"])
                made.add(folder)
        for name, value in spec["limits"].items():
            controller = name.partition(".")[0]
            cgroups.set_limit(places[controller], groups[controller], name, value)
    except OSError as error:
        remove_groups(groups)
        raise Refused(f"make the cgroup: {error}", error.errno or 0) from error
    return groups


def remove_groups(groups: dict[str, str]) -> None:
    """Removes the cgroups of a sandbox that has ended."""
    for folder in dict.fromkeys(groups.values()):
        cgroups.remove(folder)


def _await_exec(
    sync: socket.socket, pid: int, pidfd: int, groups: dict[str, str]
) -> tuple[int, int]:
    """Waits until the child has executed its command: the socket closes. (upper, terminal)"""
    upper = terminal = -1
    while True:
        raw, received, _, _ = socket.recv_fds(sync, _SYNC_BYTES, 1)
        if raw == b"":
            break
        for fd in received:
            os.set_inheritable(fd, False)
        if raw.startswith(b"u"):
            upper = received[0]
        elif raw.startswith(b"t"):
            terminal = received[0]
        else:
            for fd in (upper, terminal):
                close(fd)
            _give_up(pid, pidfd, groups)
            raise Refused(*_read_report(raw, ""))
    sync.close()
    return upper, terminal


def _read_report(raw: bytes, otherwise: str) -> tuple[str, int]:
    if not raw.startswith(b"e"):
        return otherwise, errno.ESRCH
    number, _, step = raw[1:].decode(errors="replace").partition(" ")
    return step, int(number)


def _give_up(pid: int, pidfd: int, groups: dict[str, str]) -> None:
    signal.pidfd_send_signal(pidfd, signal.SIGKILL)
    os.waitpid(pid, 0)
    os.close(pidfd)
    remove_groups(groups)


def close(fd: int) -> None:
    """Closes a descriptor that may be none (-1)."""
    if fd >= 0:
        os.close(fd)
