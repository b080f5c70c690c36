"""What a relay costs: a cell's round trip beside a kernel without one, and its start.

Both kernels are ipykernels of this machine over unix sockets; the cells of both take turns, so that
what else this machine does meets both.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from unittest import mock

from jupyter_client.manager import KernelManager

from benchmarks.report import Row, Table, at_most, duration
from tests.machine.relay.kernels import Kernel, run, write_kernelspec

ROUNDS, STARTS = 200, 15
MORE_S, BOUND_S = 0.001, 0.25

_CELLS = {"a cell": "1", "1 MB of output": "print('x' * 10**6)"}


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Runs cells with and without a relay, then starts relays."""
    share = 10 if is_quick else 1
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="relay-")))
        env = {**write_kernelspec(folder), "LABKIT_HOME": str(folder / "labkit")}
        stack.enter_context(mock.patch.dict(os.environ, env))
        kernels = _start("python3", folder / "d"), _start("relayed", folder / "r")
        for kernel in kernels:
            stack.callback(kernel.end)
        rows = [_compare(what, code, *kernels, ROUNDS // share) for what, code in _CELLS.items()]
        yield Table("A cell's round trip through a relay: medians", tuple(rows))
        bound = [_bound_s(folder) for _ in range(max(3, STARTS // share))]
        row = at_most("from exec to sockets bound", statistics.median(bound), BOUND_S)
        yield Table("A relay's start", (row,))


def _start(name: str, folder: Path) -> Kernel:
    folder.mkdir()
    manager = KernelManager(kernel_name=name, transport="ipc", ip=str(folder / "c"))
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    return Kernel(manager, client, folder)


def _compare(what: str, code: str, direct: Kernel, relayed: Kernel, rounds: int) -> Row:
    pairs = [(_cell_s(direct, code), _cell_s(relayed, code)) for _ in range(rounds)]
    without, through = (statistics.median(times) for times in zip(*pairs, strict=True))
    more = statistics.median(two - one for one, two in pairs)
    note = f"{duration(through)} against {duration(without)}"
    if what == "a cell":
        return at_most(f"{what}: more than direct", more, MORE_S, note)
    return Row(f"{what}: more than direct", duration(more), note)


def _cell_s(kernel: Kernel, code: str) -> float:
    before = time.perf_counter()
    run(kernel.client, code)
    return time.perf_counter() - before


def _bound_s(folder: Path) -> float:
    """Until Jupyter can connect: the last of the five sockets is there."""
    manager = KernelManager(kernel_name="relayed", transport="ipc", ip=str(folder / "s"))
    manager.connection_file = str(folder / "connection.json")
    manager.write_connection_file()
    argv = [sys.executable, "-m", "labkit.jupyter.relay", "-f", manager.connection_file]
    last = Path(f"{manager.ip}-{manager.iopub_port}")
    before = time.perf_counter()
    with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as process:
        while not last.exists() and process.poll() is None:
            time.sleep(0.0005)
        taken_s = time.perf_counter() - before
        process.kill()
    for path in folder.glob("s-*"):
        path.unlink()
    return taken_s
