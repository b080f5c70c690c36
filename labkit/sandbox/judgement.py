"""Which walls a process has: one judgement, the same for every container, whoever made it.

A wall keeps one way out shut. Each is judged from outside, by what the kernel's files say of the
process now; how it came about makes no difference. Knows nothing about checks and pictures.

Sources: namespaces(7), proc(5) (mountinfo, status), pivot_root(2), cgroups(7), capabilities(7);
OCI Runtime Specification 1.2 (read-only paths).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import Blocked
from labkit.core.linux import capability_names
from labkit.sandbox import cgroups
from labkit.sandbox.client import Refusal, client
from labkit.sandbox.facts import HostProcess
from labkit.sandbox.spec import CAPABILITIES
from labkit.sandbox.table import namespaces_of, read_process

_NAMESPACES = {
    "users": ("user", "is root in here only"),
    "host name": ("uts", "cannot rename the machine"),
    "processes": ("pid", "cannot see or kill the machine's"),
    "network": ("net", "does not reach the machine's localhost"),
    "messages": ("ipc", "shares no memory with its processes"),
    "cgroup names": ("cgroup", "does not see where its groups lie"),
}
"""Wall to the kind of namespace that it is made of, and what it keeps."""

_ALSO_USUAL = ("NET_RAW", "MKNOD", "AUDIT_WRITE")
"""What Docker leaves besides: none of them takes a wall down."""


@dataclass(frozen=True)
class Wall:
    """One wall around a process.

    Attributes:
        name: what it is about, such as ``host name``.
        keeps: what a process behind it does.
        is_up: whether it stands.
        seen: what was looked at, in a few words; the same at every run.
    """

    name: str
    keeps: str
    is_up: bool
    seen: str


@dataclass(frozen=True)
class Walls:
    """All walls of one process, in the order in which they are judged."""

    pid: int
    walls: tuple[Wall, ...]

    def __getitem__(self, name: str) -> Wall:
        return {wall.name: wall for wall in self.walls}[name]

    @property
    def missing(self) -> tuple[Wall, ...]:
        """Those that do not stand."""
        return tuple(wall for wall in self.walls if not wall.is_up)


def walls(pid: int) -> Walls:
    """Judges a process by its PID as we see it.

    Raises:
        BadInput: there is no such process.
        Blocked: it belongs to another user.
    """
    process = read_process(pid)
    return Walls(pid, tuple(_judged(process, namespaces_of("self"))))


def _judged(process: HostProcess, ours: dict[str, int]) -> Iterator[Wall]:
    for name, (kind, keeps) in _NAMESPACES.items():
        is_own = process.namespaces.get(kind, ours.get(kind)) != ours.get(kind)
        yield Wall(name, keeps, is_own, "of its own" if is_own else "the machine's")
    mounts = list(_mounts(str(process.pid)))
    yield from _judge_root(process, mounts, ours)
    yield from _judge_proc(process, mounts)
    for controller in cgroups.CONTROLLERS:
        yield _judge_limit(process, controller)
    yield from _judge_powers(process)


@dataclass(frozen=True)
class _Mount:
    """A line of mountinfo: which folder of which file system is mounted where, and how."""

    what: tuple[str, str]
    where: str
    options: tuple[str, ...]
    kind: str


def _mounts(pid: str) -> Iterator[_Mount]:
    for line in Path(f"/proc/{pid}/mountinfo").read_text(errors="replace").splitlines():
        fields, _, rest = line.partition(" - ")
        _, _, device, root, where, options, *_ = fields.split(" ")
        yield _Mount((device, root), where, tuple(options.split(",")), rest.split(" ")[0])


def _judge_root(process: HostProcess, mounts: list[_Mount], ours: dict[str, int]) -> Iterator[Wall]:
    keeps = "finds nothing above its root"
    if process.namespaces.get("mnt") == ours.get("mnt"):
        yield Wall("root", keeps, False, "among the machine's mounts")
    elif _is_chrooted(process.pid):
        yield Wall("root", keeps, False, "chroot: another lies above")
    else:
        yield Wall("root", keeps, True, "the top of its mounts")
    outer = [mount.what for mount in _mounts("self") if mount.where == "/"]
    left = [mount.where for mount in mounts if outer and mount.what == outer[-1]]
    seen = f"the machine's, on {left[0]}" if left else "none of the machine's"
    yield Wall("files", "does not reach the machine's files", not left, seen)


def _is_chrooted(pid: int) -> bool:
    try:
        seen, _ = client().ask({"op": "look", "pid": pid})
    except Refusal as refusal:
        raise Blocked(
            f"process {pid} cannot be looked at from inside",
            why=f"{refusal.step}: {os.strerror(refusal.errno)}",
            hint="A user may look into processes of their own; root into all",
        ) from None
    return bool(seen["is_chrooted"])


def _judge_proc(process: HostProcess, mounts: list[_Mount]) -> Iterator[Wall]:
    keeps, switches = "sees its own processes only", "cannot turn the kernel's switches"
    on_proc = [mount for mount in mounts if mount.where == "/proc" and mount.kind == "proc"]
    if not on_proc:
        yield Wall("/proc", keeps, True, "there is none")
        yield Wall("/proc/sys", switches, True, "there is none")
        return
    is_own = _shows_itself(process)
    seen = "of its own processes" if is_own else "of other processes"
    yield Wall("/proc", keeps, is_own, seen)
    over = [m for m in mounts if m.where == "/proc/sys"] or on_proc
    is_read_only = "ro" in over[-1].options
    yield Wall("/proc/sys", switches, is_read_only, "read-only" if is_read_only else "writable")


def _shows_itself(process: HostProcess) -> bool:
    """Whether the /proc that it sees is that of its own PID namespace, and this not ours."""
    own = process.namespaces.get("pid")
    inner = f"/proc/{process.pid}/root/proc/{process.nspid[-1]}/ns/pid"
    try:
        return len(process.nspid) > 1 and os.stat(inner).st_ino == own  # noqa: PTH116
    except OSError:  # not there, or another's
        return False


def _judge_limit(process: HostProcess, controller: str) -> Wall:
    name, keeps = {
        "memory": ("memory", "cannot take all of the machine's memory"),
        "pids": ("number of processes", "cannot fill the machine's process table"),
    }[controller]
    folder, limit = cgroups.limit_of(process.pid, f"{controller}.max")
    if folder == cgroups.limit_of(os.getpid(), f"{controller}.max")[0]:
        return Wall(name, keeps, False, "in the same group as we are")
    if limit is None:
        return Wall(name, keeps, False, "no limit")
    shown = f"{limit / 1024**2:g} MiB" if controller == "memory" else str(limit)
    return Wall(name, keeps, True, f"at most {shown}")


def _judge_powers(process: HostProcess) -> Iterator[Wall]:
    lines = Path(f"/proc/{process.pid}/status").read_text(errors="replace").splitlines()
    status = {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}
    usual = {f"CAP_{name}" for name in (*CAPABILITIES, *_ALSO_USUAL)}
    bits = int(status["CapEff"], 16) | int(status["CapPrm"], 16)
    more = [name for name in capability_names(bits) if name not in usual]
    seen = f"{len(more)} more than usual" if more else "no more than usual"
    yield Wall("powers", "cannot take its other walls down", not more, seen)
    is_set = status.get("NoNewPrivs") == "1"
    keeps = "gains no power by starting a program"
    yield Wall("no new privileges", keeps, is_set, "set" if is_set else "not set")
