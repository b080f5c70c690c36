"""What is made of a source: frame, ids, metadata, links. Nothing is executed here."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat import NotebookNode

from labkit.course import Course, Sources, read_course
from labkit.course.building import as_bytes
from labkit.course.cells import cell_ids, fitting
from labkit.course.pages import pages
from labkit.course.source import read_source
from tests.course.small import edit


def made(course: Course, kind: str) -> Any:
    """One notebook of the small course."""
    sources = Sources(course)
    return next(sources.compose(page) for page in pages(course) if page.kind == kind)


def cell_of(notebook: Any, id: str) -> Any:
    return next(cell for cell in notebook.cells if cell.id == id)


def text_of(notebook: Any) -> str:
    return "\n".join(cell.source for cell in notebook.cells)


def test_every_notebook_is_valid_and_says_nothing_of_the_machine(course: Course) -> None:
    for page in pages(course):
        notebook = Sources(course).compose(page)
        nbformat.validate(notebook)
        assert notebook.metadata.language_info == {"name": "python"}
        assert notebook.metadata.kernelspec.name == "labkit"
        assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_two_processes_make_the_same_bytes(course: Course) -> None:
    code = (
        "import hashlib, sys, pathlib\n"
        "from labkit.course import Sources, read_course\n"
        "from labkit.course.pages import pages\n"
        "from labkit.course.building import as_bytes\n"
        "course = read_course(pathlib.Path(sys.argv[1]))\n"
        "for page in pages(course): print(hashlib.sha256(as_bytes(Sources(course).compose(page)))"
        ".hexdigest())"
    )
    said = [
        subprocess.run(
            [sys.executable, "-c", code, str(course.root)],
            env={"PYTHONHASHSEED": seed, "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert said[0] == said[1]
    assert len(said[0].split()) == 5


def test_the_lab_says_first_what_one_needs_and_last_where_next(course: Course) -> None:
    lab = made(course, "lab")
    head, *_, reference, links, following = [cell.source for cell in lab.cells]
    assert head.startswith("# First files\n")
    assert "part A, Files" in head
    assert "[exercise](../../exercises/00-first-files.ipynb)" in head
    assert "[map of the course](../home.ipynb)" in head
    (row,) = [line for line in head.splitlines() if "about 10 minutes" in line]
    cells = re.split(r"(?<!\\)\|", row.strip("|"))
    assert len(cells) == 3
    assert "how to type \\| a bar" in cells[0]
    assert "written two files" in cells[2]
    assert reference.startswith("## Quick reference\n\n| I want to")
    assert "[Files](https://example.org/files): all about files" in links
    assert "Later on (topic 01, still to come)" in following


def test_the_exercise_lists_its_tasks_and_the_solution_solves_them(course: Course) -> None:
    exercise, solution = made(course, "exercise"), made(course, "solution")
    assert "1. Write a note · `write-note`, 2 points" in exercise.cells[0].source
    assert "2 tasks, 3 points" in exercise.cells[0].source
    assert "# Your turn: write a note" in text_of(exercise)
    assert "# Your turn: copy one file to the other" in text_of(exercise)
    assert "write_text(text)" not in text_of(exercise)
    assert "write_text(text)" in text_of(solution)
    assert "Your turn" not in text_of(solution)
    assert "SOLUTION" not in text_of(exercise) + text_of(solution)


def test_links_lead_from_where_the_notebook_lies(course: Course) -> None:
    lab, exercise, home = (made(course, kind) for kind in ("lab", "exercise", "home"))
    assert "[picture](file.svg)" in text_of(lab)
    assert "(../../exercises/00-first-files.ipynb)" in text_of(lab)
    assert "(../labs/00-first-files/lab.ipynb)" in text_of(exercise)
    assert "(../labs/home.ipynb)" in text_of(exercise)
    assert "(00-first-files/lab.ipynb)" in text_of(home)
    assert "(glossary.ipynb#Plain-file " in text_of(home)


def test_a_term_is_a_link_at_its_first_use_only(course: Course) -> None:
    lab = text_of(made(course, "lab"))
    link = '[file](../glossary.ipynb#Plain-file "A named row of bytes.")'
    assert lab.count(link) == 1
    assert "A named thing has" in lab
    assert "`[[ -f note.txt ]]`" in lab
    assert "[[file" not in lab


def test_the_glossary_links_within_itself_and_hides_other_names(course: Course) -> None:
    text = text_of(made(course, "glossary"))
    assert "### Plain file\n" in text
    assert '[folder](#Folder "A list of files.")' in text


def test_tags_pass_through_and_magics_are_magics(course: Course) -> None:
    lab = made(course, "lab")
    tagged = {cell.source: cell.metadata.tags for cell in lab.cells if "tags" in cell.metadata}
    assert tagged == {"6 * 7": ["hide-input"], 'open("missing.txt")': ["raises-exception"]}
    assert [cell.source for cell in lab.cells if cell.cell_type == "code"][-1] == "%pwd"


def test_editing_a_cell_changes_no_other_id(root: Path, topic_folder: Path) -> None:
    for name in ("lab.py", "exercise.py"):
        cells = read_source(topic_folder / name)
        before = cell_ids("first-files", cells)
        assert len(set(before)) == len(before)
        for number, cell in enumerate(cells):
            changed = [*cells]
            heading = "## Another heading\n" if cell.text.startswith("## ") else ""
            changed[number] = type(cell)(**{**vars(cell), "text": f"{heading}something else"})
            assert cell_ids("first-files", changed) == before


def test_a_new_cell_changes_no_id_in_other_sections(course: Course, topic_folder: Path) -> None:
    before = [cell.id for cell in made(course, "lab").cells]
    edit(topic_folder / "lab.py", "6 * 7\n", "6 * 7\n\n# %%\n7 * 8\n")
    after = [cell.id for cell in made(course, "lab").cells]
    assert set(before) < set(after)


def test_an_id_says_what_the_cell_is(course: Course) -> None:
    ids = [cell.id for cell in made(course, "exercise").cells]
    assert {"first-files-header", "first-files-check-write-note", "first-files-next"} < set(ids)
    assert "first-files-opening" in [cell.id for cell in made(course, "lab").cells]


def test_a_long_id_is_cut_and_stays_its_own() -> None:
    one, other = fitting("x" * 80 + "a"), fitting("x" * 80 + "b")
    assert one != other
    assert len(one) == len(other) == 64


@pytest.mark.parametrize("kind", ["exercise", "solution"])
def test_nbgrader_agrees_with_the_metadata(course: Course, kind: str) -> None:
    from nbgrader.nbgraderformat import MetadataValidator
    from nbgrader.utils import compute_checksum, is_grade, is_locked, is_solution

    notebook = made(course, kind)
    MetadataValidator().validate_nb(notebook)
    marked = {
        c.id.removeprefix("first-files-"): c for c in notebook.cells if "nbgrader" in c.metadata
    }
    assert list(marked) == [
        "task-write-note_1",
        "check-write-note",
        "task-copy-note_1",
        "task-copy-note_2",
        "check-copy-note",
    ]
    for name, cell in marked.items():
        assert is_solution(cell) == name.startswith("task")
        assert is_grade(cell) == is_locked(cell) == name.startswith("check")
        assert not cell.metadata.deletable
        if is_grade(cell):
            assert cell.metadata.nbgrader.checksum == compute_checksum(cell)
            assert not cell.metadata.editable
    points = [cell.metadata.nbgrader.points for cell in marked.values() if is_grade(cell)]
    assert points == [2, 1]
    assert len({cell.metadata.nbgrader.grade_id for cell in marked.values()}) == len(marked)


def test_the_lab_is_not_graded(course: Course) -> None:
    assert not [cell for cell in made(course, "lab").cells if "nbgrader" in cell.metadata]


def test_a_check_cell_left_empty_gets_its_code(course: Course) -> None:
    cell = cell_of(made(course, "exercise"), "first-files-check-copy-note")
    assert cell.source == 'check("copy-note")'


def test_the_file_ends_with_a_newline_and_keeps_letters(course: Course) -> None:
    content = as_bytes(made(course, "exercise"))
    assert content.endswith(b"}\n")
    assert "·".encode() in content
    assert isinstance(nbformat.reads(content.decode(), as_version=4), NotebookNode)
    assert json.loads(content)["nbformat_minor"] == 5


def test_a_course_without_home_and_glossary_links_to_neither(
    root: Path, topic_folder: Path, reread: Callable[[], Course]
) -> None:
    for name in ("home.py", "glossary.py"):
        (root / "labs" / name).unlink()
    lab = made(read_course(root), "lab")
    assert "home.ipynb" not in lab.cells[0].source
