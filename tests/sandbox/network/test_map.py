"""The map of links finds namespaces that nobody runs in, and those made by others."""

from __future__ import annotations

import pytest

from tests.sandbox.network.machine import in_a_machine

pytestmark = [
    pytest.mark.requires("root", "network", "program:unshare", "program:ip"),
    pytest.mark.usefixtures("shared_home"),
]


def test_namespaces_made_by_hand_are_there_with_their_names_and_peers() -> None:
    in_a_machine("""
import ctypes
# A mount namespace of our own with another /run: names given here are nobody else's.
assert ctypes.CDLL(None).unshare(0x20000) == 0
subprocess.run(["mount", "--make-rprivate", "/"], check=True)
subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
ip("netns", "add", "red")
ip("link", "add", "to-red", "type", "veth", "peer", "from-red", "netns", "red")
ip("-netns", "red", "address", "add", "10.1.1.1/24", "dev", "from-red")
with subprocess.Popen(["unshare", "--net", "sleep", "600"]) as sleeper:
    own = os.stat("/proc/self/ns/net").st_ino
    while os.stat(f"/proc/{sleeper.pid}/ns/net").st_ino == own: time.sleep(0.005)
    ip("link", "add", "to-pid", "type", "veth", "peer", "from-pid", "netns", str(sleeper.pid))
    ip("-netns", "red", "link", "add", "x", "type", "veth", "peer", "y", "netns", str(sleeper.pid))
    seen = network_map()
    ours = ["this machine", f"PID {sleeper.pid}", "netns red"]
    assert [one.name for one in seen.namespaces if one.name in ours] == ours, seen
    assert seen.namespaces[0].id == own
    here, process, red = (one for one in seen.namespaces if one.name in ours)
    assert red.id == os.stat("/run/netns/red").st_ino
    all_links = [(one, link) for one in (here, process, red) for link in one.links]
    ends = {(one.id, link.index): (one.name, link.name) for one, link in all_links}
    pairs = {ends[one.id, link.index]: ends[link.peer] for one, link in all_links if link.peer}
    one_way = {
        ("this machine", "to-red"): ("netns red", "from-red"),
        ("this machine", "to-pid"): (process.name, "from-pid"),
        ("netns red", "x"): (process.name, "y"),
    }
    assert pairs == one_way | {there: here for here, there in one_way.items()}, pairs
    (link,) = (link for link in red.links if link.name == "from-red")
    assert link.addresses == ("10.1.1.1/24",) and not link.is_up
    some = network_map([sleeper.pid, 2**30])
    assert [one.name for one in some.namespaces] == ["this machine", process.name]
    (torn,) = (link for link in some.namespaces[0].links if link.name == "to-red")
    assert torn.peer is None  # where that leads is not in this map
    sleeper.kill()
""")


def test_looking_changes_nothing() -> None:
    in_a_machine("""
with Network(nat=True) as net, Sandbox(network=net):
    network_map()
    def state():
        return rules(), tables(), switches(), ip("-json", "address")
    before = state()
    for _ in range(3):
        network_map()
    assert state() == before, (state(), before)
""")
