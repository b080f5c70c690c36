"""Interrupt, restart, shutdown: as with the ordinary kernel."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.machine.relay.kernels import Kernel, settle
from tests.support.snapshot import our_processes
from tests.support.wait import wait_until

pytestmark = pytest.mark.requires("program:socat")

Start = Callable[..., Kernel]

_SLEEP = "import time; print('go', flush=True); time.sleep(30)"

_SERVER = """
import sys, time
from jupyter_client.manager import KernelManager
manager = KernelManager(
    kernel_name="relayed", transport="ipc", ip=sys.argv[1], connection_file=sys.argv[1] + ".json"
)
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)
print("ready", flush=True)
time.sleep(60)
"""


def _wait_until_printed(kernel: Kernel) -> None:
    while kernel.client.get_iopub_msg(timeout=10)["msg_type"] != "stream":
        pass


def test_an_interrupt_ends_a_sleeping_cell(start: Start) -> None:
    kernel = start()
    id = kernel.client.execute(_SLEEP)
    _wait_until_printed(kernel)
    kernel.manager.interrupt_kernel()
    assert settle(kernel.client, id, 5).reply["content"]["ename"] == "KeyboardInterrupt"
    assert kernel.run("1 + 1").value == "2"


def test_an_interrupt_request_ends_a_sleeping_cell(start: Start) -> None:
    kernel = start()
    id = kernel.client.execute(_SLEEP)
    _wait_until_printed(kernel)
    kernel.client.control_channel.send(kernel.client.session.msg("interrupt_request", {}))
    reply = kernel.client.get_control_msg(timeout=30)
    assert reply["msg_type"] == "interrupt_reply"
    assert settle(kernel.client, id, 5).reply["content"]["ename"] == "KeyboardInterrupt"


def test_an_interrupt_of_an_idle_kernel_does_nothing(start: Start) -> None:
    kernel = start()
    kernel.run("1")
    time.sleep(0.5)  # ipykernel itself is deaf after a SIGINT just behind a reply
    kernel.manager.interrupt_kernel()
    assert kernel.run("1 + 1").value == "2"


@pytest.mark.parametrize("now", [False, True])
def test_a_restart_brings_a_fresh_kernel_to_the_same_client(start: Start, now: bool) -> None:
    kernel = start()
    kernel.run("x = 1")
    before = kernel.pid
    kernel.restart(now=now)
    assert kernel.pid != before
    assert kernel.run("'x' in globals()").value == "False"


def test_a_shutdown_is_answered_and_ends_everything(start: Start, labkit_home: Path) -> None:
    kernel = start()
    kernel.client.shutdown()
    reply = kernel.client.get_control_msg(timeout=30)
    assert reply["msg_type"] == "shutdown_reply"
    assert reply["content"]["status"] == "ok"
    assert kernel.wait_until_gone() == 0
    wait_until(lambda: not our_processes(labkit_home))


def test_sigterm_ends_everything(start: Start, labkit_home: Path) -> None:
    kernel = start()
    os.kill(kernel.pid, signal.SIGTERM)
    assert kernel.wait_until_gone() == 128 + signal.SIGTERM
    wait_until(lambda: not our_processes(labkit_home))


def test_a_killed_relay_leaves_nothing_running(start: Start, labkit_home: Path) -> None:
    kernel = start()
    kernel.client.execute(_SLEEP)
    os.kill(kernel.pid, signal.SIGKILL)
    kernel.wait_until_gone()
    wait_until(lambda: not our_processes(labkit_home))


def test_a_killed_jupyter_leaves_nothing_running(jupyter: Path, labkit_home: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(jupyter / "c")], stdout=subprocess.PIPE
    )
    assert server.stdout
    with server.stdout as said:
        assert said.readline() == b"ready\n"
    server.kill()
    server.wait()
    wait_until(lambda: not our_processes(labkit_home))


def test_ten_kernels_in_a_row(start: Start) -> None:
    for number in range(10):
        kernel = start()
        assert kernel.run(f"{number} + 1").value == str(number + 1)
        began = time.monotonic()
        kernel.end()
        assert time.monotonic() - began < 20
