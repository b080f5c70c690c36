"""``check``, ``hint``, ``reveal``: what a learner asks about a task."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from labkit.jupyter.desk import desk
from labkit.jupyter.text import Text, code_block, points
from labkit.jupyter.verdicts import CardView, NotPassed, card_view_of
from labkit.jupyter.workspace import is_autograded, is_graded_by_school

if TYPE_CHECKING:
    from labkit.grading import Check, Hint
    from labkit.jupyter.workspace import Workspace


def check(id: str) -> CardView:
    """Checks a task: looks at the state of the system as it is now.

    Args:
        id: the check's id, as its task names it.

    Returns:
        The verdict as a card: what was looked at, expected beside observed, the score.

    Raises:
        NotFound: there is no such check; says which are near.
        NotPassed: it is not passed, and nbgrader runs this notebook.
        AuthorError: the check itself is broken.
        TimedOut: it gave no verdict in time.
    """
    workspace = desk()
    outcome = workspace.run(id)
    if is_graded_by_school() and not outcome.verdict.is_passed:
        raise NotPassed(outcome.verdict)
    card = card_view_of(outcome, workspace.progress)
    return replace(card, grade=str(outcome.check.points)) if is_autograded() else card


def hint(id: str) -> Text:
    """Gives the next hint for a task, chosen by what its check saw last. Says what it costs.

    Args:
        id: the check's id.
    """
    from labkit.grading import next_hint

    workspace = desk()
    _, found = workspace.course.check(id)
    return hint_text(found, next_hint(found, workspace.progress))


def reveal(id: str, *, yes: bool = False) -> Text:
    """Shows a task's solution. Says first what that costs.

    Args:
        id: the check's id.
        yes: show it, at its cost. Without, only the cost is said.
    """
    workspace = desk()
    _, found = workspace.course.check(id)
    confirm = f'`reveal("{found.id}", yes=True)`, or `%reveal {found.id} --yes`'
    return solution_text(workspace, found, yes=yes, confirm=confirm)


def hint_text(check: Check, given: Hint) -> Text:
    """A hint as it is shown."""
    if given.is_reveal:
        ask = f'`reveal("{check.id}")` shows the solution' if given.cost else ""
        return _text(f"**{check.title}**", given.text, ask)
    cost = f"It cost {points(given.cost)}" if given.cost else "It cost nothing"
    after = "the next one" if not given.is_last else "this was the last one; to see the solution"
    price = f"{after} costs {points(given.next_cost)}" if given.next_cost else ""
    head = f"**Hint {given.number} of {given.of}** · {check.title}"
    return _text(head, given.text, "; ".join(part for part in (cost, price) if part) + ".")


def solution_text(workspace: Workspace, check: Check, *, yes: bool, confirm: str) -> Text:
    """A task's solution, or what it costs to see it.

    Args:
        workspace: where the task is done.
        check: the task's check.
        yes: show it and record that; otherwise only say the cost, unless there is none.
        confirm: how the reader says yes, in Markdown.
    """
    from labkit.course import solution_code

    standing = workspace.progress.state_of(check)
    if standing.remaining and not yes:
        cost = (
            f"To see the solution costs all that this task can still earn:"
            f" {standing.remaining:g} of {points(check.points)}."
        )
        return _text(f"**{check.title}**", cost, f"To see it all the same: {confirm}")
    cost_paid = workspace.progress.record_reveal(check)
    price = f"It cost {points(cost_paid)}." if cost_paid else "It cost nothing."
    code = solution_code(workspace.course, check.id)
    head = f"**The solution** · {check.title}"
    return Text(f"{head}\n\n{code_block(code)}\n\n{price}", f"{_plain(head)}\n\n{code}\n\n{price}")


def _text(*paragraphs: str) -> Text:
    markdown = "\n\n".join(part for part in paragraphs if part)
    return Text(markdown, _plain(markdown))


def _plain(markdown: str) -> str:
    return markdown.replace("**", "")
