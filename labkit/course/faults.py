"""An author's mistakes within one source file: its text, its code, its ids, its tasks."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from labkit.core.errors import AuthorError, NotFound
from labkit.course.cells import cell_ids
from labkit.course.glossary import unknown_terms
from labkit.course.markdown import file_links
from labkit.course.notebook import check_call, regions_of
from labkit.course.pages import Page
from labkit.course.python import find_fault
from labkit.course.solutions import unsolved
from labkit.course.source import SourceCell
from labkit.course.sources import Sources
from labkit.grading.checks import Check

FRAME_IDS = ("header", "reference", "links", "next")
"""Ids of the cells that are made from topic.toml; an author may not give them."""

Fault = tuple[str, int, str]
"""What is wrong, in which row of the text (from 0), and what to do."""


def source_mistakes(page: Page, sources: Sources, made: set[Path]) -> Iterator[AuthorError]:
    """The mistakes in the source of a page.

    Args:
        page: the page, whose source is read.
        sources: the course's sources.
        made: every notebook that the course makes; links may lead there before they are built.

    Raises:
        AuthorError: the file cannot be read at all.
    """
    cells = sources.cells(page.source)
    for cell in cells:
        if cell.kind == "markdown":
            for what, row, hint in text_faults(cell.text, page.source.parent, sources, made):
                yield cell.error(what, row=row, hint=hint)
        elif cell.kind == "code":
            try:
                yield from _in_code(cell, page)
            except AuthorError as error:
                yield error
    yield from _in_ids(page, cells)
    yield from _in_asking(cells, sources.checks(page.topic))
    yield from _in_tasks(page, cells)


def text_faults(text: str, folder: Path, sources: Sources, made: set[Path]) -> Iterator[Fault]:
    """What is wrong in a Markdown text: links that lead nowhere, terms that nobody explains.

    Args:
        text: the text.
        folder: the folder that its links are seen from.
        sources: the course's sources.
        made: every notebook that the course makes.
    """
    for link, offset in file_links(text):
        target = Path(os.path.normpath(folder / link))
        if target not in made and not target.exists():
            yield f"the link leads to {link}, and there is no such file", _row(text, offset), ""
    for _, offset, unknown in unknown_terms(text, sources.glossary):
        yield f"{unknown.what} in the glossary", _row(text, offset), unknown.hint


def _row(text: str, offset: int) -> int:
    return text.count("\n", 0, offset)


def _in_code(cell: SourceCell, page: Page) -> Iterator[AuthorError]:
    has_solution = regions_of(cell) > 0
    if has_solution and not (cell.task and page.kind == "exercise"):
        yield cell.error(
            "a solution region stands outside the tasks of an exercise",
            hint='Give the cell a task: `# %% task="name"`, in exercise.py',
        )
    if cell.check and cell.text not in ("", call := check_call(cell.check)):
        yield cell.error("the code of a check cell is generated", hint=f"Leave it empty, or {call}")
    if "raises-exception" in cell.tags:
        return  # it may be wrong on purpose
    if fault := find_fault(cell.text):
        yield cell.error(f"not valid Python: {fault[0]}", row=fault[1])
    elif has_solution and (fault := find_fault(unsolved(cell.text))):
        yield cell.error(
            f"without its solution the cell is not valid Python: {fault[0]}",
            hint="Widen the region, so that what remains can run",
        )


def _in_ids(page: Page, cells: Sequence[SourceCell]) -> Iterator[AuthorError]:
    reserved = {f"{page.prefix}-{name}" for name in FRAME_IDS} if page.topic else set()
    seen: dict[str, int] = {}
    for id, cell in zip(cell_ids(page.prefix, cells), cells, strict=True):
        if id in reserved:
            yield cell.error(f"the id {cell.id!r} is one of the notebook's own cells")
        elif id in seen:
            yield cell.error(f"there is another cell of this id, in line {seen[id]}: {id}")
        seen.setdefault(id, cell.line)


def _in_asking(cells: Sequence[SourceCell], checks: Mapping[str, Check]) -> Iterator[AuthorError]:
    done: set[str] = set()
    for cell in cells:
        if cell.task and cell.kind == "code":
            done.add(cell.task)
        if cell.check and cell.check not in checks:
            error = NotFound("check", cell.check, checks, hint="Write it into checks.py")
            yield cell.error(error.what, hint=error.hint)
        if cell.check and cell.check not in done:
            yield cell.error(f"the check {cell.check!r} stands before its task, or has none")


def _in_tasks(page: Page, cells: Sequence[SourceCell]) -> Iterator[AuthorError]:
    asked = {cell.check: row for row, cell in enumerate(cells) if cell.check}
    tasks: dict[str, list[int]] = {}
    for row, cell in enumerate(cells):
        if cell.task and cell.kind == "code":
            tasks.setdefault(cell.task, []).append(row)
    for task, rows in tasks.items():
        first = cells[rows[0]]
        if asked.get(task, -1) < rows[-1]:
            hint = f'Add a cell `# %% check="{task}"`'
            yield first.error(f"no check follows the task {task!r}", hint=hint)
        if page.kind == "exercise" and not any("BEGIN SOLUTION" in cells[row].text for row in rows):
            yield first.error(f"the task {task!r} has no solution region")
