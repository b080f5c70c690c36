"""What an author can get wrong in the sources of a course, found without running a notebook.

Each mistake names its file and line. Whether the text is true and well said needs a reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from labkit.core.errors import AuthorError, NotFound
from labkit.course.cells import cell_ids
from labkit.course.glossary import unknown_terms
from labkit.course.markdown import file_links
from labkit.course.notebook import check_call, regions_of
from labkit.course.pages import Page, pages
from labkit.course.python import find_fault
from labkit.course.solutions import unsolved
from labkit.course.source import SourceCell
from labkit.course.sources import Sources
from labkit.course.topic import Topic

FRAME_IDS = ("header", "reference", "links", "next")
"""Ids of the cells that are made from topic.toml; an author may not give them."""


def find_mistakes(sources: Sources, only: Iterable[str] | None = None) -> list[AuthorError]:
    """The author's mistakes in a course, or in the topics named.

    Args:
        sources: the course's sources.
        only: names of topics, ``home`` or ``glossary``; everything when not given.
    """
    chosen = pages(sources.course, only)
    made = {page.path for page in pages(sources.course)}
    topics = list(dict.fromkeys(page.topic for page in chosen if page.topic))
    files = {page.source: page for page in chosen if page.kind != "solution"}
    found = list(_caught(lambda: _ids_of_checks(sources)))
    for page in files.values():
        found += _caught(lambda page=page: _in_source(page, sources, made))  # type: ignore[misc]
    for topic in topics:
        found += _caught(lambda topic=topic: _in_topic(topic, sources, made))  # type: ignore[misc]
    return list({str(error): error for error in found}.values())


def _caught(look: Callable[[], Iterator[AuthorError]]) -> Iterator[AuthorError]:
    """The mistakes that are given, and the one that makes looking on impossible."""
    try:
        yield from look()
    except AuthorError as error:
        yield error


def _ids_of_checks(sources: Sources) -> Iterator[AuthorError]:
    seen: dict[str, Topic] = {}
    for topic in sources.course.present:
        for id, check in sources.checks(topic).items():
            if other := seen.get(id):
                yield AuthorError(f"topic {other.name} has a check {id!r} too", where=check.where)
            seen[id] = topic


def _in_topic(topic: Topic, sources: Sources, made: set[Path]) -> Iterator[AuthorError]:
    asked: set[str] = set()
    for path in topic.sources.values():
        if path.exists():
            asked |= {cell.check for cell in sources.cells(path)}
    for check in sources.checks(topic).values():
        yield from check.validate()
        if check.id not in asked:
            yield AuthorError(f"no task asks the check {check.id!r}", where=check.where)
    details, file = topic.details, topic.folder / "topic.toml"
    for slug in details.next:
        try:
            sources.course.topic(slug)
        except NotFound as error:
            yield AuthorError(f"next: {error.what}", where=_find(file, slug), hint=error.hint)
    for text in (*details.know, *details.done):
        yield from _in_text(text, lambda what, row, text=text: AuthorError(what, where=_find(file, text)), file.parent, sources, made)  # type: ignore[misc]
    body = details.reference.read_text(encoding="utf-8")
    yield from _in_text(
        body,
        lambda what, row: AuthorError(what, where=f"{details.reference}:{row + 1}"),
        file.parent,
        sources,
        made,
    )


def _find(file: Path, text: str) -> str:
    """``path:line`` of a text in a file."""
    lines = file.read_text(encoding="utf-8").splitlines()
    row = next((row for row, line in enumerate(lines) if text in line), 0)
    return f"{file}:{row + 1}"


def _in_source(page: Page, sources: Sources, made: set[Path]) -> Iterator[AuthorError]:
    cells = sources.cells(page.source)
    for cell in cells:
        if cell.kind == "markdown":
            folder = page.source.parent
            yield from _in_text(
                cell.text, lambda what, row, cell=cell: cell.error(what, row=row), folder, sources, made  # type: ignore[misc]
            )
        elif cell.kind == "code":
            yield from _caught(lambda cell=cell: _in_code(cell, page))  # type: ignore[misc]
    yield from _in_ids(page, cells)
    yield from _in_tasks(page, cells, sources)


def _in_text(
    text: str,
    error_at: Callable[[str, int], AuthorError],
    folder: Path,
    sources: Sources,
    made: set[Path],
) -> Iterator[AuthorError]:
    """Mistakes in Markdown: links that lead nowhere, terms that nobody explains."""

    def at(offset: int) -> int:
        return text.count("\n", 0, offset)

    for link, offset in file_links(text):
        target = Path(_normal(folder / link))
        if target not in made and not target.exists():
            yield error_at(f"the link leads to {link}, and no such file is there", at(offset))
    for _, offset, unknown in unknown_terms(text, sources.glossary):
        error = error_at(f"{unknown.what} in the glossary", at(offset))
        yield AuthorError(f"{unknown.what} in the glossary", where=error.where, hint=unknown.hint)


def _normal(path: Path) -> str:
    import os.path

    return os.path.normpath(path)


def _in_code(cell: SourceCell, page: Page) -> Iterator[AuthorError]:
    if regions_of(cell) and not (cell.task and page.kind == "exercise"):
        yield cell.error(
            "a solution region stands outside the tasks of an exercise",
            hint='Give the cell a task: `# %% task="name"`, in exercise.py',
        )
    if cell.check and cell.text and cell.text != check_call(cell.check):
        yield cell.error(
            "the code of a check cell is generated", hint=f"Leave it empty, or {check_call(cell.check)}"
        )
    if "raises-exception" in cell.tags:
        return  # it may be wrong on purpose
    if fault := find_fault(cell.text):
        yield cell.error(f"not valid Python: {fault[0]}", row=fault[1])
    elif regions_of(cell) and (fault := find_fault(unsolved(cell.text))):
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


def _in_tasks(page: Page, cells: Sequence[SourceCell], sources: Sources) -> Iterator[AuthorError]:
    checks = sources.checks(page.topic)
    asked = {cell.check: row for row, cell in enumerate(cells) if cell.check}
    done: dict[str, int] = {}
    regions: dict[str, int] = {}
    for row, cell in enumerate(cells):
        if cell.task and cell.kind == "code":
            done.setdefault(cell.task, row)
            regions[cell.task] = regions.get(cell.task, 0) + _count(cell)
        if cell.check and cell.check not in checks:
            error = NotFound("check", cell.check, checks, hint="Write it into checks.py")
            yield cell.error(error.what, hint=error.hint)
        if cell.check and cell.check not in done:
            yield cell.error(f"the check {cell.check!r} stands before its task, or has none")
    for task, row in done.items():
        if asked.get(task, -1) < row:
            yield cells[row].error(
                f"no check follows the task {task!r}", hint=f'Add a cell `# %% check="{task}"`'
            )
        if page.kind == "exercise" and not regions[task]:
            yield cells[row].error(f"the task {task!r} has no solution region")


def _count(cell: SourceCell) -> int:
    try:
        return regions_of(cell)
    except AuthorError:
        return 1  # said elsewhere
