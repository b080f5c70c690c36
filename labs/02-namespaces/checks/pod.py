"""Task 4: a process that shares a container's network, and nothing else: what a pod is."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from labkit.grading import OTHER, Evidence, Lab, Verdict, check, not_yet, passed
from labkit.sandbox import HostProcess, Sandbox

from .shared import own, wait_for_command, with_command

APART = ("pid", "mnt", "uts", "ipc")


@check(
    "pod",
    title="Two in one network",
    points=3,
    requires=("sandbox",),
    hints=(
        "A running process can be joined, one kind of namespace at a time: each has its option.",
        "`ls -l /proc/PID/ns` of both: the numbers in brackets that are equal are what they share.",
    ),
)
def pod(lab: Lab) -> Verdict:
    """Compares the namespaces of ``sleep SIDECAR`` with those of the container ``app``."""
    command = f"sleep {lab['sidecar']}"
    # One of each notebook that is open.
    apps = [box.pid for box in lab.running() if box.hostname == "app"]
    homes = [p.namespaces for p in lab.processes() if p.pid in apps]
    if not homes:
        return not_yet("no-app", Evidence("container app", "running", "not running"))
    sleepers = with_command(lab, command)
    if not sleepers:
        return not_yet("nothing", Evidence("a process", command, "none"))
    pairs = [(_shared(p, home), p) for p in sleepers for home in homes]
    shared, process = min(pairs, key=lambda pair: (pair[0] != ["net"], -len(pair[0])))
    rows = (Evidence("shares with app", "net", " ".join(shared) or "nothing"),)
    if shared == ["net"]:
        return passed("One network, two worlds of processes and files: that is a pod.", *rows)
    if "net" in shared:
        return not_yet("too-much", *rows)
    if process.namespaces.get("net") == own("net"):
        return not_yet("outside", *rows)
    return not_yet("own-network" if not shared else OTHER, *rows)


def _shared(process: HostProcess, home: Mapping[str, int]) -> list[str]:
    kinds = ("net", *APART)
    return [kind for kind in kinds if process.namespaces.get(kind) == home.get(kind)]


@pod.wrong(
    "no-app",
    says="The container `app` does not run.",
    hints=("The cell above the task starts it: run it again.",),
)
def _(lab: Lab) -> None:
    return None


@pod.wrong("nothing", says="The container `app` runs; no process with the command asked for does.")
def _(lab: Lab) -> None:
    _app(lab)


@pod.wrong(
    "outside",
    says="The command runs, but in this machine's network.",
    hints=("`nsenter` joins the namespaces of a process that runs. Which process is meant here?",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _app(lab)
    lab.spawn(["sleep", str(lab["sidecar"])])
    wait_for_command(f"sleep {lab['sidecar']}")


@pod.wrong(
    "own-network",
    says="The command runs in a network namespace, but that is another one than the container's.",
    hints=("A new namespace is always empty. To share one, join the one that is there.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _app(lab)
    lab.sandbox().start(["sleep", str(lab["sidecar"])])
    wait_for_command(f"sleep {lab['sidecar']}")


@pod.wrong(
    "too-much",
    says="The command shares the container's network, and more of it than that.",
    hints=("Whoever asks for all kinds, or runs a command *in* the container, gets all of them.",),
    near_miss=True,
)
def _(lab: Lab) -> None:
    _app(lab).terminal(["sleep", str(lab["sidecar"])])
    wait_for_command(f"sleep {lab['sidecar']}")


@pod.unlisted("it shares the hostname, and not the network")
def _(lab: Lab) -> None:
    app = _app(lab)
    inner = ["unshare", "--net", "sleep", str(lab["sidecar"])]
    lab.spawn(["nsenter", *_user(), "--target", str(app.pid), "--uts", *inner])
    wait_for_command(f"sleep {lab['sidecar']}", is_in_new="net")


@pod.right("with nsenter: the network, and nothing else")
def _(lab: Lab) -> None:
    _join(lab, [])


@pod.right("with nsenter, and new namespaces of the other kinds around it")
def _(lab: Lab) -> None:
    _join(lab, ["unshare", "--mount", "--uts", "--ipc"])


@pod.right("beside another container of that name, another notebook's")
def _(lab: Lab) -> None:
    _app(lab)
    _join(lab, [])
    _app(lab)


@pod.right("asked while it is on its way there")
def _(lab: Lab) -> None:
    sleep = ["sleep", str(lab["sidecar"])]
    join = ["nsenter", *_user(), "--target", str(_app(lab).pid), "--net", *sleep]
    lab.spawn(["sh", "-c", f"sleep 0.3; exec {' '.join(join)}"])


@pod.right("from Python: setns(2) on the file of the namespace, then the command")
def _(lab: Lab) -> None:
    target, sleep = _app(lab).pid, ["sleep", str(lab["sidecar"])]
    kinds = ["net"] if os.geteuid() == 0 else ["user", "net"]
    code = (
        "import os; from labkit.core import linux\n"
        f"for file in [os.open(f'/proc/{target}/ns/{{kind}}', os.O_RDONLY) for kind in {kinds}]:\n"
        "    linux.setns(file, 0)\n"
        f"os.execvp('sleep', {sleep})"
    )
    lab.spawn([sys.executable, "-c", code])
    wait_for_command(f"sleep {lab['sidecar']}", is_in_new="net")


def _app(lab: Lab) -> Sandbox:
    return lab.sandbox(hostname="app").start(["sleep", "7100"])


def _join(lab: Lab, around: list[str]) -> None:
    target = str(_app(lab).pid)
    sleep = ["sleep", str(lab["sidecar"])]
    lab.spawn(["nsenter", *_user(), "--target", target, "--net", *around, *sleep])
    wait_for_command(f"sleep {lab['sidecar']}", is_in_new="net")


def _user() -> list[str]:
    """An ordinary user may join only what belongs to a user namespace that is joined as well."""
    return [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
