"""What the events of a task come to: whether it is done, what was tried, what it earned.

The rules of cost. A hint costs a tenth of the task's points, as far as so much is left. A reveal
costs all that is left. What a task earns is settled when it is first passed; it stays passed, and
hints and reveals after that cost nothing. A pass that came with an import earns nothing until a
replay has verified it on this machine; then it counts as of where it stands among the events, so
that a hint taken after it costs nothing either.

Pure: events in, values out. Knows nothing about storage.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from labkit.grading.events import Event
from labkit.grading.verdict import Status

HINT_SHARE = 0.1
"""What a hint costs, as a share of the task's points: a task with three hints is still worth
most of its points, and ten hints are a reveal."""


@dataclass(frozen=True)
class TaskState:
    """How one learner stands to one task.

    Attributes:
        status: ``passed`` once it was ever passed, else that of the last verdict, else
            ``untouched``.
        last_status: that of the last verdict, whatever was before.
        last_state: the wrong state that the last verdict named; empty when it named none.
        attempts: verdicts other than ``blocked``.
        hints_taken: how many hints were taken.
        is_revealed: whether the solution was shown.
        is_claimed: whether an import says that it was passed, and no replay has verified it.
        earned: points earned.
        remaining: points that passing it would earn now; 0 once it is passed.
    """

    status: Status | Literal["untouched"]
    last_status: Status | Literal["untouched"]
    last_state: str
    attempts: int
    hints_taken: int
    is_revealed: bool
    is_claimed: bool
    earned: float
    remaining: float


@dataclass(frozen=True)
class Score:
    """Points and tasks of several checks together."""

    earned: float
    possible: float
    done: int
    tasks: int


@dataclass
class Tally:
    """The events of one task, counted up. Shares are of the task's points, 0 to 1."""

    hints: dict[str, float] = field(default_factory=dict)
    is_revealed: bool = False
    attempts: int = 0
    last_status: Status | Literal["untouched"] = "untouched"
    last_state: str = ""
    earned: float | None = None
    claimed: float | None = None

    def add(self, event: Event) -> None:
        """Counts one more event; they come in the order in which they were written."""
        if event.kind == "hint":
            # The same hint taken by two processes at once is paid once.
            self.hints.setdefault(event.data["hint"], event.data["share"])
        elif event.kind == "reveal":
            self.is_revealed = True
        elif event.kind == "verdict":
            self._add_verdict(event)

    @property
    def left(self) -> float:
        """What passing now would earn, were it not passed yet."""
        return 0.0 if self.is_revealed else max(0.0, round(1 - sum(self.hints.values()), 6))

    def _add_verdict(self, event: Event) -> None:
        status: Status = event.data["status"]
        if event.is_foreign and status == "passed":
            self.claimed = self.left if self.claimed is None else self.claimed
            return
        self.attempts += status != "blocked"
        self.last_status, self.last_state = status, event.data["state"]
        if status == "passed" and self.earned is None:
            is_replay = event.data["verified"] and self.claimed is not None
            self.earned = self.claimed if is_replay else self.left

    def state(self, points: float) -> TaskState:
        """What it comes to for a task worth ``points``."""
        is_passed = self.earned is not None
        return TaskState(
            status="passed" if is_passed else self.last_status,
            last_status=self.last_status,
            last_state=self.last_state,
            attempts=self.attempts,
            hints_taken=len(self.hints),
            is_revealed=self.is_revealed,
            is_claimed=self.claimed is not None and not is_passed,
            earned=round(points * (self.earned or 0.0), 2),
            remaining=0.0 if is_passed else round(points * self.left, 2),
        )


def tally(events: Iterable[Event]) -> dict[str, Tally]:
    """The tally of each task that the events name."""
    tallies: dict[str, Tally] = {}
    for event in events:
        tallies.setdefault(event.task, Tally()).add(event)
    return tallies
