"""``labkit progress``: what is done, and progress from one machine to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from labkit.cli.app import NOT_PASSED
from labkit.cli.console import say, table

if TYPE_CHECKING:
    from labkit.course import Topic
    from labkit.grading import Progress

_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("progress", invoke_without_command=True)
@click.pass_context
def progress_command(ctx: click.Context) -> None:
    """Show what is done; export and import it."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(show_command)


@progress_command.command("show")
def show_command() -> None:
    """Show what is done, topic by topic."""
    from labkit.jupyter.desk import desk

    workspace = desk()
    rows = [row for topic in workspace.course.present for row in _rows(topic, workspace.progress)]
    table(("topic", "task", "is", "points", "hints"), rows)
    checks = [check for topic in workspace.course.present for check in topic.checks().values()]
    score = workspace.progress.score(checks)
    say(
        f"{score.done} of {score.tasks} tasks passed,"
        f" {score.earned:g} of {score.possible:g} points."
    )


@progress_command.command("export")
@click.argument("file", type=_FILE)
def export_command(file: Path) -> None:
    """Write your progress to one file, to go on with on another machine."""
    from labkit.jupyter.transfer import export_progress

    say(str(export_progress(file)))


@progress_command.command("import", short_help="Read progress from a file, and build it here.")
@click.argument("file", type=_FILE)
@click.option(
    "--take-seed/--keep-seed", default=None,
    help="Go on with the file's values, or keep those of this machine.",
)  # fmt: skip
@click.pass_context
def import_command(ctx: click.Context, file: Path, take_seed: bool | None) -> None:
    """Read progress that was exported, and build what it says was passed.

    What the file says is believed only once this machine has seen it: each task that it says was
    passed is built here from its tested solution, and checked. Exits with 1 when one does not pass.
    """
    from labkit.core.errors import BadInput
    from labkit.jupyter.transfer import import_progress

    try:
        report = import_progress(file, take_seed=take_seed, namespace={})
    except BadInput as error:
        if "take_seed" not in error.hint:
            raise
        hint = "Say --take-seed to go on with the imported values, --keep-seed to keep yours"
        raise BadInput(error.what, why=error.why, hint=hint) from error
    say(str(report))
    ctx.exit(0 if report.is_confirmed else NOT_PASSED)


def _rows(topic: Topic, progress: Progress) -> list[tuple[str, ...]]:
    checks = topic.checks()
    states = progress.states_of(checks.values())
    rows: list[tuple[str, ...]] = []
    for id, check in checks.items():
        state = states[id]
        revealed = ", solution shown" if state.is_revealed else ""
        points = f"{state.earned:g} of {check.points:g}"
        rows.append((topic.number, id, state.status, points, f"{state.hints_taken}{revealed}"))
    return rows
