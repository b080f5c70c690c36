"""A JupyterLab whose notebooks find the snapshot of the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from labkit.machine.snapshot import Snapshot
from tests.browser.jupyterlab import JupyterLab, running_jupyterlab
from tests.support.leaks import Place


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these need the browser and QEMU."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.requires("program:chromium", "program:qemu-system-x86_64"))


@pytest.fixture(scope="module")
def jupyterlab(
    run_place: Place, snapshot: Snapshot, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[JupyterLab]:
    """A JupyterLab on an empty course folder, started when the snapshot is there.

    It ends with the module: other tests of this part count the processes that are left.
    """
    with running_jupyterlab(tmp_path_factory.mktemp("jupyterlab")) as lab:
        yield lab
