"""Task 1: the command is PID 1 of a PID namespace of its own."""

from __future__ import annotations

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import HostProcess, containers

from .shared import build, command_of, find, nothing


@check(
    "number-one",
    title="Number one",
    points=2,
    requires=("sandbox", "base-image"),
    hints=(
        "Which kinds of namespace does `mine.py` ask for, and which one gives out process numbers?",
        "`unshare` takes the kinds as flags, joined by `|`. The one that is missing has its number "
        "among the constants at the top of the file.",
    ),
)
def number_one(lab: Lab) -> Verdict:
    """Looks for `sleep SECONDS` on the hostname, and for its PID in its own namespace."""
    hostname, wanted = str(lab["first"]), f"sleep {lab['seconds']}"
    process = find(lab, hostname)
    if process is None:
        firsts = [c.process for c in lab.containers() if c.hostname == hostname]
        if firsts:
            seen = command_of(firsts[0])
            return not_yet(OTHER, Evidence(f"PID 1 on {hostname}", wanted, seen))
        return not_yet("nothing", nothing(lab, hostname))
    evidence = (
        Evidence("command", wanted, wanted),
        Evidence("a PID namespace of its own", "yes", "yes" if _has_own(process) else "no"),
        Evidence("its PID in there", "1", str(process.nspid[-1])),
    )
    if not _has_own(process):
        return not_yet("shared", *evidence)
    if process.nspid[-1] != 1:
        return not_yet("not-first", *evidence)
    return passed("It is number one in there, and a process like any other out here.", *evidence)


def _has_own(process: HostProcess) -> bool:
    return len(process.nspid) > 1


@number_one.wrong(
    "nothing",
    says="No container with that hostname runs that command.",
    hints=("`ps -ef | grep sleep` shows what runs. Did the program say why it ended?",),
)
def _(lab: Lab) -> None:
    build(lab, "elsewhere")


@number_one.wrong(
    "shared",
    says="The container runs and has its hostname, but it counts its processes with the machine's: "
    "it could signal them all.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    build(lab, lab["first"], kinds="uts mount", proc="", enter="cd /", command=_plain(lab))


@number_one.wrong(
    "not-first",
    says="There is a PID namespace, but something else is number one in it.",
    hints=(
        "`unshare` counts for the children that are born after it. Who is the first of them, and does "
        "it *become* the command?",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    build(lab, lab["first"], command=f"/bin/sleep {lab['seconds']}; true")


@number_one.unlisted("the right container, in which another command is PID 1")
def _(lab: Lab) -> None:
    lab.sandbox(hostname=lab["first"]).start(["sleep", "12"])
    assert any(c.hostname == lab["first"] for c in containers())


@number_one.right("in a shell, with unshare")
def _(lab: Lab) -> None:
    build(lab, lab["first"])


@number_one.right("in Python, with a sandbox of labkit's")
def _(lab: Lab) -> None:
    lab.sandbox(hostname=lab["first"]).start(["sleep", str(lab["seconds"])])


def _plain(lab: Lab) -> str:
    return f"exec sleep {lab['seconds']}"
