"""A computer that was suspended: its machines go on, and know what time it is."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from jupyter_client.manager import KernelManager

from labkit.machine.relay.clock import Clock
from labkit.machine.running import running_machines
from labkit.machine.snapshot import Snapshot
from tests.machine.faults.suspended import SLEEP_S
from tests.machine.notebooks import Notebook
from tests.machine.relay.kernels import Kernel, settle
from tests.support.wait import wait_until

Open = Callable[..., Notebook]

ROOT = Path(__file__).parents[3]

_HALF = SLEEP_S / 2
"""Seconds that a clock may be off on a busy computer; one that was not set is off by twice that."""


def _behind_s(run: Callable[[str], str]) -> float:
    """How far the guest's clock is behind."""
    before = time.time()
    said = run("import time; print(time.time())")
    return (before + time.time()) / 2 - float(said)


@pytest.fixture
def kernel(
    snapshot: Snapshot, labkit_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Kernel]:
    """Of a computer that can be put to sleep."""
    spec = tmp_path / "jupyter/kernels/suspended"
    spec.mkdir(parents=True)
    argv = [sys.executable, "-m", "tests.machine.faults.suspended", "-f", "{connection_file}"]
    words = {"argv": argv, "display_name": "suspended", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(words))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("LABKIT_TEST_SLEEP", str(tmp_path / "sleep"))
    folder = labkit_home.parent / "tmp" / "sockets"
    folder.mkdir()
    manager = KernelManager(kernel_name="suspended", transport="ipc", ip=str(folder / "c"))
    manager.start_kernel(cwd=str(tmp_path))
    made = Kernel(manager, manager.client(), folder)
    made.client.start_channels()
    made.client.wait_for_ready(timeout=200)
    yield made
    manager.shutdown_kernel()
    made.end()


@pytest.mark.requires("program:qemu-system-x86_64")
def test_after_it_the_machines_clock_is_the_hosts_and_the_cell_that_ran_goes_on(
    kernel: Kernel, tmp_path: Path
) -> None:
    assert abs(_behind_s(lambda code: kernel.run(code).text())) < _HALF
    told = tmp_path / "sleep"
    id = kernel.client.execute("import time; time.sleep(2); print('slept')")
    told.touch()
    wait_until(lambda: not told.exists(), timeout_s=60)
    assert settle(kernel.client, id).text() == "slept\n"
    wait_until(lambda: abs(_behind_s(lambda code: kernel.run(code).text())) < _HALF, timeout_s=20)
    assert kernel.is_alive()


@pytest.mark.requires("program:qemu-system-x86_64")
def test_a_qemu_that_stood_still_goes_on_with_the_right_time(open_notebook: Open) -> None:
    notebook = open_notebook()
    (machine,) = running_machines()
    os.kill(machine.pid, signal.SIGSTOP)
    try:
        time.sleep(SLEEP_S)
        assert notebook.client.hb_channel.is_beating()
    finally:
        os.kill(machine.pid, signal.SIGCONT)
    assert abs(_behind_s(notebook.run)) < _HALF
    assert notebook.manager.is_alive()


def test_a_jump_of_the_clock_is_noticed_once_and_its_slow_drift_never() -> None:
    times = [10.0, 10.0, 3610.0, 3610.0, 3609.0, *(3609.0 + n / 10 for n in range(20))]
    clock = Clock(lambda: times.pop(0))
    assert [clock.has_jumped() for _ in range(4)] == [False, True, False, True]
    assert not any(clock.has_jumped() for _ in range(20))
