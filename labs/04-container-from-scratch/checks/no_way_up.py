"""Task 2: a root that is the top of its mounts, and nothing of the machine's in it."""

from __future__ import annotations

from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import walls

from .shared import CHROOT, KEEP_OLD, build, find, nothing, rootfs, rows


@check(
    "no-way-up",
    title="No way up",
    points=3,
    requires=("sandbox", "base-image"),
    hints=(
        '`chroot` moves the sign that says "stop here". What does the lab do instead, so that '
        "there is nothing behind the sign?",
        "Three calls, in this order: go into the folder, swap the roots, unmount the old one. Where "
        "does the old root lie after the swap?",
    ),
)
def no_way_up(lab: Lab) -> Verdict:
    """Looks whether the root is that of its mount namespace, and for the machine's root in it."""
    process = find(lab, str(lab["second"]))
    if process is None:
        return not_yet("nothing", nothing(lab, str(lab["second"])))
    judged = walls(process.pid)
    evidence = [*rows(judged, "processes", "root", "files"), _files(process.pid)]
    if judged["root"].seen.startswith("chroot"):
        return not_yet("chroot", *evidence)
    if not judged["root"].is_up or _is_machines(process.pid):
        return not_yet("machine-root", *evidence)
    if not judged["files"].is_up:
        return not_yet("old-root", *evidence)
    if all(row.agrees for row in evidence):
        return passed("Above its root there is nothing left to climb to.", *evidence)
    return not_yet(OTHER, *evidence)


def _is_machines(pid: int) -> bool:
    return Path(f"/proc/{pid}/root/").samefile("/")


def _files(pid: int) -> Evidence:
    seen = "there" if Path(f"/proc/{pid}/root/bin/busybox").is_file() else "not there"
    return Evidence("the base image's files", "there", seen)


@no_way_up.wrong("nothing", says="No container with that hostname runs that command.")
def _(lab: Lab) -> None:
    build(lab, "elsewhere")


@no_way_up.wrong(
    "machine-root",
    says="The container sees this machine's own root, with all that is in it.",
    hints=("Which folder did you give it as its root, and where does the program use it?",),
)
def _(lab: Lab) -> None:
    command = f"exec sleep {lab['seconds']}"
    build(lab, lab["second"], proc="", enter="cd /", command=command)


@no_way_up.wrong(
    "chroot",
    says="The container has been shown another folder as its root, but the machine's tree is still "
    "above it: whoever is root in there climbs out.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    build(lab, lab["second"], enter=CHROOT)


@no_way_up.wrong(
    "old-root",
    says="The root is the top of its mounts, but the machine's root is still mounted below it, and "
    "can be walked into.",
    hints=("The old root does not go by itself. `findmnt -N PID` shows where it is.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    build(lab, lab["second"], enter=KEEP_OLD)


@no_way_up.unlisted("the right root, without a PID namespace")
def _(lab: Lab) -> None:
    build(lab, lab["second"], kinds="uts mount", proc="")


@no_way_up.right("in a shell, with busybox's pivot_root")
def _(lab: Lab) -> None:
    build(lab, lab["second"])


@no_way_up.right("in Python, with a sandbox of labkit's on the same folder")
def _(lab: Lab) -> None:
    box = lab.sandbox(rootfs=rootfs(lab), hostname=lab["second"])
    box.start(["sleep", str(lab["seconds"])])
