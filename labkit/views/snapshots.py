"""What the course's own pictures are drawn from: plain values, filled in by whoever knows them.

The snapshots of processes and sandboxes are in ``labkit.sandbox.facts``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from labkit.grading.verdict import Evidence, Status

TopicStatus = Literal["done", "started", "open", "planned"]


@dataclass(frozen=True)
class TopicCard:
    """One topic on the map.

    Attributes:
        number: its number in the course.
        slug: its name in routes and in ``needs``.
        title: what one reads.
        part: the half of the course it is in.
        needs: slugs of the topics that it builds on.
        status: ``planned`` is still to come.
        passed: tasks passed, of ``tasks``.
        minutes: how long it takes; None when nobody knows yet.
        link: address of its lab, relative to the notebook with the map; None when there is none.
    """

    number: int
    slug: str
    title: str
    part: Literal["containers", "orchestration"]
    needs: tuple[str, ...] = ()
    status: TopicStatus = "planned"
    passed: int = 0
    tasks: int = 0
    minutes: int | None = None
    link: str | None = None


@dataclass(frozen=True)
class Route:
    """An order in which topics can be taken: a name, why one would, slugs of topics."""

    name: str
    sentence: str
    topics: tuple[str, ...]


@dataclass(frozen=True)
class CourseMap:
    """The course: all topics by number, and the routes after the first."""

    topics: tuple[TopicCard, ...]
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class Card:
    """What a check said, with what the learner can do next.

    Attributes:
        id, title, points: the check's own; ``points`` is the most it can give.
        status, message, evidence: the verdict's.
        hint: the hint shown now; empty when none was taken.
        hints_taken, hints_left: how many.
        next_hint_cost: points that the next hint takes; None when there is none.
        earned: points given.
        is_revealed: whether the solution was shown.
        blocked_fix: what would help where the check is blocked, best as a command.
    """

    id: str
    title: str
    points: float
    status: Status
    message: str = ""
    evidence: tuple[Evidence, ...] = ()
    hint: str = ""
    hints_taken: int = 0
    hints_left: int = 0
    next_hint_cost: float | None = None
    earned: float = 0
    is_revealed: bool = False
    blocked_fix: str = ""


@dataclass(frozen=True)
class Comparison:
    """A prediction beside what happened.

    Attributes:
        predicted: None when none was made.
        is_right: None where there is no right or wrong.
    """

    question: str
    predicted: str | None
    happened: str
    is_right: bool | None = None
