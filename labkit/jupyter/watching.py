"""``watch``: cards that tick themselves off as the state becomes true."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from labkit.jupyter.desk import desk, is_notebook
from labkit.jupyter.text import Text
from labkit.jupyter.verdicts import card_of, card_view_of

if TYPE_CHECKING:
    from labkit.grading import Check, Lab, Verdict
    from labkit.jupyter.workspace import Workspace
    from labkit.views import Card

REFRESH_S = 1.0
"""How often a card looks whether the watcher has news; that costs next to nothing."""


def watch(*ids: str) -> Text | None:
    """Shows the cards of some checks, which tick themselves off as you work.

    Watching ends when all are passed, with the kernel, and when something else is watched;
    ``watch()`` ends it, too.

    Args:
        ids: ids of checks.

    Raises:
        NotFound: there is no such check; says which are near.
    """
    workspace = desk()
    workspace.stop_watching()
    if not ids:
        return Text("Nothing is watched any more.", "Nothing is watched any more.")
    outcomes = [workspace.run(id) for id in dict.fromkeys(ids)]
    if not is_notebook():
        text = "\n\n".join(str(card_view_of(one, workspace.progress)) for one in outcomes)
        return Text(text, text)
    cards = Cards(workspace, [one.check for one in outcomes])
    for one in outcomes:
        cards.take(one.check, one.verdict)
    for one in outcomes:
        _show(cards, one.check.id)
    if not cards.are_all_passed:
        workspace.watch(cards.checks, cards.lab_for, cards.take)
    return None


class Cards:
    """The newest card of each check that is watched.

    Args:
        workspace: whose they are.
        checks: what is watched.
    """

    def __init__(self, workspace: Workspace, checks: list[Check]) -> None:
        self.workspace, self.checks = workspace, checks
        self._cards: dict[str, Card] = {}
        self._labs: dict[str, Lab] = {}

    def card(self, id: str) -> Card:
        """The newest card of a check."""
        return self._cards[id]

    def lab_for(self, check: Check) -> Lab:
        """The lab to run a check in: one for each topic."""
        if check.topic not in self._labs:
            topic = self.workspace.course.topic(check.topic)
            self._labs[check.topic] = self.workspace.lab(topic)
        return self._labs[check.topic]

    def take(self, check: Check, verdict: Verdict) -> None:
        """Records a verdict if it is another one, and makes its card.

        What was passed once stays ticked off while the others are worked on.
        """
        progress = self.workspace.progress
        known = self._cards.get(check.id)
        if known and known.status == "passed" and not verdict.is_passed:
            return
        progress.record_verdict(check, verdict, only_new=True)
        self._cards[check.id] = card_of(check, verdict, progress)
        if self.are_all_passed:
            self.workspace.stop_watching()

    @property
    def are_all_passed(self) -> bool:
        """Whether there is nothing more to watch for."""
        found = [self._cards.get(check.id) for check in self.checks]
        return all(card is not None and card.status == "passed" for card in found)


def _show(cards: Cards, id: str) -> None:
    from IPython.display import display

    from labkit.views import card_view, live

    show: Any = display
    show(live(partial(cards.card, id), card_view, every_s=REFRESH_S))
