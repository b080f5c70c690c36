from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.jupyter.workspace import Workspace
from labkit.sandbox import running
from tests.cli.program import invoke, labkit, on_terminal, start
from tests.support import wait_until


def test_a_check_says_what_the_notebook_says(root: Path) -> None:
    result = invoke("check", "write-note")
    assert result.exit_code == 1
    assert "There is no note." in result.stdout
    assert "missing" in result.stdout


def test_a_passed_check_exits_with_0(root: Path, write_note: Callable[[], None]) -> None:
    write_note()
    result = invoke("check", "write-note")
    assert result.exit_code == 0
    assert "2 of 2 points" in result.stdout


def test_a_blocked_check_exits_with_2(root: Path) -> None:
    assert invoke("check", "blocked-here").exit_code == 2


def test_a_broken_check_exits_with_2_and_says_where(root: Path) -> None:
    result = invoke("check", "broken")
    assert result.exit_code == 2
    assert "checks.py:" in result.stderr


def test_a_check_as_json_is_one_object(root: Path) -> None:
    result = invoke("check", "write-note", "--json")
    found = json.loads(result.stdout)
    assert result.exit_code == 1
    assert found["topic"] == "first-box"
    assert (found["status"], found["state"]) == ("not yet", "nothing")
    assert found["seconds"] > 0
    assert found["evidence"][0]["observed"] == "missing"


@pytest.mark.requires("sandbox")
def test_a_terminal_sees_what_a_notebook_made(workspace: Workspace) -> None:
    hostname = workspace.lab(workspace.course.topic("00"))["hostname"]
    code = (
        f"from labkit import Sandbox; Sandbox(hostname={hostname!r}).start();"
        "print('up', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as notebook:
        assert notebook.stdout
        assert notebook.stdout.readline() == "up\n"
        assert labkit("check", "run-box").returncode == 0
        notebook.communicate("\n")
    assert labkit("check", "run-box").returncode == 1


def test_a_hint_is_given_in_the_terminal(root: Path) -> None:
    invoke("check", "write-note")
    result = invoke("hint", "write-note")
    assert result.exit_code == 0
    assert "Hint 1 of 2" in result.stdout


def test_reveal_asks_before_it_costs(root: Path) -> None:
    first = invoke("reveal", "write-note")
    assert "labkit reveal write-note --yes" in first.stdout
    assert "write_text" not in first.stdout
    assert "write_text" in invoke("reveal", "write-note", "--yes").stdout


@pytest.mark.requires("sandbox")
@pytest.mark.parametrize("end", ["input", "interrupt", "kill"])
def test_task_builds_the_state_and_holds_it(root: Path, end: str) -> None:
    with start("task", "copy-note") as program:
        assert program.stdin and program.stdout and program.stderr
        assert "its check is copy-note" in program.stdout.readline()
        assert "Ctrl-C" in program.stderr.readline()
        assert [box.name for box in running()] == ["alone"]
        if end == "input":
            program.stdin.close()
        else:
            program.send_signal(signal.SIGINT if end == "interrupt" else signal.SIGKILL)
        assert program.wait(timeout=10) == (-9 if end == "kill" else 0)
    wait_until(lambda: running() == [], what="the end of the sandbox")


def test_a_task_that_cannot_be_built_names_the_step(root: Path) -> None:
    exercise = root / "labs/00-first-box/exercise.py"
    text = exercise.read_text()
    exercise.write_text(text.replace('write_text(lab["word"])', 'write_text(lab["wrod"])'))
    result = invoke("task", "run-box")
    assert result.exit_code == 2
    assert "step 2 of 2 (Write a note)" in result.stderr
    assert "no value 'wrod'" in result.stderr
    assert "Ctrl-C" not in result.stderr


def test_the_reference_is_plain_where_nobody_watches(root: Path) -> None:
    result = invoke("ref", "first-box")
    assert result.exit_code == 0
    assert "| start it | `box.start()` |" in result.stdout
    assert invoke("ref", "firstbox").exit_code == 2


def test_the_reference_is_drawn_on_a_terminal(root: Path) -> None:
    code, shown = on_terminal("ref", "00")
    assert code == 0
    assert "The first box" in shown
    assert "`box.start()`" not in shown  # drawn as code, without its marks
