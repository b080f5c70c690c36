"""Task 5: a fork bomb in a cage."""

from __future__ import annotations

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed

from .shared import TOP, counts, is_there, make, put, read, shell, start, wait_for

BOMB = "for n in $(seq 60); do sleep 300 & done"
"""A tame one: it stops after 60."""


@check(
    "fork-bomb",
    title="A fork bomb in a cage",
    points=2,
    requires=("cgroup-v2",),
    hints=(
        "A process and a thread each take one of the kernel's places. How many a group may have is "
        "the business of one controller.",
        "What was refused is counted, too. The file's name ends in `.events`.",
    ),
)
def fork_bomb(lab: Lab) -> Verdict:
    """Reads pids.max, pids.current and pids.events of the cage."""
    cage, wanted = TOP / "cage", str(lab["processes"])
    if not cage.is_dir():
        return not_yet("no-cage", is_there(cage))
    limit, there = read(cage, "pids.max"), read(cage, "pids.current")
    refused = counts(cage, "pids.events").get("max", 0)
    fits = not limit.isdigit() or int(there) <= int(limit)
    evidence = (
        Evidence("pids.max", wanted, limit or "no such file"),
        Evidence("processes there", f"at most {wanted}", there or "no such file", fits),
        Evidence("forks refused", "at least 1", str(refused), refused > 0),
    )
    if limit in ("", "max"):
        return not_yet("no-limit", *evidence)
    if limit == wanted and not fits:
        return not_yet("too-late", *evidence)
    if limit == wanted and not refused:
        return not_yet("not-tried", *evidence)
    if all(row.agrees for row in evidence):
        return passed("It grew to its limit, and no further.", *evidence)
    return not_yet(OTHER, *evidence)


@fork_bomb.wrong("no-cage", says="There is no group `cage`.")
def _(lab: Lab) -> None:
    start(lab)


@fork_bomb.wrong("no-limit", says="The cage is open: as many processes as they like may be in it.")
def _(lab: Lab) -> None:
    start(lab)
    put(lab, make("cage"), ["sleep", "300"])


@fork_bomb.wrong(
    "too-late",
    says="The limit is there, and more processes than that are inside: it came too late.",
    hints=("The limit refuses new ones. It ends none of those that are there: who does?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    put(lab, make("cage"), ["sh", "-c", f"{BOMB}; sleep 300"])
    wait_for(lambda: int(read(TOP / "cage", "pids.current")) > 50)
    (TOP / "cage/pids.max").write_text(str(lab["processes"]))


@fork_bomb.wrong(
    "not-tried",
    says="The cage is closed, but nobody has run against its bars yet.",
    hints=("Where did the bomb go off? `cat /proc/PID/cgroup` of one of its processes says so.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    put(lab, make("cage", pids__max=lab["processes"]), ["sleep", "300"])


@fork_bomb.unlisted("a limit of another size, that held")
def _(lab: Lab) -> None:
    start(lab)
    make("cage", pids__max=int(lab["processes"]) + 5)
    _explode(lab)


@fork_bomb.right("a shell that goes in, and explodes there")
def _(lab: Lab) -> None:
    start(lab)
    shell(f"mkdir cage; echo {lab['processes']} > cage/pids.max")
    _explode(lab)


@fork_bomb.right("the cage after the bomb has been killed")
def _(lab: Lab) -> None:
    start(lab)
    make("cage", pids__max=lab["processes"])
    _explode(lab)
    (TOP / "cage/cgroup.kill").write_text("1")
    wait_for(lambda: read(TOP / "cage", "pids.current") == "0")


def _explode(lab: Lab) -> None:
    put(lab, TOP / "cage", ["sh", "-c", BOMB]).wait(30)
    wait_for(lambda: counts(TOP / "cage", "pids.events").get("max", 0) > 0)
