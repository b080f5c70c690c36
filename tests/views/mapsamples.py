"""Maps of whole machines as real machines give them, for the tests of their pictures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from labkit.sandbox.facts import NAMESPACE_KINDS
from labkit.sandbox.maps import (
    Gauge,
    Group,
    GroupTree,
    Link,
    Member,
    Moment,
    Namespace,
    NamespaceMap,
    NetworkMap,
    NetworkNamespace,
    Pressure,
    Route,
    Sample,
    Timeline,
    Traffic,
)

MIB = 1024**2
FIRST = 4026531835
"""Number of the machine's first namespace."""

# -- namespaces -----------------------------------------------------------------------------------


class Processes:
    """Makes a map: each process starts in its parent's namespaces, but for some of its own."""

    def __init__(self, base: int = 4026532176) -> None:
        self.members: dict[int, Member] = {}
        self.homes: dict[int, dict[str, int]] = {}
        self.owner: dict[int, int | None] = {}
        self.kept: dict[int, tuple[str, ...]] = {}
        self.kind: dict[int, str] = {}
        self.first = {kind: self.make(kind, FIRST + i) for i, kind in enumerate(NAMESPACE_KINDS)}
        for id in self.first.values():
            self.owner[id] = self.first["user"]
        self.owner[self.first["user"]] = None
        self._next = base

    def make(self, kind: str, id: int) -> int:
        self.kind[id] = kind
        return id

    def new(self, kind: str, owner: int, *kept: str) -> int:
        self._next += 1
        id = self.make(kind, self._next)
        self.owner[id], self.kept[id] = owner, kept
        return id

    def start(
        self, pid: int, command: str, *own: str, like: Mapping[str, int] | None = None,
        ppid: int = 1, uid: int = 0, role: str = "",
    ) -> dict[str, int]:  # fmt: skip
        homes = dict(like or self.first)
        if "user" in own:
            homes["user"] = self.new("user", homes["user"])
        homes |= {kind: self.new(kind, homes["user"]) for kind in own if kind != "user"}
        self.members[pid] = Member(pid, ppid, uid, command, role)
        self.homes[pid] = homes
        return homes

    def map(self, unreadable: int = 0) -> NamespaceMap:
        here = next((p for p, member in self.members.items() if member.role == "you are here"), 0)
        mine = set(self.homes.get(here, self.first).values())
        found = [
            Namespace(
                kind, id,
                tuple(sorted(pid for pid, homes in self.homes.items() if homes.get(kind) == id)),
                self.kept.get(id, ()), self.owner[id], id in mine,
            )
            for id, kind in self.kind.items()
        ]  # fmt: skip
        found.sort(key=lambda n: (NAMESPACE_KINDS.index(n.kind), not n.is_observers, n.id))
        return NamespaceMap(tuple(found), self.members, unreadable)


ALL = tuple(kind for kind in NAMESPACE_KINDS if kind != "time")


def few_processes() -> NamespaceMap:
    """Five processes: you, the helper, a sandbox with two, one that was unshared by hand."""
    made = Processes()
    made.start(31201, "python -m ipykernel_launcher -f x", uid=1000, role="you are here")
    made.start(31330, "labkit-helper", ppid=31201, uid=1000, role="helper")
    web = made.start(31337, "sh -c 'httpd & sleep 600'", *ALL, role="sandbox web", uid=1000)
    made.start(31338, "httpd -p 8080", like=web, ppid=31337, uid=1000)
    made.start(31400, "unshare --user --uts sh", "user", "uts", ppid=31201, uid=1000)
    return made.map()


def pod() -> NamespaceMap:
    """Two sandboxes that share a network, one inside another, and what mounts keep."""
    made = Processes()
    made.start(31201, "python -m ipykernel_launcher -f x", uid=1000, role="you are here")
    made.start(31330, "labkit-helper", ppid=31201, uid=1000, role="helper")
    for pid in range(2, 70):
        made.start(pid, f"[kworker/{pid}]")
    web = made.start(31337, "httpd -f -p 8080", *ALL, role="sandbox web", uid=1000)
    shared = {kind: web[kind] for kind in ("net", "ipc", "user")}
    made.start(31350, "nc -lk -p 9000", *(set(ALL) - set(shared)), role="sandbox sidecar",
               like=made.first | shared, uid=1000)  # fmt: skip
    made.start(31360, "unshare --user --pid sh", "user", "pid", like=web, uid=100000)
    made.new("net", made.first["user"], "/run/netns/red")
    made.new("net", made.first["user"], "/run/netns/blue")
    entered = made.start(31370, "ip netns exec green sleep 99", "net", "mnt")
    made.kept[entered["net"]] = ("/run/netns/green",)
    return made.map(unreadable=3)


def many_processes(count: int = 500) -> NamespaceMap:
    """A desktop: most processes in one world, services with mounts of their own, a browser,
    containers of a pod, and this session's sandboxes."""
    made = Processes()
    made.start(4021, "python -m ipykernel_launcher -f x", uid=1000, role="you are here")
    made.start(4030, "labkit-helper", ppid=4021, uid=1000, role="helper")
    for i in range(3):
        box = made.start(5000 + 10 * i, "sleep 600", *ALL, role=f"sandbox worker-{i}", uid=1000)
        made.start(5001 + 10 * i, "httpd -f -p 80", like=box, uid=1000)
    for i in range(14):
        made.start(600 + i, f"/usr/lib/systemd/systemd-thing{i}d", "mnt")
    for i in range(6):
        made.start(640 + i, f"/usr/sbin/service-{i}", "mnt", "uts", "ipc")
    zygote = made.start(7000, "/opt/browser --type=zygote", "user", "pid", "net", uid=1000)
    for i in range(40):
        made.start(7001 + i, "/opt/browser --type=renderer", "pid", like=zygote, uid=1000)
    pause = made.start(8000, "/pause", *ALL[1:])
    for i in range(5):
        made.start(8001 + i, f"app-{i} --serve", "pid", "mnt", like=pause)
    while len(made.members) < count:
        made.start(10000 + len(made.members), f"/usr/bin/tool-{len(made.members)} --flag")
    return made.map(unreadable=12)


# -- networks -------------------------------------------------------------------------------------


def veth(
    name: str, index: int, *, to: tuple[int, int] | None, address: str = "", bridge: str = "",
    packets: tuple[int, int] = (12, 10), is_up: bool = True, dropped: int = 0,
) -> Link:  # fmt: skip
    received, sent = packets
    traffic = Traffic(received, sent, received * 84, sent * 84, dropped)
    addresses = (address,) if address else ()
    return Link(name, index, "veth", is_up, f"02:00:00:00:{index % 100:02}:01", 1500, addresses,
                bridge, to, traffic)  # fmt: skip


def loopback(*, is_up: bool = True) -> Link:
    return Link("lo", 1, "loopback", is_up, "00:00:00:00:00:00", 65536, ("127.0.0.1/8",) * is_up)


def uplink(name: str = "eth0", address: str = "192.168.1.20/24") -> Link:
    traffic = Traffic(48_213, 30_112, 61_000_000, 4_100_000)
    return Link(name, 2, "", True, "52:54:00:12:34:56", 1500, (address,), traffic=traffic)


def two_namespaces() -> NetworkMap:
    """The first exercise: red and blue, a veth pair, and this machine apart."""
    red, blue = 4026532201, 4026532301
    machine = NetworkNamespace(
        4026531840, "this machine", (loopback(), uplink()),
        (Route("default", "192.168.1.1", "eth0"), Route("192.168.1.0/24", "", "eth0")), True,
    )  # fmt: skip
    return NetworkMap((
        machine,
        NetworkNamespace(red, "netns red", (loopback(is_up=False), veth(
            "veth-red", 2, to=(blue, 2), address="10.7.0.1/24")),
            (Route("10.7.0.0/24", "", "veth-red"),)),
        NetworkNamespace(blue, "netns blue", (loopback(is_up=False), veth(
            "veth-blue", 2, to=(red, 2), address="10.7.0.2/24", packets=(10, 12))),
            (Route("10.7.0.0/24", "", "veth-blue"),)),
    ))  # fmt: skip


def bridged(count: int = 3, *, nat: bool = True, others: int = 0) -> NetworkMap:
    """Sandboxes on a bridge of this machine, with a way out; and docker's links beside them."""
    machine, first = 4026531840, 4026532201
    names = [*("web", "db", "cache", "queue"), *(f"worker-{i}" for i in range(40))][:count]
    boxes = [
        NetworkNamespace(
            first + i, f"sandbox {name}",
            (loopback(), veth("eth0", 2, to=(machine, 20 + i), address=f"10.7.0.{2 + i}/24",
                              packets=(120 + i, 99), dropped=3 * (i == 1))),
            (Route("default", "10.7.0.1", "eth0"), Route("10.7.0.0/24", "", "eth0")),
        )
        for i, name in enumerate(names)
    ]  # fmt: skip
    bridge = Link("br-lab", 10, "bridge", True, "02:00:00:00:00:10", 1500, ("10.7.0.1/24",),
                  traffic=Traffic(300, 280, 25_000, 24_000))  # fmt: skip
    ports = [
        veth(f"port-{name}", 20 + i, to=(first + i, 2), bridge="br-lab", packets=(99, 120 + i))
        for i, name in enumerate(names)
    ]
    docker = Link("docker0", 5, "bridge", False, "02:42:00:00:00:05", 1500, ("172.17.0.1/16",))
    theirs = [
        veth(f"veth{i:06x}", 100 + i, to=None, bridge="docker0" if i % 2 else "")
        for i in range(others)
    ]
    return NetworkMap((
        NetworkNamespace(
            machine, "this machine", (loopback(), uplink(), docker, bridge, *ports, *theirs),
            (Route("default", "192.168.1.1", "eth0"), Route("192.168.1.0/24", "", "eth0"),
             Route("10.7.0.0/24", "", "br-lab"), Route("172.17.0.0/16", "", "docker0")),
            True, nat, ("10.7.0.0/24",) if nat else (),
        ),
        *boxes,
    ))  # fmt: skip


def router() -> NetworkMap:
    """A router between two: red, router, blue; one more sandbox without a link, and no machine."""
    red, middle, blue, alone = 4026532201, 4026532301, 4026532401, 4026532501

    def end(id: int, name: str, at: int, net: int, *, is_up: bool = True) -> NetworkNamespace:
        link = veth("eth0", 2, to=(middle, at), address=f"10.{net}.0.2/24", is_up=is_up)
        return NetworkNamespace(id, name, (loopback(), link),
                                (Route("default", f"10.{net}.0.1", "eth0"),))  # fmt: skip

    return NetworkMap((
        NetworkNamespace(
            middle, "netns router",
            (loopback(), veth("to-red", 2, to=(red, 2), address="10.1.0.1/24"),
             veth("to-blue", 3, to=(blue, 2), address="10.2.0.1/24", is_up=False)),
            (Route("10.1.0.0/24", "", "to-red"), Route("10.2.0.0/24", "", "to-blue")),
        ),
        end(red, "netns red", 2, 1), end(blue, "netns blue", 3, 2, is_up=False),
        NetworkNamespace(alone, "sandbox lonely", (loopback(is_up=False),), ()),
    ))  # fmt: skip


# -- cgroups --------------------------------------------------------------------------------------


Amount = tuple[float, float | None]
"""What is used, and what is allowed."""


def gauges(
    memory: Amount, pids: Amount, cpu: Amount, high: float | None = None
) -> tuple[Gauge, ...]:
    at = "/sys/fs/cgroup/lab/"
    return (
        Gauge("memory.max", *memory, "bytes", f"{at}memory.max"),
        Gauge("memory.high", memory[0], high, "bytes", f"{at}memory.high"),
        Gauge("pids.max", *pids, "processes", f"{at}pids.max"),
        Gauge("cpu.max", *cpu, "cores", f"{at}cpu.max"),
    )


def pressures(cpu: float, memory: float, io: float) -> tuple[Pressure, ...]:
    return (
        Pressure("cpu", cpu, cpu / 2), Pressure("memory", memory, memory / 2),
        Pressure("io", io, io / 3),
    )  # fmt: skip


def three_groups() -> GroupTree:
    """A group of the lab's with two below: one that is squeezed, one that is frozen."""
    return GroupTree(
        2, ("cpu", "io", "memory", "pids"), "/lab",
        (
            Group("/lab", (), gauges((70 * MIB, None), (6, None), (0.7, None)), 100, "0-1",
                  owner_uid=1000, pressure=pressures(4, 11, 0)),
            Group("/lab/web", (31337, 31338, 31339), gauges((61 * MIB, 64 * MIB),
                  (3, 20), (0.5, 0.5), 48 * MIB), 100, "0-1",
                  events={"memory.oom_kill": 2, "memory.max": 41, "memory.high": 7,
                  "cpu.nr_throttled": 129, "cpu.throttled_usec": 6_100_000},
                  owner_uid=1000, pressure=pressures(31.2, 22.5, 0.4)),
            Group("/lab/batch", (31350,), gauges((9 * MIB, 256 * MIB), (1, 100),
                  (0, None)), 300, "0",
                  is_frozen=True, owner_uid=1000, pressure=pressures(0, 0, 0)),
        ),
        {31337: "sh -c 'httpd & sleep 600'", 31338: "httpd -p 8080", 31339: "sleep 600",
         31350: "python3 count.py"},
    )  # fmt: skip


def _services(count: int) -> Iterator[Group]:
    for i in range(count):
        yield Group(f"/system.slice/service-{i:02}.service", (500 + i,),
                    gauges(((5 + i) * MIB, None), (1 + i % 7, 4915 if i % 3 else None),
                           (0.01, None)),
                    100)  # fmt: skip


def many_groups(count: int = 100) -> GroupTree:
    """A whole machine under systemd, with the lab's groups in it."""
    lab = [replace(group, path=f"/user.slice{group.path}") for group in three_groups().groups]
    above = [
        Group("/", (), gauges((3000 * MIB, None), (400, None), (1.2, None))),
        Group("/system.slice", (), gauges((900 * MIB, None), (200, None), (0.2, None)), 100),
    ]
    slices = [Group("/user.slice", (), gauges((2000 * MIB, None), (180, None), (0.9, None)), 100)]
    services = list(_services(count - len(above) - len(slices) - len(lab)))
    commands = dict(three_groups().commands) | {s.processes[0]: f"{s.name}d" for s in services}
    return GroupTree(2, ("cpu", "io", "memory", "pids"), "/",
                     (*above, *services, *slices, *lab), commands)  # fmt: skip


# -- time -----------------------------------------------------------------------------------------


def memory_timeline() -> Timeline:
    """A group that eats memory until the kernel kills, once with a limit that somebody raised."""
    samples = []
    for i in range(61):
        at = i * 0.1
        limit = 32 * MIB if at < 2.6 else 64 * MIB
        used = min(limit, 4 * MIB + (i % 40) * 1.7 * MIB)
        samples.append(
            Sample(at, gauges((used, limit), (1 + (i > 5), 20), (0.3, None), 0.75 * limit))
        )
    moments = (
        Moment(
            1.3, "memory.high", "memory.high was passed: the kernel reclaims, and slows it down"
        ),
        Moment(2.6, "limit", "memory.max: 32 MiB → 64 MiB"),
        Moment(3.9, "oom_kill", "out of memory: the kernel killed tail (31338)"),
        Moment(6.0, "end", "the last process has ended"),
    )
    return Timeline("/lab/web", tuple(samples), moments)


def cpu_timeline() -> Timeline:
    """A loop with half a core, then with all it wants."""
    samples = [
        Sample(i * 0.25,
               gauges((6 * MIB, 64 * MIB), (2, 20), (0.5, 0.5) if i < 20 else (1.0, None)),
               0.48 if 1 < i < 20 else 0.0)
        for i in range(41)
    ]  # fmt: skip
    return Timeline(
        "/lab/loop", tuple(samples), (Moment(5.0, "limit", "cpu.max: 0.5 cores → max"),)
    )
