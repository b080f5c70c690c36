"""Builds the notebooks from their sources, and says which are not what their sources say.

Sources: nbformat 4.5; the table derived file ↔ source ↔ command in CONTRIBUTING.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from labkit.core.errors import AuthorError
from labkit.course.cells import cell_ids
from labkit.course.course import Course
from labkit.course.files import write_whole
from labkit.course.mistakes import find_mistakes
from labkit.course.notebook import Notebook
from labkit.course.outputs import keep_outputs, without_outputs
from labkit.course.pages import Page, pages
from labkit.course.place import new_place
from labkit.course.play import play
from labkit.course.sources import Sources
from labkit.course.verdicts import CheckResult, VerdictReader
from labkit.machine.wanted import NOTEBOOK


@dataclass(frozen=True)
class Built:
    """A notebook that was built.

    Attributes:
        path: where it lies.
        kind: ``lab``, ``exercise``, ``solution``, ``home`` or ``glossary``.
        topic: slug of its topic; empty when it has none.
        what: whether the file was written, or was the same already.
        checks: the verdicts while it was played; none when it was not.
        seconds: how long it took.
    """

    path: Path
    kind: str
    topic: str
    what: Literal["written", "same"]
    checks: tuple[CheckResult, ...]
    seconds: float


@dataclass(frozen=True)
class Stale:
    """A notebook that is not what its source says, and how it differs."""

    path: Path
    why: str

    def __str__(self) -> str:
        return f"{self.path}: {self.why}"


def build(
    course: Course, *, execute: bool = True, only: Iterable[str] | None = None
) -> list[Built]:
    """Writes the notebooks.

    Args:
        course: the course.
        execute: play each one and store its outputs; otherwise a cell whose code is unchanged
            keeps the outputs it has.
        only: names of topics, ``home`` or ``glossary``; everything when not given.

    Raises:
        AuthorError: a source is wrong, a cell broke, the solution did not pass a check, or the
            untouched exercise did. Says file and line; nothing of that notebook is written.
        Blocked: a file cannot be written.
    """
    return list(each_built(course, execute=execute, only=only))


def each_built(
    course: Course, *, execute: bool = True, only: Iterable[str] | None = None
) -> Iterator[Built]:
    """Like :func:`build`, one notebook after the other, for a progress bar."""
    names = None if only is None else list(only)
    sources = _sound(course, names)
    for page in pages(course, names):
        began = time.perf_counter()
        notebook = sources.compose(page)
        checks: tuple[CheckResult, ...] = ()
        if execute:
            checks = _play(page, notebook, sources)
        elif page.path.exists():
            keep_outputs(notebook, read_notebook(page.path))
        what = _write(page.path, notebook)
        took_s = time.perf_counter() - began
        slug = page.topic.slug if page.topic else ""
        yield Built(page.path, page.kind, slug, what, checks, took_s)


def build_check(course: Course) -> list[Stale]:
    """Which notebooks are not what the sources say. Nothing is executed; outputs are not compared.

    Raises:
        AuthorError: a source is wrong.
    """
    sources = _sound(course, None)
    found = []
    expected = pages(course)
    for page in expected:
        if why := _difference(page, sources.compose(page)):
            found.append(Stale(page.path, why))
    made = {page.path for page in expected}
    found += [Stale(path, "no source makes it") for path in _there(course) if path not in made]
    return found


def read_notebook(path: Path) -> Notebook:
    """Reads a notebook as it is.

    Raises:
        AuthorError: it is none.
    """
    import nbformat

    read: Any = nbformat.reads
    try:
        return read(path.read_text(encoding="utf-8"), as_version=4)
    except FileNotFoundError as error:
        raise AuthorError("it is not there", where=str(path), hint="Run `labkit build`") from error
    except (ValueError, KeyError, AttributeError, OSError, nbformat.ValidationError) as error:
        raise AuthorError(
            f"not a notebook: {error}", where=f"{path}:1", hint="Delete it, and build again"
        ) from error


def _sound(course: Course, only: Iterable[str] | None) -> Sources:
    sources = Sources(course)
    mistakes = find_mistakes(sources, only)
    if mistakes:
        first, more = mistakes[0], len(mistakes) - 1
        if more:
            first.add_note(f"and {more} more: labkit.course.find_mistakes lists them")
        raise first
    return sources


def _play(page: Page, notebook: Notebook, sources: Sources) -> tuple[CheckResult, ...]:
    root = sources.course.root
    slug = page.topic.slug if page.topic else ""
    verdicts = VerdictReader(slug, page.kind)
    with new_place(root) as place:
        folder = place.root / page.path.parent.relative_to(root)
        folder.mkdir(parents=True, exist_ok=True)
        # The kernel reads from its notebook's file what it requires, and so where it runs.
        path = folder / page.path.name
        write_whole(path, as_bytes(notebook))
        env = {**place.env, NOTEBOOK: str(path)}
        failure = play(notebook, folder, env, on_cell=verdicts.read)
    if failure:
        raise AuthorError(
            f"{page.kind}: {failure}", where=_where(page, failure.id, sources), hint=_hint(page)
        )
    for result in verdicts.final:
        unwanted = "passed" if page.kind == "exercise" else "not yet"
        if result.verdict in (unwanted, "broken"):
            where = _where(page, f"{page.prefix}-check-{result.check}", sources)
            state = f" ({result.state})" if result.state else ""
            what = f"check {result.check} of the {page.kind}: {result.verdict}{state}"
            raise AuthorError(what, where=where)
    return verdicts.final


def _hint(page: Page) -> str:
    if page.kind != "exercise":
        return ""
    return "An exercise has to run untouched: a cell may not need what a solution makes"


def _where(page: Page, id: str, sources: Sources) -> str:
    cells = sources.cells(page.source)
    for own, cell in zip(cell_ids(page.prefix, cells), cells, strict=True):
        if own == id:
            return f"{cell.path}:{cell.first}"
    return f"{page.source}:1"


def _write(path: Path, notebook: Notebook) -> Literal["written", "same"]:
    content = as_bytes(notebook)
    if path.exists() and path.read_bytes() == content:
        return "same"
    write_whole(path, content)
    return "written"


def as_bytes(notebook: Notebook) -> bytes:
    """A notebook as a file holds it: the same bytes for the same notebook."""
    import nbformat

    validate: Any = nbformat.validate
    writes: Any = nbformat.writes
    validate(notebook)
    text: str = writes(notebook)
    return text.rstrip("\n").encode() + b"\n"


def _difference(page: Page, wanted: Notebook) -> str:
    """How the notebook that is there differs from the one wanted; empty when it does not."""
    if not page.path.exists():
        return "it is missing"
    try:
        found = without_outputs(read_notebook(page.path))
    except AuthorError:
        return "it is no notebook"
    if len(found.cells) != len(wanted.cells):
        return f"it has {len(found.cells)} cells, and the source makes {len(wanted.cells)}"
    for number, (cell, other) in enumerate(zip(found.cells, wanted.cells, strict=True), 1):
        for key in ("cell_type", "id", "source", "metadata"):
            if cell.get(key) != other.get(key):
                return f"cell {number} ({other.id}): its {key.replace('_', ' ')} differs"
    return "" if found == wanted else "its metadata differs"


def _there(course: Course) -> Iterator[Path]:
    """The notebooks that lie where only built ones should."""
    for folder in ("exercises", "solutions"):
        yield from sorted((course.root / folder).glob("*.ipynb"))
    for path in sorted((course.root / "labs").rglob("*.ipynb")):
        if ".ipynb_checkpoints" not in path.parts:
            yield path
