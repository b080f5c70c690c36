"""What an author can get wrong in a check, found without running it.

Whether a message gives the answer away cannot be found by a program; a reader has to see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from labkit.core.errors import AuthorError
from labkit.grading.checks import Check, WrongState, where_is
from labkit.grading.verdict import OTHER

ID = re.compile(r"[a-z][a-z0-9-]{0,63}")
"""An id: it becomes a cell's name, a command's argument and a database key."""

WRONG_STATES, NEAR_MISSES = 3, 2
"""How many of each a check has at least: fewer do not cover what beginners really reach."""


def find_mistakes(check: Check) -> list[AuthorError]:
    """The author's mistakes in one check, each with file and line."""
    return [check.broken(what, where=where) for what, where in _mistakes(check)]


def _mistakes(check: Check) -> Iterator[tuple[str, str]]:
    for what in _in_the_check(check):
        yield what, check.where
    seen: set[str] = set()
    for state in check.listed:
        where = where_is(state.make)
        for what in _in_a_state(state, check.hints):
            yield f"wrong state {state.id!r}: {what}", where
        if state.id in seen:
            yield f"wrong state {state.id!r} is listed twice", where
        seen.add(state.id)


def _in_the_check(check: Check) -> Iterator[str]:
    if not ID.fullmatch(check.id):
        yield f"the id {check.id!r} is not made of small letters, digits and hyphens"
    if not check.title.strip():
        yield "it has no title"
    if type(check.points) is not int or not 1 <= check.points <= 100:
        yield f"points is {check.points!r}, and must be a whole number from 1 to 100"
    for capability in check.requires:
        if not ID.fullmatch(capability):
            yield f"it requires {capability!r}, which is no capability's id"
    if not check.hints:
        yield "it has no hints"
    yield from _in_hints(check.hints, ())
    if len(check.wrong_states) < WRONG_STATES:
        yield f"it lists {len(check.wrong_states)} wrong states, and needs {WRONG_STATES}"
    near = sum(state.near_miss for state in check.wrong_states.values())
    if near < NEAR_MISSES:
        yield f"it lists {near} near misses, and needs {NEAR_MISSES}"
    if not check.unlisted_states:
        yield "it makes no wrong state that nobody listed (`.unlisted`)"
    if not check.right_ways:
        yield "it makes no right state in another way than the solution (`.right`)"


def _in_a_state(state: WrongState, general: Sequence[str]) -> Iterator[str]:
    if not ID.fullmatch(state.id):
        yield "its id is not made of small letters, digits and hyphens"
    if state.id == OTHER:
        yield "this id is the one of states that nobody listed"
    if not state.says.strip():
        yield "it says nothing"
    yield from _in_hints(state.hints, general)


def _in_hints(hints: Sequence[str], more: Sequence[str]) -> Iterator[str]:
    for number, hint in enumerate(hints, 1):
        if not hint.strip():
            yield f"hint {number} is empty"
        if hint in hints[: number - 1] or hint in more:
            yield f"hint {number} says what another one says"
