"""Fixtures: a JupyterLab for the run, a playwright for a module, a new browser for each test.

A plugin of all tests, for those of another folder, too, look at JupyterLab, and there can be one
playwright at a time. Where none is installed, nothing is lost until somebody asks for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.desk import Desk
from tests.browser.jupyterlab import JupyterLab, running_jupyterlab
from tests.support.leaks import Place

if TYPE_CHECKING:
    from playwright.sync_api import Playwright

CHROMIUM = "/usr/bin/chromium"
OPTIONS = [
    "--no-sandbox",  # root may not use it
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no page reaches the internet
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
]


@pytest.fixture(scope="session")
def jupyterlab(run_place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """A JupyterLab on an empty course folder. Its kernels work in the home of the run."""
    with running_jupyterlab(tmp_path_factory.mktemp("jupyterlab")) as lab:
        yield lab


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """What speaks to browsers."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(params=["light", "dark"])
def desk(
    request: pytest.FixtureRequest,
    shared_home: Path,
    labkit_home: Path,
    jupyterlab: JupyterLab,
    playwright: Playwright,
) -> Iterator[Desk]:
    """A page of JupyterLab, once in each theme; one theme is enough with
    ``@pytest.mark.parametrize("desk", ["light"], indirect=True)``.
    """
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
    try:
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        yield Desk(page, jupyterlab, request.param)
    finally:
        browser.close()
        jupyterlab.end_terminals()
        jupyterlab.end_kernels()
