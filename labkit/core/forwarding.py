"""NAT: packets of a network leave this machine under its own address, and come back.

Two things make it: a table of nftables with one rule (masquerade), and the kernel's switch
``net.ipv4.ip_forward``. The switch is the machine's, and others may come to rely on it: it goes
back only when the last rule of anybody's that changes addresses has gone. The table says in the
name of a chain that labkit had to switch it on, so that whoever is last knows, whichever session
that is.

Talks to the kernel itself: the program nft is missing on many machines. Knows nothing about
sandboxes. Sources: nft(8), linux/netfilter/nf_tables.h, Documentation/networking/ip-sysctl.rst
(ip_forward: "Changing its value resets all configuration parameters").
"""

from __future__ import annotations

import errno
import os
import socket
import struct
from collections.abc import Iterator

from labkit.core import linux
from labkit.core.netlink import (
    CREATE,
    NETFILTER,
    Attributes,
    Netlink,
    attribute,
    attribute_list,
    attributes,
    is_missing,
    message,
    nested,
    raw_message,
    text,
)

PREFIX = "labkit-"
"""What labkit's tables are called, before the session's id and a number."""

_CONF = "/proc/sys/net/ipv4"
_SWITCH = f"{_CONF}/ip_forward"
_MARK = "forwarding-was-off"

_SUBSYSTEM = 10 << 8
_NEW_TABLE, _DELETE_TABLE, _NEW_CHAIN, _GET_CHAIN, _NEW_RULE, _GET_RULE = 0, 2, 3, 4, 6, 7
_BEGIN, _END = 16, 17
_FAMILY = struct.pack("=BBH", socket.AF_INET, 0, 0)
_BORDER = struct.pack("=BBH", 0, 0, socket.htons(10))

_TABLE, _CHAIN, _NAME, _HOOK, _POLICY, _TYPE = 1, 2, 3, 4, 5, 7
_EXPRESSIONS, _ELEMENT, _EXPRESSION_NAME, _EXPRESSION_DATA = 4, 1, 1, 2
_AFTER_ROUTING, _SOURCE_NAT = 4, 100
_FORWARD = 2
_NETWORK_HEADER, _SOURCE_AT, _OUT_INTERFACE = 1, 12, 7
_EQUAL, _UNEQUAL = 0, 1
_DROP = b"\0\0\0\0"


def table_name(session: str, number: int) -> str:
    """The name of a network's table."""
    return f"{PREFIX}{session}-{number:x}"


def masquerade(netlink: Netlink, table: str, address: bytes, prefix: int, bridge: str) -> None:
    """What comes from a network, and leaves by another link than its bridge, gets our address.

    As nft(8) writes it: ``ip saddr 10.7.0.0/24 oifname != "br…" masquerade``.

    Raises:
        OSError: nothing was made; ENOENT when the kernel lacks nftables' NAT.
    """
    mask = ((1 << prefix) - 1 << 32 - prefix).to_bytes(4, "big")
    link = bridge.encode().ljust(16, b"\0")
    network = bytes(a & m for a, m in zip(address, mask, strict=True))
    source = _number(1, 1) + _number(2, _NETWORK_HEADER) + _number(3, _SOURCE_AT) + _number(4, 4)
    masked = _number(1, 1) + _number(2, 1) + _number(3, 4) + _value(4, mask) + _value(5, bytes(4))
    rule = nested(
        _EXPRESSIONS,
        _expression("payload", source),
        _expression("bitwise", masked),
        _expression("cmp", _number(1, 1) + _number(2, _EQUAL) + _value(3, network)),
        _expression("meta", _number(1, 1) + _number(2, _OUT_INTERFACE)),
        _expression("cmp", _number(1, 1) + _number(2, _UNEQUAL) + _value(3, link)),
        _expression("masq", b""),
    )  # fmt: skip
    hook = nested(_HOOK, _number(1, _AFTER_ROUTING), _number(2, _SOURCE_NAT))
    chain = attribute(_TABLE, table) + attribute(_NAME, "leave") + hook + attribute(_TYPE, "nat")
    into = attribute(_TABLE, table) + attribute(_CHAIN, "leave")
    _change(
        netlink,
        (_NEW_TABLE, CREATE, attribute(1, table)),
        (_NEW_CHAIN, CREATE, chain),
        (_NEW_RULE, CREATE | 0x800, into + rule),
    )


def switch_on(netlink: Netlink, table: str) -> None:
    """Lets this machine pass packets on, and notes in ``table`` that it did not do so before."""
    was_off = linux.read(_SWITCH).strip() == b"0"
    if was_off or any(name == _MARK for _, name, _ in _chains(netlink)):
        mark = attribute(_TABLE, table) + attribute(_NAME, _MARK)
        _change(netlink, (_NEW_CHAIN, CREATE, mark))
    if was_off:
        _write(_SWITCH, "1")


def switches() -> dict[str, str]:
    """What must be put back besides, should ip_forward be switched on and off: file to value.

    Nothing where it is on: then others know what was before.
    """
    if linux.read(_SWITCH).strip() != b"0":
        return {}
    redirects = f"{_CONF}/conf/all/accept_redirects"
    names = set(os.listdir(f"{_CONF}/conf")) - {"all"}  # noqa: PTH208 - for the helper
    files = (f"{_CONF}/conf/{name}/forwarding" for name in sorted(names))
    found = {path: "1" for path in files if linux.read(path).strip() == b"1"}
    return {**found, redirects: linux.read(redirects).decode().strip()}


def stop(netlink: Netlink, table: str, before: dict[str, str]) -> bool:
    """Takes a table away, and lets the switch go back when nobody relies on it any more.

    Args:
        netlink: a socket for NETFILTER.
        table: its name.
        before: what :func:`switches` said when the table was made.

    Returns:
        Whether there was such a table.

    Raises:
        OSError: it stays.
    """
    was_off = (table, _MARK) in {(where, name) for where, name, _ in _chains(netlink)}
    try:
        _change(netlink, (_DELETE_TABLE, 0, attribute(1, table)))
    except OSError as error:
        if not is_missing(error):
            raise
        return False
    if was_off and not _is_relied_on(netlink):
        _write(_SWITCH, "0")
        for path, value in before.items():
            _write(path, value)
    return True


def masquerades(netlink: Netlink) -> list[str]:
    """The networks that are masqueraded here, as nftables has them (iptables-nft included).

    Empty where this user may not read rules, or the kernel has none.
    """
    try:
        rules = netlink.ask(_SUBSYSTEM | _GET_RULE, _FAMILY)
    except OSError:
        return []
    found = (_masqueraded(attributes(body[4:])) for _, body in rules)
    return [network for network in found if network is not None]


def drops_what_it_forwards(netlink: Netlink) -> str:
    """The chain of a firewall that lets nothing pass unless a rule of its own says so; or ""."""
    for _, body in netlink.ask(_SUBSYSTEM | _GET_CHAIN, _FAMILY):
        chain = attributes(body[4:])
        hook = attributes(chain.get(_HOOK, b""))
        if chain.get(_POLICY) == _DROP and hook.get(1) == struct.pack("!I", _FORWARD):
            return f"chain {text(chain[_NAME])} of table {text(chain[_TABLE])}"
    return ""


def _is_relied_on(netlink: Netlink) -> bool:
    """Whether any rule is left that changes addresses, of nftables or of the older iptables."""
    nat = {(table, name) for table, name, kind in _chains(netlink) if kind == "nat"}
    rules = netlink.ask(_SUBSYSTEM | _GET_RULE, _FAMILY) if nat else []
    places = (attributes(body[4:]) for _, body in rules)
    if any((text(rule[_TABLE]), text(rule[_CHAIN])) in nat for rule in places):
        return True
    try:
        return b"nat" in linux.read("/proc/net/ip_tables_names").split()
    except OSError:
        return False


def _masqueraded(rule: Attributes) -> str | None:
    """The source network of a rule that masquerades, None of another rule."""
    network, prefix, is_masquerade = b"\0\0\0\0", 0, False
    is_source = False
    for name, data in _expressions(rule):
        if name == "payload":
            is_source = data.get(3) == struct.pack("!I", _SOURCE_AT)
            prefix_of_payload = 8 * int.from_bytes(data.get(4, b""), "big")
        elif name == "bitwise" and is_source:
            prefix_of_payload = bin(int.from_bytes(_bytes(data.get(4)), "big")).count("1")
        elif name == "cmp" and is_source:
            network, prefix = _bytes(data.get(3)).ljust(4, b"\0")[:4], prefix_of_payload
            is_source = False
        elif name == "masq" or (name == "target" and text(data.get(1, b"")) == "MASQUERADE"):
            is_masquerade = True
    return f"{socket.inet_ntoa(network)}/{prefix}" if is_masquerade else None


def _expressions(rule: Attributes) -> Iterator[tuple[str, Attributes]]:
    for _, element in attribute_list(rule.get(_EXPRESSIONS, b"")):
        parts = attributes(element)
        data = attributes(parts.get(_EXPRESSION_DATA, b""))
        yield text(parts.get(_EXPRESSION_NAME, b"")), data


def _bytes(value: bytes | None) -> bytes:
    return attributes(value or b"").get(1, b"")


def _chains(netlink: Netlink) -> list[tuple[str, str, str]]:
    """Table, name and type of each chain for IPv4; none where the kernel has no nftables."""
    try:
        answers = netlink.ask(_SUBSYSTEM | _GET_CHAIN, _FAMILY)
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.EOPNOTSUPP):
            return []
        raise
    found = (attributes(body[4:]) for _, body in answers)
    return [(text(c[_TABLE]), text(c[_NAME]), text(c.get(_TYPE, b""))) for c in found]


def _change(netlink: Netlink, *requests: tuple[int, int, bytes]) -> None:
    begin = raw_message(_BEGIN, 0, _BORDER)
    whole = (message(_SUBSYSTEM | kind, flags, _FAMILY, data) for kind, flags, data in requests)
    netlink.batch(begin, raw_message(_END, 0, _BORDER), *whole)


def open_netfilter() -> Netlink:
    """A socket for packet rules."""
    return Netlink(NETFILTER)


def _number(kind: int, value: int) -> bytes:
    return attribute(kind, struct.pack("!I", value))


def _value(kind: int, data: bytes) -> bytes:
    return nested(kind, attribute(1, data))


def _expression(name: str, data: bytes) -> bytes:
    return nested(_ELEMENT, attribute(_EXPRESSION_NAME, name), nested(_EXPRESSION_DATA, data))


def _write(path: str, value: str) -> None:
    try:
        fd = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    except FileNotFoundError:  # the link has gone meanwhile
        return
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)
