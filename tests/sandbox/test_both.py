"""Each function of ``tests/sandbox/both`` holds for root, and for an ordinary user.

The user's are played in one process of the user's own Python; each result is a test of its own.
"""

from __future__ import annotations

import inspect
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.sandbox.both import commands, escapes, facts, files, holes, networks, worlds
from tests.support.as_user import ordinary_user

MODULES = (facts, commands, files, escapes, holes, networks, worlds)

FUNCTIONS = {
    f"{module.__name__.rpartition('.')[2]}.{name}": function
    for module in MODULES
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if function.__module__ == module.__name__ and not inspect.signature(function).parameters
    if not name.startswith("_")
}

PLAY = """
import importlib, json, sys, traceback
results = {}
for name in %r:
    module, function = name.split(".")
    try:
        getattr(importlib.import_module(f"tests.sandbox.both.{module}"), function)()
    except Exception:
        results[name] = traceback.format_exc()
    else:
        results[name] = ""
print("RESULTS", json.dumps(results))
"""


def _marks(name: str) -> list[pytest.MarkDecorator]:
    needs = ["sandbox", "program:nsenter", "program:lsns", "program:ip", "program:capsh"]
    if name.startswith("networks."):
        needs.append("network")
    if "with_limits" in name:
        needs.append("limits")
    return [pytest.mark.requires(*needs)]


def _without_limits(name: str) -> bool:
    return "with_limits" not in name or os.geteuid() != 0


@pytest.mark.parametrize("name", [pytest.param(n, marks=_marks(n), id=n) for n in FUNCTIONS])
def test_as_who_runs_the_tests(
    name: str, shared_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    FUNCTIONS[name]()


@pytest.fixture(scope="module")
def played() -> Iterator[Callable[[str], str]]:
    """The traceback of a function that was played as an ordinary user; empty when it held."""
    with ordinary_user() as user:
        library = user.folder / "lib" / "tests" / "sandbox"
        shutil.copytree(Path(__file__).with_name("both"), library / "both")
        for folder in (library, library.parent, library.parent / "support"):
            folder.mkdir(exist_ok=True)
            (folder / "__init__.py").touch()
        shutil.copy(Path(__file__).parents[1] / "support" / "wait.py", library.parent / "support")
        names = [name for name in FUNCTIONS if "with_limits" not in name]
        done = user.python(PLAY % names, timeout_s=110)
        last = done.stdout.splitlines()[-1] if done.stdout else ""
        results = json.loads(last.removeprefix("RESULTS ")) if last.startswith("RESULTS") else {}
        text = f"{done.stdout[-2000:]}\n{done.stderr[-4000:]}"
        yield lambda name: results.get(name, f"it was never played:\n{text}")


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=_marks(n), id=n) for n in FUNCTIONS if "with_limits" not in n]
)
@pytest.mark.requires("root", "program:setpriv")
def test_as_an_ordinary_user(name: str, played: Callable[[str], str]) -> None:
    if traceback := played(name):
        pytest.fail(traceback, pytrace=False)
