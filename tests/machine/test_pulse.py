"""Whether a machine still answers: what is told of a silence, and when."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable

import pytest

from labkit.core.linux import process_state
from labkit.machine.pulse import SILENT_S, STOPPED_S, Pulse
from labkit.machine.running import running_machines
from tests.machine.notebooks import Notebook

PID = 4711


class Guest:
    """PID 1 of a machine on a clock of ours."""

    def __init__(self, state: str = "S") -> None:
        self.now_s, self.asked, self.state = 100.0, 0, state
        self.pulse = Pulse(PID, self._hear, lambda: self.now_s, lambda _: self.state)

    def _hear(self) -> None:
        self.asked += 1

    def pass_s(self, seconds: float, *, answers: bool, every_s: float = 1.0) -> list[str]:
        told = []
        until = self.now_s + seconds
        while self.now_s < until:
            self.now_s += every_s
            if text := self.pulse.look():
                told.append(text)
            if answers:
                self.pulse.heard()
        return told


def test_one_that_answers_is_asked_now_and_then_and_nothing_is_told() -> None:
    guest = Guest()
    assert guest.pass_s(600, answers=True) == []
    assert 80 < guest.asked < 130


def test_a_silence_is_told_once_and_its_end_too() -> None:
    guest = Guest()
    guest.pass_s(10, answers=True)
    assert guest.pass_s(SILENT_S - 2, answers=False) == []
    (text,) = guest.pass_s(600, answers=False)
    assert "has not answered for 30 s" in text
    assert "Restart Kernel" in text
    assert guest.pass_s(20, answers=True) == ["The machine of this notebook answers again."]
    assert len(guest.pass_s(600, answers=False)) == 1


def test_that_qemu_is_stopped_is_certain_and_told_sooner() -> None:
    guest = Guest(state="T")
    assert guest.pass_s(STOPPED_S - 2, answers=False) == []
    (text,) = guest.pass_s(10, answers=False)
    assert f"`kill -CONT {PID}`" in text


@pytest.mark.parametrize("every_s", [3600.0, 15.0])
def test_a_computer_that_slept_or_was_too_busy_for_us_is_no_silent_guest(every_s: float) -> None:
    """One look in an hour, and the answers to what was asked come after it."""
    guest = Guest()
    guest.pass_s(3, answers=False)
    assert guest.pass_s(4 * every_s, answers=False, every_s=every_s) == []


def test_the_state_of_a_process_is_the_kernels_letter() -> None:
    assert process_state(os.getpid()) == "R"
    assert process_state(1 << 30) == ""


@pytest.mark.requires("program:qemu-system-x86_64")
def test_a_cell_is_told_that_qemu_was_stopped_and_a_restart_brings_a_fresh_one(
    open_notebook: Callable[..., Notebook],
) -> None:
    notebook = open_notebook()
    (machine,) = running_machines()
    os.kill(machine.pid, signal.SIGSTOP)
    asked = notebook.client.execute("6 * 7")
    deadline = time.monotonic() + STOPPED_S + 20
    said = ""
    while "stands still" not in said and time.monotonic() < deadline:
        message = notebook.client.get_iopub_msg(timeout=STOPPED_S + 20)
        if message["msg_type"] == "stream" and message["parent_header"].get("msg_id") == asked:
            said += message["content"]["text"]
    assert f"kill -CONT {machine.pid}" in said
    notebook.restart()
    assert notebook.value("6 * 7") == "42"
    assert process_state(machine.pid) in ("", "Z")
