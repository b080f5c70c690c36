"""The addresses of a network. Knows nothing about links. Source: RFC 1918, RFC 4632."""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Network

from labkit.core.errors import BadInput

POOLS = ("10.7.0.0/16", "172.29.0.0/16", "192.168.0.0/16")
"""Where a network that names no subnet takes the first /24 that is free."""

SMALLEST, LARGEST = 30, 16
"""Lengths of a prefix: room for the bridge and one sandbox; for as many as links can be named."""

EXAMPLE = "such as 10.7.0.0/24"


def parse_subnet(subnet: str | None) -> list[IPv4Network]:
    """What a caller names, or everything that may be taken when it names none.

    Raises:
        BadInput: it cannot be the subnet of a network.
    """
    if subnet is None:
        pools = map(ipaddress.IPv4Network, POOLS)
        return [part for pool in pools for part in pool.subnets(new_prefix=24)]
    if not isinstance(subnet, str) or "/" not in subnet:
        raise _wrong(subnet, f"a subnet is an IPv4 network and the length of its prefix, {EXAMPLE}")
    try:
        network = IPv4Network(subnet, strict=False)
    except ValueError as error:
        raise _wrong(subnet, str(error)) from None
    if str(network.network_address) != subnet.partition("/")[0]:
        raise _wrong(
            subnet, "that is the address of one machine in it", f"The network is {network}"
        )
    if not LARGEST <= network.prefixlen <= SMALLEST:
        raise _wrong(subnet, f"its prefix is from /{LARGEST} to /{SMALLEST}")
    if not network.is_private or network.is_loopback or network.is_link_local:
        hint = "10.0.0.0/8, 172.16.0.0/12 and 192.168.0.0/16 are for private use (RFC 1918)"
        raise _wrong(subnet, "its addresses belong to somebody, or have another meaning", hint)
    return [network]


def room(network: IPv4Network) -> int:
    """How many sandboxes have an address: all but the network's, the bridge's and that of all."""
    return network.num_addresses - 3


def _wrong(subnet: object, why: str, hint: str = "") -> BadInput:
    return BadInput(f"{subnet!r} cannot be the subnet of a network", why=why, hint=hint)
