"""A verdict is a value: what a check saw, and what it makes of it.

Knows nothing about notebooks, points or storage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["passed", "not yet", "blocked"]

OTHER = "other"
"""The wrong state that no author listed."""


@dataclass(frozen=True)
class Evidence:
    """One thing looked at: what it should be, and what it is."""

    what: str
    expected: str
    observed: str

    @property
    def agrees(self) -> bool:
        """Whether the two are the same text."""
        return self.expected == self.observed


@dataclass(frozen=True)
class Verdict:
    """What a check found.

    Attributes:
        status: ``passed``, ``not yet`` or ``blocked``.
        state: the id of the wrong state seen; empty unless ``not yet``.
        message: what is the case, in one or two sentences; says no answer.
        evidence: what was looked at, expected beside observed.
    """

    status: Status
    state: str = ""
    message: str = ""
    evidence: Sequence[Evidence] = field(default=())

    @property
    def is_passed(self) -> bool:
        """Whether the state is as the task asks."""
        return self.status == "passed"


def passed(message: str = "", *evidence: Evidence) -> Verdict:
    """The state is as the task asks."""
    return Verdict("passed", message=message, evidence=evidence)


def not_yet(state: str, *evidence: Evidence) -> Verdict:
    """The state is a wrong one. ``state`` is the id of a listed wrong state, or ``OTHER``.

    The message is the listed state's own; :class:`labkit.grading.Check` puts it in.
    """
    return Verdict("not yet", state=state, evidence=evidence)


def blocked(message: str, *evidence: Evidence) -> Verdict:
    """The check cannot be made on this machine; ``message`` says what is missing."""
    return Verdict("blocked", message=message, evidence=evidence)
