"""An author's mistakes are found without running the check."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from labkit.grading import Check, check, passed

SOUND: dict[str, Any] = {
    "title": "A check",
    "points": 2,
    "requires": ("sandbox",),
    "hints": ("a", "b"),
}
STATES = [
    ("one", "It is one.", True),
    ("two", "It is two.", True),
    ("three", "It is three.", False),
]


def build(
    id: str = "a-check",
    *,
    states: Sequence[tuple[str, str, bool]] = STATES,
    state_hints: Sequence[str] = (),
    right: int = 1,
    unlisted: int = 1,
    **settings: Any,
) -> Check:
    made = check(id, **(SOUND | settings))(lambda lab: passed())
    for state, says, near in states:
        made.wrong(state, says=says, hints=state_hints, near_miss=near)(lambda lab: None)
    for _ in range(right):
        made.right("by hand")(lambda lab: None)
    for _ in range(unlisted):
        made.unlisted("something odd")(lambda lab: None)
    return made


def test_a_sound_check_has_no_mistakes(note: Check) -> None:
    assert build().validate() == []
    assert note.validate() == []


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"id": "A-check"}, "the id 'A-check'"),
        ({"id": "1st"}, "the id '1st'"),
        ({"id": "no_way"}, "the id 'no_way'"),
        ({"id": "a\n"}, "the id"),
        ({"title": " "}, "no title"),
        ({"points": 0}, "points is 0"),
        ({"points": 1.5}, "points is 1.5"),
        ({"points": True}, "points is True"),
        ({"requires": ("Sandbox!",)}, "'Sandbox!'"),
        ({"hints": ()}, "no hints"),
        ({"hints": ("a", " ")}, "hint 2 is empty"),
        ({"hints": ("a", "a")}, "hint 2 says what another one says"),
        ({"states": STATES[:2]}, "2 wrong states, and needs 3"),
        ({"states": [*STATES[:1], ("x", "X.", False), ("y", "Y.", False)]}, "1 near misses"),
        ({"states": [*STATES, STATES[0]]}, "'one' is listed twice"),
        ({"states": [*STATES, ("other", "It is.", False)]}, "this id is the one of states that"),
        ({"states": [*STATES, ("Not-So", "It is.", False)]}, "'Not-So': its id"),
        ({"states": [*STATES, ("four", " ", False)]}, "'four': it says nothing"),
        ({"state_hints": ("a",)}, "says what another one"),
        ({"right": 0}, "no right state"),
        ({"unlisted": 0}, "no wrong state that nobody listed"),
    ],
)
def test_each_mistake_is_named_with_its_place(changes: dict[str, Any], says: str) -> None:
    found = build(**changes).validate()
    assert any(says in str(error) for error in found), found
    assert all(error.where.startswith(f"{__file__}:") for error in found)


def test_all_mistakes_are_found_at_once() -> None:
    assert len(build(id="X", title="", states=[], right=0).validate()) >= 5
