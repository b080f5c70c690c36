"""What each picture says."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from labkit.grading.verdict import Evidence
from labkit.sandbox.facts import FamilyTree, Relative
from labkit.views import (
    Picture,
    anatomy_view,
    card_view,
    comparison_view,
    map_view,
    tree_view,
    walls_view,
    xray_view,
)
from labkit.views.changes import changes
from labkit.views.lineage import MOST, lineage
from tests.views import samples
from tests.views.pictures import written


def words(picture: Picture) -> list[str]:
    return [line.words for line in written(picture)]


def row(picture: Picture, first: str) -> tuple[str, ...]:
    return next(r for table in picture.tables for r in table.rows if r[0].strip() == first)


def test_the_xray_puts_both_values_of_a_fact_on_one_line() -> None:
    picture = xray_view(samples.both_sides())
    drawn = list(written(picture))
    assert row(picture, "process id") == ("process id", "31337", "1")
    assert row(picture, "host name") == ("host name", "thinkpad-of-ada", "web")
    for left, right in (("31337", "1"), ("thinkpad-of-ada", "web"), ("ada (1000)", "root (0)")):
        heights = {line.y for line in drawn if line.words == left and line.size >= 16}
        assert heights == {line.y for line in drawn if line.words == right and line.size >= 16}, (
            left
        )
        assert len(heights) == 1


@pytest.mark.parametrize("shared", [(), ("net",), ("pid", "uts"), samples.KINDS])
def test_the_xray_says_of_each_kind_whether_it_is_own_or_shared(shared: tuple[str, ...]) -> None:
    both = replace(samples.both_sides(), namespaces=samples.namespaces(*shared))
    picture = xray_view(both)
    said = {r[0]: r[2] for r in picture.tables[1].rows}
    assert said == {kind: "shared" if kind in shared else "own" for kind in samples.KINDS}
    drawn = words(picture)
    assert drawn.count("own") == 8 - len(shared) and drawn.count("shared") == len(shared)


def test_the_anatomy_shows_layers_volumes_limits_and_capabilities() -> None:
    picture = anatomy_view(samples.anatomy())
    drawn = words(picture)
    assert {"memory.max", "at most 64 MiB", "12.4 MiB now", "at most 20 processes"} <= set(drawn)
    assert {"/data", "volume, read-write", "volume, read-only", "b5bb9d8014a0"} <= set(drawn)
    assert {"CHOWN", "SYS_CHROOT", "30 not held", "no new privileges: on"} <= set(drawn)
    assert "system calls: filtered" in drawn
    assert row(picture, "system calls")[2] == "filtered (seccomp: default)"
    bare = anatomy_view(
        replace(samples.anatomy(), seccomp="off", seccomp_profile="none: it was so")
    )
    assert "system calls: all" in words(bare)
    assert row(bare, "system calls")[2] == "all (seccomp: none: it was so)"
    assert "SYS_ADMIN" in row(picture, "not held")[2]


def test_a_gauge_grows_with_use_and_stops_at_the_limit() -> None:
    def bar(used: int) -> float:
        svg = anatomy_view(samples.anatomy(used=used)).svg
        return float(re.findall(r'<rect class="v [^>]* width="([\d.]+)"', svg)[0])

    assert bar(10 * 1024**2) < bar(30 * 1024**2) < bar(64 * 1024**2) == bar(10**12)


def test_the_walls_of_two_stand_beside_each_other_and_the_open_ones_are_named() -> None:
    judged = {"yours": samples.walls("root", "/proc"), "labkit's": samples.walls()}
    picture = walls_view(judged)
    seen = "seen so, with a long word or two"
    assert row(picture, "root")[2:] == (f"open: {seen}", f"closed: {seen}")
    assert row(picture, "memory")[2:] == (f"closed: {seen}", f"closed: {seen}")
    drawn = words(picture)
    assert drawn.count("open") == 2 and drawn.count("closed") == 10
    said = "yours: 4 of 6 closed, open: root, /proc. labkit's: all 6 closed."
    assert picture.tables[0].caption == said


def test_one_process_is_not_called_processes() -> None:
    anatomy = samples.anatomy()
    alone = replace(anatomy, limits=(replace(anatomy.limits[1], used=1),), volumes=())
    assert {"1 process now", "no volume is plugged in"} <= set(words(anatomy_view(alone)))


def test_a_limit_that_is_not_set_is_called_so() -> None:
    anatomy = samples.anatomy()
    unlimited = replace(anatomy, limits=(replace(anatomy.limits[0], limit=None),))
    assert "no limit" in words(anatomy_view(unlimited))
    assert "No limits: it can use all that the host has." in words(
        anatomy_view(replace(anatomy, limits=()))
    )


def test_the_tree_shows_both_pids_and_boxes_the_sandbox() -> None:
    picture = tree_view(samples.family())
    inside = [r for r in picture.tables[0].rows if r[0] == "sandbox web"]
    assert [(r[1], r[2]) for r in inside] == [
        ("31337", "1"), ("31341", "2"), ("31342", "3"), ("31360", "9"),
    ]  # fmt: skip
    assert {"sandbox web", "you are here", "helper"} <= set(words(picture))
    assert picture.svg.count('class="lk-innt lks-inn"') == 1


def test_children_stand_below_their_parents_and_indented() -> None:
    lines = lineage(samples.family())
    for i, line in enumerate(lines):
        if line.parent is not None:
            assert line.parent < i and line.depth == lines[line.parent].depth + 1


def test_a_long_line_of_descent_loses_its_middle_and_says_how_much() -> None:
    chain = [Relative(i, i - 1, f"p{i}", i) for i in range(1, 8)]
    chain.append(Relative(8, 7, "you", 8, "you are here"))
    lines = lineage(FamilyTree(tuple(chain)))
    assert [line.member.command if line.member else line.left_out for line in lines] == [
        "p1", 5, "p7", "you",
    ]  # fmt: skip


def test_a_crowd_is_cut_off_and_counted() -> None:
    crowd = (Relative(1, 0, "init", 1), *(Relative(i, 1, "worker", i) for i in range(2, 500)))
    lines = lineage(FamilyTree(crowd))
    assert len(lines) == MOST
    assert lines[-1].left_out == len(crowd) - (MOST - 1)


def test_a_circle_of_processes_is_drawn_once() -> None:
    circle = tuple(Relative(i, i % 3 + 1, f"p{i}", i, "x") for i in (1, 2, 3))
    assert sorted(line.member.pid for line in lineage(FamilyTree(circle)) if line.member) == [
        1, 2, 3,
    ]  # fmt: skip


def test_two_sandboxes_are_two_boxes() -> None:
    family = samples.family()
    other = Relative(40000, 31330, "sleep 9", 1, "sandbox db")
    picture = tree_view(FamilyTree((*family.members, other)))
    assert {"sandbox web", "sandbox db"} <= set(words(picture))


class Links(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            values = dict(attrs)
            self.found.append((values["href"] or "", values.get("aria-label") or ""))


def test_the_map_links_what_there_is_to_open_and_nothing_else() -> None:
    picture = map_view(samples.course())
    opened = {f"labs/{i:02}/lab.ipynb" for i in (0, 1, 5)}
    links = Links(picture.html()).found
    assert {href for href, _ in links} == opened
    labels = [label for _, label in links if label]
    assert labels == ["00 Start here: done", "05 Images and layers: open",
                      "01 What is a container?: started"]  # fmt: skip
    assert "<a" not in picture.svg


@pytest.mark.parametrize("link", ["javascript:alert(1)", "//evil.example", "\\\\evil", "data:x"])
def test_the_map_links_only_into_the_course(link: str) -> None:
    course = samples.course()
    topics = (replace(course.topics[0], link=link), *course.topics[1:])
    assert link not in [href for href, _ in Links(map_view(replace(course, topics=topics)).html())
                        .found]  # fmt: skip


def test_every_topic_is_on_the_map_once_with_its_state_in_a_word() -> None:
    course = samples.course()
    drawn = words(map_view(course))
    numbers = [word for word in drawn if re.fullmatch(r"\d\d", word)]
    assert sorted(numbers) == [f"{i:02}" for i in range(20)]
    assert drawn.count("to come") == 17 + 1, "the topics and the legend"


def test_a_topic_on_two_routes_is_drawn_on_the_first() -> None:
    course = samples.course()
    both = replace(course.routes[1], topics=course.routes[0].topics[:1] + course.routes[1].topics)
    drawn = words(map_view(replace(course, routes=(course.routes[0], both))))
    assert drawn.count("05") == 1


def test_the_card_marks_the_rows_that_differ() -> None:
    picture = card_view(samples.not_yet())
    marks = {r[0]: r[1] for r in picture.tables[1].rows}
    assert marks == {"process runs": "=", "UTS namespace": "=", "host name inside": "≠",
                     "first lines of /etc/hosts": "≠"}  # fmt: skip
    assert picture.svg.count('class="lk-badt"') == 2
    assert {"Not yet", "0 of 2 points", "2 hints left; the next one costs 0.5 points."} <= set(
        words(picture)
    )


def test_rows_that_agree_are_not_marked_as_differing() -> None:
    assert 'class="lk-badt"' not in card_view(samples.passed()).svg


def test_a_long_list_of_evidence_keeps_the_rows_that_differ() -> None:
    evidence = tuple(Evidence(f"row {i}", "a", "a" if i < 19 else "b") for i in range(20))
    drawn = words(card_view(replace(samples.not_yet(), evidence=evidence)))
    assert "row 19" in drawn and "and 13 more" in drawn and "row 18" not in drawn


def test_a_passed_card_asks_for_no_hint() -> None:
    drawn = words(card_view(replace(samples.passed(), hints_left=2, next_hint_cost=1)))
    assert "Passed" in drawn and "1.5 of 2 points" in drawn
    assert not [line for line in drawn if "costs" in line]


def test_a_blocked_card_says_what_would_help() -> None:
    drawn = words(card_view(samples.blocked()))
    assert {"Blocked", "What would help", "sudo labkit doctor --fix limits"} <= set(drawn)


def test_a_revealed_solution_is_said_with_the_score() -> None:
    card = replace(samples.passed(), is_revealed=True, earned=0)
    assert {"The solution was shown.", "0 of 2 points"} <= set(words(card_view(card)))


@pytest.mark.parametrize(("is_right", "sign"), [(True, "the same"), (False, "differs"), (None, "")])
def test_a_comparison_says_whether_it_came_as_predicted(is_right: bool | None, sign: str) -> None:
    drawn = words(comparison_view(replace(samples.comparison(), is_right=is_right)))
    assert ("the same" in drawn, "differs" in drawn) == (sign == "the same", sign == "differs")


def test_a_comparison_without_a_prediction_says_so() -> None:
    drawn = words(comparison_view(replace(samples.comparison(), predicted=None, is_right=None)))
    assert "No prediction was made." in drawn


def test_a_stopped_process_is_said_to_be_stopped() -> None:
    both = samples.both_sides()
    assert "stopped by a signal" not in xray_view(both).svg + xray_view(both).text
    stopped = xray_view(replace(both, is_stopped=True))
    assert "stopped by a signal" in stopped.svg
    assert "stopped by a signal" in stopped.text
    assert changes(xray_view(both), stopped) == (
        "state, from the host: runs → stopped by a signal."
        " state, from inside: runs → stopped by a signal."
    )
