"""Task 4: limits on memory and processes that really count for the container."""

from __future__ import annotations

import os

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox.cgroups import limit_of

from .shared import build, find, grouped, nothing, rootfs

_FILES = ("memory.max", "pids.max")


@check(
    "not-more",
    title="Not more than this",
    points=3,
    requires=("sandbox", "base-image", "limits"),
    hints=(
        "A group, a limit in it, and *who* is in it: those are three things. `/proc/PID/cgroup` "
        "answers the third.",
        "A process joins a group by writing its number, or 0 for itself, into `cgroup.procs`. When "
        "has the child of `mine.py` the chance to?",
    ),
)
def not_more(lab: Lab) -> Verdict:
    """Reads the limits of the groups that the container's process is in."""
    process = find(lab, str(lab["fourth"]))
    if process is None:
        return not_yet("nothing", nothing(lab, str(lab["fourth"])))
    wanted = {"memory.max": int(lab["mebibytes"]) * 1024**2, "pids.max": int(lab["processes"])}
    found = {name: limit_of(process.pid, name) for name in _FILES}
    ours = {name: limit_of(os.getpid(), name)[0] for name in _FILES}
    outside = [name for name in _FILES if found[name][0] == ours[name]]
    evidence = [
        Evidence(name, str(wanted[name]), _shown(found[name][1], is_ours=name in outside))
        for name in _FILES
    ]
    if all(found[name] == (found[name][0], wanted[name]) for name in _FILES) and not outside:
        return passed("Asked for more, it gets no more.", *evidence)
    if len(outside) == len(_FILES):
        return not_yet("outside", *evidence)
    if outside or None in (found[name][1] for name in _FILES):
        return not_yet("one-limit", *evidence)
    if (
        found["memory.max"][1] != wanted["memory.max"]
        and found["pids.max"][1] == wanted["pids.max"]
    ):
        return not_yet("other-unit", *evidence)
    return not_yet(OTHER, *evidence)


def _shown(limit: int | None, *, is_ours: bool) -> str:
    if is_ours:
        return "it is in the same group as this notebook"
    return "no limit" if limit is None else str(limit)


@not_more.wrong("nothing", says="No container with that hostname runs that command.")
def _(lab: Lab) -> None:
    build(lab, "elsewhere")


@not_more.wrong(
    "outside",
    says="The container runs, but in no group of its own: whatever limits there are, they count for "
    "somebody else.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    build(lab, lab["fourth"])


@not_more.wrong(
    "one-limit",
    says="One of the two limits counts for the container, the other does not.",
    hints=("On cgroup v1 each controller has a tree of its own, and a process a place in each.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    build(lab, lab["fourth"], before=grouped(lab, {"pids.max": lab["processes"]}))


@not_more.wrong(
    "other-unit",
    says="Both limits count for the container, and the one on memory is another than the task's.",
    hints=("A MiB is 1024 × 1024 bytes; the kernel's file wants bytes.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    limits = {"memory.max": int(lab["mebibytes"]) * 10**6, "pids.max": lab["processes"]}
    build(lab, lab["fourth"], before=grouped(lab, limits))


@not_more.unlisted("the right memory, and room for more processes")
def _(lab: Lab) -> None:
    limits = {"memory.max": int(lab["mebibytes"]) * 1024**2, "pids.max": 99}
    build(lab, lab["fourth"], before=grouped(lab, limits))


@not_more.right("in a shell, by hand below /sys/fs/cgroup")
def _(lab: Lab) -> None:
    limits = {"memory.max": int(lab["mebibytes"]) * 1024**2, "pids.max": lab["processes"]}
    build(lab, lab["fourth"], before=grouped(lab, limits))


@not_more.right("in Python, with a sandbox of labkit's")
def _(lab: Lab) -> None:
    limits = {"memory.max": f"{lab['mebibytes']}M", "pids.max": lab["processes"]}
    box = lab.sandbox(rootfs=rootfs(lab), hostname=lab["fourth"], limits=limits)
    box.start(["sleep", str(lab["seconds"])])
