"""Runs an installed labkit in another Python, or as an ordinary user: its tests, then the course.

    python -m tests.lanes.elsewhere PYTHON|--as-user REPORT TESTS…

A venv in a temporary folder gets the package (not the checkout) and pytest; the tests are copied
beside it, so that they find nothing else of the project; what needs a browser is left to the other
lanes. Then `labkit run` plays every lab and solution that the package carries, save those that need
a machine of their own (the lane ``machine`` plays them). All of it goes at the end.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lanes.plan import needs_machine
from tests.support.as_user import ordinary_user, python_for_everyone

ROOT = Path(__file__).parents[2]
_TOOLS = ("hypothesis", "kubernetes-asyncio", "pytest", "pytest-timeout")


def main(who: str, report: str, *tests: str) -> int:
    """Exit code of pytest, or else of `labkit run`."""
    with tempfile.TemporaryDirectory(prefix="labkit-elsewhere-", dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        python = make_venv(python_for_everyone() if who == "--as-user" else who, folder / "venv")
        copy_tests(folder / "project")
        if who == "--as-user":
            with ordinary_user() as user:
                trial = Trial(python, folder / "project", user.folder, user.command([]), user.env)
                return trial.run(tests, report)
        return Trial(python, folder / "project", folder, [], os.environ).run(tests, report)


@dataclass(frozen=True)
class Trial:
    """What is tried, where, and by whom.

    Attributes:
        python: of the venv that has labkit.
        project: the folder with the tests.
        own: a folder for what is written on the way.
        prefix: what makes a command that of another user.
        env: the environment to start from.
    """

    python: Path
    project: Path
    own: Path
    prefix: Sequence[str]
    env: Mapping[str, str]

    def run(self, tests: Sequence[str], report: str) -> int:
        """The tests, then the course; the first exit code that is not 0."""
        written = self.own / "report.xml"
        options = ["--ignore-glob=*browser*", f"--junitxml={written}"]
        tested = self.call(str(self.python), "-m", "pytest", *options, *tests)
        if written.exists():
            shutil.copy(written, report)
        return tested or self.call(str(self.python.with_name("labkit")), "run", *_native_topics())

    def call(self, *argv: str) -> int:
        """Runs a command where its output is seen."""
        env = {name: value for name, value in self.env.items() if name != "PYTHONPATH"}
        env["LABKIT_HOME"] = str(self.own / "labkit")
        env["LABKIT_REQUIRE_ALL"] = os.environ.get("LABKIT_REQUIRE_ALL", "")
        env["HYPOTHESIS_STORAGE_DIRECTORY"] = str(self.own / "hypothesis")
        command = [*self.prefix, *argv]
        return subprocess.run(command, cwd=self.project, env=env, check=False).returncode


def _native_topics() -> list[str]:
    """The topics whose notebooks run on any machine that has sandboxes."""
    labs = sorted((ROOT / "labs").glob("*/lab.ipynb"))
    return [lab.parent.name.partition("-")[2] for lab in labs if not needs_machine(lab)]


def make_venv(base: str, folder: Path, tools: Sequence[str] = _TOOLS) -> Path:
    """A venv with labkit and what its tests need; its Python."""
    python = folder / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", str(ROOT), *tools]
    for command in ([base, "-m", "venv", str(folder)], install):
        subprocess.run(command, cwd=ROOT, check=True)
    return python


def copy_tests(folder: Path) -> None:
    """The tests and their settings, and of the rest nothing."""
    hidden = shutil.ignore_patterns("__pycache__")
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=hidden)
    shutil.copy(ROOT / "pyproject.toml", folder)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
