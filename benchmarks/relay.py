"""What a relay costs: a cell's round trip beside a kernel without one, and its start.

``python -m benchmarks.relay``. Both kernels are ipykernels of this machine over unix sockets; the
cells of both take turns, so that what else this machine does meets both.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from jupyter_client.manager import KernelManager

from tests.machine.relay.kernels import Kernel, run, write_kernelspec

ROUNDS = 200
STARTS = 15


def start(name: str, folder: Path) -> Kernel:
    folder.mkdir()
    manager = KernelManager(kernel_name=name, transport="ipc", ip=str(folder / "c"))
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    client.wait_for_ready(timeout=60)
    return Kernel(manager, client, folder)


def cell_ms(kernel: Kernel, code: str) -> float:
    before = time.perf_counter()
    run(kernel.client, code)
    return (time.perf_counter() - before) * 1000


def bound_ms(folder: Path) -> float:
    """From exec until Jupyter can connect: the last of the five sockets is there."""
    manager = KernelManager(kernel_name="relayed", transport="ipc", ip=str(folder / "s"))
    manager.connection_file = str(folder / "connection.json")
    manager.write_connection_file()
    argv = [sys.executable, "-m", "labkit.machine.relay", "-f", manager.connection_file]
    last = Path(f"{manager.ip}-{manager.iopub_port}")
    before = time.perf_counter()
    process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
    while not last.exists():
        time.sleep(0.0005)
    taken = (time.perf_counter() - before) * 1000
    process.kill()
    process.wait()
    for path in folder.glob("s-*"):
        path.unlink()
    return taken


def show(name: str, values: list[float]) -> None:
    ordered = sorted(values)
    p90 = ordered[int(len(ordered) * 0.9)]
    print(f"{name:<34} median {statistics.median(values):7.2f} ms   p90 {p90:7.2f} ms")


def main() -> None:
    folder = Path(tempfile.mkdtemp(prefix="relay-"))
    os.environ |= write_kernelspec(folder) | {"LABKIT_HOME": str(folder / "labkit")}
    direct, relayed = start("python3", folder / "d"), start("relayed", folder / "r")
    try:
        for code, what in (("1", "a cell"), ("print('x' * 1_000_000)", "1 MB of output")):
            pairs = [(cell_ms(direct, code), cell_ms(relayed, code)) for _ in range(ROUNDS)]
            show(f"{what}, direct", [one for one, _ in pairs])
            show(f"{what}, through a relay", [two for _, two in pairs])
            show(f"{what}, the difference", [two - one for one, two in pairs])
        for kernel, what in ((direct, "direct"), (relayed, "through a relay")):
            show(f"100 MB of output, {what}", [cell_ms(kernel, "print('x' * 10**8)")])
    finally:
        direct.end()
        relayed.end()
    show("relay: exec to sockets bound", [bound_ms(folder) for _ in range(STARTS)])
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
