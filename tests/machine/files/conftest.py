"""Two folders of the host: one to write in, one to read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.machine.files import Export
from tests.machine.files.mount import Mount, mounted
from tests.machine.files.wire import Client, connected


@pytest.fixture
def exports(tmp_path: Path) -> dict[str, Export]:
    """``course`` may be written, ``labkit`` not; a secret lies beside them."""
    (tmp_path / "secret").write_text("secret")
    for name in ("course", "labkit"):
        (tmp_path / name).mkdir()
    (tmp_path / "labkit" / "code.py").write_text("print()\n")
    return {
        "course": Export(tmp_path / "course"),
        "labkit": Export(tmp_path / "labkit", is_read_only=True),
    }


@pytest.fixture
def mount(tmp_path: Path, exports: dict[str, Export]) -> Iterator[Mount]:
    """Both, mounted by sshfs."""
    with mounted(tmp_path / "mnt", exports) as made:
        yield made


@pytest.fixture
def client(exports: dict[str, Export]) -> Iterator[Client]:
    """A client that speaks the protocol by hand, and has not greeted."""
    with connected(exports) as made:
        yield made
