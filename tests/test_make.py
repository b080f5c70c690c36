"""`make lab` makes .venv when it must, mends a broken one, and says what it does.

A small stand-in project under the real Makefile: its `labkit` prints its arguments, and what it
depends on is not installed. The folder's name has a space in it.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.wait import wait_until

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.timeout(300)

PAGE = "labkit/jupyter/lab/extension"
"""What Jupyter has a copy of."""

CLI = "import sys\n\ndef main():\n    print('labkit', *sys.argv[1:])\n"


def make_project(folder: Path) -> Path:
    """A project that looks like this one to make and pip."""
    folder.mkdir()
    for name in ("Makefile", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    text = (ROOT / "pyproject.toml").read_text()
    alone = re.sub(r"^dependencies = \[.*?^\]", "dependencies = []", text, flags=re.S | re.M)
    (folder / "pyproject.toml").write_text(alone)
    (folder / "README.md").touch()
    for name in ("labkit/cli", "labs", "exercises", "solutions"):
        (folder / name).mkdir(parents=True)
    shutil.copytree(ROOT / PAGE, folder / PAGE)
    (folder / "labkit/__init__.py").touch()
    (folder / "labkit/cli/__init__.py").write_text(CLI)
    return folder


def make(folder: Path, *arguments: str, path: str = "") -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    env = {**kept, "PATH": path or os.environ["PATH"]}
    return subprocess.run(
        ["/usr/bin/make", *arguments], cwd=folder, env=env, check=False, timeout=200,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose .venv has been made, by the first `make lab`."""
    folder = make_project(tmp_path_factory.mktemp("make") / "a project")
    first = make(folder, "lab", "ARGS=--no-browser --port 9999")
    assert first.returncode == 0, first.stdout
    (folder / "first.txt").write_text(first.stdout)
    return folder


def test_the_first_time_says_what_happens_and_hands_on_the_arguments(project: Path) -> None:
    said = (project / "first.txt").read_text()
    assert re.search(r"Making \.venv with Python 3\.\d+\.\d+", said)
    assert "Installing labkit and JupyterLab into .venv" in said
    assert said.endswith("labkit lab --no-browser --port 9999\n")


def test_the_second_time_just_opens(project: Path) -> None:
    assert make(project, "lab").stdout == "labkit lab\n"


@pytest.mark.parametrize("name", ["pyproject.toml", f"{PAGE}/static/terminal.js"])
def test_a_changed_project_file_is_installed_into_the_same_venv(project: Path, name: str) -> None:
    (project / ".venv" / "mine").touch()
    (project / name).write_text((project / name).read_text() + "\n")
    said = make(project, "lab").stdout
    assert "Installing" in said
    assert "Making" not in said
    assert (project / ".venv" / "mine").exists()
    copied = project / ".venv/share/jupyter/labextensions/labkit/static/terminal.js"
    assert copied.read_text() == (project / PAGE / "static/terminal.js").read_text()


@pytest.mark.parametrize("harm", ["install cut off", "Python gone", "project moved"])
def test_a_venv_that_is_not_whole_is_made_anew(project: Path, harm: str) -> None:
    venv = project / ".venv"
    if harm == "install cut off":
        (venv / ".installing").touch()
    elif harm == "Python gone":
        (venv / "bin" / "python").unlink()
        (venv / "bin" / "python").symlink_to("/usr/bin/no-such-python")
    else:
        project.rename(project.with_name("elsewhere"))
        project = project.with_name("elsewhere")
    said = make(project, "lab").stdout
    assert "The .venv here is not whole: making it anew." in said
    assert said.endswith("labkit lab\n")
    assert make(project, "lab").stdout == "labkit lab\n"
    project.rename(project.with_name("a project"))


def programs(folder: Path, **scripts: str) -> str:
    """A path with the tools that make needs, and these Pythons."""
    folder.mkdir()
    for name in ("sh", "grep", "rm", "touch", "awk", "uname"):
        (folder / name).symlink_to(str(shutil.which(name)))
    for name, script in scripts.items():
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return str(folder)


def test_without_a_recent_python_it_says_what_brings_one(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    old = programs(tmp_path / "bin", python3="exit 1")
    done = make(project, "lab", path=old)
    assert done.returncode != 0
    assert "labkit needs Python 3.11 or newer" in done.stdout
    assert "sudo apt install python3-venv" in done.stdout
    assert not (project / ".venv").exists()


def test_a_python_without_ensurepip_will_do_when_it_has_pip(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    real = os.path.realpath(sys.executable)
    bare = f'case "$*" in *ensurepip*) exit 1 ;; *) exec {real} "$@" ;; esac'
    done = make(project, "lab", path=programs(tmp_path / "bin", python3=bare))
    assert done.stdout.endswith("labkit lab\n"), done.stdout


def test_a_failed_install_says_what_to_do_next(tmp_path: Path) -> None:
    project = make_project(tmp_path / "project")
    (project / "pyproject.toml").write_text("not toml")
    done = make(project, "lab")
    assert done.returncode != 0
    assert "The install did not finish" in done.stdout
    assert "`make lab` tries again" in done.stdout


def test_plain_make_lists_the_targets() -> None:
    said = make(ROOT).stdout
    for target in ("make lab", "make test ", "make test-deps"):
        assert target in said


@pytest.mark.requires("program:flock")
def test_two_at_once_install_one_after_the_other(tmp_path: Path) -> None:
    folder = make_project(tmp_path / "a project")
    with subprocess.Popen(
        ["/usr/bin/make", "lab"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAKE")},
        text=True,
    ) as first:  # fmt: skip
        wait_until((folder / ".venv").exists, timeout_s=60)
        second = make(folder, "lab")
        said, _ = first.communicate(timeout=200)
    assert (first.returncode, second.returncode) == (0, 0), said + second.stdout
    assert said.splitlines()[-1] == "labkit lab"
    assert second.stdout.splitlines() == [
        "Another make installs in this folder: waiting for its end …",
        "labkit lab",
    ]
