"""The lab: a first container, found by its hostname."""

from __future__ import annotations

import signal

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import Sandbox

from .shared import UNSHARE, container_of, is_frozen, state_of, wait_for, was_last


@check(
    "first-container",
    title="Run your first container",
    points=1,
    requires=("sandbox",),
    hints=(
        "Every cell in this section can be run again, from the top: click into it and press Shift "
        "and Enter.",
    ),
)
def first_container(lab: Lab) -> Verdict:
    """Looks for a container with the hostname `first`, whoever made it."""
    box = container_of(lab, "first")
    if box:
        rows = (
            Evidence("hostname, seen from inside", "first", box.hostname),
            Evidence("PID, seen from inside", "1", box.process.nspid[-1]),
            Evidence("container first", "runs", "is frozen" if is_frozen(box) else "runs"),
        )
        if is_frozen(box):
            return not_yet(OTHER, *rows)
        return passed("It runs: PID 1 in there, and a process like any other out here.", *rows)
    for running in lab.running():
        if running.hostname == "first":
            seen = f"{running.pid}, as out here"
            return not_yet(OTHER, Evidence("PID, seen from inside", "1", seen))
    if was_last("first"):
        return not_yet("ended", Evidence("container first", "runs", "ran, and has ended"))
    if names := ", ".join(box.hostname for box in lab.running()):
        return not_yet("another-name", Evidence("a container called", "first", names))
    return not_yet("nothing", Evidence("container first", "runs", "there is none"))


@first_container.wrong("nothing", says="No container called `first` runs.")
def _(lab: Lab) -> None:
    Sandbox(hostname="first")  # described, and never started
    lab.sandbox(hostname="another").run(["true"])


@first_container.wrong(
    "ended",
    says="A container called `first` was started, but it runs no more. A container ends when its "
    "command does.",
    hints=("How long does the command that you gave it take?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.sandbox(name="first").run(["echo", "hello"])


@first_container.wrong(
    "another-name", says="A container runs, but under another name.", near_miss=True
)
def _(lab: Lab) -> None:
    lab.sandbox(name="frist").start(["sleep", "3600"])


@first_container.unlisted("a box that shares the process numbers of this machine")
def _(lab: Lab) -> None:
    lab.sandbox(name="first", namespaces=("user", "mnt", "uts")).start(["sleep", "3600"])


@first_container.unlisted("the container is frozen")
def _(lab: Lab) -> None:
    lab.sandbox(name="first").start(["sleep", "3600"]).signal(signal.SIGSTOP)
    wait_for(lambda: state_of("first") == "T")


@first_container.right("with util-linux's unshare, from a shell")
def _(lab: Lab) -> None:
    lab.spawn([*UNSHARE, "--uts", "sh", "-c", "hostname first; exec sleep 3600"])
    wait_for(lambda: state_of("first"))


@first_container.right("another name for labkit, the right hostname for the kernel")
def _(lab: Lab) -> None:
    lab.sandbox(name="my-box", hostname="first").start(["sleep", "3600"])
