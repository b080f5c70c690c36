from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import labkit
from labkit.core.errors import AuthorError, BadInput, NotFound, TimedOut
from labkit.core.paths import data_dir
from labkit.jupyter import begin, check
from labkit.jupyter.workspace import Workspace, _new_workspace, current_workspace, judge
from tests.jupyter.small import write_course
from tests.support import OrdinaryUser


def test_a_verdict_is_recorded_and_timed(workspace: Workspace) -> None:
    outcome = workspace.run("write-note")
    assert (outcome.verdict.status, outcome.verdict.state) == ("not yet", "nothing")
    assert 0 < outcome.seconds < 60
    state = workspace.progress.state_of(outcome.check)
    assert (state.attempts, state.last_state) == (1, "nothing")


def test_a_check_is_found_by_topic_and_id_too(workspace: Workspace) -> None:
    assert workspace.run("first-box/write-note").check.id == "write-note"


def test_an_unknown_check_names_the_near_ones(workspace: Workspace) -> None:
    with pytest.raises(NotFound, match="Did you mean write-note"):
        workspace.run("writ-note")


def test_a_broken_check_says_file_and_line(workspace: Workspace) -> None:
    with pytest.raises(AuthorError, match=r"checks\.py:\d+: .*ZeroDivisionError"):
        workspace.run("broken")


def test_a_check_that_hangs_is_given_up_and_says_where(workspace: Workspace) -> None:
    topic, hanging = workspace.course.check("hangs")
    lab = workspace.lab(topic)
    try:
        with pytest.raises(TimedOut, match=r"last seen: .*checks\.py:\d+: time\.sleep"):
            judge(hanging, lab, deadline_s=0.3)
    finally:
        (lab.folder / "go-on").touch()


def test_the_seed_decides_the_values(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    topic = workspace.course.topic("first-box")
    assert workspace.lab(topic).values == workspace.lab(topic).values
    seen = set()
    for seed in "abcdefgh":
        monkeypatch.setenv("LABKIT_SEED", seed)
        seen.add(workspace.lab(topic)["word"])
    assert seen == {"anchor", "lantern", "compass"}


def test_the_work_folder_lies_in_the_course(workspace: Workspace, root: Path) -> None:
    assert begin("first-box").folder == root / "my-work" / "first-box"


def test_the_work_folder_never_lies_in_the_package(workspace: Workspace) -> None:
    package = Path(labkit.__file__).parent
    shipped = replace(workspace.course, root=package / "course/content")
    with _new_workspace(shipped).progress as progress:
        assert progress.path.parent == data_dir()
        assert _new_workspace(shipped).work == data_dir() / "my-work"


@pytest.mark.requires("root")
def test_in_a_course_of_somebody_elses_one_works_at_home(user: OrdinaryUser) -> None:
    course = write_course(user.folder / "course")
    code = (
        "import os; os.chdir('course'); from labkit import begin;print(begin('first-box').folder)"
    )
    done = user.python(code)
    assert done.stdout.strip() == str(user.folder / "labkit/my-work/first-box"), done.stderr
    assert not (course / "my-work").exists()


def test_begin_gives_the_same_lab_again(workspace: Workspace) -> None:
    lab = begin("00")
    assert begin("first-box") is lab
    opened = workspace.progress.events(kind="opened")
    assert {event.topic for event in opened} == {"first-box"}


def test_a_topic_to_come_cannot_be_opened(workspace: Workspace) -> None:
    with pytest.raises(BadInput, match=r"still to come.*\n.*first-box"):
        begin("later-on")


def test_a_damaged_progress_file_is_told_of_once(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    check("write-note")
    workspace.progress.close()
    workspace.progress.path.write_bytes(b"\0" * 5000)
    for beside in workspace.progress.path.parent.glob("progress.sqlite-*"):
        beside.unlink()
    capsys.readouterr()
    check("write-note")
    assert "was damaged" in capsys.readouterr().err
    check("write-note")
    assert capsys.readouterr().err == ""


STUDENT = """\
from labkit import ImageStore, begin, check
from labkit.core.errors import LabkitError

lab = begin("first-box")
try:
    check("write-note")
except LabkitError as error:
    print(error)
print(lab.values, sorted(lab.folder.iterdir()), [one.reference for one in ImageStore().list()])
(lab.folder / "note.txt").write_text(lab["word"])
ImageStore().build("mine:1", files={"/etc/motd": "hi"})
print(check("write-note")._repr_mimebundle_()[0]["text/plain"])
"""


def test_under_nbgrader_no_student_meets_another(
    root: Path, write_note: Callable[[], None], labkit_home: Path
) -> None:
    write_note()
    before = sorted(path for path in labkit_home.rglob("*") if "run" not in path.parts)
    env = {**os.environ, "NBGRADER_EXECUTION": "autograde"}
    said = [
        subprocess.run(
            [sys.executable, "-c", STUDENT], env=env, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for _ in range(2)
    ]
    error, first, grade = said[0]
    assert error.startswith("not yet: There is no note: note.txt: expected ")
    assert first.endswith("[] []")  # no file and no image of anybody's
    assert said[1] == said[0]  # the same values, and nothing of the first student's
    assert grade == "2"  # nbgrader reads the points
    after = sorted(path for path in labkit_home.rglob("*") if "run" not in path.parts)
    assert after == before


def test_an_author_who_edits_a_check_sees_the_new_one(workspace: Workspace, root: Path) -> None:
    file = root / "labs/00-first-box/checks.py"
    file.write_text(file.read_text().replace("There is no note.", "Where is the note?"))
    assert current_workspace().run("write-note").verdict.message == "Where is the note?"


def test_what_a_workspace_needs_is_light() -> None:
    code = "import sys, labkit.jupyter.workspace, json; print(json.dumps(sorted(sys.modules)))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"IPython", "rich", "nbformat", "jupytext", "anywidget", "ipywidgets", "sqlite3"}
    assert heavy.isdisjoint(json.loads(out.stdout))
