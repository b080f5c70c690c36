"""Fixtures: one JupyterLab and one playwright for the run, a new browser for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, sync_playwright

from tests.browser.desk import Desk
from tests.browser.jupyterlab import JupyterLab, running_jupyterlab
from tests.support.leaks import Place

CHROMIUM = "/usr/bin/chromium"
OPTIONS = [
    "--no-sandbox",  # root may not use it
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",  # no page reaches the internet
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of these need the browser."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.requires("program:chromium"))


@pytest.fixture(scope="session")
def jupyterlab(run_place: Place, tmp_path_factory: pytest.TempPathFactory) -> Iterator[JupyterLab]:
    """A JupyterLab on an empty course folder. Its kernels work in the home of the run."""
    with running_jupyterlab(tmp_path_factory.mktemp("jupyterlab")) as lab:
        yield lab


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What speaks to browsers."""
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
        jupyterlab.end_kernels()
