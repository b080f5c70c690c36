"""``labkit run``: plays notebooks without a browser, and tells what their checks say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from labkit.cli.console import is_terminal, note, say, say_json, table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rich.progress import Progress, TaskID

    from labkit.course import CheckResult, NotebookEnded, RunReport
    from labkit.course.running import Event

INTERRUPTED = 130
"""As a shell says that SIGINT has ended a program."""

_SIGNS = {"passed": "✓", "not yet": "·", "blocked": "✗", "broken": "✗"}


@click.command("run", short_help="Play notebooks, and tell what their checks say.")
@click.argument("topics", nargs=-1)
@click.option("--solutions", is_flag=True, help="Play the solutions only.")
@click.option("--exercises", is_flag=True, help="Play the exercises, as you have filled them in.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.pass_context
def run_command(
    ctx: click.Context, topics: tuple[str, ...], solutions: bool, exercises: bool, as_json: bool
) -> None:
    """Play the notebooks of TOPICS, or of all, in fresh kernels, and tell what the checks say.

    Plays labs and solutions unless told otherwise, each in a copy: your files and your progress are
    not touched. Exits with 0 when all is passed, 1 when a check is not, 2 when a notebook is broken
    or this machine cannot do something, 130 when it is stopped by Ctrl-C.
    """
    from labkit.course import find_course, run

    course = find_course()
    names = [course.topic(topic).slug for topic in topics] or None
    which = [kind for kind, is_asked in (("solution", solutions), ("exercise", exercises))
             if is_asked] or ["lab", "solution"]  # fmt: skip
    so_far = _SoFar()

    def play(show: Callable[[Event], object]) -> RunReport:
        def take(event: Event) -> None:
            so_far.take(event)
            show(event)

        return run(course, names, which, take)

    try:
        if as_json:
            report = play(_print_json)
        elif is_terminal():
            report = _with_bar(play)
        else:
            report = play(_print_line)
    except KeyboardInterrupt:  # what was begun has been ended on the interrupt's way up to here
        if not as_json:
            _show_checks(so_far.checks.values())
        note(f"labkit: {so_far}")
        ctx.exit(INTERRUPTED)
    if not as_json:
        _conclude(report)
    ctx.exit(report.exit_code)


class _SoFar:
    """How far it has come, for who stops it; as words, what was stopped.

    Attributes:
        checks: the last verdict of each check, by its topic, its notebook and its id.
    """

    def __init__(self) -> None:
        self.checks: dict[tuple[str, str, str], CheckResult] = {}
        self._where = "before the first notebook began"

    def take(self, event: Event) -> None:
        """Takes in what has happened."""
        from labkit.course import CellPlayed, CheckResult, NotebookEnded, NotebookStarted

        if isinstance(event, CheckResult):
            self.checks[event.topic, event.notebook, event.check] = event
            return
        name = f"{event.topic}, {event.notebook}"
        if isinstance(event, NotebookStarted):
            self._where = f"in {name}, before the first of {event.cells} cells was played"
        elif isinstance(event, CellPlayed):
            self._where = f"in {name}, after {event.cell} of {event.of} cells"
        elif isinstance(event, NotebookEnded):
            self._where = f"after {name}"

    def __str__(self) -> str:
        if not self.checks:
            return f"stopped {self._where}. No check had given a verdict."
        return f"stopped {self._where}. The verdicts until then are above: {len(self.checks)}."


def _print_json(event: Event) -> None:
    from labkit.course import CheckResult, NotebookEnded

    if isinstance(event, CheckResult):
        say_json({
            "topic": event.topic, "notebook": event.notebook, "check": event.check,
            "verdict": event.verdict, "seconds": round(event.seconds, 3),
        })  # fmt: skip
    elif isinstance(event, NotebookEnded) and event.failure:
        say_json({
            "topic": event.topic, "notebook": event.notebook, "check": "", "verdict": "broken",
            "seconds": round(event.seconds, 3), "error": str(event.failure),
        })  # fmt: skip


def _print_line(event: Event) -> None:
    """For a pipe or a log file: one line for each notebook that begins, and how it ended."""
    from labkit.course import NotebookEnded, NotebookStarted

    if isinstance(event, NotebookStarted):
        say(f"{event.topic}, {event.notebook}: {event.cells} cells")
    elif isinstance(event, NotebookEnded):
        say(f"{event.topic}, {event.notebook}: {_ended(event)}")


def _with_bar(play: Callable[[Callable[[Event], object]], RunReport]) -> RunReport:
    """Plays behind a progress bar: one bar for each notebook, cell by cell."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from labkit.cli.console import console

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
               TimeElapsedColumn())  # fmt: skip
    with Progress(*columns, console=console()) as progress:
        return play(_Bars(progress).take)


class _Bars:
    """One bar for each notebook that is played.

    Args:
        progress: Rich's display of bars.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._current: TaskID | None = None

    def take(self, event: Event) -> None:
        """Moves the bars on."""
        from labkit.course import CellPlayed, NotebookEnded, NotebookStarted

        if isinstance(event, NotebookStarted):
            name = f"{event.topic}, {event.notebook}"
            self._current = self._progress.add_task(name, total=event.cells)
        elif isinstance(event, CellPlayed) and self._current is not None:
            self._progress.update(self._current, completed=event.cell)
        elif isinstance(event, NotebookEnded) and event.failure:
            self._progress.console.print(f"{event.topic}, {event.notebook}: {_ended(event)}",
                                         markup=False)  # fmt: skip


def _ended(event: NotebookEnded) -> str:
    if event.failure:
        return f"✗ broken: {event.failure}"
    passed = sum(check.verdict == "passed" for check in event.checks)
    told = f", {passed} of {len(event.checks)} checks passed" if event.checks else ""
    return f"played in {event.seconds:.1f} s{told}"


def _show_checks(checks: Collection[CheckResult]) -> None:
    if checks:
        rows = [
            (
                result.topic, result.notebook, result.check,
                f"{_SIGNS[result.verdict]} {result.verdict}", f"{result.seconds:.2f}",
            )
            for result in checks
        ]  # fmt: skip
        table(("topic", "notebook", "check", "verdict", "seconds"), rows)


def _conclude(report: RunReport) -> None:
    _show_checks(report.checks)
    broken = [one for one in report.notebooks if one.is_broken]
    for one in broken:
        what = one.failure or "a check gave no verdict"
        note(f"broken: {one.topic}, {one.notebook}: {what}")
    played, passed = len(report.notebooks), sum(c.verdict == "passed" for c in report.checks)
    say(
        f"{played - len(broken)} of {played} notebooks ran through, "
        f"{passed} of {len(report.checks)} checks passed."
    )
