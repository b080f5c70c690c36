"""Two runs of the same work give, but for what is marked, the same maps to the letter."""

from __future__ import annotations

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from labkit.sandbox.maps import (
    Gauge,
    GroupTree,
    Namespace,
    NamespaceMap,
    NetworkMap,
    NetworkNamespace,
    Route,
    Timeline,
    Traffic,
)
from labkit.views import group_tree_view, namespace_map_view, network_view, timeline_view
from tests.views import mapsamples
from tests.views.pictures import sanitised

SOME = settings(max_examples=40, deadline=None)
SEED = st.integers(0, 2**32)
NAME = st.text("abc-_/.<&", min_size=1, max_size=70)
AMOUNT = st.integers(0, 10**12)
INSIDE = (31337, 31338)
"""The processes of the sandbox: they are the same everywhere."""


def other_numbers(m: NamespaceMap, seed: int, name: str) -> NamespaceMap:
    """The same map on another machine: other PIDs, other inodes, other commands outside."""
    dice = random.Random(seed)
    pids = dict(zip(sorted(m.members), sorted(dice.sample(range(2, 4194304), len(m.members))),
                    strict=True))  # fmt: skip
    numbers = sorted(dice.sample(range(4026531835, 4026599999), len(m.namespaces)))
    ids = dict(zip(sorted(n.id for n in m.namespaces), numbers, strict=True))
    members = {
        pids[pid]: replace(
            member, pid=pids[pid], ppid=pids.get(member.ppid, 1), uid=seed % 70000,
            command=member.command if pid in INSIDE else name,
        )
        for pid, member in m.members.items()
    }  # fmt: skip
    spaces = [
        Namespace(n.kind, ids[n.id], tuple(sorted(pids[pid] for pid in n.members)), n.kept_by,
                  ids.get(n.owner or 0), n.is_observers)
        for n in m.namespaces
    ]  # fmt: skip
    return NamespaceMap(tuple(spaces), members, m.unreadable)


@given(SEED, NAME)
@SOME
def test_namespaces(seed: int, name: str) -> None:
    here = mapsamples.few_processes()
    there = other_numbers(here, seed, name)
    assert sanitised(namespace_map_view(there)) == sanitised(namespace_map_view(here))


def elsewhere(m: NetworkMap, name: str, amount: int) -> NetworkMap:
    """The same network on another machine, after other traffic, with other names of its links."""
    found = []
    for space in m.namespaces:
        is_here = space.is_observers
        links = tuple(
            replace(
                link, mac=name, mtu=amount, name=link.name + is_here * name,
                bridge=link.bridge and link.bridge + is_here * name,
                traffic=Traffic(amount, amount + 1, amount * 9, amount * 8,
                                link.traffic.dropped_packets and amount + 1),
                addresses=(name,) if is_here and link.name == "eth0" else link.addresses,
            )
            for link in space.links
        )  # fmt: skip
        routes = tuple(
            Route(r.destination, name if is_here else r.gateway, r.link + is_here * name)
            for r in space.routes
        )
        found.append(replace(space, links=links, routes=routes))
    return NetworkMap(tuple(renumbered(found, amount)))


def renumbered(spaces: list[NetworkNamespace], by: int) -> list[NetworkNamespace]:
    by %= 100000
    return [
        replace(
            space, id=space.id + by,
            links=tuple(
                replace(link, peer=(link.peer[0] + by, link.peer[1]) if link.peer else None)
                for link in space.links
            ),
        )
        for space in spaces
    ]  # fmt: skip


@given(NAME, AMOUNT)
@SOME
def test_networks(name: str, amount: int) -> None:
    for here in (mapsamples.bridged(3), mapsamples.two_namespaces()):
        there = elsewhere(here, name, amount)
        assert sanitised(network_view(there)) == sanitised(network_view(here))


@given(AMOUNT, st.floats(0.001, 99), st.floats(0, 100))
@SOME
def test_groups(amount: int, cores: float, share: float) -> None:
    here = mapsamples.three_groups()

    def used(gauge: Gauge) -> Gauge:
        return replace(gauge, used=cores if gauge.unit == "cores" else amount, file="/x")

    groups = tuple(
        replace(
            group, processes=tuple(pid + amount % 999 for pid in group.processes),
            gauges=tuple(map(used, group.gauges)),
            events={name: count + amount for name, count in group.events.items()},
            pressure=tuple(replace(p, some=share, full=share / 2) for p in group.pressure),
        )
        for group in here.groups
    )  # fmt: skip
    commands = {pid + amount % 999: command for pid, command in here.commands.items()}
    there = GroupTree(2, here.controllers, "/lab", groups, commands)
    assert sanitised(group_tree_view(there)) == sanitised(group_tree_view(here))


@given(st.floats(0.2, 30), st.floats(0, 1.0))
@SOME
def test_timelines(slower: float, less: float) -> None:
    here = mapsamples.memory_timeline()
    samples = tuple(
        replace(
            sample, at_s=sample.at_s * slower,
            gauges=tuple(replace(g, used=g.used * less) for g in sample.gauges),
        )
        for sample in here.samples
    )  # fmt: skip
    moments = tuple(replace(moment, at_s=moment.at_s * slower) for moment in here.moments)
    there = Timeline(here.group, samples, moments)
    assert sanitised(timeline_view(there)) == sanitised(timeline_view(here))
