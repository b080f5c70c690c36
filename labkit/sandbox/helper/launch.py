"""Starting a process in a sandbox, from the helper's side.

:func:`start` makes a new sandbox: journal, cgroups, clone(2), id maps, go. :func:`enter` starts a
further process in a sandbox that runs. Both return once the command has been executed, or raise
:class:`Refused` with the step that failed; then nothing of it is left.

Sources: clone(2), setns(2), user_namespaces(7) ("Defining user and group ID mappings").
"""

from __future__ import annotations

import errno
import os
import select
import socket
import time
from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, NoReturn

from labkit.core import journal, linux
from labkit.core.linux import start_ticks
from labkit.sandbox import cgroups
from labkit.sandbox.cgroups import Place
from labkit.sandbox.helper import inside, native, wire
from labkit.sandbox.helper.attempt import Attempt, Refused
from labkit.sandbox.helper.batch import Batch, Memory, work_off

Spec = dict[str, Any]

DEADLINE_S = 10.0
"""How long a command may take until it is executed: a volume may lie on a server that is gone."""

_SYNC_BYTES = 4096


class Child(NamedTuple):
    """A process that this helper started and waits for."""

    pid: int
    pidfd: int
    status_fd: int
    """Where its end is told."""
    name: str
    is_first: bool
    """Whether it is a sandbox's PID 1; otherwise it entered one that ran."""
    groups: dict[str, str]
    """Controller to folder of the sandbox's cgroups."""
    started: float
    upper_fd: int = -1
    """The sandbox's writable layer, -1 without a root of its own."""
    terminal_fd: int = -1
    oom_kills: int = 0
    """How often the sandbox had been out of memory before this process was started."""
    namespaces: tuple[int, ...] = ()
    """Of a PID 1 with neither a PID namespace nor cgroups: what tells its descendants."""
    entry: journal.Entry | None = None
    """Of a PID 1: its line in the journal."""
    layers: tuple[int, ...] = ()
    """Its image's layers: while they are open, the store keeps them."""


def start(spec: Spec, fds: Sequence[int], places: dict[str, Place], log: int) -> Child:
    """Makes a sandbox and starts its command as PID 1.

    Args:
        spec: what the session asks for; see ``labkit.sandbox.spec``.
        fds: standard input, output and error, then the descriptor that is told the end.
        places: where cgroups can be made.
        log: the session's journal.
    """
    started, attempt = time.monotonic(), Attempt()
    groups = {name: f"{place.base}/{spec['group']}" for name, place in places.items() if place.base}
    do = Batch(_memory())
    try:
        if "mnt" in spec["namespaces"]:
            attempt.hold_layers(spec["layers"])
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                attempt.step = "write down what is to be done"
                sync = theirs.fileno()
                do("close", ours.fileno())
                inside.become(do, spec, sync, places)
                do.write_down()
                attempt.step = "make the namespaces"
                flags = _clone_flags(spec["namespaces"])
                # It shares our memory where nobody but us can see it, else it is a fork.
                runner = native.runner() if "pid" in spec["namespaces"] else None
                if runner:
                    attempt.pid, attempt.pidfd = runner.start(flags, do.first)
                else:
                    attempt.pid, attempt.pidfd = linux.clone(flags)
                    if attempt.pid == 0:
                        _work_off(do.memory)
            attempt.step = "map the user ids"
            if "user" in spec["namespaces"]:
                _write_id_maps(attempt.pid)
            ours.send(b"g")
            # While the child makes its mounts:
            attempt.step = "write down what is to be done"
            inside.execute(do, spec, fds, sync, is_fork=runner is None)
            do.write_down()
            _make_groups(attempt, spec, groups, places, log)
            entry = _write_down(attempt, spec, log)
            ours.send(b"g")
            _await_exec(attempt, ours, do)
        has_marks = bool(attempt.groups) or "pid" in spec["namespaces"]
        namespaces = () if has_marks else own_namespaces(attempt.pid)
    except OSError as error:
        attempt.give_up()
        raise _reason(attempt, do, error) from error
    except Refused:
        attempt.give_up()
        raise
    return Child(
        attempt.pid, attempt.pidfd, fds[3], spec["name"], True, attempt.groups, started,
        attempt.upper, attempt.terminal, namespaces=namespaces, entry=entry,
        layers=attempt.layers,
    )  # fmt: skip


def enter(spec: Spec, fds: Sequence[int], target: Child, places: dict[str, Place]) -> Child:
    """Starts a command in the namespaces and cgroups of a sandbox that runs.

    Args:
        spec, fds, places: as for :func:`start`.
        target: the sandbox's PID 1.
    """
    started, attempt = time.monotonic(), Attempt()
    oom_kills = cgroups.oom_kills(target.groups)
    flags = 0
    for kind, flag in linux.CLONE_FLAGS.items():
        if namespace(target.pid, kind) != namespace(os.getpid(), kind):
            flags |= flag
    do = Batch(_memory())
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
                    members = _members(target.groups, places)
                    _join_and_clone(target.pidfd, flags, members, ours, theirs)
            first = ours.recv(_SYNC_BYTES)
            os.waitpid(middle, 0)
            if not first.startswith(b"p"):
                raise Refused(*_read_report(first, attempt.step))
            attempt.pid = int(first[1:])
            attempt.pidfd = os.pidfd_open(attempt.pid)
            ours.send(b"g")
            _await_exec(attempt, ours, do)
    except OSError as error:
        attempt.give_up()
        raise Refused(attempt.step, error.errno or 0) from error
    except Refused:
        attempt.give_up()
        raise
    return Child(
        attempt.pid, attempt.pidfd, fds[3], target.name, False, target.groups, started,
        terminal_fd=attempt.terminal, oom_kills=oom_kills,
    )  # fmt: skip


def namespace(pid: int, kind: str) -> int:
    """Inode number of a process's namespace; 0 when it cannot be read."""
    try:
        return os.stat(f"/proc/{pid}/ns/{kind}").st_ino
    except OSError:
        return 0


def own_namespaces(pid: int) -> tuple[int, ...]:
    """The user and mount namespace of a process: what is left to know a sandbox by."""
    return namespace(pid, "user"), namespace(pid, "mnt")


@cache
def _memory() -> Memory:
    return Memory()


def _work_off(memory: Memory) -> NoReturn:
    """In a fork of the helper: what the batch says, and then nothing more."""
    try:
        work_off(memory)
    finally:
        os._exit(127)


def _join_and_clone(
    target: int, flags: int, members: list[str], ours: socket.socket, sync: socket.socket
) -> NoReturn:
    """In the middle process: join the namespaces, then fork (a PID namespace takes children)."""
    step = "open the cgroup"
    try:
        ours.close()
        groups = [os.open(path, os.O_WRONLY | os.O_CLOEXEC) for path in members]
        step = "join the namespaces"
        linux.setns(target, flags)
        # The helper is to be the parent: it must be able to wait for the process.
        pid, _ = linux.clone(linux.CLONE_PARENT)
        if pid == 0:
            step = "wait for the helper"
            if sync.recv(1) == b"g":
                os.setsid()
                step = "join the cgroup"
                for fd in groups:
                    os.write(fd, b"0")
                _work_off(_memory())
        else:
            sync.send(b"p%d" % pid)
    except OSError as error:
        sync.send(f"e{error.errno or 0} {step}".encode())
    except BaseException as error:  # a fork must never run on as a second helper
        sync.send(f"e0 {step}: {error!r}".encode(errors="replace"))
    finally:
        os._exit(0)


def _members(groups: dict[str, str], places: dict[str, Place]) -> list[str]:
    files = (cgroups.members_file(places[name], folder) for name, folder in groups.items())
    return list(dict.fromkeys(files))


@cache
def _id_maps() -> dict[str, str]:
    """Root keeps all ids; anyone else is root inside and themselves outside."""
    if os.geteuid() != 0:
        users, groups = f"0 {os.geteuid()} 1\n", f"0 {os.getegid()} 1\n"
        return {"uid_map": users, "setgroups": "deny", "gid_map": groups}
    maps = {}
    for name in ("uid_map", "gid_map"):
        rows = (row.split() for row in linux.read(f"/proc/self/{name}").decode().splitlines())
        maps[name] = "".join(f"{inner} {inner} {count}\n" for inner, _, count in rows)
    return maps


def _write_id_maps(pid: int) -> None:
    for name, text in _id_maps().items():
        cgroups.write(f"/proc/{pid}/{name}", text)


def _clone_flags(kinds: Sequence[str]) -> int:
    flags = 0
    for kind in kinds:
        if kind != "cgroup":  # made later: see labkit.sandbox.helper.inside
            flags |= linux.CLONE_FLAGS[kind]
    return flags


def _make_groups(
    attempt: Attempt, spec: Spec, groups: dict[str, str], places: dict[str, Place], log: int
) -> None:
    """Makes the cgroups and sets the limits. One folder holds all controllers of v2."""
    for folder in dict.fromkeys(groups.values()):
        attempt.step = "write the journal"
        journal.append(log, "cgroup", path=folder)
        attempt.step = f"make the cgroup {folder}"
        cgroups.create(folder)
        attempt.groups |= {name: path for name, path in groups.items() if path == folder}
    for name, value in spec["limits"].items():
        attempt.step = f"set {name} to {value}"
        controller = name.partition(".")[0]
        cgroups.set_limit(places[controller], groups[controller], name, value)


def _write_down(attempt: Attempt, spec: Spec, log: int) -> journal.Entry:
    """Writes the sandbox into the journal, before its command is executed."""
    attempt.step = "write the journal"
    if "mnt" in spec["namespaces"]:
        attempt.upper = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)  # keeps the number
    entry = {
        "kind": "sandbox", "name": spec["name"], "pid": attempt.pid,
        "start_ticks": start_ticks(attempt.pid), "helper": os.getpid(),
        "upper_fd": attempt.upper, "groups": attempt.groups, "image": spec["image"],
        "layers": spec["layers"], "volumes": spec["volumes"], "hostname": spec["hostname"],
    }  # fmt: skip
    journal.append(log, **entry)
    return entry


def _await_exec(attempt: Attempt, sync: socket.socket, do: Batch) -> None:
    """Waits until the child has executed its command: then the socket closes by itself."""
    attempt.step = f"get it ready within {DEADLINE_S:g} s"
    poll = select.poll()
    poll.register(sync, 0)  # its end alone: what it sends before can wait until then
    if not poll.poll(DEADLINE_S * 1000):
        raise Refused(attempt.step, errno.ETIMEDOUT)
    if do.failure:
        raise Refused(*do.failure)
    while True:
        raw, received = wire.receive_raw(sync, _SYNC_BYTES)
        if raw == b"":
            return
        if raw.startswith(b"u") and received:
            os.dup2(received[0], attempt.upper, inheritable=False)
            os.close(received[0])
        elif raw.startswith(b"t") and received:
            attempt.terminal = received[0]
        elif raw.startswith(b"e"):
            raise Refused(*_read_report(raw, ""))
        else:
            raise Refused("receive an open file", errno.EMFILE)


def _reason(attempt: Attempt, do: Batch, error: OSError) -> Refused:
    """Why a start failed: a child that failed first is why we could not reach it any more."""
    return Refused(*(do.failure or (attempt.step, error.errno or 0)))


def _read_report(raw: bytes, otherwise: str) -> tuple[str, int]:
    if not raw.startswith(b"e"):
        return otherwise, errno.ESRCH
    number, _, step = raw[1:].decode(errors="replace").partition(" ")
    return step, int(number)
