"""NAT: a sandbox reaches the world under the machine's address, and all goes back as it was."""

from __future__ import annotations

import pytest

from tests.sandbox.network.machine import in_a_machine

pytestmark = [
    pytest.mark.requires("root", "network", "program:unshare", "program:ip", "program:iptables"),
    pytest.mark.usefixtures("shared_home"),
]


def test_a_sandbox_reaches_the_world_under_the_machines_address_and_all_goes_back() -> None:
    in_a_machine("""
with world():
    before = switches(), rules(), tables()
    with Network(nat=True) as net, Sandbox(network=net) as box:
        assert box.exec(fetch()).stdout == MACHINE
        here = network_map().namespaces[0]
        assert here.masquerades == (net.subnet,), here
        assert here.forwards
        with Sandbox(network=net) as other:  # between the two, nothing is changed
            assert box.exec(["ping", "-c1", "-W3", other.address]).exit_code == 0
    after = switches(), rules(), tables()
    assert after == before, (after, before)
""")


def test_without_nat_there_is_no_way_out() -> None:
    in_a_machine("""
with world():
    before = switches(), tables()
    with Network() as net, Sandbox(network=net) as box:
        assert (switches() | before[0], tables()) == (switches(), before[1])
        assert box.exec(fetch()).stdout == ""
        assert network_map().namespaces[0].masquerades == ()
""")


def test_what_was_set_by_hand_is_put_back() -> None:
    in_a_machine("""
ip("link", "add", "odd0", "type", "veth", "peer", "odd1")
Path("/proc/sys/net/ipv4/conf/odd0/forwarding").write_text("1")
Path("/proc/sys/net/ipv4/conf/all/accept_redirects").write_text("0")
before = switches()
with Network(nat=True):
    assert switches() != before
assert switches() == before
""")


def test_forwarding_that_was_on_stays_on() -> None:
    in_a_machine("""
Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
before = switches()
with Network(nat=True):
    pass
assert switches() == before
assert before["/proc/sys/net/ipv4/ip_forward"] == "1"
""")


def test_forwarding_stays_while_somebody_elses_rule_relies_on_it() -> None:
    in_a_machine("""
with Network(nat=True) as net:
    rule = ["POSTROUTING", "-s", "172.31.0.0/16", "!", "-o", "docker0", "-j", "MASQUERADE"]
    subprocess.run(["iptables", "-t", "nat", "-A", *rule], check=True)
    assert network_map().namespaces[0].masquerades == (net.subnet, "172.31.0.0/16")
    theirs = rules()
assert switches()["/proc/sys/net/ipv4/ip_forward"] == "1"
assert rules() == theirs
""")


@pytest.mark.parametrize("first_to_go", ["first", "second"])
def test_of_two_sessions_the_last_switches_forwarding_off(first_to_go: str) -> None:
    in_a_machine(f"""
before = switches(), tables()
with world(), owner("first", nat=True) as (first, one), owner("second", nat=True) as (second, two):
    assert one != two and {{one, two}} < links()
    gone, stays = (first, second) if {first_to_go!r} == "first" else (second, first)
    helper = helper_of(gone.pid)
    gone.kill(); gone.wait()
    while not is_gone(helper): time.sleep(0.005)
    assert switches()["/proc/sys/net/ipv4/ip_forward"] == "1"
    with Network(nat=True) as net:  # a third, that comes and goes meanwhile
        assert Sandbox(network=net).run(fetch()).stdout == MACHINE
    assert switches()["/proc/sys/net/ipv4/ip_forward"] == "1"
    helper = helper_of(stays.pid)
    stays.kill(); stays.wait()
    while not is_gone(helper): time.sleep(0.005)
    after = switches()
    assert {{k: v for k, v in after.items() if k in before[0]}} == before[0]
    assert tables() == before[1]
    assert not {{one, two}} & links()
""")


def test_a_firewall_that_lets_nothing_pass_is_named() -> None:
    in_a_machine("""
subprocess.run(["iptables", "-P", "FORWARD", "DROP"], check=True)
before = switches(), rules(), tables(), links()
try:
    Network("out", nat=True).start()
except LabkitError as error:
    assert "chain FORWARD of table filter" in str(error), error
else:
    raise AssertionError("no error")
assert (switches(), rules(), tables(), links()) == before
with Network("out"):
    pass
""")


def test_servers_for_names_are_the_machines_that_can_be_reached() -> None:
    in_a_machine("""
wanted = [row.split()[1] for row in Path("/etc/resolv.conf").read_text().splitlines()
          if row.startswith("nameserver ")]
far = [server for server in wanted if ":" not in server and not server.startswith("127.")]
with Network(nat=True) as net, Network() as alone:
    said = Sandbox(network=net).run(["cat", "/etc/resolv.conf"]).stdout
    assert said.split()[1::2] == far, said
    assert "nameserver" not in Sandbox(network=alone).run(["cat", "/etc/resolv.conf"]).stdout
""")
