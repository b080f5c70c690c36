"""A missing requirement is named; where everything is mandatory it fails the test."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]

TESTS = """
import pytest, subprocess

@pytest.mark.requires("program:no-such-program")
def test_without_its_program(): pass

def test_leaves_itself_out(): pytest.skip("on a whim")

@pytest.mark.requires("program:sh")
def test_with_its_program(): pass

@pytest.mark.requires("root")
def test_as_root(): pass

def test_leaks():
    subprocess.Popen(["sleep", "64"])
"""


def run_tests(folder: Path, mandatory: str, only: str = "not leaks") -> str:
    """The summary of a run of TESTS under the suite's own conftest, and no other plugin."""
    (folder / "test_it.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "tests.conftest", "-c", "/dev/null"]
    command += ["-rsfEp", "-k", only, "--basetemp", str(folder / "tmp"), str(folder / "test_it.py")]
    env = {**os.environ, "LABKIT_REQUIRE_ALL": mandatory, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    env["COLUMNS"] = "300"  # the reasons in full
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=60
    )
    return re.sub(r"\S*test_it.py::", "", done.stdout.partition("short test summary info")[2])


def test_on_an_ordinary_machine_it_is_left_out_and_named(tmp_path: Path) -> None:
    summary = run_tests(tmp_path, "")
    assert "needs the program no-such-program: try `make test-deps`" in summary
    assert "PASSED test_with_its_program" in summary


def test_where_everything_is_mandatory_nothing_is_left_out(tmp_path: Path) -> None:
    summary = run_tests(tmp_path, "1")
    assert "ERROR test_without_its_program" in summary
    assert "FAILED test_leaves_itself_out" in summary


def test_one_requirement_can_be_mandatory(tmp_path: Path) -> None:
    summary = run_tests(tmp_path, "program:no-such-program")
    assert "ERROR test_without_its_program" in summary
    assert "on a whim" in summary


def test_a_leak_fails_the_test_that_made_it(tmp_path: Path) -> None:
    summary = run_tests(tmp_path, "", "leaks")
    assert "ERROR test_leaks - Failed: left behind" in summary
