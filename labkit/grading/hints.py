"""Which hint comes next, and what it costs.

First those of the wrong state that was seen last, then the general ones; never the same twice.
After the last one there is only the solution, which is not kept here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from labkit.core.errors import NotFound
from labkit.grading.checks import Check
from labkit.grading.progress import Progress
from labkit.grading.summary import HINT_SHARE
from labkit.grading.verdict import OTHER


@dataclass(frozen=True)
class Hint:
    """One hint, or the news that there are no more.

    Attributes:
        text: what it says; empty where it is only offered.
        cost: points that it costs; for the reveal, points that the reveal would cost.
        number: which one it is, of all that the learner took of this task.
        of: how many there are, with those of the wrong state at hand.
        is_last: whether none comes after it.
        is_reveal: whether there was none left, and only the reveal remains.
        next_cost: what the next one, or the reveal after the last one, will cost.
    """

    text: str
    cost: float
    number: int
    of: int
    is_last: bool
    is_reveal: bool
    next_cost: float


def next_hint(check: Check, progress: Progress, *, state: str | None = None) -> Hint:
    """Gives the next hint and records it, with its cost.

    Args:
        check: the task's check.
        progress: the learner's progress.
        state: the wrong state at hand; the one seen last when not given.

    Raises:
        NotFound: the check lists no such wrong state.
    """
    text, hint = _next(check, progress, state)
    if hint.is_reveal:
        return hint
    progress.record_hint(check, key_of(text), round(hint.cost / check.points, 6))
    return Hint(**{**vars(hint), "text": text})


def offered_hint(check: Check, progress: Progress, *, state: str | None = None) -> Hint:
    """What :func:`next_hint` would give, without its text: nothing is taken, nothing costs."""
    return _next(check, progress, state)[1]


def taken_hints(check: Check, progress: Progress) -> tuple[str, ...]:
    """The hints that the learner has taken of this task, in that order."""
    everything = [*check.hints, *(hint for state in check.listed for hint in state.hints)]
    texts = {key_of(text): text for text in everything}
    keys = _taken_keys(check, progress)
    return tuple(texts[key] for key in keys if key in texts)


def key_of(text: str) -> str:
    """What a hint is known by in the events: its text may be long, and belongs to the course."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _next(check: Check, progress: Progress, state: str | None) -> tuple[str, Hint]:
    taken = _taken_keys(check, progress)
    left = [text for text in _ladder(check, progress, state) if key_of(text) not in taken]
    standing = progress.state_of(check)
    of = len(taken) + len(left)
    if not left:
        text = (
            "There are no more hints for this. To see the solution costs all that this task can"
            f" still earn: {standing.remaining:g} of {check.points} points."
        )
        cost = standing.remaining
        return text, Hint(text, cost, len(taken), of, True, True, cost)
    price = round(HINT_SHARE * check.points, 2)
    cost = min(price, standing.remaining)
    rest = round(standing.remaining - cost, 2)
    is_last = len(left) == 1
    next_cost = rest if is_last else min(price, rest)
    return left[0], Hint("", cost, len(taken) + 1, of, is_last, False, next_cost)


def _ladder(check: Check, progress: Progress, state: str | None) -> Iterable[str]:
    states = check.wrong_states
    if state is not None and state not in ("", OTHER, *states):
        raise NotFound(f"wrong state of {check.id}", state, states)
    if state is None:
        state = progress.state_of(check).last_state
    # A state seen long ago may since have left the course: the general hints remain.
    own = states[state].hints if state in states else ()
    return dict.fromkeys([*own, *check.hints])


def _taken_keys(check: Check, progress: Progress) -> list[str]:
    events = progress.events(kind="hint", task=check.id)
    return list(dict.fromkeys(event.data["hint"] for event in events))
