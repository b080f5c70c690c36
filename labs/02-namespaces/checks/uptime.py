"""Task 6: a process for which the machine started long ago."""

from __future__ import annotations

import sys
from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed

from .shared import AS_ROOT, own, wait_for_command, with_command

DAY_S = 86400


@check(
    "uptime",
    title="Up for a long time",
    points=2,
    requires=("time-namespaces",),
    hints=(
        "Two clocks can be moved. Which of them does `uptime` read?",
        "`unshare --help`: a time namespace has an option, and so has the offset of each clock. The "
        "offset is in seconds.",
    ),
)
def uptime(lab: Lab) -> Verdict:
    """Reads timens_offsets of ``sleep CLOCK``."""
    command, wanted = f"sleep {lab['clock']}", int(lab["days"]) * DAY_S
    sleepers = with_command(lab, command)
    if not sleepers:
        return not_yet("nothing", Evidence("a process", command, "none"))
    process = min(sleepers, key=lambda p: p.namespaces.get("time") == own("time"))
    offsets = _offsets(process.pid)
    rows = (
        Evidence("time namespace", "its own", _whose(process.namespaces.get("time", 0))),
        Evidence("offset of boottime, in seconds", str(wanted), str(offsets.get("boottime", 0))),
    )
    if process.namespaces.get("time") == own("time"):
        return not_yet("not-own", *rows)
    if all(row.agrees for row in rows):
        return passed(f"In there, the machine has been up for {lab['days']} days longer.", *rows)
    if offsets.get("boottime") == int(lab["days"]):
        return not_yet("seconds", *rows)
    if not offsets.get("boottime") and offsets.get("monotonic"):
        return not_yet("other-clock", *rows)
    return not_yet(OTHER, *rows)


def _offsets(pid: int) -> dict[str, int]:
    try:
        lines = Path(f"/proc/{pid}/timens_offsets").read_text().splitlines()
    except OSError:
        return {}
    return {words[0]: int(words[1]) for words in map(str.split, lines) if len(words) == 3}


def _whose(id: int) -> str:
    return "this machine's" if id == own("time") else "its own"


@uptime.wrong("nothing", says="No process with that command runs.")
def _(lab: Lab) -> None:
    return None


@uptime.wrong(
    "not-own",
    says="The command runs, with the clocks of this machine.",
    hints=("Of all kinds this is the youngest (Linux 5.6): `unshare --help` has it.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.spawn(["sleep", str(lab["clock"])])
    wait_for_command(f"sleep {lab['clock']}")


@uptime.wrong(
    "seconds",
    says="The clock is moved by the right number, in the wrong unit.",
    hints=("How many seconds has a day?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _start(lab, "--boottime", int(lab["days"]))


@uptime.wrong(
    "other-clock",
    says="A clock is moved, but not the one that counts from the start of the machine.",
    hints=("`/proc/PID/timens_offsets` names both clocks.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _start(lab, "--monotonic", int(lab["days"]) * DAY_S)


@uptime.unlisted("one day too many")
def _(lab: Lab) -> None:
    _start(lab, "--boottime", (int(lab["days"]) + 1) * DAY_S)


@uptime.right("with unshare")
def _(lab: Lab) -> None:
    _start(lab, "--boottime", int(lab["days"]) * DAY_S)


@uptime.right("from Python: unshare(2), then the file of the offsets, then a child")
def _(lab: Lab) -> None:
    code = (
        "import subprocess; from labkit.core import linux; linux.unshare(0x80); "
        f"open('/proc/self/timens_offsets', 'w').write('boottime {int(lab['days']) * DAY_S} 0'); "
        f"subprocess.run(['sleep', '{lab['clock']}'])"
    )
    lab.spawn([*(("unshare", *AS_ROOT) if AS_ROOT else ()), sys.executable, "-c", code])
    wait_for_command(f"sleep {lab['clock']}", is_in_new="time")


def _start(lab: Lab, option: str, seconds: int) -> None:
    argv = ["unshare", *AS_ROOT, "--time", option, str(seconds), "--fork", "--kill-child"]
    lab.spawn([*argv, "sleep", str(lab["clock"])])
    wait_for_command(f"sleep {lab['clock']}", is_in_new="time")
