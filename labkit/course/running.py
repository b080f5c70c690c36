"""Plays notebooks one after the other, and collects their verdicts.

Each is played as it lies there, in a copy of the course with a home of its own: the learner's
notebook, files and progress are not touched. An exercise gets the learner's own values.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import AuthorError, BadInput, LabkitError
from labkit.course.building import read_notebook
from labkit.course.course import Course
from labkit.course.notebook import Notebook
from labkit.course.pages import Page, pages
from labkit.course.place import SEED, new_place
from labkit.course.play import CELL_DEADLINE_S, Failure, code_cells, play
from labkit.course.topic import KINDS
from labkit.course.verdicts import CheckResult, VerdictReader
from labkit.machine.wanted import NOTEBOOK


@dataclass(frozen=True)
class NotebookStarted:
    """A notebook begins: its topic's slug, its kind, its file, and how many cells it has."""

    topic: str
    notebook: str
    path: Path
    cells: int


@dataclass(frozen=True)
class CellPlayed:
    """A cell has ended: its number from 1, and how many there are."""

    topic: str
    notebook: str
    cell: int
    of: int


@dataclass(frozen=True)
class NotebookEnded:
    """A notebook has ended.

    Attributes:
        topic: its topic's slug.
        notebook: its kind.
        path: its file.
        checks: the last verdict of each of its checks.
        failure: what broke it; None when nothing did.
        seconds: how long it took, kernel and all.
    """

    topic: str
    notebook: str
    path: Path
    checks: tuple[CheckResult, ...]
    failure: Failure | None
    seconds: float

    @property
    def is_broken(self) -> bool:
        """Whether a cell broke, or a check gave no verdict."""
        return self.failure is not None or any(check.verdict == "broken" for check in self.checks)


Event = NotebookStarted | CellPlayed | CheckResult | NotebookEnded
"""What happens while notebooks are played, in that order. A :class:`CheckResult` is a verdict."""


@dataclass(frozen=True)
class RunReport:
    """What came of it: each notebook that was played."""

    notebooks: tuple[NotebookEnded, ...]

    @property
    def checks(self) -> list[CheckResult]:
        """All verdicts, in order."""
        return [check for notebook in self.notebooks for check in notebook.checks]

    @property
    def exit_code(self) -> int:
        """0: all passed. 1: a check is not passed. 2: a notebook is broken, or a check blocked."""
        verdicts = {check.verdict for check in self.checks}
        if "blocked" in verdicts or any(notebook.is_broken for notebook in self.notebooks):
            return 2
        return 1 if "not yet" in verdicts else 0


def run(
    course: Course,
    topics: Iterable[str] | None = None,
    which: Collection[str] = ("lab",),
    on_event: Callable[[Event], object] = lambda event: None,
    *,
    deadline_s: int = CELL_DEADLINE_S,
) -> RunReport:
    """Plays notebooks.

    Args:
        course: the course.
        topics: names of topics; all that are there when not given.
        which: the kinds of notebooks, of ``lab``, ``exercise`` and ``solution``.
        on_event: called with each :data:`Event`, in the caller's thread.
        deadline_s: for one cell, in seconds.

    Returns:
        What came of it. A notebook that breaks does not keep the next ones from being played.

    Raises:
        NotFound: a name is no topic.
        BadInput: a topic is only planned, or a kind of notebook is unknown.
    """
    if unknown := set(which) - set(KINDS):
        known = f"Known: {', '.join(KINDS)}"
        raise BadInput(f"no topic has a notebook {min(unknown)!r}", hint=known)
    names = [topic.slug for topic in course.present] if topics is None else list(topics)
    chosen = [page for page in pages(course, names) if page.kind in which]
    return RunReport(tuple(_run(course, page, on_event, deadline_s) for page in chosen))


def _run(
    course: Course, page: Page, on_event: Callable[[Event], object], deadline_s: int
) -> NotebookEnded:
    began = time.perf_counter()
    slug = page.topic.slug if page.topic else ""
    verdicts = VerdictReader(slug, page.kind)

    def after(number: int, of: int, cell: Notebook, took_s: float) -> None:
        on_event(CellPlayed(slug, page.kind, number, of))
        for result in verdicts.read(number, of, cell, took_s):
            on_event(result)

    try:
        notebook = read_notebook(page.path)
        on_event(NotebookStarted(slug, page.kind, page.path, code_cells(notebook)))
        failure = _play(course, page, notebook, after, deadline_s)
    except AuthorError as error:  # it is not built, or no notebook at all
        failure = Failure(0, "", "", error.what)
    took_s = time.perf_counter() - began
    checks = verdicts.final
    ended = NotebookEnded(slug, page.kind, page.path, checks, failure, took_s)
    on_event(ended)
    return ended


def _play(
    course: Course,
    page: Page,
    notebook: Notebook,
    after: Callable[[int, int, Notebook, float], None],
    deadline_s: int,
) -> Failure | None:
    with new_place(course.root, seed=_seed(page)) as place:
        path = place.root / page.path.relative_to(course.root)
        env = {**place.env, NOTEBOOK: str(path)}  # what it requires decides where it runs
        return play(notebook, path.parent, env, on_cell=after, deadline_s=deadline_s)


def _seed(page: Page) -> str:
    """The learner's own for what the learner wrote; what the course brings works with any."""
    if page.kind != "exercise":
        return SEED
    from labkit.grading import Progress

    try:
        with Progress() as progress:
            return progress.seed
    except LabkitError:  # a home that cannot be used has no values that could differ
        return SEED
