"""The fixtures themselves: a notebook opens, runs, and shows what it computes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import nbformat
import pytest

from tests.browser.desk import Desk


def write_notebook(path: Path, sources: Sequence[str]) -> None:
    """A notebook with these code cells, not run."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = nbformat.v4.new_notebook(metadata={"kernelspec": kernel})
    notebook.cells = [nbformat.v4.new_code_cell(source) for source in sources]
    nbformat.write(notebook, path)


def test_a_notebook_runs_and_shows_its_results(desk: Desk) -> None:
    write_notebook(desk.lab.course / "sum.ipynb", ["1 + 1", "print('quiet' if 0 else 'loud')"])
    desk.open_notebook("sum.ipynb")
    assert desk.cell_outputs() == ["", ""]
    desk.run_all()
    assert desk.cell_outputs() == ["2", "loud"]
    assert desk.screenshot("sum").stat().st_size > 10_000


def test_the_theme_is_the_one_asked_for(desk: Desk) -> None:
    write_notebook(desk.lab.course / "theme.ipynb", ["1"])
    desk.open_notebook("theme.ipynb")
    body = desk.page.locator("body")
    assert body.get_attribute("data-jp-theme-light") == (
        "true" if desk.theme == "light" else "false"
    )


@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_nothing_pops_up_breaks_or_asks_the_internet(desk: Desk) -> None:
    write_notebook(desk.lab.course / "calm.ipynb", ["import time; time.sleep(1)"])
    desk.open_notebook("calm.ipynb")
    desk.run_all()
    assert desk.page.locator(".Toastify__toast:visible").count() == 0
    assert desk.page.locator(".jp-Dialog:visible").count() == 0
    assert desk.errors == []
    assert desk.foreign == []
