"""Which lanes there are. Every test of the project is in one of them.

A folder of ``tests/`` has the tests of a part, save for the few that are named here.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from tests.lanes import pythons
from tests.lanes.lane import Lane

ROOT = Path(__file__).parents[2]

_NO_PARTS = {"browser", "lanes", "support", "__pycache__"}
_LIBRARY = ("core", "grading", "host", "image", "sandbox", "views")
"""The parts whose tests need nothing of the checkout; the others play the course."""
_OF_CLUSTER = ("authentication", "authorization", "control", "kinds", "patches", "protobuf")
_OF_CLUSTER += ("schema", "store")
"""Of the cluster's tests those that another Python runs: all but the long ones of its server."""
_BETWEEN = ("host", "image", "views")
"""What a Python between the oldest and the newest runs, before it plays the course."""
_SYSTEM = ("core", "host", "image", "sandbox")
"""Those that do what an ordinary user may do less of."""
_CLUSTER = "tests/cluster"
_MACHINE = "tests/machine"
_TWO = ("-n", "2", "--dist", "loadfile", "--no-loadscope-reorder")
_PYTEST = (sys.executable, "-m", "pytest", "--junitxml={junit}")
_ELSEWHERE = (sys.executable, "-m", "tests.lanes.elsewhere")
_BIN = Path(sys.executable).parent


def parts() -> list[str]:
    """The folders with tests of labkit's parts, and of the course."""
    folders = (path for path in (ROOT / "tests").iterdir() if path.is_dir())
    return sorted(f"tests/{path.name}" for path in folders if path.name not in _NO_PARTS)


def all_lanes() -> list[Lane]:
    """Every lane that this machine can run: first those that many cannot run beside, else the
    longest first.
    """
    others = _other_pythons()
    rest = [_browser(), *_as_ordinary_user(), _project(), _lint(), _notebooks()]
    return [_real(), _unit(), _machine(), _cluster(), *others, *rest]


def _lint() -> Lane:
    commands = [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]
    commands += [["lint-imports"], ["labkit", "build", "--check"]]
    commands += [["python", "docs/pictures.py", "--check"]]
    tools = tuple((str(_BIN / name), *arguments) for name, *arguments in commands)
    return Lane("lint", "style, types, layers, notebooks in step with their sources", tools)


def _unit() -> Lane:
    command = (*_PYTEST, *parts(), "-m", "not requires")
    return Lane("unit", "what needs nothing of the machine", (command,), is_quiet=True)


def _real() -> Lane:
    mine = (part for part in parts() if part not in (_MACHINE, _CLUSTER))
    command = (*_PYTEST, *mine, "-m", "requires")
    # Checks look at the whole machine, and most other lanes play the same labs on it.
    return Lane("real", "the same on the real system", (command,), looks_around=True)


def _machine() -> Lane:
    command = (*_PYTEST, *_TWO, _MACHINE, "-m", "requires")
    # Alone: an emulated machine takes a whole core, and other tests look at times.
    return Lane("machine", "microVMs: layers, snapshot, relay, notebooks", (command,), cores=2)


def _cluster() -> Lane:
    command = (*_PYTEST, _CLUSTER, "-m", "requires")
    return Lane("cluster", "official clients on the embedded cluster", (command,))


def _project() -> Lane:
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests").glob("test_*.py"))
    return Lane("project", "rules of the house, make, the wheel", ((*_PYTEST, *files),))


def _browser() -> Lane:
    return Lane("browser", "JupyterLab in Chromium", ((*_PYTEST, "tests/browser"),))


def _notebooks() -> Lane:
    patterns = ("labs/*/lab.ipynb", "labs/*.ipynb", "exercises/*.ipynb", "solutions/*.ipynb")
    there = [path for one in patterns for path in sorted(ROOT.glob(one))]
    # The others are played in a machine: tests/machine/test_labs.py.
    found = [str(path.relative_to(ROOT)) for path in there if not needs_machine(path)]
    options = "--nbval --nbval-current-env --nbval-cell-timeout=60"
    sanitize = ("--nbval-sanitize-with", "labs/nbval.cfg", "-p", "tests.support.notebooks")
    command = (*_PYTEST, *options.split(), *sanitize, *found)
    return Lane("notebooks", "every notebook gives its stored outputs", (command,))


def needs_machine(notebook: Path) -> bool:
    """Whether a notebook requires what only a machine of its own has for certain."""
    return "cgroup-v2" in required(notebook)


def required(notebook: Path) -> set[str]:
    """The capabilities that a notebook requires."""
    about = json.loads(notebook.read_text())["metadata"].get("labkit", {})
    return set(about.get("requires", ()))


def _other_pythons() -> list[Lane]:
    """The newest runs more: what it and the oldest can, those between can as well.

    For a module that a version takes away stays away, and what a version brings is not used.
    """
    more = tuple(f"cluster/{name}" for name in _OF_CLUSTER)
    lanes: list[Lane] = []
    for python in reversed(pythons.find_others()):
        lanes.insert(0, _other_python(python, _BETWEEN if lanes else _LIBRARY + more))
    return lanes


def _other_python(python: pythons.Python, names: Iterable[str]) -> Lane:
    command = (*_ELSEWHERE, str(python.path), "{junit}", *_tests_of(names))
    name = f"python{python.version}"
    return Lane(name, "labkit installed in another Python", (command,), _at_least_sandboxes())


def _as_ordinary_user() -> list[Lane]:
    if os.geteuid() != 0:
        return []  # then every lane is
    command = (*_ELSEWHERE, "--as-user", "{junit}", *_tests_of(_SYSTEM))
    what = "what touches the system, by an ordinary user"
    return [Lane("user", what, (command,), _at_least_sandboxes())]


def _tests_of(names: Iterable[str]) -> list[str]:
    return [f"tests/{name}" for name in names if (ROOT / "tests" / name).is_dir()]


def _at_least_sandboxes() -> dict[str, str]:
    """Where all is mandatory: in these lanes the sandbox is, for without it they prove nothing.

    Docker is root's, and the tools of the tests are in the other lanes alone.
    """
    return {"LABKIT_REQUIRE_ALL": "sandbox" if os.environ.get("LABKIT_REQUIRE_ALL") else ""}
