"""Which subnets a network may have: judged without a kernel, and found by the kernel's routes."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.core.errors import BadInput
from labkit.sandbox import Network
from labkit.sandbox.network.subnet import POOLS, parse_subnet, room
from tests.sandbox.network.machine import in_a_machine


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_a_subnet_is_taken_as_it_is_or_refused(address: int, prefix: int) -> None:
    network = IPv4Network((address, prefix), strict=False)
    is_usable = network.is_private and not network.is_loopback and not network.is_link_local
    try:
        (parsed,) = parse_subnet(str(network))
    except BadInput:
        assert not is_usable or not 16 <= prefix <= 30
    else:
        assert parsed == network
        assert is_usable
        assert 1 <= room(parsed) < 2**16


@pytest.mark.parametrize(
    ("subnet", "why"),
    [
        ("10.7.0.0", "the length of its prefix"),
        ("10.7.0.5/24", "the address of one machine"),
        ("10.7.0.0/33", "is not a valid netmask"),
        ("10.7.0/24", "Expected 4 octets"),
        ("lab", "the length of its prefix"),
        ("fd00::/64", "Expected 4 octets"),
        ("10.7.0.0/31", "from /16 to /30"),
        ("10.0.0.0/8", "from /16 to /30"),
        ("127.0.0.0/24", "have another meaning"),
        ("169.254.0.0/24", "have another meaning"),
        ("8.8.8.0/24", "belong to somebody"),
        ("224.0.0.0/24", "belong to somebody"),
        (24, "the length of its prefix"),
    ],
)
def test_what_cannot_be_a_subnet_is_refused_with_the_reason(subnet: str, why: str) -> None:
    with pytest.raises(BadInput) as caught:
        Network(subnet=subnet)
    assert why in str(caught.value), caught.value


@pytest.mark.parametrize("name", ["", "-x", "a b", "x" * 64, "a/b", "ä", 7])
def test_what_cannot_be_a_name_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="cannot be the name of a network"):
        Network(name)


def test_without_a_wish_there_are_many_to_take_from() -> None:
    candidates = parse_subnet(None)
    assert str(candidates[0]) == "10.7.0.0/24"
    assert len(set(candidates)) == 256 * len(POOLS)


@pytest.mark.requires("root", "network", "program:unshare", "program:ip")
@pytest.mark.usefixtures("shared_home")
def test_a_subnet_that_a_route_leads_to_is_not_taken() -> None:
    in_a_machine("""
ip("link", "add", "up0", "type", "veth", "peer", "up1")
ip("link", "set", "up0", "up")
for route in ("10.7.0.0/24", "10.7.1.128/25", "10.7.2.7/32", "10.7.4.0/22"):
    ip("route", "add", route, "dev", "up0")
ip("route", "add", "default", "dev", "up0")
with Network() as net:
    assert net.subnet == "10.7.3.0/24", net
for subnet in ("10.7.0.0/24", "10.7.0.0/16", "10.7.1.0/24", "10.7.2.0/29", "10.7.5.0/24"):
    try:
        Network(subnet=subnet).start()
    except LabkitError as error:
        assert f"the subnet {subnet} is taken" in str(error), error
    else:
        raise AssertionError(subnet)
for subnet in ("10.7.1.0/25", "10.7.2.8/29", "10.7.8.0/24", "10.8.0.0/24"):
    with Network(subnet=subnet) as net:
        assert net.subnet == subnet
ip("route", "add", "10.0.0.0/8", "dev", "up0")  # of a VPN, say
with Network() as net:
    assert net.subnet == "172.29.0.0/24", net
for route in ("172.16.0.0/12", "192.168.0.0/16"):
    ip("route", "add", route, "dev", "up0")
try:
    Network("none").start()
except LabkitError as error:
    assert "network 'none' finds no free subnet" in str(error)
else:
    raise AssertionError("none was free")
""")


@pytest.mark.requires("root", "network", "program:unshare", "program:ip")
@pytest.mark.usefixtures("shared_home")
def test_sessions_that_begin_at_once_take_different_subnets_and_names() -> None:
    in_a_machine("""
code = "from labkit.sandbox import Network; import sys\\n"
code += "net = Network(nat=True).start(); print(net.bridge, net.subnet, flush=True)\\n"
code += "sys.stdin.read()"
both = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
crowd = [subprocess.Popen([sys.executable, "-c", code], **both) for _ in range(6)]
said = [each.stdout.readline().split() for each in crowd]
assert len({bridge for bridge, _ in said}) == len({subnet for _, subnet in said}) == 6, said
assert all(len(bridge) <= 15 for bridge, _ in said)
assert len(tables()) == 6
for each in crowd:
    each.communicate()
assert not tables() and links() == {"lo"}
""")
