"""A verdict is a value: what a check saw, and what it makes of it.

Knows nothing about notebooks, points or storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["passed", "not yet", "blocked"]

OTHER = "other"
"""The wrong state that no author listed."""


@dataclass(frozen=True)
class Evidence:
    """One thing looked at: what it should be, and what it is.

    Attributes:
        what: the name of the thing, such as ``"hostname"`` or ``"memory.max"``.
        expected: what it should be. Numbers are kept as text.
        observed: what it is.
        is_met: says whether it is as it should be, where comparing the texts would not ("at
            least 1" is met by "3"). ``None`` compares the texts.
    """

    what: str
    expected: str
    observed: str
    is_met: bool | None = None

    def __post_init__(self) -> None:
        # A limit of 32 and the "32" read from a file are the same evidence.
        for name in ("what", "expected", "observed"):
            object.__setattr__(self, name, str(getattr(self, name)))

    @property
    def agrees(self) -> bool:
        """Whether the thing is as it should be."""
        return self.expected == self.observed if self.is_met is None else self.is_met


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
    evidence: tuple[Evidence, ...] = ()

    @property
    def is_passed(self) -> bool:
        """Whether the state is as the task asks."""
        return self.status == "passed"

    @property
    def disagreements(self) -> tuple[Evidence, ...]:
        """The evidence that is not as it should be."""
        return tuple(row for row in self.evidence if not row.agrees)


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
