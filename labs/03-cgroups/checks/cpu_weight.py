"""Task 4: two groups that share one CPU, one with more of it."""

from __future__ import annotations

import time
from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed

from .shared import BUSY, CONTROLLERS, TOP, is_there, make, put, read, shell, start, usage_us

_MEASURED_S = 0.6
"""Several turns of the scheduler, which are a few milliseconds long."""

_BUSY_US = 20_000


@check(
    "cpu-weight",
    title="Shares of a CPU that is wanted twice",
    points=3,
    requires=("cgroup-v2",),
    hints=(
        "A weight says nothing by itself: it counts beside the weights of its siblings, and only "
        "while they want the same CPU.",
        "Which CPUs a group may run on is the business of another controller. What is set for a "
        "group holds for those below it.",
    ),
)
def cpu_weight(lab: Lab) -> Verdict:
    """Reads the weights and CPUs of both groups, then measures by cpu.stat."""
    left, right, times = TOP / "market/left", TOP / "market/right", int(lab["times"])
    if not (left.is_dir() and right.is_dir()):
        return not_yet("no-groups", is_there(left), is_there(right))
    weights = [read(one, "cpu.weight") for one in (left, right)]
    cpus = {_cpus(one) for one in (left, right)}
    is_one = len(cpus) == 1 and min(cpus).isdigit()
    used = [usage_us(one) for one in (left, right)]
    time.sleep(_MEASURED_S)
    used = [usage_us(one) - before for one, before in zip((left, right), used, strict=True)]
    measured = used[0] / max(1, used[1])
    is_near, about = 0.6 * times < measured < 1.6 * times, f"about {times} : 1"
    ratio = _ratio(weights)
    evidence = (
        Evidence("weight of left : right", f"{times:g} : 1", ratio),
        Evidence("CPUs that both may use", "one", ", ".join(sorted(cpus)), is_one),
        Evidence("time of left : right", about, about if is_near else _told(used)),
    )  # fmt: skip
    if min(used) < _BUSY_US and evidence[0].agrees:
        return not_yet("idle", *evidence)
    if ratio == "1 : 1":
        return not_yet("equal", *evidence)
    if ratio == _ratio([1, times]):
        return not_yet("swapped", *evidence)
    if evidence[0].agrees and not is_one:
        return not_yet("two-cpus", *evidence)
    if all(row.agrees for row in evidence):
        return passed("Both want the CPU, and share it by their weights.", *evidence)
    return not_yet(OTHER, *evidence)


def _cpus(group: Path) -> str:
    """The CPUs of a group: its own, or those of the nearest above that has the controller."""
    found = (read(one, "cpuset.cpus.effective") for one in (group, *group.parents))
    return next(filter(None, found), "all")


def _ratio(weights: list[str] | list[int]) -> str:
    if not all(weights):
        return "no such file"
    return f"{int(weights[0]) / int(weights[1]):.3g} : 1"


def _told(used: list[int]) -> str:
    if min(used) < _BUSY_US:
        idle = [name for name, us in zip(("left", "right"), used, strict=True) if us < _BUSY_US]
        return f"{' and '.join(idle)} idle"
    return f"{used[0] / used[1]:.1f} : 1"


@cpu_weight.wrong("no-groups", says="The two groups are not both there.")
def _(lab: Lab) -> None:
    start(lab)
    make("market")


@cpu_weight.wrong("equal", says="Both groups have the same weight.")
def _(lab: Lab) -> None:
    _market(lab, 1)


@cpu_weight.wrong(
    "swapped",
    says="The weights are the wrong way round.",
    hints=("Who has the greater weight gets more.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _market(lab, 1)
    (TOP / "market/right/cpu.weight").write_text(str(100 * int(lab["times"])))


@cpu_weight.wrong(
    "two-cpus",
    says="The weights are right, but nobody has to share: there is a CPU for each.",
    hints=("Compare `cpuset.cpus.effective` of both groups with the number of CPUs (`nproc`).",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _market(lab, int(lab["times"]), cpus="0-1")


@cpu_weight.wrong(
    "idle",
    says="The weights are right, but not both groups are busy.",
    hints=("What nobody wants need not be shared. See what is in `cgroup.procs` of each.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _market(lab, int(lab["times"]), busy=("left",))


@cpu_weight.unlisted("a quota comes between")
def _(lab: Lab) -> None:
    _market(lab, int(lab["times"]))
    (TOP / "market/left/cpu.max").write_text("10000 100000")


@cpu_weight.right("the CPU set on the group above both")
def _(lab: Lab) -> None:
    _market(lab, int(lab["times"]))


@cpu_weight.right("a shell: the group above passes on no more than the CPU's time")
def _(lab: Lab) -> None:
    start(lab)
    shell(
        "mkdir market; echo 0 > market/cpuset.cpus; echo +cpu > market/cgroup.subtree_control; "
        f"mkdir market/left market/right; echo {lab['times']}00 > market/left/cpu.weight"
    )
    for side in ("left", "right"):
        put(lab, TOP / "market" / side, BUSY)


@cpu_weight.right("the CPU set on each, and the weight of the right one made small")
def _(lab: Lab) -> None:
    start(lab)
    make("market")
    (TOP / "market/cgroup.subtree_control").write_text(CONTROLLERS)
    for name, weight in (("left", 30 * int(lab["times"])), ("right", 30)):
        put(lab, make(f"market/{name}", cpuset__cpus="0", cpu__weight=weight), BUSY)


def _market(
    lab: Lab, times: int, cpus: str = "0", busy: tuple[str, ...] = ("left", "right")
) -> None:
    start(lab)
    make("market", cpuset__cpus=cpus)
    (TOP / "market/cgroup.subtree_control").write_text(CONTROLLERS)
    for name, weight in (("left", 100 * times), ("right", 100)):
        group = make(f"market/{name}", cpu__weight=weight)
        if name in busy:
            put(lab, group, BUSY)
