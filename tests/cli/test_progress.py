from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit import begin
from tests.cli.program import invoke, labkit


def test_progress_shows_each_task_and_the_score(root: Path, write_note: Callable[[], None]) -> None:
    write_note()
    invoke("check", "write-note")
    invoke("check", "copy-note")
    for words in (("progress",), ("progress", "show")):
        result = invoke(*words)
        assert result.exit_code == 0
        rows = {line.split()[1]: line for line in result.stdout.splitlines() if "00 " in line}
        assert "passed" in rows["write-note"]
        assert "not yet" in rows["copy-note"]
        assert "untouched" in rows["run-box"]
        assert "1 of 8 tasks passed, 2 of 11 points." in result.stdout


@pytest.mark.requires("sandbox")
def test_progress_goes_from_one_machine_to_another(root: Path, tmp_path: Path) -> None:
    begin("first-box")
    labkit("reveal", "run-box", "--yes")
    lab = begin("first-box")
    (lab.folder / "note.txt").write_text(str(lab["word"]))
    assert invoke("check", "write-note").exit_code == 0
    file = tmp_path / "me.json"
    assert str(file) in invoke("progress", "export", str(file)).stdout
    assert json.loads(file.read_text())["format"] == "labkit-progress"

    other = {"LABKIT_HOME": str(tmp_path / "other")}
    done = labkit("progress", "import", str(file), env=other)
    assert done.returncode == 0, done.stderr
    assert "✓ write-note: passed" in done.stdout
    shown = labkit("progress", env=other).stdout
    assert "1 of 8 tasks passed" in shown
    assert "solution shown" in shown


def test_an_import_that_is_not_confirmed_exits_with_1(root: Path, tmp_path: Path) -> None:
    lab = begin("first-box")
    (lab.folder / "note.txt").write_text(str(lab["word"]))
    invoke("check", "write-note")
    invoke("progress", "export", "me.json")
    exercise = root / "labs/00-first-box/exercise.py"
    exercise.write_text(exercise.read_text().replace('write_text(lab["word"])', 'write_text("no")'))
    other = {"LABKIT_HOME": str(tmp_path / "other")}
    done = labkit("progress", "import", "me.json", env=other)
    assert done.returncode == 1
    assert "write-note: not yet" in done.stdout


def test_two_seeds_need_a_decision(root: Path, tmp_path: Path) -> None:
    invoke("check", "write-note")
    invoke("progress", "export", "me.json")
    other = {"LABKIT_HOME": str(tmp_path / "other")}
    labkit("check", "write-note", env=other)
    done = labkit("progress", "import", "me.json", env=other)
    assert done.returncode == 2
    assert "--take-seed" in done.stderr
    assert labkit("progress", "import", "me.json", "--keep-seed", env=other).returncode == 0


def test_a_file_that_is_none_is_refused(root: Path) -> None:
    (root / "me.json").write_text("[]")
    result = invoke("progress", "import", "me.json")
    assert result.exit_code == 2
    assert "cannot be imported" in result.stderr
    assert invoke("progress", "import", "nothing.json").exit_code == 2
