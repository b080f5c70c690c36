"""Runs an installed labkit in another Python, or as an ordinary user: its tests, then the course.

    python -m tests.lanes.elsewhere PYTHON|--as-user REPORT TESTS…

A venv in a temporary folder gets the package (not the checkout) and pytest; the tests are copied
beside it, so that they find nothing else of the project; what needs a browser is left to the other
lanes. Then `labkit run` plays the labs and solutions that the package carries, save those that
would get a machine of their own: the lane ``machine`` plays them, for an ordinary user as well. All
of it goes at the end.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

from tests.lanes.plan import needs_machine, required
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
        return tested or self.call(self.labkit, "run", *native_topics(self.capabilities()))

    @property
    def labkit(self) -> str:
        """The command, as it is installed."""
        return str(self.python.with_name("labkit"))

    def capabilities(self) -> set[str]:
        """What whoever tries this has, as `labkit doctor` tells."""
        asked = [*self.prefix, self.labkit, "doctor", "--json"]
        told = subprocess.run(asked, env=self._env(), cwd=self.project, check=False, stdout=PIPE)
        return {one["id"] for one in json.loads(told.stdout)["capabilities"] if one["is_ok"]}

    def call(self, *argv: str) -> int:
        """Runs a command where its output is seen."""
        command = [*self.prefix, *argv]
        return subprocess.run(command, cwd=self.project, env=self._env(), check=False).returncode

    def _env(self) -> dict[str, str]:
        env = {name: value for name, value in self.env.items() if name != "PYTHONPATH"}
        env["LABKIT_HOME"] = str(self.own / "labkit")
        env["LABKIT_REQUIRE_ALL"] = os.environ.get("LABKIT_REQUIRE_ALL", "")
        env["HYPOTHESIS_STORAGE_DIRECTORY"] = str(self.own / "hypothesis")
        return env


def native_topics(capabilities: set[str]) -> list[str]:
    """The topics whose notebooks get no machine of their own where there is this much.

    Raises:
        ValueError: not even the first one.
    """
    labs = [lab for lab in sorted((ROOT / "labs").glob("*/lab.ipynb")) if not needs_machine(lab)]
    native = [lab.parent.name.partition("-")[2] for lab in labs if required(lab) <= capabilities]
    if "start-here" not in native:
        raise ValueError(f"sandboxes are missing: {sorted(required(labs[0]) - capabilities)}")
    return native


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
