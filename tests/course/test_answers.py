"""Solutions to show, and the state before a task."""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.core.errors import BadInput, NotFound
from labkit.course import Course, setup_and_solutions_before, solution_code
from tests.course.small import SETUP, edit


def test_a_solution_is_all_cells_of_its_task_whole(course: Course) -> None:
    code = solution_code(course, "write-note")
    assert code == 'text = "hello"\nPath("note.txt").write_text(text)'
    code = solution_code(course, "first-files/copy-note")
    assert code.startswith("def copy(source, target):\n    Path(target)")
    assert code.endswith('\n\ncopy("note.txt", name)')


def test_the_state_before_a_task_is_setup_and_earlier_solutions_in_order(course: Course) -> None:
    assert setup_and_solutions_before(course, "write-note") == [("Set-up", SETUP.strip())]
    steps = setup_and_solutions_before(course, "copy-note")
    assert [title for title, _ in steps] == ["Set-up", "Write a note", "Set-up"]
    assert steps[1][1] == solution_code(course, "write-note")
    assert steps[2][1] == 'name = "copy.txt"'


def test_the_steps_and_the_solution_make_the_state(
    course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for _, code in setup_and_solutions_before(course, "copy-note"):
        exec(code, names)
    assert (tmp_path / "note.txt").exists()
    assert not (tmp_path / "copy.txt").exists()
    exec(solution_code(course, "copy-note"), names)
    assert (tmp_path / "copy.txt").read_text() == "hello"


def test_an_unknown_check_and_one_that_nobody_asks_say_so(
    course: Course, topic_folder: Path
) -> None:
    with pytest.raises(NotFound, match="Did you mean copy-note"):
        solution_code(course, "copy-nte")
    edit(topic_folder / "exercise.py", '# %% task="write-note"', "# %%")
    with pytest.raises(BadInput, match="has the task write-note"):
        setup_and_solutions_before(course, "write-note")
