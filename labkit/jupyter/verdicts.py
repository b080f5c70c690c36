"""A verdict as a learner sees it: the card, its text, and the values that a runner collects.

Knows nothing about how a check is found and run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.core.errors import LabkitError

if TYPE_CHECKING:
    from labkit.grading import Check, Progress, Verdict
    from labkit.jupyter.workspace import Outcome
    from labkit.views import Card, Picture

VERDICT_TYPE = "application/vnd.labkit.verdict+json"
"""The MIME type of the values. ``seconds`` stands in the output's metadata."""


@dataclass(frozen=True)
class CardView:
    """What a check said. Shows itself in a notebook; ``print`` shows the same as text.

    Attributes:
        card: what is shown.
        values: what a runner collects: ``topic``, ``check``, ``status``, ``state``.
        seconds: how long the check took.
        grade: the points that nbgrader shall give, where it grades; else empty.
    """

    card: Card
    values: dict[str, str]
    seconds: float
    grade: str = ""

    @property
    def is_passed(self) -> bool:
        """Whether the state is as the task asks."""
        return self.card.status == "passed"

    @property
    def picture(self) -> Picture:
        """The card as a picture."""
        from labkit.views import card_view

        return card_view(self.card)

    def __str__(self) -> str:
        return str(self.picture)

    def __repr__(self) -> str:
        return f"<check {self.card.id}: {self.card.status}>"

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        # The time differs at each run: as metadata it is no part of what two runs are compared by.
        data: dict[str, Any] = {**self.picture._repr_mimebundle_(), VERDICT_TYPE: self.values}
        if self.grade:
            data["text/plain"] = self.grade  # nbgrader takes the text of a result for points
        return data, {"seconds": self.seconds}


class NotPassed(LabkitError):
    """A verdict as an error: raised only where nbgrader runs the notebook.

    nbgrader gives points to a cell that raises nothing.
    """

    exit_code = 1

    def __init__(self, verdict: Verdict) -> None:
        rows = "; ".join(
            f"{row.what}: expected {row.expected}, observed {row.observed}"
            for row in verdict.disagreements
        )
        super().__init__(f"{verdict.status}: {verdict.message.rstrip('.')}", why=rows)


def card_view_of(outcome: Outcome, progress: Progress) -> CardView:
    """The card of a check that was run and recorded."""
    check, verdict = outcome.check, outcome.verdict
    values = {
        "topic": check.topic,
        "check": check.id,
        "status": verdict.status,
        "state": verdict.state,
    }
    return CardView(card_of(check, verdict, progress), values, outcome.seconds)


def card_of(check: Check, verdict: Verdict, progress: Progress) -> Card:
    """What is shown of a verdict: with the score, and the hints that are left."""
    from labkit.grading import offered_hint
    from labkit.views import Card

    standing = progress.state_of(check)
    offered = offered_hint(check, progress)
    left = 0 if offered.is_reveal else offered.of - offered.number + 1
    return Card(
        id=check.id,
        title=check.title,
        points=check.points,
        status=verdict.status,
        message=verdict.message,
        evidence=verdict.evidence,
        hints_taken=standing.hints_taken,
        hints_left=left,
        next_hint_cost=None if offered.is_reveal else offered.cost,
        earned=standing.earned,
        is_revealed=standing.is_revealed,
        blocked_fix=fix_for(check) if verdict.status == "blocked" else "",
    )


def fix_for(check: Check) -> str:
    """What would bring what the check lacks here, one command a line."""
    from labkit.host import capability

    found = [capability(id) for id in check.requires]
    return "\n".join(one.fix for one in found if not one.is_ok and one.fix)
