"""`make test-deps`: says, asks, installs what is missing, and leaves no service running."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import debian

ROOT = Path(__file__).parents[1]


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    """A path on which only these programs are: an apt-get and a systemctl that take notes."""
    programs = {
        "dpkg-query": 'echo "git installed"',
        "apt-get": f'[ -x {tmp_path}/policy ] && echo "apt-get $*, held" >>{tmp_path}/notes',
        "systemctl": f'echo "systemctl $*" >>{tmp_path}/notes',
    }
    (tmp_path / "bin").mkdir()
    for name, script in programs.items():
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
    for name in ("sh", "chmod", "rm"):
        (tmp_path / "bin" / name).symlink_to(str(shutil.which(name)))
    return {"PATH": str(tmp_path / "bin"), "PYTHONPATH": str(ROOT)}


def run_install(folder: Path, env: Mapping[str, str], *packages: str) -> int:
    command = ["sh", "-c", debian.INSTALL, "sh", str(folder / "policy"), *packages]
    return subprocess.run(command, env=dict(env), check=False, capture_output=True).returncode


def test_services_are_held_while_packages_are_installed(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    assert run_install(tmp_path, machine, "docker.io", "git") == 0
    assert (tmp_path / "notes").read_text().splitlines() == [
        "apt-get update --quiet=2, held",
        "apt-get install --quiet=2 --yes --no-install-recommends -o Dpkg::Use-Pty=0 "
        "-- docker.io git, held",
        "systemctl disable --quiet docker.service docker.socket",
    ]
    assert not (tmp_path / "policy").exists()


def test_the_hold_is_gone_after_a_failure(tmp_path: Path, machine: dict[str, str]) -> None:
    (tmp_path / "bin" / "apt-get").write_text("#!/bin/sh\nexit 100\n")
    assert run_install(tmp_path, machine, "git") == 100
    assert not (tmp_path / "policy").exists()


def test_a_policy_that_was_there_stays(tmp_path: Path, machine: dict[str, str]) -> None:
    policy = tmp_path / "policy"
    policy.write_text("#!/bin/sh\nexit 0\n")
    policy.chmod(0o755)
    assert run_install(tmp_path, machine, "git") == 0
    assert policy.read_text() == "#!/bin/sh\nexit 0\n"


def ask_at_a_terminal(env: Mapping[str, str], answer: str) -> str:
    """What the program shows somebody who types ``answer`` at its question."""
    theirs, ours = pty.openpty()
    os.write(theirs, answer.encode())
    done = subprocess.run(
        [sys.executable, "-m", "tests.debian"], env=dict(env), stdin=ours, check=False,
        capture_output=True, text=True, timeout=20,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    return done.stdout


def test_somebody_at_a_terminal_is_asked_and_may_say_no(
    tmp_path: Path, machine: dict[str, str]
) -> None:
    shown = ask_at_a_terminal(machine, "n\n")
    assert "chromium" in shown
    assert "  git " not in shown  # it is installed
    if os.geteuid() == 0:
        assert "[Y/n]" in shown
        assert "Left out" in shown
    assert not (tmp_path / "notes").exists()


def test_no_question_where_it_was_answered_beforehand(machine: dict[str, str]) -> None:
    shown = ask_at_a_terminal({**machine, "CI": "true", "PATH": "/nowhere"}, "")
    assert "[Y/n]" not in shown


def test_another_distribution_is_told_what_the_tests_use(machine: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.debian"], env={**machine, "PATH": "/nowhere"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "bubblewrap" in done.stdout


def test_each_package_has_its_reason() -> None:
    packages = debian.read_list()
    assert len(packages) > 10
    assert [name for name, why in packages.items() if not why] == []
    assert list(packages) == sorted(packages)
