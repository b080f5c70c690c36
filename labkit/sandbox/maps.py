"""What can be seen of a whole machine: its namespaces, its links, its cgroups. Plain values.

As in ``labkit.sandbox.facts``: snapshots, true at the moment they were taken. Views draw them,
checks judge them, tests compare them with ``lsns``, ``ip -json`` and the files of the cgroup tree.

Sources: namespaces(7), rtnetlink(7), ip-link(8), cgroups(7),
Documentation/admin-guide/cgroup-v2.rst, Documentation/accounting/psi.rst.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# -- namespaces -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """A process, as a map of namespaces names it."""

    pid: int
    ppid: int
    uid: int
    command: str
    role: str = ""
    """``you are here``, ``helper``, ``sandbox NAME``, or nothing."""


@dataclass(frozen=True)
class Namespace:
    """One namespace and who is in it."""

    kind: str
    id: int
    """Its inode number, as in ``net:[4026531840]``."""
    members: tuple[int, ...]
    """PIDs, ascending; empty when something else keeps it alive."""
    kept_by: tuple[str, ...] = ()
    """Where it is mounted on a file, such as ``/run/netns/red``: no process is needed then."""
    owner: int | None = None
    """Inode number of the user namespace it belongs to; None when that cannot be asked."""
    is_observers: bool = False
    """Whether whoever took the snapshot is in it."""


@dataclass(frozen=True)
class NamespaceMap:
    """Every namespace that the observer can see, and every process."""

    namespaces: tuple[Namespace, ...]
    """By kind (in the order of NAMESPACE_KINDS), the observer's own first, then by id."""
    members: Mapping[int, Member]
    unreadable: int = 0
    """How many processes' namespaces we may not read."""


# -- network --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Traffic:
    """What a link has carried since it was made."""

    received_packets: int
    sent_packets: int
    received_bytes: int
    sent_bytes: int
    dropped_packets: int = 0


@dataclass(frozen=True)
class Link:
    """One network interface, as ``ip -details link`` shows it."""

    name: str
    index: int
    kind: str
    """``veth``, ``bridge``, ``loopback``, ``tun``, …; empty for a physical one."""
    is_up: bool
    mac: str
    mtu: int
    addresses: tuple[str, ...] = ()
    """With the length of the prefix, such as ``10.0.0.2/24``."""
    bridge: str = ""
    """Name of the bridge it is a port of."""
    peer: tuple[int, int] | None = None
    """The other end of a veth pair: inode number of its network namespace, and its index there.
    None where that namespace is not in the map."""
    traffic: Traffic = Traffic(0, 0, 0, 0)


@dataclass(frozen=True)
class Route:
    """One route of the main table."""

    destination: str
    """``default`` or a network, such as ``10.0.0.0/24``."""
    gateway: str
    """Empty when the destination is on the link itself."""
    link: str


@dataclass(frozen=True)
class NetworkNamespace:
    """One network namespace with what is in it."""

    id: int
    name: str
    """``this machine``, ``sandbox web``, ``network lab`` (where an ordinary user's bridge lies),
    ``netns red`` or ``PID 4711``."""
    links: tuple[Link, ...]
    routes: tuple[Route, ...]
    is_observers: bool = False
    forwards: bool = False
    """Whether it passes IPv4 packets on (net.ipv4.ip_forward)."""
    masquerades: tuple[str, ...] = ()
    """Networks whose packets leave under another address (NAT), where that can be read."""


@dataclass(frozen=True)
class NetworkMap:
    """Network namespaces and how they are linked; the observer's is first."""

    namespaces: tuple[NetworkNamespace, ...]


# -- cgroups --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Gauge:
    """One resource of a group: what is used, what is allowed. By its cgroup v2 name everywhere."""

    name: str
    """The v2 file of the limit: ``memory.max``, ``memory.high``, ``pids.max``, ``cpu.max``."""
    used: float
    limit: float | None
    """None for no limit."""
    unit: str
    """``bytes``, ``processes``, or ``cores`` (CPU time per time, over the last interval)."""
    file: str = ""
    """The file of the limit on this machine; empty when it is not there."""


@dataclass(frozen=True)
class Pressure:
    """Percent of the last ten seconds in which tasks waited for a resource (psi.rst)."""

    resource: str
    """``cpu``, ``memory`` or ``io``."""
    some: float
    full: float


@dataclass(frozen=True)
class Group:
    """One cgroup."""

    path: str
    """From the root of its tree, ``/`` for the root itself."""
    processes: tuple[int, ...] = ()
    gauges: tuple[Gauge, ...] = ()
    weight: int | None = None
    """``cpu.weight``, 1 to 10000, 100 unless set; None without the controller."""
    cpus: str = ""
    """``cpuset.cpus.effective``, such as ``0-1``."""
    is_frozen: bool = False
    events: Mapping[str, int] = field(default_factory=dict)
    """Counted by the kernel: ``memory.oom_kill``, ``memory.max``, ``memory.high``, ``pids.max``,
    ``cpu.nr_throttled``, ``cpu.throttled_usec``."""
    pressure: tuple[Pressure, ...] = ()
    owner_uid: int = 0
    """Who may change it: a group of somebody other than root is delegated."""

    @property
    def name(self) -> str:
        """Its own folder's name; ``/`` for the root."""
        return self.path.rstrip("/").rpartition("/")[2] or "/"

    @property
    def parent(self) -> str | None:
        """Path of the group above; None for the root."""
        return None if self.path == "/" else self.path.rpartition("/")[0] or "/"


@dataclass(frozen=True)
class GroupTree:
    """A cgroup tree, or the part below one group, parents before their children."""

    version: int
    """1 or 2. On v1 the groups of one path in several hierarchies are one group here."""
    controllers: tuple[str, ...]
    root: str
    """Path of the topmost group of ``groups``."""
    groups: tuple[Group, ...]
    commands: Mapping[int, str] = field(default_factory=dict)
    """What the processes are called."""


@dataclass(frozen=True)
class Sample:
    """One group at one moment."""

    at_s: float
    """Seconds since the record began."""
    gauges: tuple[Gauge, ...]
    throttled: float = 0.0
    """Share of the time since the sample before in which the group was throttled, 0 to 1."""


@dataclass(frozen=True)
class Moment:
    """Something that happened to a group."""

    at_s: float
    kind: str
    """``oom_kill``, ``memory.high``, ``pids.max``, ``limit`` (somebody changed one), ``end``."""
    words: str


@dataclass(frozen=True)
class Timeline:
    """What became of one group over time."""

    group: str
    samples: tuple[Sample, ...]
    moments: tuple[Moment, ...] = ()
