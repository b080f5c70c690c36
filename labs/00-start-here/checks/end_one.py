"""Task 3: the right one of two containers ended."""

from __future__ import annotations

import os
import signal
import subprocess

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import Contained, Sandbox, containers

from .shared import ENTER, container_of, is_frozen, state_of, wait_for

SIDES = ("port", "starboard")


@check(
    "end-one",
    title="End the right one",
    points=2,
    requires=("sandbox",),
    hints=(
        "First find out which is which: a container knows its own hostname, and this machine knows "
        "its PID.",
        "PID 1 of a container is guarded: it does not hear a polite SIGTERM unless it asked for "
        "it. One signal nobody can refuse when it comes from outside.",
    ),
)
def end_one(lab: Lab) -> Verdict:
    """Looks which of the two containers run, and how."""
    bad = str(lab["leaking"])
    good = next(side for side in SIDES if side != bad)
    states = {side: _state_in(container_of(lab, side)) for side in SIDES}
    rows = (Evidence(bad, "ended", states[bad]), Evidence(good, "runs", states[good]))
    known = {
        ("ended", "runs"): "",
        ("runs", "runs"): "none",
        ("runs", "ended"): "the-other",
        ("ended", "ended"): "both",
        ("frozen", "runs"): "frozen",
    }
    state = known.get((states[bad], states[good]), OTHER)
    if state:
        return not_yet(state, *rows)
    return passed(f"{bad} has gone, and {good} noticed nothing.", *rows)


def _state_in(box: Contained | None) -> str:
    if box is None or box.process.state in "ZX":
        return "ended"
    return "frozen" if is_frozen(box) else "runs"


@end_one.wrong("none", says="Both of them still run.")
def _(lab: Lab) -> None:
    for box in _sides(lab).values():
        box.signal(signal.SIGTERM)  # which PID 1 does not hear


@end_one.wrong(
    "the-other",
    says="One of them has ended, but the wrong one.",
    hints=(
        '`task("end-one")` puts both of them back.',
        "Do not go by the order in which they are listed: ask each for its hostname.",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    boxes = _sides(lab)
    next(box for side, box in boxes.items() if side != lab["leaking"]).kill()


@end_one.wrong(
    "both",
    says="Neither of the two runs.",
    hints=(
        "The cell above yours starts both of them anew.",
        "A command that ends processes by the name of their program does not ask in which "
        "container they are.",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    for box in _sides(lab).values():
        box.kill()


@end_one.wrong(
    "frozen",
    says="The right one stands still, but it is not at its end: it could be woken at any time, and "
    "it keeps its memory.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    _sides(lab)[str(lab["leaking"])].signal(signal.SIGSTOP)
    wait_for(lambda: state_of(str(lab["leaking"])) == "T")


@end_one.unlisted("the right one has ended, and the other one is frozen")
def _(lab: Lab) -> None:
    for side, box in _sides(lab).items():
        box.signal(signal.SIGKILL if side == lab["leaking"] else signal.SIGSTOP)
    wait_for(lambda: sorted(state_of(side) for side in SIDES) == ["", "T"])


@end_one.right("from a shell: ask each for its hostname, kill the one")
def _(lab: Lab) -> None:
    _sides(lab)
    script = (
        "for proc in /proc/[0-9]*; do "
        '[ "$(tr "\\0" " " < $proc/cmdline)" = "sleep 4242 " ] || continue; '
        f"pid=${{proc#/proc/}}; name=$(nsenter {ENTER} -u -t $pid hostname); "
        f'[ "$name" = {lab["leaking"]} ] && kill -KILL $pid; done 2>/dev/null; true'
    )
    subprocess.run(["sh", "-c", script], check=True)
    wait_for(lambda: not state_of(str(lab["leaking"])))


@end_one.right("from Python: os.kill with the outer PID")
def _(lab: Lab) -> None:
    _sides(lab)
    pid = next(box.pid for box in containers() if box.hostname == lab["leaking"])
    os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not state_of(str(lab["leaking"])))


def _sides(lab: Lab) -> dict[str, Sandbox]:
    return {side: lab.sandbox(hostname=side).start(["sleep", "4242"]) for side in SIDES}
