"""Task 6: a part of the tree given to a user."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed

from .shared import TOP, is_there, make, shell, start

_GIVEN = ("cgroup.procs", "cgroup.subtree_control")
"""With the folder itself: what a user needs to make groups below, and to fill them."""

_KEPT = ("memory.max", "cpu.max", "pids.max")
"""Limits of the group itself belong to whoever gave it."""


@check(
    "delegate",
    title="Give a part of the tree away",
    points=3,
    requires=("cgroup-v2",),
    hints=(
        "A group belongs to whoever its folder and its files belong to, as everywhere in Unix.",
        "The kernel lists in `/sys/kernel/cgroup/delegate` which files go along. Which of the "
        "others should surely not?",
    ),
)
def delegate(lab: Lab) -> Verdict:
    """Looks whose folder and files are, and lets that user make a group below."""
    studio, uid = TOP / "studio", int(lab["uid"])
    if not studio.is_dir():
        return not_yet("no-group", is_there(studio))
    folder, given = _owner(studio), {name: _owner(studio / name) for name in _GIVEN}
    kept = {name: _owner(studio / name) for name in _KEPT}
    works = _may_make_groups(studio, uid)
    evidence = (
        Evidence("owner of studio", uid, folder),
        *(Evidence(f"owner of {name}", uid, owner) for name, owner in given.items()),
        *(Evidence(f"owner of {name}", "0 (root)", _named(owner)) for name, owner in kept.items()),
        Evidence(f"user {uid} makes a group below", "yes", "yes" if works else "no"),
    )
    if all(row.agrees for row in evidence):
        return passed("This user is master below it, and cannot lift its limits.", *evidence)
    owners = {folder, *given.values()}
    if owners == {uid} and uid in kept.values():
        return not_yet("too-much", *evidence)
    if folder == uid and set(given.values()) == {0}:
        return not_yet("folder-only", *evidence)
    if owners == {0}:
        return not_yet("not-given", *evidence)
    if uid not in owners:
        return not_yet("another-user", *evidence)
    return not_yet(OTHER, *evidence)


def _owner(path: Path) -> int:
    return path.stat().st_uid if path.exists() else -1


def _named(owner: int) -> str:
    return {0: "0 (root)", -1: "no such file"}.get(owner, str(owner))


def _may_make_groups(group: Path, uid: int) -> bool:
    proof = group / "proof"
    command = ["sh", "-c", 'mkdir "$0" && rmdir "$0"', str(proof)]
    done = subprocess.run(
        command, user=uid, group=uid, extra_groups=[], cwd="/", check=False, capture_output=True
    )
    return done.returncode == 0


@delegate.wrong("no-group", says="There is no group `studio`.")
def _(lab: Lab) -> None:
    start(lab)


@delegate.wrong("not-given", says="The group still belongs to root, and so does all in it.")
def _(lab: Lab) -> None:
    start(lab)
    make("studio")


@delegate.wrong(
    "another-user",
    says="The group has been given away, to somebody else.",
    hints=("A user is known by a number here; no name has to stand in /etc/passwd for it.",),
)
def _(lab: Lab) -> None:
    _give(lab, int(lab["uid"]) + 1, ".", *_GIVEN)


@delegate.wrong(
    "folder-only",
    says="The user can make groups below, and can bring no process into any of them, for the "
    "files in `studio` are still root's.",
    hints=("Look at the owners: `ls -l`. Moving a process is writing into a file.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _give(lab, int(lab["uid"]), ".")


@delegate.wrong(
    "too-much",
    says="The user got the limits of the group as well, and can lift them.",
    hints=("`-R` means everything. Limits *of* a group belong to the one above it.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    start(lab)
    make("studio")
    shell(f"chown -R {lab['uid']} studio")


@delegate.unlisted("one of the files is missing")
def _(lab: Lab) -> None:
    _give(lab, int(lab["uid"]), ".", "cgroup.procs")


@delegate.right("a shell: chown of the folder and of its files")
def _(lab: Lab) -> None:
    _give(lab, int(lab["uid"]), ".", *_GIVEN)


@delegate.right("Python: what the kernel's own list names")
def _(lab: Lab) -> None:
    start(lab)
    studio, uid = make("studio"), int(lab["uid"])
    os.chown(studio, uid, uid)
    for name in Path("/sys/kernel/cgroup/delegate").read_text().split():
        if (studio / name).exists():
            os.chown(studio / name, uid, uid)


def _give(lab: Lab, uid: int, *names: str) -> None:
    start(lab)
    make("studio")
    shell(f"cd studio; chown {uid} {' '.join(names)}")
