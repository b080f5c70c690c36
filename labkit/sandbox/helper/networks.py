"""The networks of one helper: bridges, who is plugged into them, and the files that name them.

A network is a bridge in this process's network namespace. A sandbox on it has one end of a veth
pair, ``eth0``; the other is a port of the bridge. What each file of names says is true at every
moment: it is mounted in all sandboxes of the network, and written anew, in place, when one comes
or goes. Knows nothing about how a sandbox is made.

Sources: veth(4), ip-link(8), hosts(5), resolv.conf(5).
"""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

from labkit.core import forwarding, journal, links, linux
from labkit.core.netlink import Answer, Netlink, attributes, number
from labkit.sandbox.helper import apart
from labkit.sandbox.helper.attempt import Refused

DEVICE = "eth0"
"""What a sandbox calls its end."""

_MAC = b"\2\x6c"
"""How hardware addresses here begin (locally administered); the IPv4 address follows. So whoever
gets the address of one that has gone is found by those who remember it (ARP)."""

_GET_ROUTE = 26
_DESTINATION, _OUT, _TABLE = 1, 4, 15
_MOST_LINKS = 1 << 16
"""Numbers that fit into the name of a link."""

_TURN_S = 2.0
"""How long others may take to make their network; it takes a millisecond."""

_LINK_S = 5.0
"""How long a link may take to come up: at the longest until the sandbox has made its mounts."""

FILES = {"hosts": "/etc/hosts", "resolv.conf": "/etc/resolv.conf"}
"""Each network's files, and where its sandboxes have them."""


class Network:
    """A bridge, its addresses, and who has one."""

    def __init__(self, name: str, bridge: str, gateway: int, prefix: int, folder: str) -> None:
        self.name, self.bridge, self.gateway, self.prefix = name, bridge, gateway, prefix
        self.files = {f"{folder}/{bridge}.{file}": path for file, path in FILES.items()}
        self.hosts = next(iter(self.files))
        self.index = 0
        self.table = ""
        self.before: dict[str, str] = {}
        self.entries: list[journal.Entry] = []
        self.plugs: dict[int, Plug] = {}
        self.leaving: list[str] = []
        """Links of sandboxes that have ended, until the kernel has removed them."""

    def free_address(self) -> int | None:
        """The lowest address that nobody has; the first is the bridge's, the last for all."""
        last = self.gateway | (1 << 32 - self.prefix) - 1
        return next((n for n in range(self.gateway + 1, last) if n not in self.plugs), None)

    def write_hosts(self) -> None:
        """Says who is there. In place: the file is mounted, and a new one would not be."""
        lines = ["127.0.0.1\tlocalhost\n"]
        lines += [f"{dotted(a)}\t{' '.join(plug.names)}\n" for a, plug in self.plugs.items()]
        data = "".join(lines).encode()
        fd = os.open(self.hosts, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.pwrite(fd, data, 0)
            os.ftruncate(fd, len(data))
        finally:
            os.close(fd)


class Plug:
    """A sandbox's place on a network."""

    def __init__(self, network: Network, address: int, names: tuple[str, ...]) -> None:
        self.network, self.address, self.names = network, address, names
        self.link = ""
        self.entry: journal.Entry | None = None
        network.plugs[address] = self

    @property
    def files(self) -> dict[str, str]:
        """Files of this network, and where a sandbox has them."""
        return self.network.files

    def release(self) -> None:
        """Gives the place back. The kernel removes the veth pair with the sandbox's namespace,
        but that may be kept: so its port carries nothing from now on."""
        self.network.plugs.pop(self.address, None)
        if self.link:
            self.network.leaving.append(self.link)
            with Netlink() as netlink:
                links.unplug(netlink, self.link)
        try:
            self.network.write_hosts()
        except OSError:
            pass  # a full disk: a name too many, whose address nobody has


class Networks:
    """All networks of a helper.

    Args:
        folder: the session's folder; its name is the session's id.
        log: a function that writes an entry into the session's journal.
        place: whether this process is in a network namespace of its own; see ``apart``.
    """

    def __init__(self, folder: str, log: Callable[[journal.Entry], None], place: str) -> None:
        self.folder, self.session = folder, os.path.basename(folder)
        self.is_apart = place == apart.ENTERED
        self.why_not = int(place) if place.isdigit() else 0
        self._log = log
        self._namespace = os.stat("/proc/self/ns/net").st_ino
        self._by_name: dict[str, Network] = {}
        self._count = self._links = 0

    def make(self, name: str, subnets: list[list[int]], *, is_nat: bool) -> Network:
        """Makes a network on the first of ``subnets`` (address and prefix) that is free."""
        if self.why_not:
            raise Refused("make a namespace for networks", self.why_not)
        if name in self._by_name:
            raise Refused("take the name", errno.EEXIST)
        number = self._count
        self._count += 1
        step = "find a free subnet"
        network = None
        try:
            with _turn(), Netlink() as netlink:
                first, prefix = _free_subnet(netlink, subnets)
                bridge = links.link_name("br", self.session, number)
                network = Network(name, bridge, first + 1, prefix, self.folder)
                step = "write the journal"
                self._note(network, "network", name=name, bridge=bridge)
                self._note(network, "link", name=bridge)
                network.write_hosts()
                _write_resolver(f"{self.folder}/{bridge}.resolv.conf", is_nat=is_nat)
                if self.is_apart:  # a new namespace: its bridges would not hear themselves
                    links.switch_on(netlink, links.index_of("lo"))
                step = "make the bridge"
                address, mac = _bytes(network.gateway), _mac(network.gateway)
                links.make_bridge(
                    netlink, bridge, address=address, prefix=prefix, mac=mac,
                    alias=f"network {name}",
                )  # fmt: skip
                network.index = links.index_of(bridge)
            if is_nat:
                step = "make the rule for NAT"
                network.table = forwarding.table_name(self.session, number)
                self._masquerade(network)
        except (OSError, Refused) as error:
            if network:
                self._take_away(network)
            raise error if isinstance(error, Refused) else Refused(step, error.errno or 0) from None
        self._by_name[name] = network
        return network

    def attach(self, name: str, names: tuple[str, ...]) -> Plug:
        """Keeps an address for a sandbox that is to come."""
        network = self._find(name)
        address = network.free_address()
        if address is None:
            raise Refused("find a free address", errno.EADDRNOTAVAIL)
        return Plug(network, address, names)

    def connect(self, plug: Plug, pid: int) -> None:
        """Makes the link to a new sandbox. Raises OSError."""
        network = plug.network
        network.leaving = [link for link in network.leaving if links.is_there(link)]
        with Netlink() as netlink:
            while True:
                link = links.link_name("ve", self.session, self._links % _MOST_LINKS)
                self._links += 1
                if not self.is_apart:  # else it ends with this process, whatever ends that
                    plug.entry = self._write("link", name=link)
                try:
                    links.make_veth(
                        netlink, link, peer=DEVICE, pid=pid, bridge=network.index,
                        mac=_mac(plug.address), alias=f"sandbox {plug.names[-1]}",
                    )  # fmt: skip
                except FileExistsError:  # one of 65536 sandboxes ago
                    continue
                break
        plug.link = link
        network.write_hosts()

    def await_link(self, plug: Plug, goes_on: Callable[[], bool]) -> None:
        """Waits until the bridge passes packets to a sandbox that is switching its end on.

        Raises:
            TimeoutError: it does not, or ``goes_on`` says that the sandbox does not.
        """
        deadline = time.monotonic() + _LINK_S
        with Netlink() as netlink:
            while not all(links.carries(netlink, n) for n in (plug.link, plug.network.bridge)):
                if time.monotonic() > deadline or not goes_on():
                    raise TimeoutError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
                time.sleep(0.0001)

    def remove(self, name: str) -> None:
        """Takes a network away that nobody is on."""
        network = self._find(name)
        if network.plugs:
            raise Refused("close the network", errno.EBUSY)
        if not self._take_away(network):
            raise Refused("remove the network", errno.EBUSY)
        del self._by_name[name]

    def close(self) -> None:
        """Takes all away; what resists is left to the journal."""
        for network in self._by_name.values():
            self._take_away(network)

    def entries(self) -> list[journal.Entry]:
        """What of the journal still counts."""
        found = []
        for network in self._by_name.values():
            found += network.entries
            found += [plug.entry for plug in network.plugs.values() if plug.entry]
        return found

    def _find(self, name: str) -> Network:
        if name not in self._by_name:
            raise Refused("find the network", errno.ENOENT)
        return self._by_name[name]

    def _masquerade(self, network: Network) -> None:
        with forwarding.open_netfilter() as netfilter:
            if chain := forwarding.drops_what_it_forwards(netfilter):
                raise Refused(f"pass the firewall: {chain}", errno.EPERM)
            before = forwarding.switches()
            self._note(network, "table", name=network.table, before=before)
            network.before = before
            forwarding.masquerade(
                netfilter, network.table, _bytes(network.gateway), network.prefix, network.bridge
            )
            forwarding.switch_on(netfilter, network.table)

    def _take_away(self, network: Network) -> bool:
        is_gone = True
        try:
            with Netlink() as netlink:
                remaining = [plug.link for plug in network.plugs.values() if plug.link]
                for link in filter(links.is_there, remaining + network.leaving):
                    links.delete_link(netlink, link)
                links.delete_link(netlink, network.bridge)
            if network.table:
                with forwarding.open_netfilter() as netfilter:
                    forwarding.stop(netfilter, network.table, network.before)
        except OSError:
            is_gone = False
        for path in network.files:
            try:
                os.unlink(path)
            except OSError:
                pass
        return is_gone

    def _note(self, network: Network, kind: str, **fields: Any) -> None:
        network.entries.append(self._write(kind, **fields))

    def _write(self, kind: str, **fields: Any) -> journal.Entry:
        entry = {"kind": kind, **fields, "namespace": self._namespace}
        self._log(entry)
        return entry


def dotted(address: int) -> str:
    """``10.7.0.2``."""
    return ".".join(map(str, _bytes(address)))


def _bytes(address: int) -> bytes:
    return address.to_bytes(4, "big")


def _mac(address: int) -> bytes:
    return _MAC + _bytes(address)


def _turn() -> socket.socket:
    """Lets one process at a time look for a subnet and take it. Raises OSError.

    Names of this kind (abstract, unix(7)) belong to the network namespace, and end with the socket.
    """
    turn = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
    deadline = time.monotonic() + _TURN_S
    while True:
        try:
            turn.bind("\0labkit takes a subnet")
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                turn.close()
                raise
            time.sleep(0.001)
        else:
            return turn


def _free_subnet(netlink: Netlink, subnets: list[list[int]]) -> tuple[int, int]:
    """The first subnet that no route of this machine leads to."""
    taken = list(_routed(netlink.ask(_GET_ROUTE, b"\2" + bytes(11))))
    overlaps = ""
    for first, prefix in subnets:
        shorter = (min(prefix, length) for _, length in taken)
        met = [
            (start, length)
            for (start, length), least in zip(taken, shorter, strict=True)
            if (start ^ first) >> (32 - least) == 0
        ]
        if not met:
            return first, prefix
        overlaps = f"{dotted(met[0][0])}/{met[0][1]}"
    raise Refused(f"find a free subnet: {overlaps}", errno.EADDRINUSE)


def _routed(answers: list[Answer]) -> Iterator[tuple[int, int]]:
    """Address and prefix of each route of the main table, but for the default one."""
    for _, body in answers:
        prefix, table = body[1], body[4]
        found = attributes(body[12:])
        if prefix and number(found.get(_TABLE, bytes([table]))) == 254:
            yield int.from_bytes(found[_DESTINATION], "big"), prefix


def _write_resolver(path: str, *, is_nat: bool) -> None:
    """Whom to ask for names: those whom this machine asks, where they can be reached."""
    lines = ["# Names of this network are in /etc/hosts; it has no way out.\n"]
    if is_nat:
        try:
            text = linux.read("/etc/resolv.conf").decode(errors="replace")
        except OSError:
            text = ""
        servers = [row for row in text.splitlines() if row.startswith("nameserver")]
        lines = [f"{row}\n" for row in servers if row.split()[1:2] and _is_far(row.split()[1])]
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        os.write(fd, "".join(lines).encode())
    finally:
        os.close(fd)


def _is_far(server: str) -> bool:
    """Whether a server can be reached from a sandbox: it is IPv4, and not this machine's own."""
    return ":" not in server and not server.startswith("127.")
