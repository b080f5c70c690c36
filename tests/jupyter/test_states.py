from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from labkit import Sandbox, begin, check, task
from labkit.core.errors import Blocked, NotFound, SystemFault
from labkit.jupyter.states import run_steps, set_aside
from labkit.jupyter.workspace import Workspace
from labkit.sandbox import running


@pytest.mark.requires("sandbox")
def test_the_state_before_a_task_is_built_and_nothing_more(workspace: Workspace) -> None:
    told = str(task("write-end", variables := {}))
    assert [check(id).is_passed for id in ("write-note", "run-box", "copy-note")] == [True] * 3
    assert not check("write-end").is_passed
    assert variables["copy"].name == "copy.txt"
    for title in ("Set-up", "Write a note", "Start a box", "Copy the note"):
        assert f"- {title}" in told
    assert "Write the end" in told.splitlines()[0]
    assert "- Write the end" not in told


def test_what_it_says_holds_no_output_of_the_steps(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    task("run-box", {})
    assert capsys.readouterr().out == ""


@pytest.mark.requires("sandbox")
def test_the_sandboxes_of_before_are_ended(workspace: Workspace) -> None:
    mine = Sandbox(name="alone").start()  # the name that the solution uses
    told = str(task("copy-note", {}))
    assert not mine.is_running
    assert [box.name for box in running()] == ["alone"]
    assert "The sandbox that ran here was ended." in told


def test_a_learners_files_are_set_aside_and_never_lost(workspace: Workspace) -> None:
    lab = begin("first-box")
    (lab.folder / "mine.txt").write_text("all my work")
    told = str(task("write-note", {}))
    aside = [path for path in lab.folder.parent.iterdir() if ".before-" in path.name]
    assert [(path / "mine.txt").read_text() for path in aside] == ["all my work"]
    assert str(aside[0]) in told
    assert not (lab.folder / "mine.txt").exists()


def test_folders_set_aside_in_the_same_second_keep_apart(tmp_path: Path) -> None:
    folder, places = tmp_path / "topic", []
    for number in range(3):
        folder.mkdir()
        (folder / "file").write_text(str(number))
        places.append(set_aside(folder))
    assert [(place / "file").read_text() for place in places if place] == ["0", "1", "2"]
    assert set_aside(folder) is None


def test_nothing_is_set_aside_for_an_unknown_task(workspace: Workspace) -> None:
    lab = begin("first-box")
    (lab.folder / "mine.txt").touch()
    with pytest.raises(NotFound, match="Did you mean copy-note"):
        task("copy-noet")
    assert (lab.folder / "mine.txt").exists()


def test_a_step_that_fails_is_named(tmp_path: Path) -> None:
    steps = [("Set-up", "x = 1"), ("Start a box", "y = 1 / 0")]
    with pytest.raises(SystemFault, match=r"step 2 of 2 \(Start a box\): ZeroDivisionError"):
        run_steps(steps, {}, tmp_path)


def test_a_step_that_this_machine_cannot_do_is_blocked(tmp_path: Path) -> None:
    code = "from labkit.core.errors import Blocked\nraise Blocked('no', why='so', hint='Ask root')"
    with pytest.raises(Blocked, match=r"step 1 of 1 \(Set-up\).*\n→ Ask root") as caught:
        run_steps([("Set-up", code)], {}, tmp_path)
    assert caught.value.hint == "Ask root"


def test_steps_run_in_the_folder_of_their_notebook(tmp_path: Path, root: Path) -> None:
    variables: dict[str, Any] = {}
    run_steps([("Set-up", "from pathlib import Path; here = Path.cwd()")], variables, tmp_path)
    assert variables["here"] == tmp_path
    assert Path.cwd() == root


@pytest.mark.requires("sandbox")
def test_it_is_built_again_after_a_first_time(workspace: Workspace) -> None:
    for _ in range(2):
        task("write-end", {})
        assert check("copy-note").is_passed


def test_passing_again_after_it_is_no_second_time(
    workspace: Workspace, write_note: Callable[[], None]
) -> None:
    write_note()
    check("write-note")
    task("write-note", {})
    card = check("write-note").card
    assert (card.status, card.earned) == ("not yet", 2)  # what was earned stays
