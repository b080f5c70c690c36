"""Composes a notebook from its source: frame, text, code, ids and metadata. Nothing is executed.

The same source gives the same bytes, whatever the machine and the version of Python.
Source: nbformat 4.5.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from labkit.core.errors import AuthorError
from labkit.course import frame
from labkit.course.cells import cell_ids, check_metadata, fitting, task_metadata
from labkit.course.course import Course
from labkit.course.glossary import Glossary, Linker, without_names
from labkit.course.markdown import moved
from labkit.course.pages import Page
from labkit.course.solutions import Unbalanced, find_regions, solved, unsolved
from labkit.course.source import SourceCell
from labkit.grading.checks import Check

Notebook = Any
"""An ``nbformat.NotebookNode``, which has no types of its own."""

METADATA: Mapping[str, Any] = {
    "kernelspec": {"display_name": "labkit", "language": "python", "name": "labkit"},
    "language_info": {"name": "python"},
}
"""No versions: they would change with the machine."""


@dataclass(frozen=True)
class Context:
    """What a notebook is composed with.

    Attributes:
        course: the course.
        glossary: its terms.
        checks: the checks of the notebook's topic by id.
    """

    course: Course
    glossary: Glossary
    checks: Mapping[str, Check]


def compose(page: Page, cells: Sequence[SourceCell], context: Context) -> Notebook:
    """The notebook that a source makes, without outputs.

    Args:
        page: which notebook.
        cells: its source.
        context: what it is composed with.

    Raises:
        AuthorError: a solution region is unbalanced, or a check is unknown.
    """
    folder = page.path.parent
    linker = Linker(
        context.glossary, context.course.root, folder, is_glossary=page.kind == "glossary"
    )
    tasks: Counter[str] = Counter()

    def prose(text: str) -> str:
        return linker.link(moved(text, page.source.parent, folder))

    made = []
    above, below = _frame(page, cells, context)
    for name, text in above:
        made.append(_markdown(fitting(f"{page.prefix}-{name}"), prose(text), {}))
    for id, cell in zip(cell_ids(page.prefix, cells), cells, strict=True):
        if cell.kind == "code":
            made.append(_code(id, cell, page, context, tasks))
        elif cell.kind == "raw":
            made.append(_v4().new_raw_cell(cell.text, id=id, metadata=dict(cell.metadata)))
        else:
            text = without_names(cell.text) if page.kind == "glossary" else cell.text
            made.append(_markdown(id, prose(text), cell.metadata))
    for name, text in below:
        made.append(_markdown(fitting(f"{page.prefix}-{name}"), prose(text), {}))
    needs = sorted({id for check in context.checks.values() for id in check.requires})
    about = {"kind": page.kind, "topic": page.prefix, "requires": needs}
    metadata = {**METADATA, "labkit": about}
    return _v4().new_notebook(cells=made, metadata=metadata)


def _v4() -> Any:
    from nbformat import v4

    return v4


def _frame(
    page: Page, cells: Sequence[SourceCell], context: Context
) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    if page.topic is None:
        return [], []
    asked = [context.checks[cell.check] for cell in cells if cell.check in context.checks]
    top = frame.header(context.course, page.topic, page.kind, asked)
    return [("header", top)], frame.footer(context.course, page.topic, page.kind)


def _markdown(id: str, text: str, metadata: Mapping[str, Any]) -> Notebook:
    return _v4().new_markdown_cell(text, id=id, metadata=dict(metadata))


def _code(id: str, cell: SourceCell, page: Page, context: Context, tasks: Counter[str]) -> Notebook:
    text, metadata = cell.text, dict(cell.metadata)
    is_graded = page.kind in ("exercise", "solution")
    if cell.check:
        check = _check(cell, context)
        text = check_call(check.id)
        metadata["labkit"] = {"check": check.id}
        if is_graded:
            metadata |= {"deletable": False, "editable": False}
            metadata["nbgrader"] = check_metadata(check.id, check.points, text)
    elif cell.task:
        metadata["labkit"] = {"task": cell.task}
        if is_graded and regions_of(cell):
            tasks[cell.task] += 1
            metadata["nbgrader"] = task_metadata(cell.task, tasks[cell.task])
            metadata["deletable"] = False
        text = code_of(cell, is_solved=page.kind != "exercise", checks=context.checks)
    elif cell.is_setup:
        metadata["labkit"] = {"setup": True}
    return _v4().new_code_cell(text, id=id, metadata=metadata)


def check_call(id: str) -> str:
    """The code of a cell that asks a check."""
    return f'check("{id}")'


def code_of(cell: SourceCell, *, is_solved: bool, checks: Mapping[str, Check]) -> str:
    """The code of a task's cell, solved or as the learner meets it.

    Raises:
        AuthorError: a solution region is unbalanced.
    """
    regions_of(cell)
    if is_solved:
        return solved(cell.text)
    title = checks[cell.task].title if cell.task in checks else ""
    if title[1:2].islower():  # "Start a process", and not "PID 1, please"
        title = title[0].lower() + title[1:]
    return unsolved(cell.text, says=title)


def regions_of(cell: SourceCell) -> int:
    """How many solution regions a cell has.

    Raises:
        AuthorError: one is unbalanced; says the line.
    """
    try:
        return len(find_regions(cell.text))
    except Unbalanced as error:
        raise cell.error(error.what, row=error.row) from error


def _check(cell: SourceCell, context: Context) -> Check:
    if cell.check not in context.checks:
        raise AuthorError(f"there is no check {cell.check!r}", where=f"{cell.path}:{cell.line}")
    return context.checks[cell.check]
