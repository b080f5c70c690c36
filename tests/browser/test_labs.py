"""The first labs, as somebody sees and uses them in the browser."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from labkit.course import find_course, lay_out
from labkit.course.answers import solution_code
from labkit.sandbox.table import processes
from tests.browser.desk import Desk
from tests.support.wait import wait_until

COURSE = find_course(Path(__file__))
PICTURE = ".labkit-pic svg:visible"

pytestmark = pytest.mark.requires("sandbox")


@pytest.fixture(scope="module", autouse=True)
def course(jupyterlab: object) -> None:
    lay_out(jupyterlab.course)  # type: ignore[attr-defined]


def test_a_fresh_copy_shows_its_pictures_before_anything_is_run(desk: Desk) -> None:
    desk.open_notebook("labs/01-what-is-a-container/lab.ipynb")
    assert desk.page.locator(PICTURE).count() >= 3
    desk.screenshot("lab-01-fresh")


def test_lab_01_runs_and_its_buttons_act_on_the_real_process(desk: Desk) -> None:
    desk.open_notebook("labs/01-what-is-a-container/lab.ipynb")
    sources = nbformat.read(COURSE.topic("01").notebook("lab"), as_version=4).cells
    live = next(n for n, cell in enumerate(sources) if cell.source.startswith("import signal"))
    select_cell(desk, live)
    desk.page.get_by_role("menuitem", name="Run", exact=True).click()
    desk.page.get_by_text("Run All Above Selected Cell", exact=True).click()
    desk.wait_idle()
    select_cell(desk, live)
    desk.page.keyboard.press("Shift+Enter")
    freeze = desk.page.get_by_role("button", name="Freeze PID 1").first
    freeze.wait_for(timeout=30_000)
    assert state_of("sleep", "600") == "S"
    freeze.press("Enter")  # by keyboard
    wait_until(lambda: state_of("sleep", "600") == "T", timeout_s=10, what="the process to stop")
    desk.page.get_by_role("button", name="Let it go on").first.click()
    wait_until(lambda: state_of("sleep", "600") == "S", timeout_s=10, what="the process to go on")
    freeze.scroll_into_view_if_needed()
    desk.screenshot("lab-01-live")
    assert desk.errors == []
    assert desk.foreign == []


@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_a_prediction_is_made_by_keyboard_alone(desk: Desk) -> None:
    desk.open_notebook("labs/01-what-is-a-container/lab.ipynb")
    cells = nbformat.read(COURSE.topic("01").notebook("lab"), as_version=4).cells
    begin, ask = (
        next(n for n, cell in enumerate(cells) if start in cell.source)
        for start in ("begin(", 'predict(\n    "pid-one-ends"')
    )
    for number in (begin, ask):
        select_cell(desk, number)
        desk.page.keyboard.press("Shift+Enter")
        desk.wait_idle()
    cell = desk.page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell").nth(ask)
    cell.locator("input[type=radio]").first.focus()
    for key in ("Space", "ArrowDown", "Tab", "Enter"):
        desk.page.keyboard.press(key)
    said = cell.get_by_role("status").filter(has_text="they end with it")
    said.wait_for(timeout=10_000)


@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_a_whole_lab_runs(desk: Desk) -> None:
    desk.open_notebook("labs/01-what-is-a-container/lab.ipynb")
    desk.run_all(timeout_s=90)
    text = "\n".join(desk.cell_outputs())
    assert "Edsger is visitor number 4" in text
    assert "Traceback" not in text
    assert desk.errors == []


def test_a_check_turns_from_not_yet_to_passed(desk: Desk) -> None:
    topic = COURSE.topic("01")
    desk.open_notebook("exercises/01-what-is-a-container.ipynb")
    desk.run_all(timeout_s=60)
    cells = nbformat.read(topic.notebook("exercise"), as_version=4).cells
    task = next(n for n, cell in enumerate(cells) if "task-pid-one" in cell.id)
    check = next(n for n, cell in enumerate(cells) if "check-pid-one" in cell.id)
    assert "Not yet" in output_of(desk, check)
    desk.screenshot("exercise-01-not-yet")
    select_cell(desk, task)
    desk.page.keyboard.press("Enter")
    desk.page.keyboard.press("Control+A")
    desk.page.keyboard.insert_text(solution_code(COURSE, "pid-one"))
    desk.page.keyboard.press("Shift+Enter")
    desk.wait_idle()
    select_cell(desk, check)
    desk.page.keyboard.press("Shift+Enter")
    wait_until(lambda: "Passed" in output_of(desk, check), timeout_s=20, what="the check to pass")
    desk.page.locator(".jp-Notebook .jp-Cell").nth(check).scroll_into_view_if_needed()
    desk.screenshot("exercise-01-passed")


@pytest.mark.requires("netns")
@pytest.mark.parametrize("desk", ["light"], indirect=True)
def test_lab_02_runs_and_draws_the_cable_that_it_lays(desk: Desk) -> None:
    desk.open_notebook("labs/02-namespaces/lab.ipynb")
    desk.run_all(timeout_s=120)
    assert "Traceback" not in "\n".join(desk.cell_outputs())
    drawn = desk.page.locator(".labkit-live svg").first
    assert len(re.findall(r"netns [a-z]+-(?:red|blue)", drawn.text_content() or "")) >= 2
    drawn.scroll_into_view_if_needed()
    desk.screenshot("lab-02-network")
    assert (desk.errors, desk.complaints, desk.foreign) == ([], [], [])


@pytest.mark.requires("limits")
@pytest.mark.parametrize("desk", ["dark"], indirect=True)
def test_lab_04_breaks_out_closes_the_holes_and_draws_all_walls(desk: Desk) -> None:
    desk.open_notebook("labs/04-container-from-scratch/lab.ipynb")
    desk.run_all(timeout_s=120)
    cells = nbformat.read(COURSE.topic("04").notebook("lab"), as_version=4).cells
    first, walls = (
        next(n for n, cell in enumerate(cells) if cell.source.startswith(start))
        for start in ("practice(", "from labkit.sandbox import walls")
    )
    assert "I am root on machine, and my shell is PID 1" in output_of(desk, first)
    assert "yours: all 14 closed. labkit's: all 14 closed." in output_of(desk, walls)
    cell = desk.page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell").nth(walls)
    assert cell.locator(PICTURE).count() == 1
    cell.locator(PICTURE).scroll_into_view_if_needed()
    desk.screenshot("lab-04-walls")
    assert "Traceback" not in "\n".join(desk.cell_outputs())
    assert (desk.errors, desk.complaints, desk.foreign) == ([], [], [])


def test_home_shows_the_map(desk: Desk) -> None:
    desk.open_notebook("labs/home.ipynb")
    desk.run_all()
    assert re.search("Start here", "\n".join(desk.cell_outputs()))
    desk.screenshot("home")


def select_cell(desk: Desk, number: int) -> None:
    """Selects a cell, in command mode: by its left margin."""
    cell = desk.page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell").nth(number)
    cell.scroll_into_view_if_needed()
    cell.locator(".jp-InputPrompt, .jp-InputArea-prompt").first.click()


def output_of(desk: Desk, number: int) -> str:
    cell = desk.page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell").nth(number)
    return "\n".join(cell.locator(".jp-OutputArea-output").all_inner_texts())


def state_of(*argv: str) -> str:
    """The state of the one process in a container that has this command line."""
    states = [p.state for p in processes() if p.argv == argv and len(p.nspid) > 1]
    return "".join(states)
