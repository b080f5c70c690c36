"""Task 2: one process of a container frozen from outside."""

from __future__ import annotations

import os
import signal
import subprocess

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import HostProcess, Sandbox, processes

from .shared import wait_for


@check(
    "freeze",
    title="Freeze it from outside",
    points=3,
    requires=("sandbox",),
    hints=(
        "Inside and outside number the same process differently. `/proc/PID/status` has a line that "
        "tells all its numbers.",
        "The line is `NSpid`: first the number out here, then the one in the next namespace. Look "
        "for the process whose last number is the one you were given.",
    ),
)
def freeze(lab: Lab) -> Verdict:
    """Looks which processes of the container `pair` are stopped (state T)."""
    wanted = lab["worker"]
    pair = next((box for box in lab.running() if box.name == "pair"), None)
    if pair is None:
        return not_yet("gone", Evidence("container pair", "running", "not running"))
    home = next(p.namespaces.get("pid") for p in lab.processes() if p.pid == pair.pid)
    inside = {p.nspid[-1]: p for p in lab.processes() if p.namespaces.get("pid") == home}
    stopped = sorted(pid for pid, process in inside.items() if process.state == "T")
    workers = [pid for pid in (2, 3) if pid in inside]
    evidence = (
        Evidence("workers there (inner PIDs)", "2 3", _numbers(workers)),
        Evidence("frozen (inner PIDs)", str(wanted), _numbers(stopped)),
    )
    if wanted not in inside:
        return not_yet("killed", *evidence)
    if not stopped:
        return not_yet("none", *evidence)
    if stopped == [wanted] and len(workers) == 2:
        return passed(f"Inner PID {wanted} is frozen, and it alone.", *evidence)
    if wanted in stopped and len(stopped) > 1:
        return not_yet("too-many", *evidence)
    if wanted not in stopped:
        return not_yet("another", *evidence)
    return not_yet(OTHER, *evidence)


@freeze.wrong(
    "gone",
    says="The container `pair` does not run.",
    hints=("Run the cell above the task again: it starts the container.",),
)
def _(lab: Lab) -> None:
    _pair(lab).kill()


@freeze.wrong(
    "none",
    says="Nothing in the container is frozen.",
    hints=("A signal goes to a PID of the side that sends it. Which number has the worker here?",),
)
def _(lab: Lab) -> None:
    _pair(lab)


@freeze.wrong(
    "another",
    says="Something in the container is frozen, but not the worker that was asked for.",
    hints=("`SIGCONT` lets a frozen process go on. Then look at the numbers again.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _signal_inner(_pair(lab), 5 - int(lab["worker"]), signal.SIGSTOP)


@freeze.wrong(
    "too-many",
    says="The worker is frozen, but not it alone.",
    hints=("The others shall go on: `SIGCONT` wakes them.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    pair = _pair(lab)
    for inner in (1, int(lab["worker"])):
        _signal_inner(pair, inner, signal.SIGSTOP)


@freeze.wrong(
    "killed",
    says="The worker that was asked for has ended. A frozen process still exists; an ended one does "
    "not.",
    hints=("Start the container anew (the cell above), and mind which signal you send.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    pair = _pair(lab)
    _signal_inner(pair, int(lab["worker"]), signal.SIGKILL)
    wait_for(lambda: _inner(pair, int(lab["worker"])) is None)


@freeze.unlisted("the right one is frozen, and the other worker has been killed")
def _(lab: Lab) -> None:
    pair = _pair(lab)
    _signal_inner(pair, int(lab["worker"]), signal.SIGSTOP)
    _signal_inner(pair, 5 - int(lab["worker"]), signal.SIGKILL)
    wait_for(lambda: _inner(pair, 5 - int(lab["worker"])) is None)


@freeze.right("from a shell: kill -STOP with the outer PID")
def _(lab: Lab) -> None:
    target = _inner(_pair(lab), int(lab["worker"]))
    subprocess.run(["sh", "-c", f"kill -STOP {target.pid}"], check=True)
    wait_for(lambda: _state(target.pid) == "T")


@freeze.right("from inside, which has the same effect")
def _(lab: Lab) -> None:
    pair = _pair(lab)
    target = _inner(pair, int(lab["worker"]))
    pair.exec(["kill", "-STOP", str(lab["worker"])])
    wait_for(lambda: _state(target.pid) == "T")


def _pair(lab: Lab) -> Sandbox:
    pair = lab.sandbox(name="pair").start(["sh", "-c", "sleep 7001 & sleep 7002 & wait"])
    wait_for(lambda: all(_inner(pair, inner) for inner in (2, 3)))
    return pair


def _inner(pair: Sandbox, pid: int) -> HostProcess | None:
    table = processes()
    home = next(p.namespaces["pid"] for p in table if p.pid == pair.pid)
    same = (p for p in table if p.namespaces.get("pid") == home)
    return next((p for p in same if p.nspid[-1] == pid and p.state != "Z"), None)


def _signal_inner(pair: Sandbox, pid: int, number: int) -> None:
    target = _inner(pair, pid)
    os.kill(target.pid, number)
    if number == signal.SIGSTOP:
        wait_for(lambda: _state(target.pid) == "T")


def _state(pid: int) -> str:
    return next((p.state for p in processes() if p.pid == pid), "")


def _numbers(pids: list[int]) -> str:
    return " ".join(str(pid) for pid in pids) or "none"
