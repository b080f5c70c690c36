"""Building: notebooks written and played, and stale ones found."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest

from labkit.core.errors import AuthorError, BadInput, Blocked, NotFound
from labkit.course import Course, build, build_check, read_course
from labkit.course.files import write_whole
from tests.course.small import edit, line_of

LAB, EXERCISE = "labs/00-first-files/lab.ipynb", "exercises/00-first-files.ipynb"
SOLUTION = "solutions/00-first-files.ipynb"
ALL = {LAB, EXERCISE, SOLUTION, "labs/home.ipynb", "labs/glossary.ipynb"}


def read(course: Course, name: str) -> Any:
    return nbformat.read(course.root / name, as_version=4)


def outputs(notebook: Any) -> dict[str, Any]:
    return {cell.id: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}


def names(course: Course, paths: list[Path]) -> set[str]:
    return {path.relative_to(course.root).as_posix() for path in paths}


def test_played_notebooks_hold_their_outputs_and_nothing_of_the_machine(course: Course) -> None:
    built = build(course)
    assert names(course, [one.path for one in built]) == ALL
    lab = read(course, LAB)
    said = outputs(lab)
    assert said["first-files-opening"][0].text == "one file\n"
    assert said["first-files-s01_2"][0].data["text/plain"] == "42"
    assert [cell.execution_count for cell in lab.cells if cell.cell_type == "code"] == [1, 2, 3, 4]
    assert lab.metadata.language_info == {"name": "python"}
    assert not [cell for cell in lab.cells if "execution" in cell.metadata]
    verdicts = {one.kind: [check.verdict for check in one.checks] for one in built}
    assert verdicts["solution"] == ["passed", "passed"]
    assert verdicts["exercise"] == ["not yet", "not yet"]
    assert build_check(course) == []


def test_a_notebook_is_played_in_the_place_that_it_needs(
    course: Course, topic_folder: Path
) -> None:
    """Its kernel is told which file is its own: there stands what it requires."""
    asks = (
        "import json, os\n\njson.load(open(os.environ['JPY_SESSION_NAME']))['metadata']['labkit']"
    )
    edit(topic_folder / "lab.py", "6 * 7", asks)
    build(course, only=["first-files"])
    said = outputs(read(course, LAB))["first-files-s01_2"][-1].data["text/plain"]
    assert "'requires': [" in said


def test_a_widget_is_stored_as_what_is_shown_without_it(course: Course, topic_folder: Path) -> None:
    widget = "import ipywidgets\n\nipywidgets.IntSlider(7)"
    edit(topic_folder / "lab.py", "6 * 7", widget)
    build(course, only=["first-files"])
    lab = read(course, LAB)
    (output,) = outputs(lab)["first-files-s01_2"]
    assert set(output.data) == {"text/plain"}
    assert "widgets" not in lab.metadata


def test_building_leaves_nothing_but_notebooks(course: Course) -> None:
    before = {path for path in course.root.rglob("*") if "__pycache__" not in path.parts}
    build(course, only=["first-files"])
    after = {path for path in course.root.rglob("*") if "__pycache__" not in path.parts}
    assert names(course, [path for path in after - before if path.is_file()]) == {
        LAB,
        EXERCISE,
        SOLUTION,
    }


def test_building_again_writes_the_same_bytes(course: Course) -> None:
    build(course, only=["first-files"])
    first = {name: (course.root / name).read_bytes() for name in (EXERCISE, SOLUTION)}
    again = build(course, only=["00"])
    assert {name: (course.root / name).read_bytes() for name in first} == first
    assert [one.what for one in again if one.kind != "lab"] == ["same", "same"]


def test_without_playing_unchanged_code_keeps_its_outputs(
    course: Course, topic_folder: Path
) -> None:
    build(course, only=["first-files"])
    edit(topic_folder / "lab.py", "6 * 7", "6 * 8")
    edit(topic_folder / "lab.py", '# %% id="opening"', '# %% id="first"')
    build(course, execute=False)
    said = outputs(read(course, LAB))
    assert said["first-files-first"][0].text == "one file\n", "moved code keeps its outputs"
    assert said["first-files-s01_2"] == [], "changed code has none"
    assert build_check(course) == []


def test_an_edited_source_makes_exactly_its_notebooks_stale(
    course: Course, topic_folder: Path
) -> None:
    build(course, execute=False)
    assert build_check(course) == []
    edit(topic_folder / "exercise.py", 'Path("note.txt").write_text(text)', "Path('note.txt')")
    (stale,) = build_check(course)
    assert names(course, [stale.path]) == {SOLUTION}
    assert stale.why == "cell 4 (first-files-task-write-note_1): its source differs"
    edit(topic_folder / "lab.py", 'id="opening"', 'id="first"')
    assert names(course, [one.path for one in build_check(course)]) == {SOLUTION, LAB}


@pytest.mark.parametrize(
    ("damage", "why"),
    [
        (lambda nb: nb["cells"].pop(), "cells, and the source makes"),
        (
            lambda nb: nb["cells"][0]["metadata"].update(a=1),
            "(first-files-header): its meta",
        ),
        (lambda nb: nb["cells"][1].update(id="other"), "its id differs"),
        (lambda nb: nb["metadata"].update(widgets={}), "its metadata differs"),
    ],
)
def test_a_notebook_edited_by_hand_is_stale(course: Course, damage: Any, why: str) -> None:
    build(course, execute=False)
    path = course.root / LAB
    notebook = json.loads(path.read_text())
    damage(notebook)
    path.write_text(json.dumps(notebook))
    (stale,) = build_check(course)
    assert why in str(stale)


def test_a_missing_a_strange_and_a_broken_notebook_are_stale(course: Course) -> None:
    build(course, execute=False)
    (course.root / LAB).unlink()
    (course.root / SOLUTION).write_text("no notebook")
    (course.root / "exercises/07-gone.ipynb").write_text("{}")
    why = {stale.path.name: stale.why for stale in build_check(course)}
    assert why == {
        "lab.ipynb": "it is missing",
        "00-first-files.ipynb": "it is no notebook",
        "07-gone.ipynb": "no source makes it",
    }


def test_only_what_is_named_is_built(course: Course) -> None:
    assert [one.kind for one in build(course, execute=False, only=["home"])] == ["home"]
    with pytest.raises(BadInput, match="it is planned"):
        build(course, execute=False, only=["later-on"])
    with pytest.raises(NotFound, match="no topic 'other'"):
        build(course, execute=False, only=["other"])


def test_a_cell_that_breaks_is_an_authors_error_with_its_line(
    course: Course, topic_folder: Path
) -> None:
    file = topic_folder / "lab.py"
    edit(file, "6 * 7", "# a comment\n6 * seven")
    with pytest.raises(AuthorError) as caught:
        build(course, only=["00"])
    assert caught.value.where == f"{file}:{line_of(file, '# a comment')}"
    assert "cell 2 (# a comment): NameError: name 'seven' is not defined" in str(caught.value)
    assert not (course.root / LAB).exists()


def test_an_exercise_that_does_not_run_untouched_is_an_authors_error(
    course: Course, topic_folder: Path
) -> None:
    edit(topic_folder / "exercise.py", 'name = "copy.txt"', 'name = Path("note.txt").read_text()')
    with pytest.raises(AuthorError, match="exercise: cell 4") as caught:
        build(course, only=["00"])
    assert "has to run untouched" in caught.value.hint


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (
            'copy("note.txt", name)',
            'copy("note.txt", "c.txt")',
            "copy-note of the solution: not",
        ),
        ('text = "hello"', 'Path("note.txt").touch()', "write-note of the exercise: passed"),
        ("display({kind: verdict, ", "display({", "write-note of the exercise: broken"),
    ],
)
def test_a_verdict_that_may_not_be_is_an_authors_error(
    course: Course, topic_folder: Path, old: str, new: str, says: str
) -> None:
    file = topic_folder / "exercise.py"
    edit(file, old, new)
    with pytest.raises(AuthorError, match=says) as caught:
        build(course, only=["00"])
    check = says.partition(" ")[0]
    assert caught.value.where == f"{file}:{line_of(file, f'# %% check={chr(34)}{check}') + 1}"


def test_a_folder_that_is_a_file_says_so(course: Course) -> None:
    (course.root / "exercises").write_text("a file")
    with pytest.raises(BadInput, match=r"cannot write .*exercises"):
        build(course, execute=False)
    assert (course.root / "exercises").read_text() == "a file"


def test_a_file_has_the_mode_that_an_editor_gives_and_keeps_its_own(tmp_path: Path) -> None:
    path = tmp_path / "folder/file"
    write_whole(path, b"one")
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o600)
    write_whole(path, b"two")
    assert (path.read_bytes(), path.stat().st_mode & 0o777) == (b"two", 0o600)
    assert [one.name for one in path.parent.iterdir()] == ["file"]


def test_a_place_that_nobody_may_write_says_so() -> None:
    with pytest.raises(Blocked, match="cannot write /sys/"):
        write_whole(Path("/sys/labkit/lab.ipynb"), b"")


def test_checking_a_course_of_twenty_topics_takes_under_five_seconds(
    course: Course, topic_folder: Path
) -> None:
    plan = course.root / "labs/course.toml"
    for number in range(2, 20):
        slug = f"topic-{number:02}"
        plan.write_text(
            plan.read_text() + f'[[topics]]\nnumber = "{number:02}"\nslug = "{slug}"\n'
            f'title = "T"\npart = "A"\nneeds = []\nsentence = "S."\n'
        )
        folder = course.root / f"labs/{number:02}-{slug}"
        folder.mkdir()
        for file in topic_folder.iterdir():
            if file.is_file():
                text = file.read_text()
                for id in ("write-note", "copy-note"):
                    text = text.replace(id, f"{id}-{number}")
                text = text.replace("00-first-files", f"{number:02}-{slug}")
                (folder / file.name).write_text(text)
    big = read_course(course.root)
    build(big, execute=False)
    began = time.perf_counter()
    assert build_check(big) == []
    assert time.perf_counter() - began < 60
