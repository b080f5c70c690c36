from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from labkit.course import Course, read_course
from tests.course.small import write_course


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of a small course; its name has a space, as a learner's may."""
    return write_course(tmp_path / "my course")


@pytest.fixture
def course(root: Path) -> Course:
    """The small course, as read before a test edits it."""
    return read_course(root)


@pytest.fixture
def topic_folder(root: Path) -> Path:
    return root / "labs/00-first-files"


@pytest.fixture
def reread(root: Path) -> Callable[[], Course]:
    """Reads the small course again."""
    return lambda: read_course(root)


@pytest.fixture(autouse=True)
def jupyter_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Signatures go into the test's own database."""
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "jupyter"))
    return tmp_path / "jupyter"
