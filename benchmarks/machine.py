"""A machine of its own under a notebook, beside a kernel that runs natively.

Both kernels are started as Jupyter starts them, in turns. Memory is each process's share (Pss), so
that what machines have in common is counted once. Nothing of the user's is used: the machine is
prepared in a folder of the benchmark's own.
"""

from __future__ import annotations

import contextlib
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import psutil
from jupyter_client.manager import KernelManager

from benchmarks.report import Row, Table, at_most, duration
from labkit.core.session import Session
from labkit.machine.agent import Agent
from labkit.machine.files import Export, serve
from labkit.machine.microvm import MicroVM
from labkit.machine.qemu.process import Qemu
from labkit.machine.snapshot import Snapshot, prepare

ROUNDS, STARTS, FURTHER = 100, 10, 3
PREPARED_S, BOOTED_S, RUNNING_S, ANSWERED_S = 60.0, 10.0, 0.3, 0.8
MORE_S = {"tcg": 0.090, "kvm": 0.005}
FURTHER_MIB, TOGETHER_MIB = 100, 900
IDLE_PERCENT, IDLE_S, SETTLED_S = 1.5, 20.0, 5.0

ADDITIONS = 10_000_000
_KERNEL_IS_READY = "To connect another client to this kernel"
"""Written by ipykernel, when it has been initialised."""

_KERNELS = {"native": "python3", "machine": "labkit"}


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Prepares a machine, boots it, resumes it, and talks to it."""
    share = 5 if is_quick else 1
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/var/tmp")))
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # as on a learner's computer
        env = {"LABKIT_HOME": str(folder / "home"), "LABKIT_MACHINES": str(folder / "machines")}
        stack.enter_context(mock.patch.dict(os.environ, env | {"LABKIT_PLACE": "microvm"}))
        yield Table(
            "Before the first notebook, once",
            (_reference(), _prepared(), *_booted(prepare(), folder)),
        )
        rounds = range(max(3, STARTS // share))
        running = [_running_s(prepare(), folder) for _ in rounds]
        yield Table("A notebook is opened: medians", (
            at_most("the guest runs", statistics.median(running), RUNNING_S),
            *_first_cells(len(rounds), folder),
        ))  # fmt: skip
        yield Table("A notebook that is open", tuple(_open(folder, ROUNDS // share)))


def _prepared() -> Row:
    argv = [sys.executable, "-m", "labkit.cli", "machine", "prepare"]
    taken_s = _timed(lambda: subprocess.run(argv, check=True, capture_output=True))
    return at_most("preparing, packages fetched", taken_s, PREPARED_S)


def _reference() -> Row:
    """How fast this computer is just now, to read the figures by."""
    before = time.perf_counter()
    total = 0
    for number in range(ADDITIONS):
        total += number
    return Row(f"(to add {ADDITIONS:,} numbers)", duration(time.perf_counter() - before))


def _booted(snapshot: Snapshot, folder: Path) -> Iterator[Row]:
    """From the start of QEMU, without a snapshot, to a kernel that waits for its first message; and
    to one that has what the course imports, and has run a sandbox: what is saved.
    """
    work, ram = folder / "cold", folder / "cold.ram"
    (work / "course").mkdir(parents=True)
    ram.touch()
    before = time.perf_counter()
    qemu = Qemu(snapshot.program, snapshot.design, work, ram, is_new=True)
    try:
        exports = {"course": Export(work / "course")}
        with _thread(lambda: serve(qemu.ends["files"], exports)):
            qemu.boot()
            while _KERNEL_IS_READY not in qemu.log.read_text(errors="replace"):
                time.sleep(0.01)
            kernel_s = time.perf_counter() - before
            Agent(qemu.ends["agent"]).wait_for("ready", 240)
            taken_s = time.perf_counter() - before
            qemu.end()
    finally:
        qemu.end()
    yield at_most("kernel ready, cold boot", kernel_s, BOOTED_S, snapshot.design.accelerator)
    yield Row("and ready to be saved", duration(taken_s), "the course imported, a sandbox run")


def _running_s(snapshot: Snapshot, folder: Path) -> float:
    """Until PID 1 of a resumed machine has answered."""
    session = Session()
    before = time.perf_counter()
    try:
        with MicroVM(snapshot, session, folder) as machine:
            machine.begin()
            return time.perf_counter() - before
    finally:
        session.close()


def _first_cells(rounds: int, folder: Path) -> Iterator[Row]:
    taken: dict[str, list[float]] = {name: [] for name in _KERNELS}
    for _ in range(rounds):
        for name in _KERNELS:
            before = time.perf_counter()
            with _kernel(name, folder) as (_, client):
                _answer(client, "1")
                taken[name].append(time.perf_counter() - before)
    native, machine = (statistics.median(taken[name]) for name in _KERNELS)
    ratio = f"{machine / native:.2f} × native ({duration(native)})"
    yield at_most("the first cell is answered", machine, ANSWERED_S, ratio)


def _open(folder: Path, rounds: int) -> Iterator[Row]:
    with contextlib.ExitStack() as stack:
        start = lambda name: stack.enter_context(_kernel(name, folder))  # noqa: E731
        (_, native), (relay, client) = start("native"), start("machine")
        pairs = [(_cell_s(native), _cell_s(client)) for _ in range(rounds)]
        without, within = (statistics.median(times) for times in zip(*pairs, strict=True))
        note = f"{duration(within)} against {duration(without)}"
        target = MORE_S[prepare().design.accelerator]
        yield at_most("a cell's round trip: more than native", within - without, target, note)
        time.sleep(SETTLED_S)
        yield _idle(relay)
        one = _pss_mib(_family(relay))
        others = [start("machine") for _ in range(FURTHER)]
        for _, other in others:
            _answer(other, "from labkit import *")
        time.sleep(SETTLED_S)
        everything = [part for pid, _ in ((relay, None), *others) for part in _family(pid)]
        further = (_pss_mib(everything) - one) / FURTHER
        yield _mib("memory of a further machine", further, FURTHER_MIB, f"the first: {one:.0f} MiB")
        with _jupyterlab(folder) as server:
            together = _pss_mib([server]) + one
        yield _mib("JupyterLab and one machine", together, TOGETHER_MIB)


def _idle(relay: int) -> Row:
    def used_s() -> float:
        times = [process.cpu_times() for process in _family(relay)]
        return sum(time.user + time.system for time in times)

    before = used_s()
    time.sleep(IDLE_S)
    percent = (used_s() - before) / IDLE_S * 100
    reached = percent <= IDLE_PERCENT
    return Row("a kernel that waits", f"{percent:.2f} % of a core", f"over {IDLE_S:g} s, with its "
               "relay", f"≤ {IDLE_PERCENT} %", reached)  # fmt: skip


def _mib(what: str, figure: float, target: int, note: str = "") -> Row:
    return Row(what, f"{figure:.0f} MiB", note, f"≤ {target} MiB", figure <= target)


def _family(pid: int) -> list[psutil.Process]:
    process = psutil.Process(pid)
    return [process, *process.children(recursive=True)]


def _pss_mib(processes: Iterable[psutil.Process]) -> float:
    return sum(_pss_kib(process.pid) for process in processes) / 1024


def _pss_kib(pid: int) -> int:
    found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
    return int(found[1]) if found else 0


@contextlib.contextmanager
def _kernel(name: str, folder: Path) -> Iterator[tuple[int, Any]]:
    """A kernel as Jupyter starts it: its process, and a client that does not wait for it."""
    manager = KernelManager(kernel_name=_KERNELS[name])
    manager.start_kernel(cwd=str(folder))
    client = manager.client()
    client.start_channels(hb=False)
    try:
        yield manager.provisioner.process.pid, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def _cell_s(client: Any) -> float:
    return _timed(lambda: _answer(client, "1"))


def _answer(client: Any, code: str) -> None:
    """Runs a cell; returns with its reply."""
    id = client.execute(code)
    while client.get_shell_msg(timeout=60)["parent_header"].get("msg_id") != id:
        pass


@contextlib.contextmanager
def _jupyterlab(folder: Path) -> Iterator[psutil.Process]:
    """A JupyterLab that answers, without a browser."""
    argv = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    argv += [f"--notebook-dir={folder}", "--ServerApp.port_retries=0"]
    log = folder / "jupyterlab.log"
    with log.open("w") as said, subprocess.Popen(argv, stdout=said, stderr=said) as process:
        try:
            while "is running at" not in log.read_text() and process.poll() is None:
                time.sleep(0.1)
            time.sleep(1)
            yield psutil.Process(process.pid)
        finally:
            process.kill()


@contextlib.contextmanager
def _thread(run: Callable[[], None]) -> Iterator[None]:
    import threading

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    thread.join(10)


def _timed(do: Callable[[], object]) -> float:
    before = time.perf_counter()
    do()
    return time.perf_counter() - before
