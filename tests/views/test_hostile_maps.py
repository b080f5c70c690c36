"""Whatever is called whatever, and however it hangs together: the maps stay pictures."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from labkit.sandbox.maps import (
    Gauge,
    Group,
    GroupTree,
    Link,
    Member,
    Moment,
    Namespace,
    NamespaceMap,
    NetworkMap,
    NetworkNamespace,
    Pressure,
    Route,
    Sample,
    Timeline,
    Traffic,
)
from labkit.views import group_tree_view, namespace_map_view, network_view, timeline_view
from tests.views.test_hostile import NUMBER, QUICK, TEXT, WORDS, is_harmless

FEW = st.integers(1, 9)
"""So small that ids meet: what points at nothing, at itself, or in circles is among them."""
KIND = st.sampled_from(("user", "net", "pid", "mnt")) | TEXT
ROLE = st.sampled_from(("", "you are here", "helper", "sandbox a")) | TEXT
MEMBERS = st.dictionaries(FEW, st.builds(Member, FEW, FEW, NUMBER, TEXT, ROLE), max_size=9)
NAMESPACE = st.builds(
    Namespace, KIND, FEW, st.lists(FEW, max_size=5).map(tuple), WORDS, FEW | st.none(),
    st.booleans(),
)  # fmt: skip
NAMESPACES = st.builds(
    NamespaceMap, st.lists(NAMESPACE, max_size=14).map(tuple), MEMBERS, st.integers(0, 9)
)

TRAFFIC = st.builds(Traffic, NUMBER, NUMBER, NUMBER, NUMBER, NUMBER)
NAME = st.sampled_from(("eth0", "br0", "lo")) | TEXT
LINK = st.builds(
    Link, NAME, FEW, st.sampled_from(("veth", "bridge", "loopback", "")) | TEXT, st.booleans(),
    TEXT, FEW, WORDS, NAME | st.just(""), st.tuples(FEW, FEW) | st.none(), TRAFFIC,
)  # fmt: skip
ROUTE = st.builds(Route, st.just("default") | TEXT, TEXT, NAME)
SPACE = st.builds(
    NetworkNamespace, FEW, TEXT | st.sampled_from(("sandbox a", "netns red")),
    st.lists(LINK, max_size=6).map(tuple), st.lists(ROUTE, max_size=3).map(tuple), st.booleans(),
    st.booleans(), WORDS,
)  # fmt: skip
NETWORK = st.builds(NetworkMap, st.lists(SPACE, max_size=9).map(tuple))

AMOUNT = st.floats(0, 1e18)
GAUGE = st.builds(
    Gauge, st.sampled_from(("memory.max", "memory.high", "pids.max", "cpu.max")) | TEXT, AMOUNT,
    AMOUNT | st.none(), st.sampled_from(("bytes", "processes", "cores")) | TEXT, TEXT,
)  # fmt: skip
GAUGES = st.lists(GAUGE, max_size=5).map(tuple)
PATH = st.lists(st.sampled_from(("a", "b", "")) | TEXT, max_size=4).map(lambda p: "/" + "/".join(p))
GROUP = st.builds(
    Group, PATH | TEXT, st.lists(FEW, max_size=4).map(tuple), GAUGES, FEW | st.none(), TEXT,
    st.booleans(), st.dictionaries(st.sampled_from(("memory.oom_kill", "pids.max")) | TEXT, NUMBER),
    st.lists(st.builds(Pressure, TEXT, AMOUNT, AMOUNT), max_size=4).map(tuple), st.integers(0, 3),
)  # fmt: skip
GROUPS = st.builds(
    GroupTree, st.integers(1, 2), WORDS, PATH, st.lists(GROUP, max_size=7).map(tuple),
    st.dictionaries(FEW, TEXT, max_size=4),
)  # fmt: skip

SECONDS = st.floats(0, 1e6)
TIMELINE = st.builds(
    Timeline, TEXT,
    st.lists(st.builds(Sample, SECONDS, GAUGES, st.floats(0, 1)), max_size=12).map(tuple),
    st.lists(
        st.builds(Moment, SECONDS, st.sampled_from(("oom_kill", "end")) | TEXT, TEXT), max_size=14
    ).map(tuple),
)  # fmt: skip


@given(NAMESPACES)
@QUICK
def test_namespaces(found: NamespaceMap) -> None:
    is_harmless(namespace_map_view(found))


@given(NETWORK)
@QUICK
def test_networks_of_any_shape_circles_included(found: NetworkMap) -> None:
    is_harmless(network_view(found))


@given(GROUPS)
@QUICK
def test_groups(found: GroupTree) -> None:
    is_harmless(group_tree_view(found))


@given(TIMELINE)
@QUICK
def test_timelines(found: Timeline) -> None:
    is_harmless(timeline_view(found))
