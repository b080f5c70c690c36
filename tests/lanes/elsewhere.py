"""Runs an installed labkit in another Python, or as an ordinary user: its tests, then the course.

    python -m tests.lanes.elsewhere PYTHON|--as-user REPORT TESTS…

A venv in a temporary folder gets the package (not the checkout) and pytest; the tests are copied
beside it, so that they find nothing else of the project; what needs a browser is left to the other
lanes. Then `labkit run` plays every lab and solution that the package carries. All of it goes at
the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support.as_user import OrdinaryUser, ordinary_user, python_for_everyone

ROOT = Path(__file__).parents[2]
_TOOLS = ("hypothesis", "pytest", "pytest-timeout")


def main(who: str, report: str, *tests: str) -> int:
    """Exit code of pytest, or else of `labkit run`."""
    with (
        tempfile.TemporaryDirectory(prefix="labkit-elsewhere-", dir="/tmp") as name,
        ordinary_user() as user,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        is_user = who == "--as-user"
        python = make_venv(python_for_everyone() if is_user else who, folder / "venv")
        copy_tests(folder / "project")
        written = user.folder / "report.xml"
        pytest = [str(python), "-m", "pytest", "--ignore-glob=*browser*", f"--junitxml={written}"]
        course = [str(python.with_name("labkit")), "run"]
        codes = [
            run(user.command(argv) if is_user else argv, cwd=folder / "project", env=_settings(user))
            for argv in ([*pytest, *tests], course)
        ]
        shutil.copy(written, report)
        return max(codes)


def _settings(user: OrdinaryUser) -> Mapping[str, str]:
    """The user's own folders, for both: what is tried here meets nothing of whoever tries it."""
    own = {name: value for name, value in user.env.items() if name not in ("PATH", "PYTHONPATH")}
    if os.geteuid() == 0:
        own["HOME"] = str(user.folder / "home")
    return own


def make_venv(base: str, folder: Path) -> Path:
    """A venv with labkit and what its tests need; its Python."""
    python = folder / "bin" / "python"
    run([base, "-m", "venv", str(folder)], check=True)
    run([str(python), "-m", "pip", "install", "--quiet", str(ROOT), *_TOOLS], check=True)
    return python


def copy_tests(folder: Path) -> None:
    """The tests and their settings, and of the rest nothing."""
    hidden = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=hidden)
    shutil.copy(ROOT / "pyproject.toml", folder)


def run_as_user(command: Sequence[str], project: Path, report: str) -> int:
    """Runs pytest as somebody without rights, and brings the report."""
    with ordinary_user() as user:
        theirs = user.folder / "report.xml"
        env = {name: value for name, value in user.env.items() if name != "PYTHONPATH"}
        env["HYPOTHESIS_STORAGE_DIRECTORY"] = str(user.folder / "hypothesis")
        env["LABKIT_REQUIRE_ALL"] = os.environ.get("LABKIT_REQUIRE_ALL", "")
        argv = user.command([*command, f"--junitxml={theirs}"])
        code = run(argv, cwd=project, env=env)
        if theirs.exists():
            shutil.copy(theirs, report)
        return code


def run(
    argv: Sequence[str], *, cwd: Path = ROOT, env: dict[str, str] | None = None, check: bool = False
) -> int:
    """Runs a command where its output is seen."""
    return subprocess.run(argv, cwd=cwd, env=env, check=check).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
