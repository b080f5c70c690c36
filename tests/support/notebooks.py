"""For the notebooks' lane (a pytest plugin): each notebook starts as a new learner's would.

nbval starts one kernel for a notebook, and the kernel inherits the environment of this process: a
``LABKIT_HOME`` that is new for each notebook. At the notebook's end its kernel has gone, and of
what its cells did nothing may be left.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.leaks import Place, Watch
from tests.support.session_ids import SessionIds


class EachNotebookAnew:
    """Gives each notebook a place, and takes it away."""

    def __init__(self) -> None:
        self._notebook: Path | None = None
        self._watch: Watch | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Before a notebook's first cell, and so before its kernel."""
        if item.path != self._notebook:
            place = Place(Path(tempfile.mkdtemp(prefix="labkit-")))
            self._notebook, self._watch = item.path, Watch(place, SessionIds())
            place.enter()
            # Values as the stored outputs have them, and an empty work folder.
            os.environ |= {"LABKIT_SEED": "course", "LABKIT_WORK": str(place.home / "my-work")}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Iterator[None]:
        """After a notebook's last cell, and so after its kernel."""
        yield
        if (nextitem and nextitem.path == self._notebook) or not self._watch:
            return
        watch, self._watch, self._notebook = self._watch, None, None
        left = watch.leftovers()
        watch.take_away()
        watch.place.remove()
        tempfile.tempdir = None
        if left:
            text = "\n".join(f"  {line[:300]}" for line in left)
            pytest.fail(f"{item.path.name} left behind:\n{text}", pytrace=False)


def pytest_configure(config: pytest.Config) -> None:
    """One for each worker."""
    config.pluginmanager.register(EachNotebookAnew())
