"""Solution regions: the code between ``### BEGIN SOLUTION`` and ``### END SOLUTION``.

In the exercise each region becomes a comment that says what to write there; the rest of the cell
stays, and the cell still runs. In the solution the code stays and the two marks go. What follows
a colon in the first mark becomes the comment's words: ``### BEGIN SOLUTION: start the sandbox``.

The marks are those of nbgrader. Knows nothing about notebooks and checks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

BEGIN = re.compile(r"^(\s*)#+\s*BEGIN SOLUTION\b:?\s*(.*?)\s*$")
END = re.compile(r"^\s*#+\s*END SOLUTION\b\s*$")


class Unbalanced(Exception):
    """A mark without its partner. Callers make it an author's error.

    Attributes:
        row: the line in the cell, from 0.
        what: what is wrong there.
    """

    def __init__(self, row: int, what: str) -> None:
        self.row, self.what = row, what
        super().__init__(what)


@dataclass(frozen=True)
class Region:
    """One region: the rows of its two marks, its indentation, and the words of its comment."""

    begin: int
    end: int
    indent: str
    says: str


def find_regions(text: str) -> list[Region]:
    """The solution regions of a cell, in order.

    Raises:
        Unbalanced: a mark has no partner, or a region stands in another, or is empty.
    """
    regions: list[Region] = []
    open_at: tuple[int, re.Match[str]] | None = None
    for row, line in enumerate(text.split("\n")):
        if found := BEGIN.match(line):
            if open_at:
                raise Unbalanced(row, f"BEGIN SOLUTION inside the region of row {open_at[0] + 1}")
            open_at = row, found
        elif END.match(line):
            if not open_at:
                raise Unbalanced(row, "END SOLUTION without BEGIN SOLUTION")
            if row == open_at[0] + 1:
                raise Unbalanced(row, "the solution region is empty")
            regions.append(Region(open_at[0], row, open_at[1][1], open_at[1][2]))
            open_at = None
    if open_at:
        raise Unbalanced(open_at[0], "BEGIN SOLUTION without END SOLUTION")
    return regions


def solved(text: str) -> str:
    """The cell with its solution, and without the marks."""
    marks = {row for region in find_regions(text) for row in (region.begin, region.end)}
    return "\n".join(line for row, line in enumerate(text.split("\n")) if row not in marks)


def unsolved(text: str, *, says: str = "") -> str:
    """The cell as the learner meets it: a comment in place of each region, and it still runs.

    Args:
        text: the cell's source.
        says: the words of a comment whose region gives none.
    """
    lines, regions = text.split("\n"), find_regions(text)
    for region in reversed(regions):
        words = region.says or says
        stub = [f"{region.indent}# Your turn: {words}" if words else f"{region.indent}# Your turn"]
        if _is_whole_block(lines, region):
            stub.append(f"{region.indent}...")  # a block needs a statement, or the cell is no code
        else:
            stub.append("")  # a line to write in
        lines[region.begin : region.end + 1] = stub
    return "\n".join(lines)


def _is_whole_block(lines: list[str], region: Region) -> bool:
    """Whether the region is all there is in an indented block."""
    if not region.indent:
        return False
    before, after = _nearest(lines[: region.begin][::-1]), _nearest(lines[region.end + 1 :])
    opens = before is not None and len(_indent(before)) < len(region.indent)
    closes = after is None or len(_indent(after)) < len(region.indent)
    return opens and closes


def _nearest(lines: list[str]) -> str | None:
    """The first line that is neither blank nor only a comment."""
    code = (line for line in lines if line.strip() and not line.lstrip().startswith("#"))
    return next(code, None)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]
