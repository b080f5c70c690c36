"""The card "Terminal in the Notebook's Machine", beside notebooks that have one."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest

from labkit.machine.running import running_machines
from tests.browser.desk import Desk
from tests.support.wait import wait_until

CARD = "Terminal in the Notebook's Machine"

READ = "from pathlib import Path; print(Path('/root/mark').read_text())"

pytestmark = pytest.mark.parametrize("desk", ["light"], indirect=True)


def write_notebook(path: Path, source: str, kernel: str = "labkit") -> None:
    """A notebook with one cell, not run; its kernel is in a machine of its own."""
    spec = {"name": kernel, "display_name": kernel, "language": "python"}
    metadata = {"kernelspec": spec, "labkit": {"place": "microvm"}}
    notebook = nbformat.v4.new_notebook(metadata=metadata)
    notebook.cells = [nbformat.v4.new_code_cell(source)]
    nbformat.write(notebook, path)


def open_notebook(desk: Desk, name: str) -> None:
    """A notebook whose machine runs."""
    write_notebook(desk.lab.course / name, READ)
    desk.open_notebook(name)


def open_terminal(desk: Desk) -> None:
    """By the launcher, beside the notebook that is open."""
    desk.page.get_by_role("button", name="New Launcher").first.click()
    desk.card(CARD).click()
    desk.wait_for_terminal("root@lab")
    desk.page.locator(".jp-Terminal:visible").click()


def test_its_terminal_is_inside_and_ends_with_the_shell(desk: Desk) -> None:
    open_notebook(desk, "inside.ipynb")
    open_terminal(desk)
    desk.page.keyboard.type("echo $(hostname) $(pwd) $(stty size) | tee /root/mark\n")
    said = desk.wait_for_terminal("lab /course")
    desk.page.get_by_role("tab", name="Machine of inside.ipynb").wait_for()
    desk.screenshot("terminal-in-machine")
    desk.page.get_by_role("tab", name="inside.ipynb", exact=True).click()
    desk.run_all()
    [shown] = desk.cell_outputs()
    assert shown.startswith("lab /course ")
    assert shown in said
    rows, columns = map(int, shown.split()[2:])
    assert rows > 30 and columns > 80  # those of the tab, not of a terminal without a window
    desk.page.get_by_role("tab", name="Machine of inside.ipynb").click()
    desk.page.locator(".jp-Terminal:visible").click()
    desk.page.keyboard.type("exit\n")
    desk.page.locator(".jp-Terminal").wait_for(state="detached")
    assert desk.lab.api("terminals") == []
    assert (desk.errors, desk.complaints) == ([], [])


def test_of_two_machines_it_is_that_of_the_notebook_at_hand(desk: Desk) -> None:
    open_notebook(desk, "first.ipynb")
    open_notebook(desk, "second.ipynb")
    wait_until(lambda: len(running_machines()) == 2, timeout_s=60, what="both machines")
    desk.wait_idle()
    open_terminal(desk)
    desk.page.keyboard.type("echo of''-second > /root/mark; echo do''ne\n")
    desk.wait_for_terminal("done")
    desk.page.get_by_role("tab", name="second.ipynb", exact=True).click()
    desk.run_all()
    assert desk.cell_outputs() == ["of-second"]


def test_a_terminal_whose_tab_was_closed_is_found_again(desk: Desk) -> None:
    open_notebook(desk, "again.ipynb")
    open_terminal(desk)
    desk.page.keyboard.type("echo he''re\n")
    desk.wait_for_terminal("here")
    desk.page.get_by_role("tab", name="Machine of again.ipynb").locator(
        ".lm-TabBar-tabCloseIcon"
    ).click()
    desk.page.locator(".jp-Terminal").wait_for(state="detached")
    open_terminal(desk)
    desk.wait_for_terminal("here")
    assert len(desk.lab.api("terminals")) == 1


def test_after_a_restart_of_the_kernel_enter_leads_to_the_new_machine(desk: Desk) -> None:
    open_notebook(desk, "restarted.ipynb")
    open_terminal(desk)
    [before] = running_machines()
    [session] = desk.lab.api("sessions")
    desk.lab.api(f"kernels/{session['kernel']['id']}/restart", method="POST")
    desk.wait_for_terminal("Press Enter to try again")
    wait_until(lambda: bool(running_machines()), timeout_s=60, what="the new machine")
    desk.page.keyboard.type("\n")
    said = desk.wait_for_terminal("try again, Ctrl-D to close this terminal. \n")
    assert "cannot reach the machine of this notebook" in said
    [after] = running_machines()
    assert after.pid != before.pid
    desk.page.keyboard.type("hostname > /root/mark; echo do''ne\n")
    desk.wait_for_terminal("done")
