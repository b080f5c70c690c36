"""Task 3: a busy process that gets a part of one CPU."""

from __future__ import annotations

import time
from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed

from .shared import BUSY, TOP, counts, is_there, make, put, read, shell, start, wait_for

_PERIODS = 5
"""Periods that are measured, as long as they are set."""

_BEGINS_WITHIN_S, _LONGEST_S = 2.0, 4.0

_OVER = 1.4
"""Of its quota: a measurement that begins and ends within a period finds up to a quota more."""

_IDLE = 2
"""Percent of a CPU: who uses less than this is not busy."""

_STARVED = 0.6
"""Of its quota: who gets less than this while the group above has to wait, gets it from above."""


@check(
    "cpu-quota",
    title="A part of one CPU",
    points=3,
    requires=("cgroup-v2",),
    hints=(
        "The file takes two numbers, in microseconds: how much of each period may be used, and how "
        "long a period is.",
        "`cpu.stat` counts: the time that was used, the periods, and those in which somebody had "
        "to wait (`nr_throttled`).",
    ),
)
def cpu_quota(lab: Lab) -> Verdict:
    """Reads cpu.max, then measures: CPU time used in each period, by cpu.stat."""
    mill, wanted = TOP / "mill", int(lab["percent"])
    if not mill.is_dir():
        return not_yet("no-group", is_there(mill))
    quota, _, period = read(mill, "cpu.max").partition(" ")
    share = f"{100 * int(quota) / int(period):.4g} %" if quota.isdigit() else quota
    rule = Evidence("share of one CPU, by cpu.max", f"{wanted} %", share or "no such file")
    if not quota:
        return not_yet("no-controller", rule)
    if quota == "max":
        return not_yet("no-quota", rule)
    bound = _OVER * wanted
    used, throttled, above = _measure(mill, int(period) / 1e6, bound)
    most = f"at most about {wanted} %"  # on a busy machine, there may be less for it than its quota
    evidence = (
        rule,
        Evidence("share that it used", most, most if used <= bound else f"{used:.0f} %"),
        Evidence("periods in which it had to wait", "some", "some" if throttled else "none"),
    )
    if not rule.agrees:
        return not_yet("wrong-quota", *evidence)
    if above and used < _STARVED * wanted:
        waits = Evidence(f"periods in which all of {TOP.name} had to wait", "none", str(above))
        return not_yet(OTHER, *evidence, waits)
    if used < _IDLE:
        busy = Evidence("share that a busy process uses", f"over {_IDLE} %", f"{used:.1f} %")
        return not_yet("idle", *evidence, busy)
    if all(row.agrees for row in evidence):
        return passed("It wants a whole CPU, and gets its part.", *evidence)
    return not_yet(OTHER, *evidence)


def _measure(group: Path, period_s: float, most: float) -> tuple[float, int, int]:
    """Percent of one CPU that a group used, and in how many periods it, and the group above it, was
    throttled. Whose share is strange is measured for longer: what the kernel noticed too late, it
    takes back in the next periods.
    """
    above, before = counts(TOP, "cpu.stat"), _await_use(group)
    began, used, took_s, throttled = time.monotonic(), 0.0, 0.0, 0
    while took_s < _PERIODS * period_s or used > most or (used < _IDLE and throttled):
        if took_s > _LONGEST_S:
            break
        time.sleep(0.1)
        now, took_s = counts(group, "cpu.stat"), time.monotonic() - began
        used = 100 * (now["usage_usec"] - before["usage_usec"]) / (took_s * 1e6)
        throttled = now["nr_throttled"] - before["nr_throttled"]
    throttled_above = counts(TOP, "cpu.stat").get("nr_throttled", 0) - above.get("nr_throttled", 0)
    return used, throttled, throttled_above


def _await_use(group: Path) -> dict[str, int]:
    """The counts, when somebody has begun to use the CPU: a process that was just started may not."""
    first, began = counts(group, "cpu.stat"), time.monotonic()
    while (now := counts(group, "cpu.stat"))["usage_usec"] == first["usage_usec"]:
        if time.monotonic() - began > _BEGINS_WITHIN_S:
            break
        time.sleep(0.02)
    return now


@cpu_quota.wrong("no-group", says="There is no group `mill`.")
def _(lab: Lab) -> None:
    start(lab)


@cpu_quota.wrong(
    "no-controller",
    says="The group is there, but it has no file that limits CPU time.",
    hints=("Which controllers does the group above pass on? `cat cgroup.subtree_control` there.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    (TOP / "cgroup.subtree_control").write_text("-cpu")
    put(lab, make("mill"), BUSY)


@cpu_quota.wrong("no-quota", says="The group may use all CPUs, as much as it likes.")
def _(lab: Lab) -> None:
    start(lab)
    put(lab, make("mill"), BUSY)


@cpu_quota.wrong(
    "wrong-quota",
    says="The group has a quota, of another share.",
    hints=("Divide the first number by the second.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    put(lab, make("mill", cpu__max=f"{lab['percent']}00 100000"), BUSY)


@cpu_quota.wrong(
    "idle",
    says="The quota is right, but nobody in the group uses the CPU.",
    hints=("Is your process still there, and is it in this group? `cat cgroup.procs`.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    sleeper = put(lab, make("mill", cpu__max=f"{lab['percent']}000 100000"), ["sleep", "600"])
    status = Path(f"/proc/{sleeper.pid}/status")  # to begin with, it needs the CPU, too
    wait_for(lambda: "S (sleeping)" in status.read_text())


@cpu_quota.unlisted("the group above has still less")
def _(lab: Lab) -> None:
    start(lab)
    (TOP / "cpu.max").write_text("5000 100000")
    put(lab, make("mill", cpu__max=f"{lab['percent']}000 100000"), BUSY)


@cpu_quota.right("a shell: the quota alone, the period as it is")
def _(lab: Lab) -> None:
    start(lab)
    shell(f"mkdir mill; echo {lab['percent']}000 > mill/cpu.max")
    put(lab, TOP / "mill", BUSY)


@cpu_quota.right("Python: another period, two busy processes")
def _(lab: Lab) -> None:
    start(lab)
    mill = make("mill", cpu__max=f"{int(lab['percent']) * 500} 50000")
    put(lab, mill, BUSY)
    put(lab, mill, BUSY)
