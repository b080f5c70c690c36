"""Network interfaces: make a bridge and plug a veth pair into it, find them, take them away.

Each is one packet to the kernel. A link of labkit's has its session's id in its name. Knows nothing
about sandboxes. Sources: rtnetlink(7), ip-link(8), linux/if_link.h, linux/if_bridge.h, veth(4).
"""

from __future__ import annotations

import socket
import struct

from labkit.core.netlink import (
    CREATE,
    EXCLUSIVE,
    Netlink,
    attribute,
    attributes,
    is_missing,
    message,
    nested,
)

NEW_LINK, DELETE_LINK, GET_LINK, SET_LINK, NEW_ADDRESS = 16, 17, 18, 19, 20

ADDRESS, NAME, MASTER, PROTOCOL_INFO, LINK_INFO, NAMESPACE_PID, ALIAS = 1, 3, 10, 12, 18, 19, 20
AF_SPEC = 26
INFO_KIND, INFO_DATA, _INFO_PORT = 1, 2, 5
_VETH_PEER, _SNOOPING = 1, 23
_INET6_ADDRESS_MODE, _NO_ADDRESS = 8, b"\1"
_PORT_STATE, _PORT_FLUSH, _FORWARDING = 1, 24, b"\3"
_LOCAL, _ADDRESS, _BROADCAST = 2, 1, 4
_UP = 1
_STATE, _STATE_UP = 16, b"\6"
_MAKE = CREATE | EXCLUSIVE

LONGEST_NAME = 15
"""IFNAMSIZ without the NUL."""


def link_name(prefix: str, session: str, number: int) -> str:
    """``br1f00ba22-0``: two letters, the session's id, and up to four hexadecimal digits."""
    return f"{prefix}{session}-{number:x}"


def header(index: int = 0, flags: int = 0, change: int = 0, family: int = 0) -> bytes:
    """``struct ifinfomsg``."""
    return struct.pack("=BxHiII", family, 0, index, flags, change)


def make_bridge(
    netlink: Netlink, name: str, *, address: bytes, prefix: int, mac: bytes, alias: str
) -> None:
    """Makes a bridge with an address, switched on. Raises OSError, and then there is none."""
    # A bridge without a MAC of its own has that of one of its ports, and changes it with them.
    # One that snoops on multicast reports itself, and would be counted.
    quiet = nested(INFO_DATA, attribute(_SNOOPING, b"\0"))
    kind = nested(LINK_INFO, attribute(INFO_KIND, "bridge") + quiet)
    parts = attribute(NAME, name) + attribute(ADDRESS, mac) + kind
    netlink.do(message(NEW_LINK, _MAKE, header(), parts))
    try:
        index = socket.if_nametoindex(name)
        netlink.do(*_finish(index, alias), _give_address(index, address, prefix))
    except OSError:
        delete_link(netlink, name)
        raise


def make_veth(
    netlink: Netlink, name: str, *, peer: str, pid: int, bridge: int, mac: bytes, alias: str
) -> None:
    """Makes a veth pair: one end a port of a bridge and on, the other, off, in a process's netns.

    Args:
        netlink: a socket.
        name: of the end here.
        peer: name of the end there.
        pid: the process.
        bridge: index of the bridge.
        mac: hardware address of the end there.
        alias: what `ip link` says of the end here.
    """
    there = header() + attribute(NAME, peer) + attribute(ADDRESS, mac)
    there += attribute(NAMESPACE_PID, pid)
    info = attribute(INFO_KIND, "veth") + nested(INFO_DATA, nested(_VETH_PEER, there))
    parts = attribute(NAME, name) + attribute(MASTER, bridge) + nested(LINK_INFO, info)
    netlink.do(
        message(NEW_LINK, _MAKE, header(), parts),
        *_finish(0, alias, attribute(NAME, name)),
    )


def carries(netlink: Netlink, name: str) -> bool:
    """Whether packets pass: the link and its other end are up; the bridge uses it, if it is a port.

    The kernel notices a moment after the second end was switched on; asking hurries it (since 6.8).
    """
    answer = netlink.ask(GET_LINK, header(), attribute(NAME, name), flags=0)
    found = attributes(answer[0][1][16:]) if answer else {}
    info = attributes(found.get(LINK_INFO, b""))
    port = attributes(info.get(_INFO_PORT, b""))
    return found.get(_STATE) == _STATE_UP and port.get(_PORT_STATE, _FORWARDING) == _FORWARDING


def unplug(netlink: Netlink, name: str) -> None:
    """Has a port of a bridge carry nothing any more, at once; the link itself may go later."""
    try:
        index = socket.if_nametoindex(name)
        state = attribute(_PORT_STATE, b"\0") + attribute(_PORT_FLUSH)
        data = header(index, family=socket.AF_BRIDGE) + nested(PROTOCOL_INFO, state)
        netlink.do(message(SET_LINK, 0, data))
    except OSError:
        pass  # it has gone, and that is what this is for


def delete_link(netlink: Netlink, name: str) -> bool:
    """Removes a link, and with one end of a veth pair the other; says whether it was there.

    Raises:
        OSError: it is there and stays.
    """
    try:
        netlink.do(message(DELETE_LINK, 0, header(), attribute(NAME, name)))
    except OSError as error:
        if not is_missing(error):
            raise
        return False
    return True


def index_of(name: str) -> int:
    """The number of a link. Raises OSError (ENODEV)."""
    return socket.if_nametoindex(name)


def is_there(name: str) -> bool:
    """Whether there is a link of that name."""
    try:
        socket.if_nametoindex(name)
    except OSError:
        return False
    return True


def switch_on(netlink: Netlink, index: int) -> None:
    """Switches a link on. Raises OSError."""
    netlink.do(message(NEW_LINK, 0, header(index, _UP, _UP)))


def _finish(index: int, alias: str, who: bytes = b"") -> tuple[tuple[int, int, bytes], ...]:
    """Names a link for people, keeps it from giving itself an IPv6 address, switches it on."""
    inet6 = nested(socket.AF_INET6, attribute(_INET6_ADDRESS_MODE, _NO_ADDRESS))
    quiet = nested(AF_SPEC, inet6)
    return (
        message(NEW_LINK, 0, header(index), who, attribute(ALIAS, alias.encode())),
        message(NEW_LINK, 0, header(index), who, quiet),
        message(NEW_LINK, 0, header(index, _UP, _UP), who),
    )


def _give_address(index: int, address: bytes, prefix: int) -> tuple[int, int, bytes]:
    mask = (1 << 32 - prefix) - 1
    broadcast = (int.from_bytes(address, "big") | mask).to_bytes(4, "big")
    data = struct.pack("=BBBBi", socket.AF_INET, prefix, 0, 0, index)
    parts = attribute(_LOCAL, address) + attribute(_ADDRESS, address)
    return message(NEW_ADDRESS, _MAKE, data, parts, attribute(_BROADCAST, broadcast))
