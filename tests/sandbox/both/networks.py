"""Sandboxes on a network reach each other, and the map of links is what `ip` says."""

from __future__ import annotations

import json
import os
import random
import threading
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput, Blocked
from labkit.sandbox import Network, Sandbox, anatomy, family_tree, network_map, running
from labkit.sandbox.maps import Link, NetworkMap, NetworkNamespace, Traffic
from tests.sandbox.both.tools import error_of, inside, namespace, status

PING = ("ping", "-q", "-W", "3", "-c")


def ip(pid: int, *arguments: str) -> Any:
    """What `ip` says in a process's network namespace."""
    return json.loads(inside(pid, "net", "ip", "-json", *arguments))


def namespace_of(seen: NetworkMap, name: str) -> NetworkNamespace:
    """The one namespace of that name."""
    (found,) = (one for one in seen.namespaces if one.name == name)
    return found


def link_of(seen: NetworkMap, box: str, name: str = "eth0") -> Link:
    (found,) = (link for link in namespace_of(seen, f"sandbox {box}").links if link.name == name)
    return found


def home_of(seen: NetworkMap, net: Network) -> NetworkNamespace:
    """The namespace that the bridge lies in."""
    (found,) = (one for one in seen.namespaces if net.bridge in {link.name for link in one.links})
    return found


def two_sandboxes_reach_each_other_by_address_and_by_name() -> None:
    with Network() as net, Sandbox(network=net) as web, Sandbox(network=net) as db:
        assert web.address != db.address
        for box, other in ((web, db), (db, web)):
            for target in (other.address, other.name, net.gateway):
                done = box.exec([*PING, "1", target])
                assert done.exit_code == 0, (target, done)
        assert web.exec([*PING, "1", "nobody-of-that-name"]).exit_code != 0


def one_that_comes_later_is_known_and_one_that_went_is_not() -> None:
    with Network() as net, Sandbox(name="first", network=net) as first:
        before = first.exec(["cat", "/etc/hosts"]).stdout
        with Sandbox(name="later", hostname="late.example", network=net) as later:
            for name in ("later", "late.example"):
                assert first.exec([*PING, "1", name]).exit_code == 0, name
            rows = first.exec(["cat", "/etc/hosts"]).stdout.splitlines()
            assert [row.split() for row in rows] == [
                ["127.0.0.1", "localhost"],
                [first.address, "first"],
                [later.address, "late.example", "later"],
            ]
            assert first.exec(["sh", "-c", "echo 1.2.3.4 later >> /etc/hosts"]).exit_code != 0
        assert first.exec(["cat", "/etc/hosts"]).stdout == before


def counters_grow_by_what_was_sent() -> None:
    with (
        Network() as net,
        Sandbox(name="sender", network=net) as sender,
        Sandbox(name="receiver", network=net) as receiver,
    ):
        quiet = network_map()
        assert (
            link_of(quiet, "sender").traffic
            == link_of(quiet, "receiver").traffic
            == Traffic(0, 0, 0, 0)
        )
        assert sender.exec([*PING, "1", "receiver"]).exit_code == 0  # so both know their MACs
        before = network_map()
        assert sender.exec([*PING, "7", "-i", "0.01", "-s", "300", "receiver"]).exit_code == 0
        after = network_map()
        ends = {box.name: link_of(before, box.name).peer for box in (sender, receiver)}
        home = {link.index: link for link in home_of(after, net).links}
        for name, peer in ends.items():
            assert peer is not None
            old, new = link_of(before, name).traffic, link_of(after, name).traffic
            for word in ("received", "sent"):
                packets = getattr(new, f"{word}_packets") - getattr(old, f"{word}_packets")
                grown = getattr(new, f"{word}_bytes") - getattr(old, f"{word}_bytes")
                # Ethernet, IP and ICMP headers; a packet of ARP may come between.
                assert 7 <= packets <= 9, (name, word)
                assert 0 <= grown - 7 * (14 + 20 + 8 + 300) <= 2 * 42, (name, word)
            other = home[peer[1]].traffic
            assert (other.received_packets, other.sent_packets) == (
                new.sent_packets, new.received_packets
            )  # fmt: skip


def the_map_is_what_ip_says() -> None:
    with Network() as net, Sandbox(name="web", network=net) as web, Sandbox(name="alone") as alone:
        seen, web_session = network_map(), net.client.session.id
        for pid, here in (
            (web.pid, namespace_of(seen, "sandbox web")),
            (alone.pid, namespace_of(seen, "sandbox alone")),
            (net.client.pid, home_of(seen, net)),
        ):
            assert here.id == namespace(pid, "net")
            links = {link.name: link for link in here.links}
            listed = {row["ifname"]: row for row in ip(pid, "-details", "link")}
            addresses = {row["ifname"]: row["addr_info"] for row in ip(pid, "address")}
            # Links of other people's come and go in the machine's own namespace.
            ours = {name for name in {*links, *listed} if name == "lo" or web_session in name}
            if here.name.startswith("sandbox"):
                ours = {*links, *listed}
            for name_ in ours:
                link, row = links[name_], listed[name_]
                assert (link.index, link.mac, link.mtu) == (
                    row["ifindex"], row["address"], row["mtu"]
                ), row  # fmt: skip
                assert link.is_up == ("UP" in row["flags"])
                kind = row.get("linkinfo", {}).get("info_kind", "")
                assert link.kind == (kind or ("loopback" if name_ == "lo" else ""))
                assert link.bridge == row.get("master", "")
                assert set(link.addresses) == {
                    f"{one['local']}/{one['prefixlen']}" for one in addresses[name_]
                }
                if kind == "veth":
                    assert link.peer is not None
                    assert link.peer[1] == row["link_index"]
            listed_routes = ip(pid, "route")
            routes = {
                (r["dst"], r.get("gateway", ""), r["dev"])
                for r in listed_routes
                if r["dev"] in ours
            }
            seen_routes = {(r.destination, r.gateway, r.link) for r in here.routes}
            assert {route for route in seen_routes if route[2] in ours} == routes
            assert len(ours) == {"sandbox web": 2, "sandbox alone": 1}.get(here.name, 3)
            forwards = inside(pid, "net", "cat", "/proc/sys/net/ipv4/ip_forward").strip()
            assert here.forwards == (forwards == "1")
        assert {link.name for link in namespace_of(seen, "sandbox alone").links} == {"lo"}


def both_ends_of_a_pair_name_each_other() -> None:
    with Network() as net, Sandbox(network=net), Sandbox(network=net):
        seen = network_map()
        by_place = {(one.id, link.index): link for one in seen.namespaces for link in one.links}
        pairs = [(place, link.peer) for place, link in by_place.items() if link.peer]
        ours = [pair for pair in pairs if pair[0][0] == home_of(seen, net).id]
        ports = [link for link in home_of(seen, net).links if link.bridge == net.bridge]
        assert len(ports) == 2
        for place, peer in ours:
            if by_place[place] in ports:
                assert by_place[peer].name == "eth0"
                assert by_place[peer].peer == place


def the_map_names_what_it_shows_the_observers_own_first() -> None:
    with Network("blue") as net, Sandbox(name="web", network=net) as web:
        seen = network_map()
        assert (seen.namespaces[0].name, seen.namespaces[0].is_observers) == ("this machine", True)
        assert sum(one.is_observers for one in seen.namespaces) == 1
        assert seen.namespaces[0].id == namespace("self", "net")
        home = home_of(seen, net).name
        assert home == ("this machine" if os.geteuid() == 0 else "network blue")
        some = network_map([web.pid])
        assert [one.name for one in some.namespaces] == ["this machine", "sandbox web"]
        assert link_of(some, "web").peer == (
            (namespace("self", "net"), link_of(seen, "web").peer[1])  # type: ignore[index]
            if os.geteuid() == 0
            else None
        )


def looking_leaves_every_thread_where_it_was() -> None:
    def look() -> None:
        seen.append(network_map())
        places.append(namespace("thread-self", "net"))

    seen: list[NetworkMap] = []
    places: list[int] = []
    with Sandbox() as box:
        threads = [threading.Thread(target=look) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        open_files = len(list(Path("/proc/self/fd").iterdir()))
        look()
        assert len(list(Path("/proc/self/fd").iterdir())) == open_files
        wanted = {namespace("self", "net"), namespace(box.pid, "net")}
    assert set(places) == {namespace("self", "net")}
    assert len(seen) == 5
    for each in seen:
        assert wanted <= {one.id for one in each.namespaces}


def addresses_are_the_lowest_free_and_reachable_at_once() -> None:
    with Network() as net, Sandbox(network=net) as watcher:
        first = str(net.parsed_subnet[2])
        assert watcher.address == first
        for turn in range(3):
            with Sandbox(name=f"turn{turn}", network=net) as box:
                assert box.address == str(net.parsed_subnet[3])
                # The watcher remembers the MAC of the one before at this address.
                assert watcher.exec([*PING, "1", box.address]).exit_code == 0
                assert box.exec([*PING, "1", watcher.address]).exit_code == 0


def a_full_network_says_so_and_has_room_when_one_goes() -> None:
    # Not of the ranges from which labkit takes: tests beside this one do.
    subnet = f"172.30.{random.randrange(256)}.{4 * random.randrange(64)}/30"
    with Network("tiny", subnet) as net:
        with Sandbox(network=net):
            error = error_of(Sandbox(network=net).start)
            assert isinstance(error, BadInput)
            assert "network 'tiny' is full" in str(error)
            assert "room for 1 sandbox," in str(error)
        assert Sandbox(network=net).run([*PING, "1", net.gateway]).exit_code == 0


def a_network_in_use_is_not_closed_but_by_the_end_of_its_block() -> None:
    net = Network("busy").start()
    box = Sandbox(name="guest", network=net).start()
    error = error_of(net.close)
    assert isinstance(error, BadInput)
    assert "sandboxes are on it: guest" in str(error)
    assert box.exec([*PING, "1", net.gateway]).exit_code == 0  # all is as it was
    with net:
        bridge = net.bridge
    assert not box.is_running
    assert not net.is_open
    assert bridge not in {link.name for one in network_map().namespaces for link in one.links}
    for call in (box.start, lambda: Sandbox(network=net).run(["true"]), lambda: net.bridge):
        assert "network 'busy' is not open" in str(error_of(call))


def names_are_unique_and_subnets_do_not_overlap() -> None:
    with Network("lab") as net:
        assert "a network named 'lab' is there already" in str(error_of(Network("lab").start))
        wide = str(net.parsed_subnet.supernet(new_prefix=23))
        for subnet in (net.subnet, wide):
            error = error_of(Network(subnet=subnet).start)
            assert f"the subnet {subnet} is taken" in str(error)
            assert "a route to 10." in str(error)
        with Network() as other:
            assert not other.parsed_subnet.overlaps(net.parsed_subnet)
            assert other.bridge != net.bridge
    with Network("lab"):
        pass


def a_sandbox_on_a_network_may_ping_and_no_more() -> None:
    with Network() as net:
        with Sandbox(network=net) as box:
            assert box.exec(["ip", "link", "set", "eth0", "down"]).exit_code != 0
            assert box.exec(["ip", "address", "add", "10.1.2.3/24", "dev", "eth0"]).exit_code != 0
            assert anatomy(box).changed == ()
            kept = set(anatomy(box).capabilities)
        with Sandbox() as alone:
            assert kept - set(anatomy(alone).capabilities) == {"CAP_NET_RAW"}
        with Sandbox(network=net, capabilities=["KILL"]) as box:
            assert int(status(box.pid)["CapEff"], 16) == 1 << 5
            assert box.exec([*PING, "1", net.gateway]).exit_code != 0


def whoever_asks_hears_the_address_and_the_network() -> None:
    with Network("green") as net, Sandbox(name="web", network=net) as web, Sandbox() as alone:
        (row,) = (box for box in running() if box.name == "web")
        assert (row.network, row.address) == ("green", web.address)
        assert [box.name for box in net.sandboxes()] == ["web"]
        assert alone.address == ""
        roles = {relative.pid: relative.role for relative in family_tree(os.getpid()).members}
        assert roles[net.client.pid] == "helper"
        assert roles[web.pid] == "sandbox web"
        assert web.terminal(["true"]).wait(5) == 0


def nat_without_root_says_what_would_help() -> None:
    if os.geteuid() != 0:
        error = error_of(Network(nat=True).start)
        assert isinstance(error, Blocked)
        assert "no link leads out of it" in str(error)
        assert "as root" in str(error)


def a_sandbox_is_replaced_with_its_network() -> None:
    with Network() as net:
        first = Sandbox(name="web", network=net).start()
        second = Sandbox(name="web", network=net).start(replace=True)
        assert not first.is_running
        assert second.exec([*PING, "1", "web"]).exit_code == 0
