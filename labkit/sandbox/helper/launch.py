"""Starting a process in a sandbox, from the helper's side.

:func:`start` makes a new sandbox: journal, cgroups, clone(2), id maps, go. It returns once the
command has been executed, or raises :class:`Refused` with the step that failed; then nothing of it
is left.

Sources: clone(2), user_namespaces(7) ("Defining user and group ID mappings").
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
from labkit.sandbox.cgroups import Place, Write
from labkit.sandbox.helper import ids, inside, native, wire
from labkit.sandbox.helper.attempt import Attempt, Refused
from labkit.sandbox.helper.batch import Batch, Memory, work_off
from labkit.sandbox.helper.networks import Networks, Plug, dotted

Spec = dict[str, Any]

DEADLINE_S = 10.0
"""How long a command may take until it is executed: a volume may lie on a server that is gone."""

SYNC_BYTES = 4096

_OWN_STEPS = ("map the user ids", "set ", "make the cgroup ", "write the journal")
"""Steps of the helper's that need nothing of the new process."""


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
    plug: Plug | None = None
    """Of a PID 1: its place on a network."""


def start(
    spec: Spec, fds: Sequence[int], places: dict[str, Place], log: int, networks: Networks
) -> Child:
    """Makes a sandbox and starts its command as PID 1.

    Args:
        spec: what the session asks for; see ``labkit.sandbox.spec``.
        fds: standard input, output and error, then the descriptor that is told the end.
        places: where cgroups can be made.
        log: the session's journal.
        networks: what it may be plugged into.
    """
    started, attempt = time.monotonic(), Attempt()
    groups = {name: f"{place.base}/{spec['group']}" for name, place in places.items() if place.base}
    do = Batch(batch_memory())
    try:
        spec = _plug_in(attempt, spec, networks)
        if "mnt" in spec["namespaces"]:
            attempt.hold_layers(spec["layers"])
            if spec["has_other_root"]:
                attempt.map_layers(spec["layers"], spec["id_map"])
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours:
            with theirs:
                attempt.step = "write down what is to be done"
                sync = theirs.fileno()
                do("close", ours.fileno())
                inside.become(do, spec, sync, places, plug=attempt.plug, layers=attempt.mapped)
                do.write_down()
                is_fork = _clone(attempt, spec, do)
            attempt.step = "map the user ids"
            if "user" in spec["namespaces"]:
                ids.write_maps(attempt.pid, spec["id_map"])
            ours.send(b"g")
            # While the child makes its mounts:
            attempt.step = "write down what is to be done"
            inside.execute(do, spec, fds, sync, is_fork=is_fork)
            do.write_down()
            _make_groups(attempt, spec, groups, places, log)
            entry = _write_down(attempt, spec, log)
            attempt.step = "let it go on"
            if attempt.plug:
                _connect(attempt, networks, ours, do)
            ours.send(b"g")
            await_exec(attempt, ours, do)
        has_marks = bool(attempt.groups) or "pid" in spec["namespaces"]
        namespaces = () if has_marks else own_namespaces(attempt.pid)
    except OSError as error:
        attempt.give_up()
        raise _reason(attempt, do, error) from error
    except Refused:
        attempt.give_up()
        raise
    finally:
        attempt.close_mapped()
    return Child(
        attempt.pid, attempt.pidfd, fds[3], spec["name"], True, attempt.groups, started,
        attempt.upper, attempt.terminal, namespaces=namespaces, entry=entry,
        layers=attempt.layers, plug=attempt.plug,
    )  # fmt: skip


def _clone(attempt: Attempt, spec: Spec, do: Batch) -> bool:
    """Makes the process; whether it is a fork, rather than one that shares our memory."""
    attempt.step = "make the namespaces"
    flags = _clone_flags(spec["namespaces"])
    if _may_share_memory(spec) and (runner := native.runner()):
        attempt.pid, attempt.pidfd = runner.start(flags, do.first)
        return False
    attempt.pid, attempt.pidfd = linux.clone(flags)
    if attempt.pid == 0:
        run_batch(do.memory)
    return True


def _plug_in(attempt: Attempt, spec: Spec, networks: Networks) -> Spec:
    """Keeps a place on the network that is asked for, and has its files mounted."""
    if not spec["network"]:
        return spec
    names = tuple(dict.fromkeys((spec["hostname"], spec["name"])))
    plug = attempt.plug = networks.attach(spec["network"], names)
    files = [[source, target, True, False] for source, target in plug.files.items()]
    return {**spec, "files": files}


def _connect(attempt: Attempt, networks: Networks, sync: socket.socket, do: Batch) -> None:
    """Makes the link, has the child switch its end on, and waits until packets pass."""
    assert attempt.plug is not None
    attempt.step = "make the veth pair"
    networks.connect(attempt.plug, attempt.pid)
    sync.send(b"g")
    attempt.step = "wait until the link is up"
    networks.await_link(attempt.plug, lambda: do.failure is None)


def namespace(pid: int, kind: str) -> int:
    """Inode number of a process's namespace; 0 when it cannot be read."""
    try:
        return os.stat(f"/proc/{pid}/ns/{kind}").st_ino
    except OSError:
        return 0


def is_elsewhere(pid: int, kind: str) -> bool:
    """Whether a process is in another namespace of this kind than the helper."""
    return namespace(pid, kind) != namespace(os.getpid(), kind)


def own_namespaces(pid: int) -> tuple[int, ...]:
    """The user and mount namespace of a process: what is left to know a sandbox by."""
    return namespace(pid, "user"), namespace(pid, "mnt")


@cache
def batch_memory() -> Memory:
    """Where this helper's batches lie."""
    return Memory()


def run_batch(memory: Memory) -> NoReturn:
    """In a fork of the helper: what the batch says, and then nothing more."""
    try:
        work_off(memory)
    finally:
        os._exit(127)


def members_of(groups: dict[str, str], places: dict[str, Place]) -> list[str]:
    """The files by which a process joins these groups."""
    files = (cgroups.members_file(places[name], folder) for name, folder in groups.items())
    return list(dict.fromkeys(files))


def _may_share_memory(spec: Spec) -> bool:
    """Whether the new process may run in our memory until it executes; else it is a fork.

    Only where nobody but us can see it; who joins a time namespace shares memory with nobody; and
    a change of user would change who may look into the memory.
    """
    kinds = spec["namespaces"]
    return "pid" in kinds and "time" not in kinds and not spec["has_other_root"]


def _clone_flags(kinds: Sequence[str]) -> int:
    flags = 0
    for kind in kinds:
        if kind not in ("cgroup", "time"):  # made later: see labkit.sandbox.helper.inside
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
    for write in (Write(*each) for each in spec["writes"]):
        attempt.step = f"set {write.limit} {write.file} {write.value}"
        cgroups.set_limits(groups, [write])
    if spec["has_other_root"]:  # who may not write there
        attempt.step = "join the cgroup"
        for members in members_of(groups, places):
            cgroups.write(members, str(attempt.pid))


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
        "network": spec["network"],
        "address": dotted(attempt.plug.address) if attempt.plug else "",
        "seccomp": spec["seccomp"],
    }  # fmt: skip
    journal.append(log, **entry)
    return entry


def await_exec(attempt: Attempt, sync: socket.socket, do: Batch) -> None:
    """Waits until the child has executed its command: then the socket closes by itself."""
    attempt.step = f"get it ready within {DEADLINE_S:g} s"
    poll = select.poll()
    poll.register(sync, 0)  # its end alone: what it sends before can wait until then
    if not poll.poll(DEADLINE_S * 1000):
        raise Refused(attempt.step, errno.ETIMEDOUT)
    if do.failure:
        raise Refused(*do.failure)
    while True:
        raw, received = wire.receive_raw(sync, SYNC_BYTES)
        if raw == b"":
            return
        if raw.startswith(b"u") and received:
            os.dup2(received[0], attempt.upper, inheritable=False)
            os.close(received[0])
        elif raw.startswith(b"t") and received:
            attempt.terminal = received[0]
        elif raw.startswith(b"e"):
            raise Refused(*read_report(raw, ""))
        else:
            raise Refused("receive an open file", errno.EMFILE)


def _reason(attempt: Attempt, do: Batch, error: OSError) -> Refused:
    """Why a start failed: a child that failed first is why we could not reach it any more.

    What we did in files of our own has nothing to do with it: then it failed because we gave up.
    """
    is_ours = attempt.step.startswith(_OWN_STEPS)
    return Refused(*((None if is_ours else do.failure) or (attempt.step, error.errno or 0)))


def read_report(raw: bytes, otherwise: str) -> tuple[str, int]:
    """The step that a child could not do, and its errno; ``otherwise`` when it has just ended."""
    if not raw.startswith(b"e"):
        return otherwise, errno.ESRCH
    number, _, step = raw[1:].decode(errors="replace").partition(" ")
    return step, int(number)
