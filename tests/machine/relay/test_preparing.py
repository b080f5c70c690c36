"""While the machine is made ready: clients wait, see that something happens, and may leave."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from labkit.course.play import play
from tests.machine.relay.kernels import Kernel, Ran, settle

pytestmark = pytest.mark.requires("program:socat")

Start = Callable[..., Kernel]


def test_what_is_asked_before_waits_and_is_answered(start: Start) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="1.5")
    id = kernel.client.execute("print('early')")
    ran = settle(kernel.client, id)
    assert ran.text() == "early\n"
    assert ran.states == ["busy", "idle"]


def test_what_is_asked_before_runs_in_its_order(start: Start) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="4")
    ids = [kernel.client.execute(f"x = {x}") for x in range(3)]
    ids.append(kernel.client.execute("print(x)"))
    ran = {}
    while len(ran) < len(ids):
        reply = kernel.client.get_shell_msg(timeout=30)
        ran[reply["parent_header"]["msg_id"]] = reply["content"]["execution_count"]
    assert [ran[id] for id in ids] == [1, 2, 3, 4]


def test_when_it_takes_long_the_first_question_is_answered_meanwhile(start: Start) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="60")
    for _ in ("asked before anything was told", "asked after it"):
        asked = kernel.client.kernel_info()
        reply = kernel.client.get_shell_msg(timeout=30)
        assert reply["parent_header"]["msg_id"] == asked
    kernel.client.shutdown()
    assert kernel.wait_until_gone() == 0


def test_when_it_takes_long_clients_are_told_how_far_it_is(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="5")
    early = kernel.client.kernel_info()
    reply = kernel.client.get_shell_msg(timeout=10)
    assert reply["parent_header"]["msg_id"] == early
    told = statuses(kernel, until="idle")
    assert {content["execution_state"] for content in told[:-1]} == {"busy"}
    steps = [content["labkit"] for content in told[:-1]]
    assert len(steps) >= 2
    assert steps[0]["preparing"].startswith("step ")
    shares = [step["share"] for step in steps]
    assert shares == sorted(shares) and shares[0] < shares[-1] < 1
    assert told[-1] == {"execution_state": "idle", "labkit": {"is_ready": True}}
    assert "Preparing the machine: step" in capfd.readouterr().err

    later = kernel.client.kernel_info()
    of_the_kernel = kernel.client.get_shell_msg(timeout=10)
    assert of_the_kernel["parent_header"]["msg_id"] == later
    assert of_the_kernel["header"]["session"] == reply["header"]["session"]
    for said in (reply["content"], of_the_kernel["content"]):
        del said["banner"], said["help_links"]
    assert reply["content"] == of_the_kernel["content"]


def test_when_it_is_there_soon_nothing_is_told(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="0.5")
    kernel.client.wait_for_ready(timeout=30)
    kernel.run("1")
    assert "Preparing" not in capfd.readouterr().err


def test_who_was_told_that_it_is_idle_is_not_told_again_that_it_starts(start: Start) -> None:
    """A client that waits for silence (wait_for_ready) would wait for that much longer."""
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="2.5")
    while kernel.client.get_iopub_msg(timeout=30)["msg_type"] != "iopub_welcome":
        pass  # from then on nothing is missed
    asked = kernel.client.kernel_info()  # answered for the kernel, which is not there yet
    assert kernel.client.get_shell_msg(timeout=10)["parent_header"]["msg_id"] == asked
    cell = kernel.client.execute("1")
    said, marks, parent = [], [], {}
    while parent.get("msg_id") != cell or said[-1] != "idle":
        message = kernel.client.get_iopub_msg(timeout=30)
        if message["msg_type"] == "status":
            parent = message["parent_header"]
            said.append(message["content"]["execution_state"])
            marks.append((parent.get("msg_id"), message["content"].get("labkit")))
    assert "starting" not in said[1:]
    assert said[-2:] == ["busy", "idle"]
    before = [mark for id, mark in marks if id == asked]
    assert before == [{"is_awaited": True}] * 2  # a page takes what has no mark for the kernel's
    assert [mark for id, mark in marks if id == cell] == [None] * 2


def test_who_waits_for_somebody_else_is_told_so(start: Start) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="4", LABKIT_TEST_FAULT="silent")
    [first, *_] = statuses(kernel, until="idle")
    assert first["labkit"] == {"preparing": "waiting for its turn", "share": 0.0}


def statuses(kernel: Kernel, until: str) -> list[dict[str, Any]]:
    """What the kernel says of itself unasked, to the first time that it is ``until``."""
    found = []
    while True:
        message = kernel.client.get_iopub_msg(timeout=10)
        content = message["content"]
        if message["msg_type"] == "status" and not message["parent_header"]:
            if content["execution_state"] != "starting":
                found.append(content)
            if content["execution_state"] == until:
                return found


def _check_is_refused(ran: Ran) -> None:
    (shown,) = ran.of("error")
    assert shown["ename"] == "NoMachine"
    assert shown["traceback"][-2:] == [
        "→ Install QEMU.", "Then restart the kernel (Kernel → Restart Kernel…): it tries again."
    ]  # fmt: skip
    assert ran.reply["content"]["status"] == "error"
    assert ran.states == ["busy", "idle"]


def test_a_machine_that_cannot_be_had_is_an_error_of_each_cell_with_its_hint(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="1", LABKIT_TEST_FAULT="prepare")
    _check_is_refused(settle(kernel.client, kernel.client.execute("1")))
    kernel.client.wait_for_ready(timeout=10)  # there is somebody to ask, so that one can ask
    _check_is_refused(kernel.run("1"))
    assert settle(kernel.client, kernel.client.complete("x")).of("error") == []
    assert kernel.is_alive()
    assert "QEMU is not installed" in capfd.readouterr().err
    kernel.client.shutdown()
    assert kernel.wait_until_gone() == 0


def test_whatever_goes_wrong_at_the_start_is_said_in_the_cell_and_traced_in_the_log(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    kernel = start(LABKIT_TEST_FAULT="start")
    assert kernel.run("1").of("error")[0]["evalue"] == "ZeroDivisionError: division by zero"
    assert "in start" in capfd.readouterr().err


def test_what_was_prepared_and_does_not_do_is_prepared_once_more(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    kernel = start(LABKIT_TEST_FAULT="once")
    assert kernel.run("1 + 1").value == "2"
    assert "it is damaged" in capfd.readouterr().err
    always = start(LABKIT_TEST_FAULT="always")
    assert "it is damaged" in always.run("1").of("error")[0]["evalue"]


@pytest.mark.requires("microvm")
def test_a_notebook_that_is_played_waits_for_its_machine_longer_than_for_a_kernel(
    jupyter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("labkit.course.play.START_S", 1)
    spec = jupyter / "jupyter/kernels/relayed/kernel.json"
    place = {"labkit": {"place": "microvm"}, "kernel_provisioner": {"provisioner_name": "labkit"}}
    spec.write_text(json.dumps({**json.loads(spec.read_text()), "metadata": place}))
    notebook = new_notebook(cells=[new_code_cell("print('played')")])
    notebook.metadata["kernelspec"] = {"name": "relayed"}
    env = {**os.environ, "LABKIT_TEST_PREPARE_S": "6"}
    assert play(notebook, jupyter, env, deadline_s=3) is None
    assert notebook.cells[0].outputs[-1]["text"] == "played\n"


def test_without_a_cell_that_waits_whoever_listens_is_told_why(start: Start) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="1", LABKIT_TEST_FAULT="prepare")
    while (message := kernel.client.get_iopub_msg(timeout=10))["msg_type"] != "stream":
        pass
    told = message["content"]["labkit"]["ended"]
    assert "QEMU is not installed" in told and "→ Install QEMU" in told


def test_where_there_is_no_machine_nothing_is_said_that_could_be_its_kernels(start: Start) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="3", LABKIT_TEST_FAULT="prepare")
    kernel.client.execute("1")
    marks, parent = [], {"the": "cell"}
    while parent or marks[-1] != {"is_refused": True}:
        message = kernel.client.get_iopub_msg(timeout=30)
        if message["msg_type"] in ("status", "error"):
            parent = message["parent_header"]
            marks.append(message["content"].get("labkit"))
    assert None not in marks


def test_a_shutdown_is_answered(start: Start) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="30")
    kernel.client.shutdown()
    assert kernel.client.get_control_msg(timeout=30)["msg_type"] == "shutdown_reply"
    assert kernel.wait_until_gone() == 0


def test_it_can_be_ended_by_a_signal(start: Start) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="30")
    kernel.client.get_iopub_msg(timeout=30)
    os.kill(kernel.pid, signal.SIGINT)
    time.sleep(0.2)
    assert kernel.is_alive()
    os.kill(kernel.pid, signal.SIGTERM)
    assert kernel.wait_until_gone() == 128 + signal.SIGTERM
