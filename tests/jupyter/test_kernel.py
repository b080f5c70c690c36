"""The functions in a real Jupyter kernel, with a front end that never answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

from labkit.jupyter.verdicts import VERDICT_TYPE
from labkit.jupyter.workspace import current_workspace
from tests.support import wait_until

WIDGET = "application/vnd.jupyter.widget-view+json"

Output = dict[str, Any]


class Kernel:
    """A kernel that runs one cell after the other."""

    def __init__(self, client: nbclient.NotebookClient) -> None:
        self.client = client

    def run(self, code: str) -> list[Output]:
        """The outputs of a cell."""
        cell = nbformat.v4.new_code_cell(code)
        self.client.nb.cells = [*self.client.nb.cells, cell]
        self.client.execute_cell(cell, len(self.client.nb.cells) - 1, store_history=True)
        return list(cell.outputs)

    def data(self, code: str) -> dict[str, Any]:
        """The MIME bundle of the only rich output of a cell."""
        rich = [output for output in self.run(code) if "data" in output]
        assert len(rich) == 1, rich
        return dict(rich[0]["data"])


@pytest.fixture
def kernel(root: Path) -> Iterator[Kernel]:
    notebook = nbformat.v4.new_notebook()
    client = nbclient.NotebookClient(
        notebook, timeout=60, allow_errors=True, store_widget_state=False,
        resources={"metadata": {"path": str(root / "exercises")}},
    )  # fmt: skip
    with client.setup_kernel():
        yield Kernel(client)


@pytest.mark.requires("sandbox")
def test_an_exercise_from_beginning_to_end(kernel: Kernel, root: Path) -> None:
    kernel.run("%load_ext labkit\nfrom labkit import *")
    lab = kernel.data("lab = begin('00'); lab")
    assert "Your values" in lab["text/html"]
    assert kernel.data("check('write-note')")[VERDICT_TYPE]["state"] == "nothing"
    kernel.run("(lab.folder / 'note.txt').write_text(lab['word'])")
    passed = kernel.data("check('write-note')")
    assert passed[VERDICT_TYPE]["status"] == "passed"
    assert "2 of 2 points" in passed["text/plain"]
    picture = kernel.data("box = Sandbox(name='web').start(); xray(box)")
    assert {"text/html", "image/svg+xml", "text/plain"} <= set(picture)
    assert "web" in kernel.data("anatomy('web')")["text/plain"]
    assert "you are here" in kernel.data("family_tree(box)")["text/plain"]
    widget = kernel.data("live(xray, box, actions={'Stop it': box.stop})")
    assert {WIDGET, "text/html", "text/plain"} <= set(widget)
    assert kernel.run("%%sandbox --in web\nhostname")[0]["text"] == "web\n"


def test_a_prediction_is_asked_with_choices_to_click(kernel: Kernel) -> None:
    kernel.run("from labkit import *; begin('00')")
    asked = kernel.data("question = predict('pid', 'Which PID?', ['1', '2']); question")
    assert WIDGET in asked
    assert "○ 2" in asked["text/plain"]
    kernel.run("question.receive({'seq': 1, 'answer': 1})")
    assert "● 2" in kernel.data("predict('pid', 'Which PID?', ['1', '2'])")["text/plain"]
    text = kernel.data("compare('pid', happened='1')")["text/plain"]
    assert "you predicted │ 2" in text


def test_watched_cards_tick_themselves_off(kernel: Kernel, root: Path) -> None:
    kernel.run("from labkit import *; lab = begin('00')")
    outputs = kernel.run("watch('write-note', 'copy-note')")
    assert [WIDGET in output["data"] for output in outputs] == [True, True]
    word = kernel.run("print(lab['word'])")[0]["text"].strip()
    # From here on nothing asks for a check but the watcher.
    (root / "my-work/first-box/note.txt").write_text(word)
    (root / "my-work/first-box/copy.txt").touch()
    progress = current_workspace().progress
    checks = current_workspace().course.topic("00").checks()

    def passed() -> bool:
        states = progress.states_of([checks["write-note"], checks["copy-note"]])
        return all(state.status == "passed" for state in states.values())

    wait_until(passed, what="the watcher's verdicts")
    threads = "import threading; print([t.name for t in threading.enumerate()])"

    def has_ended() -> bool:
        return "labkit-watcher" not in kernel.run(threads)[0]["text"]

    wait_until(has_ended, what="the end of the watching")
    events = progress.events(kind="verdict", task="write-note")
    assert [event.data["status"] for event in events] == ["not yet", "passed"]


def test_an_error_is_its_message_alone(kernel: Kernel) -> None:
    error = kernel.run("from labkit import check; check('writ-note')")[0]
    assert error["output_type"] == "error"
    assert len(error["traceback"]) == 1
    assert error["traceback"][0].startswith("NotFound: there is no check 'writ-note'.\n→ Did you")


@pytest.mark.requires("sandbox")
def test_a_kernel_that_ends_while_it_watches_leaves_nothing(kernel: Kernel) -> None:
    kernel.run("from labkit import *; begin('00'); watch('run-box'); Sandbox(name='web').start()")
    running = kernel.run("from labkit.sandbox import running; print(len(running()))")
    assert json.loads(running[0]["text"]) == 1
    # The fixture ends the kernel; the house rule of the tests looks for what is left.
