"""Every check of every topic: what it refuses, what it names, what it accepts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labkit.course import find_course
from labkit.grading import OTHER, Check, Lab, Verdict

Make = Callable[[Lab], object]

COURSE = find_course(Path(__file__))
CHECKS = [
    check for topic in COURSE.topics if not topic.is_planned for check in topic.checks().values()
]


def makers(kind: str) -> list[object]:
    """One parameter for each state of that kind, of every check."""
    found = []
    for check in CHECKS:
        states = {
            "wrong": {state.id: state.make for state in check.listed},
            "unlisted": {way.title: way.make for way in check.unlisted_states},
            "right": {way.title: way.make for way in check.right_ways},
        }[kind]
        marks = pytest.mark.requires(*check.requires)
        for name, make in states.items():
            found.append(pytest.param(check, name, make, id=f"{check.id}: {name}", marks=marks))
    return found


each_check = pytest.mark.parametrize(
    "check",
    [pytest.param(c, id=c.id, marks=pytest.mark.requires(*c.requires)) for c in CHECKS],
)


@pytest.fixture
def lab(check: Check, tmp_path: Path) -> Iterator[Lab]:
    topic = COURSE.topic(check.topic)
    values = topic.checks().variant.values("a seed", topic.slug)
    with Lab(topic.slug, tmp_path / "work", values) as lab:
        yield lab


def explained(verdict: Verdict) -> str:
    return f"{verdict.status} {verdict.state}: {verdict.message} {list(verdict.evidence)}"


@each_check
def test_an_author_finds_no_mistake_in(check: Check) -> None:
    assert check.validate() == []


@each_check
def test_the_untouched_exercise_is_refused(check: Check, lab: Lab) -> None:
    verdict = check.run(lab)
    assert verdict.status == "not yet", explained(verdict)
    assert verdict.message and verdict.evidence


@pytest.mark.parametrize(("check", "state", "make"), makers("wrong"))
def test_a_wrong_state_is_named(check: Check, state: str, make: Make, lab: Lab) -> None:
    make(lab)
    verdict = check.run(lab)
    assert (verdict.status, verdict.state) == ("not yet", state), explained(verdict)
    assert verdict.message == check.wrong_states[state].says


@pytest.mark.parametrize(("check", "title", "make"), makers("unlisted"))
def test_an_unlisted_wrong_state_shows_expected_beside_observed(
    check: Check, title: str, make: Make, lab: Lab
) -> None:
    make(lab)
    verdict = check.run(lab)
    assert (verdict.status, verdict.state) == ("not yet", OTHER), f"{title}: {explained(verdict)}"
    assert any(not row.agrees for row in verdict.evidence)


@pytest.mark.parametrize(("check", "title", "make"), makers("right"))
def test_a_right_way_is_accepted(check: Check, title: str, make: Make, lab: Lab) -> None:
    make(lab)
    verdict = check.run(lab)
    assert verdict.is_passed, f"{title}: {explained(verdict)}"
    assert all(row.agrees for row in verdict.evidence)
