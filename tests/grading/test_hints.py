"""Hints follow the wrong state seen, state their cost, and never come twice."""

from __future__ import annotations

import pytest

from labkit.core.errors import NotFound
from labkit.grading import (
    OTHER,
    Check,
    Progress,
    next_hint,
    not_yet,
    offered_hint,
    passed,
    taken_hints,
)


def test_the_wrong_states_hints_come_first_then_the_general_ones(
    progress: Progress, note: Check
) -> None:
    progress.record_verdict(note, not_yet("empty"))
    hints = [next_hint(note, progress) for _ in range(3)]
    assert [hint.text for hint in hints] == [
        "Something wrote nothing.",
        "It is a file.",
        "Its name is note.txt.",
    ]
    assert [(hint.number, hint.of, hint.is_last) for hint in hints] == [
        (1, 3, False),
        (2, 3, False),
        (3, 3, True),
    ]
    assert taken_hints(note, progress) == tuple(hint.text for hint in hints)


def test_the_state_at_hand_goes_before_the_one_seen_last(progress: Progress, note: Check) -> None:
    progress.record_verdict(note, not_yet("empty"))
    assert next_hint(note, progress, state="absent").text == "Nothing is there yet."


def test_a_new_wrong_state_brings_its_own_hints_and_none_twice(
    progress: Progress, note: Check
) -> None:
    progress.record_verdict(note, not_yet("absent"))
    given = [next_hint(note, progress).text for _ in range(2)]
    progress.record_verdict(note, not_yet("empty"))
    given += [next_hint(note, progress).text for _ in range(2)]
    assert given == [
        "Nothing is there yet.",
        "It is a file.",
        "Something wrote nothing.",
        "Its name is note.txt.",
    ]
    assert next_hint(note, progress).is_reveal


@pytest.mark.parametrize("state", [OTHER, "", "capitals"])
def test_a_state_without_hints_of_its_own_gets_the_general_ones(
    progress: Progress, note: Check, state: str
) -> None:
    assert next_hint(note, progress, state=state).text == "It is a file."


def test_a_state_that_left_the_course_gets_the_general_ones(
    progress: Progress, note: Check
) -> None:
    progress.record_verdict(note, not_yet("gone-since"))
    assert next_hint(note, progress).text == "It is a file."


def test_a_state_nobody_knows_is_refused(progress: Progress, note: Check) -> None:
    with pytest.raises(NotFound, match="Did you mean empty"):
        next_hint(note, progress, state="emtpy")


def test_an_offer_states_the_cost_and_takes_nothing(progress: Progress, note: Check) -> None:
    offer = offered_hint(note, progress)
    assert (offer.text, offer.cost, offer.number, offer.of) == ("", 0.2, 1, 2)
    assert progress.state_of(note).hints_taken == 0
    assert next_hint(note, progress).cost == offer.cost
    assert progress.state_of(note).remaining == 1.8


def test_each_hint_says_what_the_next_one_costs(progress: Progress, note: Check) -> None:
    first, last = next_hint(note, progress), next_hint(note, progress)
    assert (first.next_cost, last.next_cost) == (0.2, 1.6)
    assert next_hint(note, progress).cost == 1.6


def test_when_there_are_no_more_it_points_at_the_reveal_and_costs_nothing(
    progress: Progress, note: Check
) -> None:
    for _ in range(2):
        next_hint(note, progress)
    for _ in range(2):
        hint = next_hint(note, progress)
        assert (hint.is_reveal, hint.is_last, hint.cost) == (True, True, 1.6)
        assert "1.6 of 2 points" in hint.text
    assert progress.state_of(note).remaining == 1.6


def test_after_passing_hints_are_free(progress: Progress, note: Check) -> None:
    progress.record_verdict(note, passed())
    assert offered_hint(note, progress).cost == 0


def test_the_hints_taken_are_still_known_after_a_restart(progress: Progress, note: Check) -> None:
    next_hint(note, progress)
    with Progress(progress.path) as again:
        assert next_hint(note, again).text == "Its name is note.txt."
