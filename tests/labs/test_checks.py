"""Every check of every topic: what it refuses, what it names, what it accepts.

Those that need a machine of their own are played in one: ``tests/machine/test_labs.py``.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.grading import Check
from tests.labs.states import CHECKS, HERE, INSIDE, State, states_of


@pytest.mark.parametrize("check", [pytest.param(check, id=check.id) for check in CHECKS])
def test_an_author_finds_no_mistake_in(check: Check) -> None:
    assert check.validate() == []


def test_every_check_is_played_somewhere() -> None:
    assert sorted(check.id for check in [*HERE, *INSIDE]) == sorted(check.id for check in CHECKS)


@pytest.mark.parametrize(
    "state",
    [
        pytest.param(state, id=state.id, marks=pytest.mark.requires(*state.check.requires))
        for state in states_of(HERE)
    ],
)
def test_a_check_says_of_a_state_what_it_is(state: State, tmp_path: Path) -> None:
    assert state.mistake(state.play(tmp_path)) == ""
