"""Topic 03 as somebody sees it: its whole lab, run in a machine; pictures of what it shows."""

from __future__ import annotations

import nbformat
import pytest

from labkit.course import lay_out
from tests.browser.desk import Desk
from tests.labs.states import COURSE

pytestmark = pytest.mark.requires("program:qemu-system-x86_64", "program:chromium")


@pytest.mark.timeout(600)
@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_the_lab_on_cgroups_runs_in_a_machine(desk: Desk) -> None:
    lay_out(desk.lab.course)
    desk.open_notebook("labs/03-cgroups/lab.ipynb")
    desk.run_all(timeout_s=300)
    text = "\n".join(desk.cell_outputs())
    assert "exit code of the glutton: -9" in text
    assert "Traceback" not in text
    cells = nbformat.read(COURSE.topic("03").notebook("lab"), as_version=4).cells
    for number, cell in enumerate(cells):
        if any(
            word in cell.source
            for word in ("timeline(recorder)", "live(", "cgconfig(conf)", 'cgroups("/lab")')
        ):
            desk.page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell").nth(
                number
            ).scroll_into_view_if_needed()
            desk.page.wait_for_timeout(500)
            desk.screenshot(f"lab-03-{number}")
    assert desk.errors == []
