"""A school can collect and grade the exercises: nbgrader itself does it here."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from labkit.course import Course, build
from labkit.course.building import as_bytes
from labkit.course.files import write_whole

pytestmark = pytest.mark.timeout(300)

NAME = "00-first-files.ipynb"


def nbgrader(folder: Path, *arguments: str) -> str:
    """Runs a command of nbgrader; gives what it said, and fails when it did."""
    scripts = Path(sys.executable).parent
    ran = subprocess.run(
        [scripts / "nbgrader", *arguments],
        cwd=folder,
        env={**os.environ, "PATH": f"{scripts}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout + ran.stderr


def school(course: Course, folder: Path, *options: str) -> Path:
    """A school's folder, with the exercise as its assignment, released."""
    build(course, execute=False)
    exercise = (course.root / "exercises" / NAME).read_bytes()
    write_whole(folder / "source/files" / NAME, exercise)
    nbgrader(folder, "generate_assignment", "files", "--create", *options)
    return folder


def hand_in(folder: Path, who: str, notebook: Any) -> None:
    write_whole(folder / f"submitted/{who}/files/{NAME}", as_bytes(notebook))


def grades(folder: Path) -> dict[str, list[tuple[str, float, float]]]:
    """Each student's points, cell by cell: the cell, what it got, what it is worth."""
    rows: dict[str, list[tuple[str, float, float]]] = {}
    query = """
        SELECT s.student_id, c.name, g.auto_score, gc.max_score
        FROM grade g
        JOIN submitted_notebook n ON g.notebook_id = n.id
        JOIN submitted_assignment s ON n.assignment_id = s.id
        JOIN base_cell c ON g.cell_id = c.id
        JOIN grade_cells gc ON gc.id = c.id
        ORDER BY s.student_id, c.name
    """
    database = sqlite3.connect(folder / "gradebook.db")
    try:
        for who, name, got, of in database.execute(query):
            rows.setdefault(who, []).append((name, got, of))
    finally:
        database.close()
    return rows


def test_a_solved_exercise_gets_all_points_and_an_untouched_one_none(
    course: Course, tmp_path: Path
) -> None:
    # nbgrader would put a stub of its own into each solution cell; the course has done that.
    folder = school(course, tmp_path / "school", "--ClearSolutions.enabled=False")
    released = nbformat.read(folder / "release/files" / NAME, as_version=4)
    assert "# Your turn: write a note" in "\n".join(cell.source for cell in released.cells)
    hand_in(folder, "untouched", released)
    solution = nbformat.read(course.root / "solutions" / NAME, as_version=4)
    solved = nbformat.read(folder / "release/files" / NAME, as_version=4)
    for cell, answer in zip(solved.cells, solution.cells, strict=True):
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answer.source
    hand_in(folder, "solved", solved)
    nbgrader(folder, "autograde", "files", "--create")
    assert grades(folder) == {
        "solved": [("check-copy-note", 1.0, 1.0), ("check-write-note", 2.0, 2.0)],
        "untouched": [("check-copy-note", 0.0, 1.0), ("check-write-note", 0.0, 2.0)],
    }


def test_validate_tells_a_solved_exercise_from_an_untouched_one(course: Course) -> None:
    build(course, execute=False)
    assert "Success" in nbgrader(course.root, "validate", f"solutions/{NAME}")
    said = nbgrader(course.root, "validate", f"exercises/{NAME}")
    assert "VALIDATION FAILED ON 2 CELL(S)" in said


def test_validate_notices_a_check_that_was_changed(course: Course) -> None:
    build(course, execute=False)
    path = course.root / "solutions" / NAME
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if cell.metadata.get("labkit", {}).get("check") == "write-note":
            cell.source = "print('passed')"
    write_whole(path, as_bytes(notebook))
    assert "THE CONTENTS OF 1 TEST CELL(S) HAVE CHANGED" in nbgrader(
        course.root, "validate", f"solutions/{NAME}"
    )
