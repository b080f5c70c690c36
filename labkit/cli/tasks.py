"""``labkit check``, ``hint``, ``reveal`` and ``task``: the notebook's functions in a terminal."""

from __future__ import annotations

import sys

import click

from labkit.cli.app import BROKEN, NOT_PASSED
from labkit.cli.console import note, say, say_json

_EXIT_CODES = {"passed": 0, "not yet": NOT_PASSED, "blocked": BROKEN}


@click.command("check")
@click.argument("id")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.pass_context
def check_command(ctx: click.Context, id: str, as_json: bool) -> None:
    """Check a task, as its notebook does.

    Looks at the state of the system as it is now. Exits with 0 when it is passed, 1 when it is not
    yet, 2 when this machine cannot do it.
    """
    from labkit.jupyter.desk import desk
    from labkit.jupyter.verdicts import card_view_of

    workspace = desk()
    outcome = workspace.run(id)
    found = card_view_of(outcome, workspace.progress)
    if as_json:
        verdict = outcome.verdict
        rows = [
            {"what": row.what, "expected": row.expected, "observed": row.observed,
             "agrees": row.agrees}
            for row in verdict.evidence
        ]  # fmt: skip
        more = {"seconds": found.seconds, "message": verdict.message, "evidence": rows}
        say_json({**found.values, **more})
    else:
        say(str(found))
    ctx.exit(_EXIT_CODES[outcome.verdict.status])


@click.command("hint")
@click.argument("id")
def hint_command(id: str) -> None:
    """Give the next hint for a task, and say what it costs.

    Hints are chosen by what the task's check saw last.
    """
    from labkit.jupyter.tasks import hint

    say(str(hint(id)))


@click.command("reveal")
@click.argument("id")
@click.option("--yes", is_flag=True, help="Show it, at its cost.")
def reveal_command(id: str, yes: bool) -> None:
    """Show the solution of a task. Says first what that costs."""
    from labkit.jupyter.desk import desk
    from labkit.jupyter.tasks import solution_text

    workspace = desk()
    _, check = workspace.course.check(id)
    say(str(solution_text(workspace, check, yes=yes, confirm=f"labkit reveal {check.id} --yes")))


@click.command("task")
@click.argument("id")
def task_command(id: str) -> None:
    """Build the state before a task, and hold it.

    Runs the tested solutions of the tasks before it, sets aside what is in your work folder, and
    waits: what runs ends with this command. Stop it with Ctrl-C, or by closing its input.
    """
    from labkit.jupyter.states import task

    say(str(task(id, {})))
    try:
        note("What runs, runs until you press Ctrl-C (or this command's input ends).")
        for _ in sys.stdin:
            pass
    except KeyboardInterrupt:
        note("")
    note("Ended.")
