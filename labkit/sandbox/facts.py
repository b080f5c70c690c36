"""What can be seen of a process and of a sandbox: plain values, no behaviour.

Views draw these, checks judge them, tests compare them with ``lsns``, ``ip`` and ``findmnt``.
Everything here is a snapshot: true at the moment it was taken.

Sources: proc(5), namespaces(7), cgroups(7), capabilities(7).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NAMESPACE_KINDS = ("user", "pid", "mnt", "uts", "ipc", "net", "cgroup", "time")
"""The eight kinds, by the names of the files in ``/proc/PID/ns``."""


@dataclass(frozen=True)
class ProcessLine:
    """One row of a process table, as one side sees it."""

    pid: int
    ppid: int
    command: str


@dataclass(frozen=True)
class Side:
    """One process as seen from one side: its own (inside), or the host's (outside)."""

    pid: int
    ppid: int
    uid: int
    user: str
    """Name of ``uid`` in that side's /etc/passwd, or the number."""
    hostname: str
    root: tuple[str, ...]
    """Entries of "/" as that side sees it, sorted."""
    root_filesystem: str
    """Type of the file system mounted on "/", such as ``overlay`` or ``ext4``."""
    processes: tuple[ProcessLine, ...]
    """Inside: every process it can see. Outside: the line of descent down to it,
    from the observer when that is one of the line."""
    process_count: int
    """How many processes that side sees in all."""
    interfaces: tuple[str, ...]
    """Network interfaces, sorted, such as ``("lo",)``."""
    mount_count: int
    cgroup: str
    """Path of the memory (v1) or unified (v2) cgroup as that side reads it."""


@dataclass(frozen=True)
class NamespaceRow:
    """One kind of namespace: the process's own id beside the observer's."""

    kind: str
    inside: int
    """Inode number of the namespace the process is in (``pid:[4026531836]``)."""
    outside: int
    """Inode number of the one the observer is in."""

    @property
    def is_own(self) -> bool:
        """Whether the process is in a namespace other than the observer's."""
        return self.inside != self.outside


@dataclass(frozen=True)
class BothSides:
    """The X-ray: one process, seen from its own side and from the host's."""

    name: str
    command: str
    inside: Side
    outside: Side
    namespaces: tuple[NamespaceRow, ...]
    capabilities: tuple[str, ...]
    """Effective capabilities, such as ``("CAP_CHOWN", "CAP_KILL")``, sorted."""
    no_new_privs: bool
    seccomp: str = "off"
    """Whether its system calls are filtered, in the kernel's words: ``off``, ``filter``."""
    is_stopped: bool = False
    """Whether a signal has stopped it (state T): it exists and gets no time."""


@dataclass(frozen=True)
class Limit:
    """One limit of a cgroup with its use now, under its cgroup v2 name."""

    name: str
    """Such as ``memory.max``, whichever version the machine has."""
    limit: float | None
    """None for no limit, and for what has no amount."""
    used: float
    unit: str
    """``bytes``, ``processes`` or ``cores``; empty for what has no amount: a weight, a list."""
    file: str
    """The file that holds the limit on this machine."""
    words: str = ""
    """What is set, as cgroup v2 has it: ``50000 100000``, ``0-1``."""


@dataclass(frozen=True)
class Volume:
    """A folder or a file of the host that is mounted into a sandbox."""

    source: str
    target: str
    is_read_only: bool
    is_folder: bool = True


@dataclass(frozen=True)
class Anatomy:
    """What a sandbox is made of."""

    name: str
    pid: int
    """PID on the host of the sandbox's PID 1."""
    command: str
    hostname: str
    is_rootless: bool
    namespaces: tuple[NamespaceRow, ...]
    image: str
    layers: tuple[str, ...]
    """Names of the read-only layers, topmost first."""
    changed: tuple[str, ...]
    """Paths written since the start: what the writable layer holds."""
    volumes: tuple[Volume, ...]
    limits: tuple[Limit, ...]
    capabilities: tuple[str, ...]
    no_new_privs: bool
    seccomp: str = "off"
    """As in :class:`BothSides`."""
    seccomp_profile: str = ""
    """What it filters with, such as ``default``; else ``none: `` and why there is none."""


@dataclass(frozen=True)
class Relative:
    """One process in a family tree."""

    pid: int
    ppid: int
    command: str
    inner_pid: int
    """Its PID in the innermost PID namespace; equal to ``pid`` for a process of the host."""
    role: str = ""
    """``you are here``, ``helper``, ``sandbox NAME``, or nothing."""


@dataclass(frozen=True)
class FamilyTree:
    """Processes and who started whom; ``members[0]`` is the root."""

    members: tuple[Relative, ...]


@dataclass(frozen=True)
class HostProcess:
    """A process of this machine as /proc shows it to us."""

    pid: int
    ppid: int
    uid: int
    comm: str
    argv: tuple[str, ...]
    state: str
    """One letter: R, S, D, T, Z."""
    nspid: tuple[int, ...]
    """Its PID in each nested PID namespace, ours first."""
    namespaces: Mapping[str, int]
    """Kind to inode number; kinds we may not read are left out."""
    cgroups: Mapping[str, str]
    """Controller to path; the key ``""`` is cgroup v2."""
    start_ticks: int
    """Start time in clock ticks since boot: with the PID it names a process for good."""
