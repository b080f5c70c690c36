"""What the maps of a whole machine say: in the picture, and in its text."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from labkit.sandbox.maps import (
    Group,
    GroupTree,
    Link,
    Moment,
    NamespaceMap,
    NetworkMap,
    NetworkNamespace,
    Timeline,
)
from labkit.views import (
    Picture,
    group_tree_view,
    namespace_map_view,
    network_view,
    timeline_view,
)
from labkit.views.changes import changes
from labkit.views.grouplist import FEW, MOST, group_lines
from labkit.views.owners import owners
from labkit.views.timeline import POINTS
from labkit.views.wiring import MOST_BELOW, wiring
from labkit.views.worlds import MOST as MOST_WORLDS
from labkit.views.worlds import worlds
from tests.views import mapsamples
from tests.views.pictures import LARGE, written

MIB = 1024**2


def words(picture: Picture) -> list[str]:
    return [line.words for line in written(picture)]


def row(picture: Picture, first: str, table: int = 0) -> tuple[str, ...]:
    return next(r for r in picture.tables[table].rows if first in (r[0], r[1].strip()))


# -- namespaces -----------------------------------------------------------------------------------


def test_processes_that_share_all_namespaces_are_one_world() -> None:
    found = worlds(mapsamples.few_processes())
    pids = [[member.pid for member in world.members] for world in found.shown]
    assert pids == [[31201, 31330], [31337, 31338], [31400]]
    assert found.shown[0].is_observers and not found.left_out


def test_each_world_says_what_it_has_of_its_own_and_what_is_yours() -> None:
    picture = namespace_map_view(mapsamples.few_processes())
    assert row(picture, "sandbox web")[3:] == ("pid, user, uts, mnt, net, ipc, cgroup", "", "time")
    assert row(picture, "unshare")[3:] == ("user, uts", "", "pid, mnt, net, ipc, cgroup, time")
    drawn = words(picture)
    assert drawn.count("own") == 7 + 2
    assert {"Your world", "you are here", "sandbox web", "httpd -p 8080"} <= set(drawn)


def test_what_several_worlds_share_has_one_letter_and_a_line_between_them() -> None:
    picture = namespace_map_view(mapsamples.pod())
    web, sidecar = row(picture, "sandbox web"), row(picture, "sandbox sidecar")
    assert sidecar[4] == "user A, net D, ipc E"
    assert set(sidecar[4].split(", ")) <= set(web[4].split(", "))
    drawn = words(picture)
    assert (drawn.count("D"), drawn.count("A")) == (3, 2)
    assert len(re.findall(r'class="lks-inn"[^>]*d="M[\d.]+ [\d.]+V', picture.svg)) == 8


def test_a_namespace_that_only_a_mount_keeps_is_shown_without_a_process() -> None:
    picture = namespace_map_view(mapsamples.pod())
    assert row(picture, "/run/netns/red")[2:4] == ("none", "net (kept)")
    drawn = words(picture)
    assert drawn.count("Without a process") == drawn.count("kept") == 2
    assert {"/run/netns/red", "/run/netns/blue", "also kept by /run/netns/green"} <= set(drawn)


def test_user_namespaces_stand_in_those_that_made_them_with_what_they_own() -> None:
    m = mapsamples.pod()
    lines = owners(m, worlds(m))
    assert [(line.depth, line.name) for line in lines] == [
        (0, "yours"), (1, "sandbox web"), (2, "unshare"),
    ]  # fmt: skip
    assert [line.words for line in lines[1:]] == ["2 pid, 2 uts, 2 mnt, net, ipc, 2 cgroup", "pid"]


def test_with_one_user_namespace_nothing_is_said_of_owners() -> None:
    m = mapsamples.few_processes()
    alone = NamespaceMap(tuple(n for n in m.namespaces if n.is_observers), m.members)
    assert "Who owns them" not in words(namespace_map_view(alone))
    assert "Who owns them" in words(namespace_map_view(m))


def test_five_hundred_processes_are_a_dozen_rows() -> None:
    m = mapsamples.many_processes(500)
    found = worlds(m)
    assert sum(len(world.members) for world in found.shown) == len(m.members) == 500
    assert (len(found.shown), found.count) == (8, 71)
    assert [world.alike for world in found.shown] == [1, 1, 1, 1, 14, 6, 41, 6]
    browser = found.shown[6]
    assert browser.kinds("own") == ["pid"] and browser.kinds("joint") == ["user", "net"]


def test_worlds_without_end_are_counted() -> None:
    made = mapsamples.Processes()
    made.start(1000, "python", role="you are here")
    for i in range(90):
        made.start(2000 + i, "sleep 1", "uts", role=f"sandbox box-{i}")
    picture = namespace_map_view(made.map())
    drawn = words(picture)
    assert sum(word.startswith("sandbox box-") for word in drawn) == MOST_WORLDS - 2
    assert f"and {91 - (MOST_WORLDS - 1)} more worlds with 72 processes" in drawn


def test_processes_that_may_not_be_looked_at_are_told() -> None:
    picture = namespace_map_view(mapsamples.pod())
    assert "Of 3 more we may not see the namespaces" in picture.text


# -- networks -------------------------------------------------------------------------------------


def lines_down(picture: Picture) -> int:
    """Cables that are drawn from a plug above to a plug below."""
    return len(re.findall(r'd="M[\d.]+ [\d.]+V[\d.]+" stroke-width="2.5"', picture.svg))


def test_a_bridge_is_a_bar_and_each_veth_pair_a_line_with_its_packets() -> None:
    picture = network_view(mapsamples.bridged(3))
    drawn = words(picture)
    assert "bridge br-lab · 10.7.0.1/24" in drawn
    assert {"port-web", "port-db", "port-cache", "sandbox web", "10.7.0.4/24"} <= set(drawn)
    assert drawn.count("eth0") == 3 + 1
    assert drawn.count("99") == 3 and {"120", "121", "122", "3 lost"} <= set(drawn)
    assert lines_down(picture) == 1 + 3 + 3, "the way out, the cables, bridge to port"


def test_plug_and_plug_stand_one_above_the_other() -> None:
    drawn = list(written(network_view(mapsamples.bridged(4))))
    for name, box in (("port-web", "web"), ("port-queue", "queue")):
        port = next(line for line in drawn if line.words == name)
        plugs = [line for line in drawn if line.words == "eth0" and line.x == port.x]
        assert [plug.y > port.y for plug in plugs] == [True], box


def test_the_way_out_and_nat_are_shown_where_there_are_any() -> None:
    drawn = words(network_view(mapsamples.bridged(2)))
    assert "the world outside, through 192.168.1.1" in drawn
    assert "NAT: packets of 10.7.0.0/24 leave under its own address" in drawn
    assert "passes packets on (ip_forward is 1)" in drawn
    without = words(network_view(mapsamples.bridged(2, nat=False)))
    assert "passes nothing on (ip_forward is 0)" in without
    assert not [word for word in without if "NAT" in word]


def test_two_namespaces_stand_side_by_side_with_the_cable_between_them() -> None:
    picture = network_view(mapsamples.two_namespaces())
    drawn = {line.words: line for line in written(picture)}
    red, blue = drawn["netns red"], drawn["netns blue"]
    assert red.y == blue.y and red.x < 400 < blue.x
    assert drawn["veth-red"].y == drawn["veth-blue"].y
    assert {"10 →", "← 12", "10.7.0.1/24", "10.7.0.2/24", "lo is down"} <= set(drawn)


def test_a_link_that_is_down_is_called_so_at_the_line_and_in_the_box() -> None:
    picture = network_view(mapsamples.router())
    drawn = words(picture)
    assert "down" in drawn and {"to-blue is down", "eth0 is down"} <= set(drawn)
    assert picture.svg.count('stroke-dasharray="5 5"') == 1
    assert "passes nothing on (ip_forward is 0)" in drawn


def test_a_namespace_that_is_linked_with_no_other_is_listed_apart() -> None:
    drawn = words(network_view(mapsamples.router()))
    assert {"Linked with no other", "sandbox lonely", "lo (down)"} <= set(drawn)


def test_links_of_the_machine_that_concern_nobody_are_counted() -> None:
    picture = network_view(mapsamples.bridged(2, others=200))
    said = next(word for word in words(picture) if word.startswith("other links:"))
    assert re.fullmatch(r"other links: veth000000, .* \+ 19\d", said)
    few = words(network_view(mapsamples.bridged(2)))
    assert "other links: docker0 (down)" in few


def test_more_sandboxes_than_fit_are_named_below() -> None:
    m = mapsamples.bridged(40)
    tree = wiring(m).trees[0]
    assert len(tree.below) == MOST_BELOW - 1 and len(tree.left_out) == 40 - (MOST_BELOW - 1)
    assert any(word.startswith("and 35 more that hang there: sandbox ") for word in
               words(network_view(m)))  # fmt: skip


def test_containers_of_others_give_way_to_those_with_a_name() -> None:
    m = mapsamples.bridged(8)
    renamed = [
        replace(space, name=f"PID {space.id}") if i <= 4 and not space.is_observers else space
        for i, space in enumerate(m.namespaces)
    ]
    names = [node.space.name for node in wiring(NetworkMap(tuple(renamed))).trees[0].below]
    assert [name for name in names if not name.startswith("PID ")] == [
        "sandbox worker-0", "sandbox worker-1", "sandbox worker-2", "sandbox worker-3",
    ]  # fmt: skip


def test_a_circle_of_links_is_told_in_the_boxes() -> None:
    m = mapsamples.router()
    router, red, blue = m.namespaces[:3]
    red = replace(red, links=(*red.links, mapsamples.veth("eth1", 9, to=(blue.id, 9))))
    blue = replace(blue, links=(*blue.links, mapsamples.veth("eth1", 9, to=(red.id, 9))))
    drawn = words(network_view(NetworkMap((router, red, blue))))
    assert {"eth1 eth1 in netns blue", "eth1 eth1 in netns red"} <= set(drawn)


def test_the_text_has_every_link_with_what_it_is_linked_with() -> None:
    links = network_view(mapsamples.bridged(2)).tables[1].rows
    assert ("sandbox web", "eth0", "veth", "up", "10.7.0.2/24", "port-web in this machine", "120",
            "99", "0") in links  # fmt: skip


# -- cgroups --------------------------------------------------------------------------------------


def test_a_group_shows_what_it_uses_and_may() -> None:
    picture = group_tree_view(mapsamples.three_groups())
    drawn = words(picture)
    assert {"61 of 64 MiB", "3 of 20", "0.5 of 0.5 cores", "70 MiB, no limit"} <= set(drawn)
    assert row(picture, "web")[2:9] == (
        "61 MiB", "64 MiB", "48 MiB", "3 processes", "20 processes", "0.5 cores", "0.5 cores",
    )  # fmt: skip


def test_what_has_become_of_a_group_is_said_in_words() -> None:
    picture = group_tree_view(mapsamples.three_groups())
    drawn = words(picture)
    assert {"OOM kill", "throttled", "over memory.high", "frozen", "cpu.weight 300"} <= set(drawn)
    assert row(picture, "web")[-1] == "OOM kill, throttled, over memory.high"
    assert row(picture, "batch")[-1] == "frozen"
    assert "waits for cpu 31 %, memory 22 %, io 0 %" in drawn


def test_a_group_that_was_given_away_says_to_whom_where_it_begins() -> None:
    drawn = words(group_tree_view(mapsamples.three_groups()))
    assert drawn.count("delegated to user 1000") == 1


def test_the_programs_in_a_group_are_named_and_counted() -> None:
    group = Group("/g", (1, 2, 3), mapsamples.gauges((1, 2), (3, 9), (0, 1)))
    tree = GroupTree(2, (), "/g", (group,), {1: "/bin/sleep 1", 2: "sleep 2", 3: "sh"})
    assert "3: sleep ×2, sh" in words(group_tree_view(tree))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.89, 0.9, 1.5])
def test_a_gauge_fills_with_use_and_warns_near_the_limit(share: float) -> None:
    group = Group("/g", (), mapsamples.gauges((share * 100 * MIB, 100 * MIB), (0, 9), (0, 1)))
    svg = group_tree_view(GroupTree(2, (), "/g", (group,))).svg
    bars = re.findall(r'<rect class="v lk-(\w+)"[^>]* width="([\d.]+)"[^>]*rx="5.5"', svg)
    ink, width = bars[0]
    assert float(width) == pytest.approx(132 * min(1, share), abs=0.01)
    assert ink == ("bad" if share >= 0.9 else "inn")


def test_a_hundred_groups_are_few_rows_and_the_marked_ones_are_among_them() -> None:
    tree = mapsamples.many_groups(100)
    lines = group_lines(tree)
    shown = [line.group.path for line in lines if line.group]
    assert len(shown) <= MOST and "/user.slice/lab/web" in shown
    assert sum("service" in path for path in shown) == FEW
    left = sum(line.left_out for line in lines)
    assert left + len(shown) == len(tree.groups) == 100
    drawn = words(LARGE["groups, 100 of them"]())
    assert "and 90 more groups with 90 processes" in drawn


def test_groups_without_a_common_root_are_all_counted() -> None:
    groups = tuple(Group(f"/g{i}") for i in range(50))
    lines = group_lines(GroupTree(2, (), "/", groups))
    assert sum(1 if line.group else line.left_out for line in lines) == 50


def test_a_change_of_a_limit_is_told() -> None:
    tree = mapsamples.three_groups()
    web = replace(tree.groups[1], is_frozen=True)
    after = replace(tree, groups=(tree.groups[0], web, tree.groups[2]))
    said = changes(group_tree_view(tree), group_tree_view(after), steady_only=True)
    assert said == (
        "web, it is: OOM kill, throttled, over memory.high →"
        " frozen, OOM kill, th…d, over memory.high."
    )


def test_packets_are_told_with_whose_link_it_is_and_noise_is_not_told() -> None:
    """What passes over lo, and this machine's own traffic, has nothing to do with what one did."""
    before = mapsamples.two_namespaces()
    after = NetworkMap(tuple(_with_more_traffic(space) for space in before.namespaces))
    said = changes(network_view(before), network_view(after))
    assert said == (
        "veth-red in netns red, packets in: 12 → 17. veth-red in netns red, out: 10 → 15."
        " veth-blue in netns blue, packets in: 10 → 15. 1 more change."
    )
    assert changes(network_view(before), network_view(after), steady_only=True) == ""


def test_a_link_that_came_up_is_told_even_where_it_is_lo() -> None:
    before = mapsamples.two_namespaces()
    red = before.namespaces[1]
    lo = replace(red.links[0], is_up=True)
    after = replace(before, namespaces=(
        before.namespaces[0], replace(red, links=(lo, *red.links[1:])), *before.namespaces[2:],
    ))  # fmt: skip
    said = changes(network_view(before), network_view(after), steady_only=True)
    assert said == "lo in netns red, is: down → up."


def _with_more_traffic(space: NetworkNamespace) -> NetworkNamespace:
    def more(link: Link) -> Link:
        seen = link.traffic
        received, sent = seen.received_packets + 5, seen.sent_packets + 5
        traffic = replace(seen, received_packets=received, sent_packets=sent)
        return replace(link, traffic=traffic)

    return replace(space, links=tuple(map(more, space.links)))


# -- time -----------------------------------------------------------------------------------------


def test_a_timeline_has_its_limits_and_its_moments_in_words() -> None:
    picture = timeline_view(mapsamples.memory_timeline())
    drawn = words(picture)
    assert {"memory.max 32 MiB", "memory.max 64 MiB", "memory.high 24 MiB"} <= set(drawn)
    assert "out of memory: the kernel killed tail (31338)" in drawn
    assert "Watched for 6.0 s, 61 looks: 1 OOM kill." in drawn
    assert [r[2] for r in picture.tables[1].rows] == ["memory.high", "limit", "oom_kill", "end"]


def test_throttling_is_a_lane_below_the_cpu_where_there_was_any() -> None:
    drawn = words(timeline_view(mapsamples.cpu_timeline()))
    assert "throttled" in drawn and "cpu.max 0.5 cores" in drawn
    assert "throttled" not in words(timeline_view(mapsamples.memory_timeline()))


def test_the_curve_is_as_high_as_what_was_used() -> None:
    picture = timeline_view(mapsamples.memory_timeline())
    curve = re.findall(
        r'<path class="v lks-inn" [^>]*d="M108 ([\d.]+)((?:L[\d. ]+)+)"', picture.svg
    )
    first, rest = curve[0]
    ys = [float(first), *(float(y) for y in re.findall(r"L[\d.]+ ([\d.]+)", rest))]
    limit = re.findall(r'<path class="v lks-bad" [^>]*d="M108 [\d.]+.*?V([\d.]+)', picture.svg)[0]
    assert ys.index(min(ys)) == 36 and min(ys) == pytest.approx(float(limit))
    assert len(ys) == 61


def test_a_long_record_is_drawn_with_few_points_and_keeps_its_peak() -> None:
    sample = mapsamples.memory_timeline().samples[0]
    many = [replace(sample, at_s=i / 10) for i in range(5000)]
    many[2345] = replace(
        many[2345], gauges=mapsamples.gauges((31 * MIB, 32 * MIB), (1, 20), (0, 1))
    )
    svg = timeline_view(Timeline("/g", tuple(many))).svg
    curves = re.findall(r'<path class="v lks-inn" [^>]*d="([^"]*)"', svg)
    assert 100 < curves[0].count("L") < POINTS
    ys = [float(y) for y in re.findall(r"L[\d.]+ ([\d.]+)", curves[0])]
    assert max(ys) - min(ys) > 100


def test_more_moments_than_fit_are_counted_and_all_are_in_the_text() -> None:
    moments = tuple(Moment(i / 10, "oom_kill", f"kill {i}") for i in range(30))
    picture = timeline_view(replace(mapsamples.memory_timeline(), moments=moments))
    assert "and 20 more moments" in words(picture)
    assert len(picture.tables[1].rows) == 30


def test_an_empty_record_is_a_picture_too() -> None:
    drawn = words(timeline_view(Timeline("/g", ())))
    assert "Nothing happened to it." in drawn
