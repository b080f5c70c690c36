"""ip and cidr: addresses and ranges of them.

Go's `netip` takes no zones here, no leading zeros and no IPv4 in IPv6. Source: Kubernetes'
`apiserver/pkg/cel/library/ip.go` and `cidr.go`.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from labkit.cluster.embedded.apiserver.cel.functions import Function

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Interface | ipaddress.IPv6Interface
LOCAL_MULTICAST = (ipaddress.ip_network("224.0.0.0/24"), ipaddress.ip_network("ff02::/16"))


def _ip(text: str) -> Address:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        raise ValueError(f'ParseAddr("{text}"): unable to parse IP') from None
    if "%" in text:
        words = f'IP address "{text}" with zone value is not allowed'
        raise ValueError(words)
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        raise ValueError(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return found


def _cidr(text: str) -> Network:
    address, slash, length = text.partition("/")
    if not slash or not length.isdigit() or (len(length) > 1 and length[0] == "0"):
        words = f"netip.ParsePrefix(\"{text}\"): no '/'"
        raise ValueError(f"network address parse error during conversion from string: {words}")
    _ip(address)
    try:
        return ipaddress.ip_interface(text)
    except ValueError:
        words = f'netip.ParsePrefix("{text}"): prefix length out of range'
        raise ValueError(
            f"network address parse error during conversion from string: {words}"
        ) from None


def _is(read: Callable[[str], Any]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return check


def _about(ask: Callable[[Address], Any]) -> Callable[[str], Any]:
    return lambda text: ask(ipaddress.ip_address(text))


def _is_global(address: Address) -> bool:
    is_broadcast = str(address) == "255.255.255.255"
    return not (
        address.is_unspecified
        or address.is_loopback
        or address.is_multicast
        or address.is_link_local
        or is_broadcast
    )


def _is_local_multicast(address: Address) -> bool:
    alike = (one for one in LOCAL_MULTICAST if one.version == address.version)
    return any(address in network for network in alike)


def _has_ip(text: str, address: str) -> bool:
    found, network = _ip(address), ipaddress.ip_interface(text).network
    return found.version == network.version and found in network


def _has_cidr(text: str, other: str) -> bool:
    outer, inner = ipaddress.ip_interface(text).network, _cidr(other).network
    return outer.version == inner.version and inner.subnet_of(outer)  # type: ignore[arg-type]


FUNCTIONS = (
    Function("ip", ("string",), "IP", lambda text: str(_ip(text)), is_member=False),
    Function("isIP", ("string",), "bool", _is(_ip), is_member=False),
    Function(
        "ip.isCanonical", ("string",), "bool", lambda text: str(_ip(text)) == text, is_member=False
    ),
    Function("family", ("IP",), "int", _about(lambda address: address.version)),
    Function("isUnspecified", ("IP",), "bool", _about(lambda address: address.is_unspecified)),
    Function("isLoopback", ("IP",), "bool", _about(lambda address: address.is_loopback)),
    Function("isLinkLocalMulticast", ("IP",), "bool", _about(_is_local_multicast)),
    Function("isLinkLocalUnicast", ("IP",), "bool", _about(lambda address: address.is_link_local)),
    Function("isGlobalUnicast", ("IP",), "bool", _about(_is_global)),
    Function("cidr", ("string",), "CIDR", lambda text: str(_cidr(text)), is_member=False),
    Function("isCIDR", ("string",), "bool", _is(_cidr), is_member=False),
    Function("containsIP", ("CIDR", "string"), "bool", _has_ip),
    Function("containsIP", ("CIDR", "IP"), "bool", _has_ip),
    Function("containsCIDR", ("CIDR", "string"), "bool", _has_cidr),
    Function("containsCIDR", ("CIDR", "CIDR"), "bool", _has_cidr),
    Function("ip", ("CIDR",), "IP", lambda text: text.partition("/")[0]),
    Function("prefixLength", ("CIDR",), "int", lambda text: int(text.partition("/")[2])),
    Function("masked", ("CIDR",), "CIDR", lambda text: str(ipaddress.ip_interface(text).network)),
)
