"""Reads the sources of a course: jupytext's py:percent files, cell by cell, with line numbers.

jupytext reads the cells, :mod:`labkit.course.plain` those of a plain file; this module adds where
each stands, so that an author's mistake has a line, and keeps the keys of a cell's header apart
that mean something to the course:

``task="id"``   the code cell belongs to this task
``check="id"``  the cell asks this check; its code is generated
``setup=true``  the code cell makes what the tasks below rely on
``id="name"``   the cell's id, where its place should not decide it

Knows nothing about solutions, checks and notebooks.
Source: jupytext, "The percent format".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.core.errors import AuthorError
from labkit.course.plain import read_plain

MARKER = re.compile(r"^\s*#\s*%%%*(\s.*)?$")
"""A line that begins a cell. ``# %%bash`` (no space) is a magic, and begins none."""

OWN_KEYS = ("task", "check", "setup", "id")
PASSED_KEYS = ("tags", "slideshow", "jupyter", "editable", "deletable")
"""Keys that go into the notebook as they are."""

DROPPED_KEYS = (
    "title",
    "cell_depth",
    "cell_marker",
    "lines_to_next_cell",
    "lines_to_end_of_cell_marker",
)
"""Keys that jupytext adds to what it reads."""

NAME = re.compile(r"[a-zA-Z0-9][a-zA-Z0-9_-]{0,63}")


@dataclass(frozen=True)
class SourceCell:
    """One cell as its author wrote it.

    Attributes:
        kind: ``code``, ``markdown`` or ``raw``.
        text: its source, magics uncommented.
        path: the file it stands in.
        line: the line of its header.
        first: the line of the first line of ``text``.
        task: the task it belongs to, or nothing.
        check: the check it asks, or nothing.
        is_setup: whether it makes what the tasks rely on.
        id: the id its author gave it, or nothing.
        metadata: what else its header says.
    """

    kind: str
    text: str
    path: Path
    line: int
    first: int
    task: str
    check: str
    is_setup: bool
    id: str
    metadata: Mapping[str, Any]

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags."""
        return tuple(self.metadata.get("tags", ()))

    def error(self, what: str, *, row: int = -1, hint: str = "") -> AuthorError:
        """An author's error in this cell.

        Args:
            what: what is wrong.
            row: in which line of ``text``, from 0; the cell's header when not given.
            hint: what to do.
        """
        line = self.line if row < 0 else self.first + row
        return AuthorError(what, where=f"{self.path}:{line}", hint=hint)


def read_source(path: Path) -> list[SourceCell]:
    """The cells of a source file, in order.

    What stands above the first cell is for its authors, and must be comments.

    Raises:
        AuthorError: the file cannot be read, or a cell's header cannot be understood.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise AuthorError(f"cannot be read: {error}", where=f"{path}:1") from error
    markers = [row for row, line in enumerate(lines) if MARKER.match(line)]
    _refuse_preamble(path, lines[: markers[0]] if markers else lines)
    text = "\n".join(lines[markers[0] :]) + "\n" if markers else ""
    cells = _read_cells(path, text, markers) if markers else []
    if len(cells) != len(markers):
        where = _first_stray(path, lines, markers, cells)
        raise AuthorError(
            "a line that looks like the header of a cell stands inside a text or a code block",
            where=where,
            hint="Begin that line with something else",
        )
    ends = [*markers[1:], len(lines)]
    return [
        _cell(path, cell, lines, start, end)
        for cell, start, end in zip(cells, markers, ends, strict=True)
    ]


def _read_cells(path: Path, text: str, markers: list[int]) -> Sequence[Any]:
    if plain := read_plain(text):
        return plain
    import jupytext
    from nbformat import ValidationError

    reads: Any = jupytext.reads
    try:
        cells: list[Any] = reads(text, fmt="py:percent").cells
    except ValidationError:
        for first, after in zip(markers, [*markers[1:], None], strict=True):
            rows = slice(first - markers[0], after and after - markers[0])
            try:
                reads("\n".join(text.splitlines()[rows]), fmt="py:percent")
            except ValidationError as error:
                what = f"the header is not a cell's: {error.message}"
                raise AuthorError(what, where=f"{path}:{first + 1}") from error
        raise
    return cells


def _refuse_preamble(path: Path, lines: list[str]) -> None:
    for row, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith("#"):
            raise AuthorError(
                "code stands above the first cell",
                where=f"{path}:{row}",
                hint="Put `# %%` above it",
            )


def _first_stray(path: Path, lines: list[str], markers: list[int], cells: Sequence[Any]) -> str:
    """Where the headers that we see and the cells that jupytext sees begin to differ."""
    for marker, after, cell in zip(markers, [*markers[1:], len(lines)], cells, strict=False):
        if cell.source.count("\n") + 1 > after - marker:
            return f"{path}:{after + 1}"
    return f"{path}:{markers[-1] + 1}"


def _cell(path: Path, cell: Any, lines: list[str], start: int, end: int) -> SourceCell:
    metadata = {key: value for key, value in cell.metadata.items() if key not in DROPPED_KEYS}
    text = cell.source.strip("\n")
    found = SourceCell(
        kind=cell.cell_type,
        text=text,
        path=path,
        line=start + 1,
        first=_first_line(text, lines, start, end),
        task=str(metadata.get("task", "")),
        check=str(metadata.get("check", "")),
        is_setup=metadata.get("setup", False) is True,
        id=str(metadata.get("id", "")),
        metadata={key: metadata[key] for key in PASSED_KEYS if key in metadata},
    )
    _refuse_wrong_keys(found, metadata)
    return found


def _first_line(text: str, lines: list[str], start: int, end: int) -> int:
    """The number of the line in which a cell's text begins: below its header and blank lines."""
    wanted = text.partition("\n")[0].strip()
    for row in range(start + 1, end):
        if wanted and wanted in lines[row]:
            return row + 1
    return start + 2


def _refuse_wrong_keys(cell: SourceCell, metadata: Mapping[str, Any]) -> None:
    known = (*OWN_KEYS, *PASSED_KEYS)
    for key in metadata:
        if key == "incorrectly_encoded_metadata":
            raise cell.error(
                f"the header cannot be understood: {metadata[key]}",
                hint='Write it as `# %% task="name" tags=["a", "b"]`',
            )
        if key not in known:
            near = difflib.get_close_matches(key, known, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known are: {', '.join(known)}"
            raise cell.error(f"nobody reads the key {key!r}", hint=hint)
    for key in ("task", "check", "id"):
        value = metadata.get(key, "x")
        if not isinstance(value, str) or not NAME.fullmatch(value):
            raise cell.error(f"{key} is {value!r}, and must be letters, digits and hyphens")
    if metadata.get("setup", True) is not True:
        raise cell.error("setup can only be true", hint="Leave the key out instead")
    if cell.kind != "code" and (cell.check or cell.is_setup):
        raise cell.error("only a code cell can be a setup or a check")
    if sum((bool(cell.task), bool(cell.check), cell.is_setup)) > 1:
        raise cell.error("a cell is one of task, check and setup, not more")
