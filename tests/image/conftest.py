from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.image import ImageStore


@pytest.fixture
def store(labkit_home: Path) -> Iterator[ImageStore]:
    """An empty store. At the end nothing may be half written."""
    made = ImageStore()
    yield made
    unfinished = made.folder / "tmp"
    assert not unfinished.is_dir() or not list(unfinished.iterdir())
