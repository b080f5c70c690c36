"""Task 2: one process killed for want of memory, while its neighbour lives."""

from __future__ import annotations

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed

from .shared import CONTROLLERS, TOP, counts, is_there, make, members, put, read, size, start

EATER = ("tail", "/dev/zero")
"""Reads an endless line into memory."""


@check(
    "oom-kill",
    title="One dies, its neighbour lives",
    points=3,
    requires=("cgroup-v2",),
    hints=(
        "What happened in a group, its `memory.events` counts. Which of the numbers is still 0?",
        "`tail` keeps a whole line in memory until it has seen its end, and `/dev/zero` is a line "
        "without one.",
    ),
)
def oom_kill(lab: Lab) -> Verdict:
    """Reads memory.max, memory.events and cgroup.procs of both groups."""
    glutton, neighbour = TOP / "pair/glutton", TOP / "pair/neighbour"
    if not (glutton.is_dir() and neighbour.is_dir()):
        return not_yet("no-groups", is_there(glutton), is_there(neighbour))
    wanted, limit = f"sleep {lab['seconds']}", read(glutton, "memory.max")
    killed = {one: counts(one, "memory.events").get("oom_kill", 0) for one in (glutton, neighbour)}
    inside = members(neighbour)
    evidence = (
        Evidence("memory.max of glutton", f"{lab['small_mib']} MiB", size(limit)),
        Evidence("killed in glutton", "at least 1", str(killed[glutton]), killed[glutton] > 0),
        Evidence("killed in neighbour", "0", str(killed[neighbour])),
        Evidence("processes in neighbour", wanted, ", ".join(inside) or "none"),
    )
    if all(row.agrees for row in evidence):
        return passed("The kernel took the one, and spared the other.", *evidence)
    if limit in ("", "max"):
        above = read(TOP / "pair", "memory.max")
        return not_yet("no-limit" if above in ("", "max") else "limit-above", *evidence)
    if not killed[glutton]:
        return not_yet("nothing-killed", *evidence)
    if evidence[0].agrees and not inside:
        return not_yet("neighbour-gone", *evidence)
    return not_yet(OTHER, *evidence)


@oom_kill.wrong("no-groups", says="The two groups are not both there.")
def _(lab: Lab) -> None:
    _pair(lab)
    (TOP / "pair/neighbour").rmdir()


@oom_kill.wrong("no-limit", says="Nothing limits the memory of the glutton.")
def _(lab: Lab) -> None:
    _pair(lab)
    put(lab, TOP / "pair/neighbour", ["sleep", str(lab["seconds"])])


@oom_kill.wrong(
    "limit-above",
    says="The limit is on the group above: both share it, and it may hit either of them.",
    hints=("A limit holds for a group with all that is below it.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _pair(lab)
    put(lab, TOP / "pair/neighbour", ["sleep", str(lab["seconds"])])
    (TOP / "pair/memory.max").write_text(f"{lab['small_mib']}M")
    put(lab, TOP / "pair/glutton", EATER).wait(60)


@oom_kill.wrong(
    "nothing-killed",
    says="The glutton has a limit, and the kernel has killed nobody there.",
    hints=(
        "A process that was killed by hand is in none of the kernel's counts. It has to want "
        "more than its group may have.",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _pair(lab)
    put(lab, TOP / "pair/neighbour", ["sleep", str(lab["seconds"])])
    (TOP / "pair/glutton/memory.max").write_text(f"{lab['small_mib']}M")
    put(lab, TOP / "pair/glutton", ["sleep", "60"]).kill()


@oom_kill.wrong(
    "neighbour-gone",
    says="The glutton was killed, but in the neighbour's group nobody is left.",
    hints=("What starts in a cell with `!` ends with it. `subprocess.Popen` goes on.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _limited(lab)


@oom_kill.unlisted("the kill is there, under a limit of another size")
def _(lab: Lab) -> None:
    _limited(lab, mib=int(lab["small_mib"]) + 4)
    put(lab, TOP / "pair/neighbour", ["sleep", str(lab["seconds"])])


@oom_kill.right("the limit first, then the glutton")
def _(lab: Lab) -> None:
    _limited(lab)
    put(lab, TOP / "pair/neighbour", ["sleep", str(lab["seconds"])])


@oom_kill.right("the limit lowered below what is used already")
def _(lab: Lab) -> None:
    _pair(lab)
    put(lab, TOP / "pair/neighbour", ["sleep", str(lab["seconds"])])
    script = "(head -c 40M /dev/zero; echo; sleep 60) | tail -n 1"
    eater = put(lab, TOP / "pair/glutton", ["sh", "-c", script])
    used = TOP / "pair/glutton"
    while int(read(used, "memory.current")) < 36 << 20 and eater.poll() is None:
        pass
    (used / "memory.max").write_text(f"{lab['small_mib']}M")


def _pair(lab: Lab) -> None:
    start(lab)
    make("pair")
    (TOP / "pair/cgroup.subtree_control").write_text(CONTROLLERS)
    make("pair/glutton")
    make("pair/neighbour")


def _limited(lab: Lab, mib: int = 0) -> None:
    _pair(lab)
    glutton = TOP / "pair/glutton"
    (glutton / "memory.max").write_text(f"{mib or lab['small_mib']}M")
    (glutton / "memory.swap.max").write_text("0")
    put(lab, glutton, EATER).wait(60)
