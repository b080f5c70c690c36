"""Task 1: a process that is PID 1, on a hostname of its own."""

from __future__ import annotations

import os

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import HostProcess, processes

from .shared import UNSHARE, command_of, wait_for

OWN_HOSTNAME = os.uname().nodename


@check(
    "pid-one",
    title="A process that thinks it is alone",
    points=2,
    requires=("sandbox",),
    hints=(
        "A container is a process with namespaces of its own. Which kind gives it PID 1, and which "
        "one a hostname?",
        "The command that you hand to a new container becomes its PID 1. Hand it the right one, "
        "without a shell around it.",
    ),
)
def pid_one(lab: Lab) -> Verdict:
    """Looks for `sleep SECONDS`, for its PID in its own namespace, and for its hostname."""
    wanted, hostname = f"sleep {lab['seconds']}", str(lab["hostname"])
    hostnames = {contained.pid: contained.hostname for contained in lab.containers()}
    sleepers = [p for p in lab.processes() if command_of(p) == wanted and p.state != "Z"]
    for sleeper in sorted(sleepers, key=lambda p: (p.pid in hostnames, len(p.nspid))):
        if len(sleeper.nspid) == 1:
            verdict = not_yet("on-the-host", *_seen(wanted, hostname, 1, OWN_HOSTNAME, sleeper))
        elif sleeper.nspid[-1] != 1:
            verdict = not_yet("not-first", *_seen(wanted, hostname, 1, "", sleeper))
        elif hostnames.get(sleeper.pid) != hostname:
            seen = hostnames.get(sleeper.pid, "")
            verdict = not_yet("wrong-hostname", *_seen(wanted, hostname, 1, seen, sleeper))
        else:
            return passed(
                f"{wanted} is PID 1 on {hostname}, and out here a process like any other.",
                *_seen(wanted, hostname, 1, hostname, sleeper),
            )
    if sleepers:
        return verdict
    for contained in lab.containers():
        if contained.hostname == hostname:
            return not_yet(
                OTHER,
                Evidence("hostname", hostname, hostname),
                Evidence("its PID 1", wanted, command_of(contained.process)),
            )
    return not_yet("nothing", Evidence("a process", wanted, "none"))


def _seen(
    wanted: str, hostname: str, pid: int, its_hostname: str, process: HostProcess
) -> tuple[Evidence, ...]:
    rows = (
        Evidence("command", wanted, command_of(process)),
        Evidence("its own PID", str(pid), str(process.nspid[-1])),
    )
    return (*rows, Evidence("hostname", hostname, its_hostname)) if its_hostname else rows


@pid_one.wrong(
    "nothing",
    says="No process with that command runs. If you did start it, it has ended again.",
    hints=("Compare the command of your process with your value of `seconds`: `ps -ef` shows it.",),
)
def _(lab: Lab) -> None:
    lab.sandbox(hostname=lab["hostname"]).run(["sleep", "0"])


@pid_one.wrong(
    "on-the-host",
    says="The command runs, but among the processes of this machine: it sees them all, and none of "
    "its numbers is 1.",
    hints=("A process stays in the namespaces of its parent unless it is started in new ones.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.spawn(["sleep", str(lab["seconds"])])


@pid_one.wrong(
    "not-first",
    says="The command runs in a container, but something else is PID 1 there.",
    hints=(
        "What did you start first in the container: the command itself, or a shell, or another?",
    ),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.sandbox(hostname=lab["hostname"]).start(["sh", "-c", f"sleep {lab['seconds']}; true"])
    wait_for(lambda: any(command_of(p) == f"sleep {lab['seconds']}" for p in processes()))


@pid_one.wrong(
    "wrong-hostname",
    says="The command is PID 1 of a container, but the container goes by another hostname.",
    hints=("A name for the sandbox is labkit's affair. The hostname is the kernel's: `hostname`.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    lab.sandbox(hostname="somebody-else").start(["sleep", str(lab["seconds"])])


@pid_one.unlisted("a container with the right hostname that sleeps for another time")
def _(lab: Lab) -> None:
    lab.sandbox(hostname=lab["hostname"]).start(["sleep", "12"])


@pid_one.right("with util-linux's unshare, from a shell")
def _(lab: Lab) -> None:
    script = f"hostname {lab['hostname']}; exec sleep {lab['seconds']}"
    lab.spawn([*UNSHARE, "--uts", "sh", "-c", script])
    wait_for(lambda: any(command_of(p) == f"sleep {lab['seconds']}" for p in processes()))


@pid_one.right("Sandbox, started by a shell that gives way to the command (exec)")
def _(lab: Lab) -> None:
    box = lab.sandbox(hostname=lab["hostname"])
    box.start(["sh", "-c", f"exec sleep {lab['seconds']}"])
    wait_for(lambda: any(command_of(p) == f"sleep {lab['seconds']}" for p in processes()))
