"""Task 1: a group with a limit on memory, and a process in it."""

from __future__ import annotations

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed

from .shared import TOP, is_there, make, members, put, read, shell, size, start


@check(
    "memory-limit",
    title="Give a process a limit",
    points=2,
    requires=("cgroup-v2",),
    hints=(
        "A group is a folder. The kernel fills it with files: what a group may use, what it uses, "
        "and who is in it.",
        "One file of the group takes a number of bytes (a suffix such as M is understood), another "
        "one takes the PID of a process. A shell's own PID is `$$`, and `exec` keeps it.",
    ),
)
def memory_limit(lab: Lab) -> Verdict:
    """Reads memory.max and cgroup.procs of the learner's group."""
    group, wanted = TOP / str(lab["group"]), f"sleep {lab['seconds']}"
    if not group.is_dir():
        return not_yet("no-group", is_there(group))
    limit, inside = read(group, "memory.max"), members(group)
    evidence = (
        Evidence("memory.max", f"{lab['memory_mib']} MiB", size(limit)),
        Evidence("processes in the group", wanted, ", ".join(inside) or "none"),
    )
    if not limit:
        return not_yet("no-controller", *evidence)
    if limit == "max":
        return not_yet("unlimited", *evidence)
    if not evidence[0].agrees:
        return not_yet("wrong-size", *evidence)
    if not inside:
        return not_yet("empty", *evidence)
    if inside == [wanted]:
        return passed("The kernel holds this process to its limit.", *evidence)
    return not_yet(OTHER, *evidence)


@memory_limit.wrong("no-group", says="There is no group of that name below `lab`.")
def _(lab: Lab) -> None:
    start(lab)


@memory_limit.wrong(
    "no-controller",
    says="The group is there, but it has no file that limits memory.",
    hints=("A group has the files of those controllers that the group *above* it passes on.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    (TOP / "cgroup.subtree_control").write_text("-memory")
    put(lab, make(str(lab["group"])), ["sleep", str(lab["seconds"])])


@memory_limit.wrong("unlimited", says="The group may still use as much memory as there is.")
def _(lab: Lab) -> None:
    start(lab)
    put(lab, make(str(lab["group"])), ["sleep", str(lab["seconds"])])


@memory_limit.wrong(
    "wrong-size",
    says="The group has a limit of another size.",
    hints=(
        "A plain number is bytes. The kernel's M is 1024 × 1024, and it rounds down to whole pages.",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    group = make(str(lab["group"]))
    put(lab, group, ["sleep", str(lab["seconds"])])
    (group / "memory.max").write_text(f"{lab['memory_mib']}000000")


@memory_limit.wrong(
    "empty",
    says="The group has its limit, and nobody is in it.",
    hints=(
        "`cat /proc/PID/cgroup` tells where a process is. It goes where it is sent, or where "
        "its parent was when it was born.",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    make(str(lab["group"]), memory__max=f"{lab['memory_mib']}M")
    lab.spawn(["sleep", str(lab["seconds"])])


@memory_limit.unlisted("another process is in the group")
def _(lab: Lab) -> None:
    start(lab)
    put(lab, make(str(lab["group"]), memory__max=f"{lab['memory_mib']}M"), ["sleep", "60"])


@memory_limit.right("a shell: mkdir, echo, and a process that is moved")
def _(lab: Lab) -> None:
    start(lab)
    sleeper = lab.spawn(["sleep", str(lab["seconds"])])
    name, mib = lab["group"], lab["memory_mib"]
    shell(
        f"mkdir {name}; echo {mib}M > {name}/memory.max; echo {sleeper.pid} > {name}/cgroup.procs"
    )


@memory_limit.right("Python: the number in bytes, and a process that is born in the group")
def _(lab: Lab) -> None:
    start(lab)
    group = make(str(lab["group"]), memory__max=int(lab["memory_mib"]) << 20)
    put(lab, group, ["sleep", str(lab["seconds"])])
