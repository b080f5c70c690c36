"""Task 6: every wall stands, by the judgement that counts for labkit's own sandboxes too."""

from __future__ import annotations

from labkit.grading import OTHER, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import walls

from .shared import NO_POWER, OWN_PROC, build, find, grouped, nothing, rows

ALL_KINDS = "pid uts mount net ipc cgroup"
_STATES = {
    "network": "network",
    "memory": "limits",
    "number of processes": "limits",
    "powers": "powers",
    "no new privileges": "privileges",
}
"""The wall that is told first, of those that are open, and the state that it stands for."""


@check(
    "every-wall",
    title="Every wall",
    points=4,
    requires=("sandbox", "base-image", "limits"),
    hints=(
        '`walls_view({"mine": walls(PID)})` shows which are open, and what each would keep.',
        "Two kinds of namespace are flags, as in task 1. The rest is what the lab's step 8 does, "
        "and where it does it: after everything that needs power.",
    ),
)
def every_wall(lab: Lab) -> Verdict:
    """Judges all walls of the container."""
    process = find(lab, str(lab["last"]))
    if process is None:
        return not_yet("nothing", nothing(lab, str(lab["last"])))
    judged = walls(process.pid)
    evidence = rows(judged)
    missing = {wall.name for wall in judged.missing}
    if not missing:
        return passed("A container by every measure that labkit has for its own.", *evidence)
    if missing <= {*_STATES, "messages", "cgroup names"}:
        for name, state in _STATES.items():
            if name in missing:
                return not_yet(state, *evidence)
    return not_yet(OTHER, *evidence)


@every_wall.wrong("nothing", says="No container with that hostname runs that command.")
def _(lab: Lab) -> None:
    _build(lab, hostname="elsewhere")


@every_wall.wrong(
    "network",
    says="The container is on the machine's own network, and reaches all that listens on its "
    "localhost.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, kinds="pid uts mount cgroup", last="")


@every_wall.wrong(
    "limits",
    says="The namespaces are there. What the container may use has no limit.",
    hints=("Task 4 has brought the options, and the group. Were they given this time?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, before=" ")


@every_wall.wrong(
    "powers",
    says="All walls but one stand, and whoever is root in there can take them down again: root has "
    "kept its powers.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, last="/bin/busybox setpriv --nnp")


@every_wall.wrong(
    "privileges",
    says="The powers are gone, but nothing keeps a program from bringing some back: the promise of "
    "`no_new_privs` has not been made.",
    near_miss=True,
)
def _(lab: Lab) -> None:
    _build(lab, last="/bin/busybox unshare -U")


@every_wall.unlisted("a /proc that can be written, and every other wall")
def _(lab: Lab) -> None:
    _build(lab, proc=OWN_PROC.replace("-o ro,", "-o "))


@every_wall.right("in a shell: unshare, pivot_root, setpriv, and root that has become nobody")
def _(lab: Lab) -> None:
    _build(lab)


@every_wall.right("in Python, with a sandbox of labkit's")
def _(lab: Lab) -> None:
    box = lab.sandbox(hostname=lab["last"], limits={"memory.max": "64M", "pids.max": 20})
    box.start(["sleep", str(lab["seconds"])])


def _build(lab: Lab, hostname: object = None, before: str = "", **pieces: str) -> None:
    limits = {"memory.max": 32 * 1024**2, "pids.max": 20}
    build(
        lab,
        hostname or lab["last"],
        before=before or grouped(lab, limits),
        **{"kinds": ALL_KINDS, "last": NO_POWER, **pieces},
    )
