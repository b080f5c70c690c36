from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from labkit import check, export_progress, import_progress, task
from labkit.core.errors import BadInput
from labkit.jupyter.workspace import Workspace

WORK = """\
from labkit import *

lab = begin("first-box")
(lab.folder / "note.txt").write_text(lab["word"])
box = Sandbox(hostname=lab["hostname"]).start()
(lab.folder / "copy.txt").touch()
for id in ("write-note", "run-box", "copy-note", "write-end"):
    check(id)
export_progress("me.json")
"""
"""Three tasks done, one tried, and all of it exported."""


def elsewhere(code: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Another machine, as far as labkit can tell: another home."""
    env = {**os.environ, "LABKIT_HOME": str(home)}
    return subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=False
    )


@pytest.fixture
def exported(workspace: Workspace, tmp_path: Path) -> Path:
    """The progress of a machine where three tasks are passed."""
    done = elsewhere(WORK, tmp_path / "other")
    assert done.returncode == 0, done.stderr
    for path in (tmp_path / "my course/my-work").iterdir():
        path.rename(tmp_path / path.name)  # its files stay on that machine
    return tmp_path / "my course/me.json"


@pytest.mark.requires("sandbox")
def test_what_was_passed_is_built_and_passes_here(workspace: Workspace, exported: Path) -> None:
    report = import_progress(exported, namespace={})
    assert report.is_confirmed
    assert report.is_seed_taken
    assert [id for id, _ in report.verdicts] == ["write-note", "run-box", "copy-note"]
    for id in ("write-note", "run-box", "copy-note"):
        assert check(id).is_passed  # the state is here, too
    assert not check("write-end").is_passed
    assert workspace.progress.seed == json.loads(exported.read_text())["seed"]
    earned = workspace.progress.score(workspace.course.topic("00").checks().values()).earned
    assert earned == 6


@pytest.mark.requires("sandbox")
def test_what_cannot_be_confirmed_here_earns_nothing(
    workspace: Workspace, exported: Path, root: Path
) -> None:
    exercise = root / "labs/00-first-box/exercise.py"
    exercise.write_text(exercise.read_text().replace('write_text(lab["word"])', 'write_text("no")'))
    report = import_progress(exported, namespace={})
    assert not report.is_confirmed
    assert workspace.progress.state_of(workspace.course.check("write-note")[1]).earned == 0
    assert "· write-note: not yet" in str(report)


@pytest.mark.requires("sandbox")
def test_an_import_twice_brings_nothing_new(workspace: Workspace, exported: Path) -> None:
    import_progress(exported, namespace={})
    report = import_progress(exported, namespace={})
    assert report.added == 0
    assert "Nothing in it is new." in str(report)


def test_two_seeds_need_a_decision(workspace: Workspace, exported: Path) -> None:
    check("write-note")
    with pytest.raises(BadInput, match="take_seed=True"):
        import_progress(exported, namespace={})


def test_what_is_no_export_is_refused(workspace: Workspace, tmp_path: Path) -> None:
    file = tmp_path / "me.json"
    file.write_text('{"format": "something else"}')
    with pytest.raises(BadInput, match="cannot be imported"):
        import_progress(file)
    assert workspace.progress.events() == []


def test_an_export_says_where_it_is(workspace: Workspace, tmp_path: Path) -> None:
    task("write-note", {})
    assert str(tmp_path / "me.json") in str(export_progress(str(tmp_path / "me.json")))
