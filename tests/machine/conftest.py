"""A snapshot for all tests of a run: prepared once, it takes a minute. Each worker has its own, for
some tests damage it.

``LABKIT_TEST_MACHINES`` names a folder that keeps it for the next run.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from labkit.core.session import Session
from labkit.machine.microvm import MicroVM
from labkit.machine.snapshot import Snapshot, prepare
from tests.machine.inside import Inside
from tests.machine.notebooks import Notebook

ROOT = Path(__file__).parents[2]

_PREPARED_S = 600
"""Whichever test is the first waits for the snapshot, some minutes on a busy computer."""


_HERE = Path(__file__).parent
_LONGEST = (
    *("test_labs.py", "test_ordinary_user.py", "layers/test_build.py", "faults/test_damage.py"),
    *("test_microvm.py", "faults/test_disk.py", "lab/test_preparing.py", "lab/test_cgroups.py"),
)
"""Two to eight minutes each: the last to begin would else be alone at the end, for minutes."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; gives the time for the snapshot to each test that may be first."""
    items.sort(key=_turn)
    for item in items:
        marker = item.get_closest_marker("timeout")
        is_short = marker is None or marker.args[0] < _PREPARED_S
        if is_short and "snapshot" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.timeout(_PREPARED_S), append=False)


def _turn(item: pytest.Item) -> int:
    if item.path.is_relative_to(_HERE):
        name = item.path.relative_to(_HERE).as_posix()
        return _LONGEST.index(name) if name in _LONGEST else len(_LONGEST)
    return len(_LONGEST)


@pytest.fixture(scope="session")
def snapshot() -> Iterator[Snapshot]:
    kept = os.environ.get("LABKIT_TEST_MACHINES")
    folder = Path(kept or tempfile.mkdtemp(prefix="labkit-machines-", dir="/var/tmp"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # some tests have a user of their own look for what is below it
    before = os.environ.get("LABKIT_MACHINES")
    os.environ["LABKIT_MACHINES"] = str(folder / os.environ.get("PYTEST_XDIST_WORKER", ""))
    try:
        yield prepare()
    finally:
        if before is None:
            del os.environ["LABKIT_MACHINES"]
        else:
            os.environ["LABKIT_MACHINES"] = before
        if not kept:
            shutil.rmtree(folder)


@pytest.fixture
def start(snapshot: Snapshot, tmp_path: Path) -> Iterator[Callable[[], Inside]]:
    """Starts a machine with the test's folder as its /course; it is ended with the test."""
    with ExitStack() as stack:

        def start_machine() -> Inside:
            session = Session()
            stack.callback(session.close)
            machine = stack.enter_context(MicroVM(snapshot, session, tmp_path))
            machine.begin()
            return Inside(machine)

        yield start_machine


@pytest.fixture
def box(start: Callable[[], Inside]) -> Inside:
    """One machine."""
    return start()


@pytest.fixture
def course(tmp_path: Path) -> Path:
    root = tmp_path / "my course"
    for name in ("labs", "exercises", "solutions"):
        shutil.copytree(ROOT / name, root / name)
    return root


@pytest.fixture
def open_notebook(snapshot: Snapshot, course: Path) -> Iterator[Callable[..., Notebook]]:
    with ExitStack() as stack:

        def start(name: str = "", **more: Any) -> Notebook:
            notebook = Notebook(course / "exercises", course, name, **more)
            stack.callback(notebook.end)
            return notebook

        yield start
