"""What one network namespace holds, asked of the kernel by netlink: links, addresses, routes, NAT.

Asks, and changes nothing. Whoever gives the sockets says which namespace it is: a netlink socket
stays in the one where it was opened. Sources: rtnetlink(7), linux/if_link.h, linux/netconf.h,
linux/net_namespace.h.
"""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

from labkit.core import links as link_kinds
from labkit.core.forwarding import masquerades
from labkit.core.netlink import Attributes, Netlink, attribute, attributes, number, text
from labkit.sandbox.maps import Route, Traffic

_GET_LINK, _GET_ADDRESS, _GET_ROUTE, _GET_NETCONF, _GET_NSID = 18, 22, 26, 82, 90

_MTU, _LINK, _STATISTICS, _PEERS_NAMESPACE = 4, 5, 23, 37
_IFA_ADDRESS, _IFA_LOCAL = 1, 2
_DESTINATION, _OUT, _GATEWAY, _TABLE, _MAIN_TABLE = 1, 4, 5, 15, 254
_ALL_LINKS, _FORWARDING = -1, 2
_NSID, _NSID_OF_FILE = 1, 3
_UP = 1
_LOOPBACK_TYPE = 772
_COUNTERS = struct.Struct("=8Q")


@dataclass(frozen=True)
class RawLink:
    """A link, before it is known which namespace its other end is in."""

    name: str
    index: int
    kind: str
    is_up: bool
    mac: str
    mtu: int
    master: int
    peer: tuple[int, int | None] | None
    """Index of the other end, and how this namespace calls the one it is in; None: this one."""
    traffic: Traffic


@dataclass(frozen=True)
class Contents:
    """What a network namespace holds."""

    links: tuple[RawLink, ...]
    addresses: dict[int, tuple[str, ...]]
    """By index of the link, with the length of the prefix."""
    routes: tuple[Route, ...]
    forwards: bool
    masquerades: tuple[str, ...]


def read(route: Netlink, rules: Netlink) -> Contents:
    """Asks the namespace of two sockets. Raises OSError."""
    links = tuple(_link(body) for _, body in route.ask(_GET_LINK, link_kinds.header()))
    names = {link.index: link.name for link in links}
    return Contents(
        links, _addresses(route), _routes(route, names), _forwards(route),
        tuple(dict.fromkeys(masquerades(rules))),
    )  # fmt: skip


def number_of(route: Netlink, file: int) -> int | None:
    """How a namespace calls another, given as an open file; None when it has no number for it."""
    answer = route.ask(_GET_NSID, bytes(4), attribute(_NSID_OF_FILE, file), flags=0)
    if not answer:
        return None
    found = attributes(answer[0][1][4:]).get(_NSID, b"")
    value: int = struct.unpack("=i", found)[0] if len(found) == 4 else -1
    return value if value >= 0 else None


def _link(body: bytes) -> RawLink:
    hardware, index, flags = struct.unpack_from("=HiI", body, 2)
    found = attributes(body[16:])
    info = attributes(found.get(link_kinds.LINK_INFO, b""))
    kind = text(info.get(link_kinds.INFO_KIND, b""))
    peer = None
    if kind == "veth" and _LINK in found:
        there = found.get(_PEERS_NAMESPACE)
        peer = (number(found[_LINK]), None if there is None else number(there))
    return RawLink(
        name=text(found[link_kinds.NAME]),
        index=index,
        kind=kind or ("loopback" if hardware == _LOOPBACK_TYPE else ""),
        is_up=bool(flags & _UP),
        mac=found.get(link_kinds.ADDRESS, b"").hex(":"),
        mtu=number(found.get(_MTU, b"")),
        master=number(found.get(link_kinds.MASTER, b"")),
        peer=peer,
        traffic=_traffic(found),
    )


def _traffic(found: Attributes) -> Traffic:
    counted = found.get(_STATISTICS, b"").ljust(64, b"\0")
    received, sent, received_bytes, sent_bytes, _, _, lost, dropped = struct.unpack(
        "=8Q", counted[:64]
    )
    return Traffic(received, sent, received_bytes, sent_bytes, lost + dropped)


def _addresses(route: Netlink) -> dict[int, tuple[str, ...]]:
    by_link: dict[int, tuple[str, ...]] = {}
    for _, body in route.ask(_GET_ADDRESS, bytes(8)):
        family, prefix, _, _, index = struct.unpack_from("=BBBBi", body)
        found = attributes(body[8:])
        raw = found.get(_IFA_LOCAL) or found.get(_IFA_ADDRESS, b"")
        if family in (socket.AF_INET, socket.AF_INET6) and raw:
            address = f"{socket.inet_ntop(family, raw)}/{prefix}"
            by_link[index] = (*by_link.get(index, ()), address)
    return by_link


def _routes(route: Netlink, names: dict[int, str]) -> tuple[Route, ...]:
    """The main table, of IPv4."""
    rows = []
    for _, body in route.ask(_GET_ROUTE, bytes([socket.AF_INET]) + bytes(11)):
        found = attributes(body[12:])
        prefix = body[1]
        if number(found.get(_TABLE, body[4:5])) != _MAIN_TABLE:
            continue
        network = socket.inet_ntoa(found.get(_DESTINATION, bytes(4)))
        gateway = found.get(_GATEWAY)
        rows.append(
            Route(
                destination=f"{network}/{prefix}" if prefix else "default",
                gateway=socket.inet_ntoa(gateway) if gateway else "",
                link=names.get(number(found.get(_OUT, b"")), ""),
            )
        )
    return tuple(rows)


def _forwards(route: Netlink) -> bool:
    family = struct.pack("=B3x", socket.AF_INET)
    answer = route.ask(_GET_NETCONF, family, attribute(1, _ALL_LINKS), flags=0)
    found = attributes(answer[0][1][4:]) if answer else {}
    return number(found.get(_FORWARDING, b"")) == 1
