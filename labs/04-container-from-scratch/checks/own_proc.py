"""Task 3: a /proc of its own, read-only."""

from __future__ import annotations

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import walls

from .shared import CHROOT, OWN_PROC, build, find, nothing, rootfs, rows


@check(
    "own-proc",
    title="Its own /proc",
    points=3,
    requires=("sandbox", "base-image"),
    hints=(
        "A bind mount shows what is already there. `proc` is a kind of file system of its own, and "
        "a new mount of it belongs to the PID namespace of whoever mounts it.",
        "`mount` takes a source, a place, a kind, flags and data. One of the flags at the top of the "
        "file keeps everybody from writing.",
    ),
)
def own_proc(lab: Lab) -> Verdict:
    """Looks whose processes its /proc shows, and whether it can be written."""
    process = find(lab, str(lab["third"]))
    if process is None:
        return not_yet("nothing", nothing(lab, str(lab["third"])))
    judged = walls(process.pid)
    evidence = rows(judged, "processes", "root", "files", "/proc", "/proc/sys")
    shown = judged["/proc"]
    if shown.seen == "there is none":
        no_proc = rows(judged, "processes", "root", "files")
        return not_yet("no-proc", *no_proc, _there("no"))
    evidence.append(_there("yes"))
    if not shown.is_up and judged["processes"].is_up:
        return not_yet("machine-proc", *evidence)
    if shown.is_up and not judged["/proc/sys"].is_up:
        return not_yet("writable", *evidence)
    if all(row.agrees for row in evidence):
        return passed("It sees its own processes, and turns no switch.", *evidence)
    return not_yet(OTHER, *evidence)


def _there(seen: str) -> Evidence:
    return Evidence("a file system of type proc on /proc", "yes", seen)


@own_proc.wrong("nothing", says="No container with that hostname runs that command.")
def _(lab: Lab) -> None:
    build(lab, "elsewhere")


@own_proc.wrong(
    "machine-proc",
    says="The container has a PID namespace of its own, but its `/proc` shows another one's "
    "processes, and behind each of them a way to its files.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    build(lab, lab["third"], proc='mount --rbind /proc "$ROOT/proc"')


@own_proc.wrong(
    "no-proc",
    says="Nothing leaks through `/proc`, for there is none: `ps`, and most programs, are blind in "
    "there.",
    hints=("When is it mounted? The kernel gives a new one only while another is still in sight.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    build(lab, lab["third"], proc="")


@own_proc.wrong(
    "writable",
    says="The container's `/proc` shows its own processes, and can be written: the kernel's switches "
    "are below it.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    build(lab, lab["third"], proc=OWN_PROC.replace("-o ro,", "-o "))


@own_proc.unlisted("the right /proc, in a chroot")
def _(lab: Lab) -> None:
    build(lab, lab["third"], enter=CHROOT)


@own_proc.right("in a shell, with mount -t proc -o ro")
def _(lab: Lab) -> None:
    build(lab, lab["third"])


@own_proc.right("in a shell, with only the switches read-only")
def _(lab: Lab) -> None:
    read_only = 'mount --bind "$ROOT/proc/sys" "$ROOT/proc/sys"; mount -o remount,bind,ro,nosuid,nodev,noexec "$ROOT/proc/sys"'
    proc = OWN_PROC.replace("-o ro,", "-o ") + f"; {read_only}"
    build(lab, lab["third"], proc=proc)


@own_proc.right("in Python, with a sandbox of labkit's")
def _(lab: Lab) -> None:
    box = lab.sandbox(rootfs=rootfs(lab), hostname=lab["third"])
    box.start(["sleep", str(lab["seconds"])])
