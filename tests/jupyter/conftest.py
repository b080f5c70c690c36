from __future__ import annotations

import atexit
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from labkit.jupyter import workspace as workspaces
from labkit.jupyter.workspace import Workspace, current_workspace
from tests.jupyter.small import write_course


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a small course, which is the working folder, too."""
    folder = write_course(tmp_path / "my course")
    monkeypatch.chdir(folder)
    for name in ("LABKIT_SEED", "LABKIT_COURSE", "LABKIT_WORK", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    yield folder
    _close_workspaces()


@pytest.fixture
def workspace(root: Path) -> Workspace:
    """The learner's workspace in the small course."""
    return current_workspace()


@pytest.fixture
def write_note(workspace: Workspace) -> Callable[[], None]:
    """Does the first task."""

    def write() -> None:
        lab = workspace.lab(workspace.course.topic("first-box"))
        (lab.folder / "note.txt").write_text(str(lab["word"]))

    return write


def _close_workspaces() -> None:
    """What Python's end would do."""
    for one in workspaces._workspaces().values():
        one.stop_watching()
        one.progress.close()
        for lab in one.labs.values():
            lab.close()
            atexit.unregister(lab.close)
    workspaces._workspaces.cache_clear()
