"""What identifies a cell: ids that stay the same, and nbgrader's metadata.

A cell's id comes from its topic and from what it is: its task, its check, the id its author gave
it, or else its place: the number of its section (a section begins with a heading) and its number
in there. So editing a cell changes no other cell's id, and a notebook under version control shows
what was really changed.

Sources: nbformat 4.5 (cell ids), nbgrader 0.9 (cell metadata, schema version 3).
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from labkit.course.source import SourceCell

ID_LENGTH = 64
HEADING = re.compile(r"#{1,6} ")


def cell_ids(prefix: str, cells: Sequence[SourceCell]) -> list[str]:
    """An id for each cell; ids are unique unless the author gave one twice."""
    ids: list[str] = []
    seen: Counter[str] = Counter()
    section = 0
    for cell in cells:
        if cell.kind == "markdown" and HEADING.match(cell.text):
            section += 1
        name = _name(cell, section)
        if not cell.id and not cell.check:
            seen[name] += 1
            name = f"{name}_{seen[name]}"
        ids.append(fitting(f"{prefix}-{name}"))
    return ids


def _name(cell: SourceCell, section: int) -> str:
    if cell.id:
        return cell.id
    if cell.check:
        return f"check-{cell.check}"
    if cell.task:
        return f"task-{cell.task}"
    return f"s{section:02}"


def fitting(id: str) -> str:
    """The id itself, or one that is short enough for a notebook and still its own."""
    if len(id) <= ID_LENGTH:
        return id
    return f"{id[: ID_LENGTH - 9]}-{hashlib.sha256(id.encode()).hexdigest()[:8]}"


def task_metadata(task: str, number: int) -> dict[str, Any]:
    """nbgrader's metadata of a cell in which the learner writes.

    Args:
        task: the task's id.
        number: which of the task's cells it is, from 1.
    """
    name = f"task-{task}" if number == 1 else f"task-{task}_{number}"
    return _nbgrader(name, solution=True)


def check_metadata(check: str, points: int, source: str) -> dict[str, Any]:
    """nbgrader's metadata of a cell that is graded and may not be changed.

    Args:
        check: the check's id.
        points: what it is worth.
        source: the cell's code; its checksum tells nbgrader when a learner changed it.
    """
    metadata = _nbgrader(f"check-{check}", grade=True, locked=True)
    return {
        **metadata,
        "points": points,
        "cell_type": "code",
        "checksum": checksum(source, metadata["grade_id"], points),
    }


def _nbgrader(
    grade_id: str, *, grade: bool = False, solution: bool = False, locked: bool = False
) -> dict[str, Any]:
    return {
        "schema_version": 3,
        "grade_id": grade_id,
        "grade": grade,
        "solution": solution,
        "locked": locked,
        "task": False,
    }


def checksum(source: str, grade_id: str, points: int) -> str:
    """nbgrader's checksum of a graded, locked code cell: the same as nbgrader would compute."""
    # In this order: source, type, is it graded, is it a solution, is it locked, id, points.
    parts = (source, "code", "True", "False", "True", grade_id, str(float(points)))
    return hashlib.md5("".join(parts).encode(), usedforsecurity=False).hexdigest()
