"""While the machine is made ready: clients wait, see that something happens, and may leave."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.machine.relay.kernels import Kernel, settle

pytestmark = pytest.mark.requires("program:socat")

Start = Callable[..., Kernel]


def test_what_is_asked_before_waits_and_is_answered(start: Start) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="1.5")
    id = kernel.client.execute("print('early')")
    ran = settle(kernel.client, id)
    assert ran.text() == "early\n"
    assert ran.states == ["busy", "idle"]


def test_progress_is_told(start: Start, capfd: pytest.CaptureFixture[str]) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="3")
    states = []
    deadline = time.monotonic() + 2.5
    while time.monotonic() < deadline and len(states) < 2:
        message = kernel.client.get_iopub_msg(timeout=5)
        if message["msg_type"] == "status":
            states.append(message["content"]["execution_state"])
    assert states == ["starting", "starting"]
    kernel.client.wait_for_ready(timeout=30)
    assert "Preparing the machine: step" in capfd.readouterr().err


def test_a_machine_that_cannot_be_had_is_an_error_with_its_hint(
    start: Start, capfd: pytest.CaptureFixture[str]
) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="1", LABKIT_TEST_FAULT="prepare")
    ran = settle(kernel.client, kernel.client.execute("1"))
    assert ran.of("error")[0]["ename"] == "NoMachine"
    assert "→ Install QEMU" in ran.of("error")[0]["traceback"]
    assert kernel.wait_until_gone() == 1
    assert "QEMU is not installed" in capfd.readouterr().err


def test_a_shutdown_is_answered(start: Start) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="30")
    kernel.client.shutdown()
    assert kernel.client.get_control_msg(timeout=5)["msg_type"] == "shutdown_reply"
    assert kernel.wait_until_gone() == 0


def test_it_can_be_ended_by_a_signal(start: Start) -> None:
    kernel = start(is_ready=False, LABKIT_TEST_PREPARE_S="30")
    kernel.client.get_iopub_msg(timeout=5)
    os.kill(kernel.pid, signal.SIGINT)
    time.sleep(0.2)
    assert kernel.is_alive()
    os.kill(kernel.pid, signal.SIGTERM)
    assert kernel.wait_until_gone() == 128 + signal.SIGTERM
