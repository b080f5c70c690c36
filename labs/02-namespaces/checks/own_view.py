"""Task 1: a process whose ``ps`` shows nothing but itself."""

from __future__ import annotations

import os
from pathlib import Path

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import HostProcess

from .shared import AS_ROOT, own, wait_for_command, with_command

_PID = ("unshare", *AS_ROOT, "--pid", "--fork", "--kill-child")


@check(
    "own-view",
    title="Alone in the world",
    points=2,
    requires=("sandbox",),
    hints=(
        "Three kinds are needed: one for the numbers, one for the name, and one for a file system "
        "that is mounted anew.",
        "`ps` reads files. Which folder does it read, and in whose PID namespace was that mounted?",
    ),
)
def own_view(lab: Lab) -> Verdict:
    """Looks at the namespaces of ``sleep ALONE`` and at the /proc that it would read itself."""
    command, hostname = f"sleep {lab['alone']}", str(lab["hostname"])
    sleepers = with_command(lab, command)
    if not sleepers:
        return not_yet("nothing", Evidence("a process", command, "none"))
    process = sleepers[0]
    sees, name = _processes_seen_by(process), _hostname_of(lab, process)
    rows = (
        Evidence("its own PID", "1", str(process.nspid[-1])),
        Evidence("processes in its /proc", "1", str(sees)),
        Evidence("hostname", hostname, name),
    )
    if process.namespaces.get("pid") == own("pid"):
        return not_yet("on-the-host", *rows)
    if process.nspid[-1] == 1 and process.namespaces.get("mnt") == own("mnt"):
        return not_yet("same-mounts", *rows)
    if process.nspid[-1] == 1 and sees > 1:
        return not_yet("old-proc", *rows)
    if process.nspid[-1] == 1 and sees == 1 and name != hostname:
        return not_yet("hostname", *rows)
    if all(row.agrees for row in rows):
        return passed("For this process the world is one process large: itself.", *rows)
    return not_yet(OTHER, *rows)


def _processes_seen_by(process: HostProcess) -> int:
    folder = Path(f"/proc/{process.pid}/root/proc")
    try:
        return sum(name.isdigit() for name in os.listdir(folder))
    except OSError:
        return 0


def _hostname_of(lab: Lab, process: HostProcess) -> str:
    if process.namespaces.get("uts") == own("uts"):
        return os.uname().nodename
    return next((c.hostname for c in lab.containers() if c.pid == process.pid), "unknown")


@own_view.wrong(
    "nothing",
    says="No process with that command runs. If one did, it has ended.",
    hints=("What is to go on running cannot begin with `!`: use a terminal, or `start`.",),
)
def _(lab: Lab) -> None:
    lab.sandbox(hostname=lab["hostname"]).run(["sleep", "0"])


@own_view.wrong(
    "on-the-host",
    says="The command runs, and sees every process of this machine: it has no PID namespace of its own.",
    hints=("`unshare` runs a command in new namespaces; each kind has an option.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    script = f"hostname {lab['hostname']}; exec sleep {lab['alone']}"
    lab.spawn(["unshare", *AS_ROOT, "--uts", "sh", "-c", script])
    wait_for_command(f"sleep {lab['alone']}")


@own_view.wrong(
    "same-mounts",
    says="The command is PID 1, but its mounts are this machine's, and so is the /proc that its `ps` "
    "would read.",
    hints=(
        "Run `ps` in the same way as the command, and count the lines. Where do they come from?",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.spawn([*_PID, "sleep", str(lab["alone"])])
    wait_for_command(f"sleep {lab['alone']}", is_in_new="pid")


@own_view.wrong(
    "old-proc",
    says="The command has mounts of its own, but /proc among them is a copy of this machine's.",
    hints=("A new mount namespace begins as a copy. What is to differ has to be mounted in it.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.spawn([*_PID, "--mount", "sleep", str(lab["alone"])])
    wait_for_command(f"sleep {lab['alone']}", is_in_new="pid")


@own_view.wrong(
    "hostname",
    says="The command is alone in its /proc, but goes by another hostname.",
    hints=("A hostname that is set in a UTS namespace is set there only. Who sets it, and when?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.spawn([*_PID, "--mount-proc", "--uts", "sleep", str(lab["alone"])])
    wait_for_command(f"sleep {lab['alone']}", is_in_new="pid")


@own_view.unlisted("a shell is PID 1, and the command its child")
def _(lab: Lab) -> None:
    box = lab.sandbox(hostname=lab["hostname"])
    box.start(["sh", "-c", f"sleep {lab['alone']}; true"])
    wait_for_command(f"sleep {lab['alone']}")


@own_view.right("with unshare, in a shell that gives way")
def _(lab: Lab) -> None:
    script = f"hostname {lab['hostname']}; exec sleep {lab['alone']}"
    lab.spawn([*_PID, "--mount-proc", "--uts", "sh", "-c", script])
    wait_for_command(f"sleep {lab['alone']}", is_in_new="pid")


@own_view.right("with labkit's Sandbox")
def _(lab: Lab) -> None:
    lab.sandbox(hostname=lab["hostname"]).start(["sleep", str(lab["alone"])])
    wait_for_command(f"sleep {lab['alone']}", is_in_new="pid")
