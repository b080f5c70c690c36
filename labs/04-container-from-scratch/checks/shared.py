"""What the checks and makers share: finding a container, telling its walls, building one in a shell.

The makers build theirs with util-linux and busybox, so that no check can lean on how the learner's
program does it.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from labkit.grading import Evidence, Lab
from labkit.image import base_image
from labkit.sandbox import HostProcess, Walls, processes
from labkit.sandbox.census import hostname_of
from labkit.sandbox.cgroups import find_places, file_name

COMMON = ("processes", "host name")


def command_of(process: HostProcess) -> str:
    words = [Path(process.argv[0]).name, *process.argv[1:]] if process.argv else []
    return " ".join(words)


def sleepers(lab: Lab, everyone: list[HostProcess] | None = None) -> list[HostProcess]:
    """The processes with the command that the tasks ask for, the youngest first."""
    wanted = f"sleep {lab['seconds']}"
    table = lab.processes() if everyone is None else everyone
    found = [p for p in table if command_of(p) == wanted and p.state != "Z"]
    return sorted(found, key=lambda process: -process.start_ticks)


def find(lab: Lab, hostname: str) -> HostProcess | None:
    """The youngest of them that sees this hostname."""
    return next((p for p in sleepers(lab) if hostname_of(p.pid) == hostname), None)


def nothing(lab: Lab, hostname: str) -> Evidence:
    """The evidence where there is none; names what comes closest."""
    others = sorted({hostname_of(process.pid) for process in sleepers(lab)} - {os.uname().nodename})
    seen = f"it runs on {', '.join(others)}" if others else "no such process"
    return Evidence(f"sleep {lab['seconds']} on the hostname {hostname}", "runs", seen)


def rows(judged: Walls, *names: str) -> list[Evidence]:
    """Walls as evidence; all of them when none is named."""
    return [
        Evidence(wall.name, "closed", "closed" if wall.is_up else f"open: {wall.seen}")
        for wall in judged.walls
        if wall.name in names or not names
    ]


def rootfs(lab: Lab) -> Path:
    """A folder with the files of the base image, for a maker."""
    folder = lab.folder / "rootfs"
    if not folder.exists():
        shutil.copytree(base_image(lab.images).layers[-1], folder, symlinks=True)
    return folder


def layers(lab: Lab) -> tuple[Path, Path]:
    """The two layers of task 5, as the exercise lays them out."""
    base, hut = lab.folder / "layers/base", lab.folder / "layers/hut"
    if not hut.exists():
        shutil.copytree(base_image(lab.images).layers[-1], base, symlinks=True)
        (hut / "etc").mkdir(parents=True)
        (hut / "etc/motd").write_text("a hut on a base\n")
    return hut, base


PIVOT = 'cd "$ROOT"; "$BUSYBOX" pivot_root . .; /bin/busybox umount -l .; cd /'
KEEP_OLD = 'cd "$ROOT"; mkdir -p old; "$BUSYBOX" pivot_root . old; cd /'
CHROOT = 'cd "$ROOT"; exec "$BUSYBOX" chroot . /bin/sh -c "$LAST"'
OWN_PROC = 'mount -t proc -o ro,nosuid,nodev,noexec proc "$ROOT/proc"'
NO_POWER = "/bin/busybox unshare -U /bin/busybox setpriv --nnp"
"""Without a map one is nobody there, and nobody has no power after the next exec."""


def build(
    lab: Lab,
    hostname: object,
    *,
    kinds: str = "pid uts mount net ipc",
    root: str = 'mount --bind "$ROOT" "$ROOT"',
    proc: str = OWN_PROC,
    enter: str = PIVOT,
    last: str = "",
    before: str = "",
    command: str = "",
) -> None:
    """Builds a container in a shell, from these pieces, and waits until its command runs.

    Args:
        lab: whose values count; what is built ends with it.
        hostname: of the container.
        kinds: its namespaces, beside the one for users.
        root, proc, enter: what is done for its files.
        last: what stands before the command.
        before: done before all this, by the shell that will be the container.
        command: executed at the end; the one the tasks ask for when not given.
    """
    words = command or f"exec {last} /bin/sleep {lab['seconds']}"
    flags = " ".join(f"--{kind}" for kind in kinds.split())
    flags += " --fork --kill-child" if "pid" in kinds else ""
    name = f'"$BUSYBOX" hostname {hostname};' if "uts" in kinds else ""
    script = f"{name} {root}; {proc or 'true'}; {enter}; {words}"
    folder = rootfs(lab)
    env = {"ROOT": str(folder), "BUSYBOX": f"{folder}/bin/busybox", "SCRIPT": script, "LAST": words}
    start = f'{before} exec unshare --user --map-root-user {flags} sh -c "$SCRIPT"'
    already = {process.pid for process in sleepers(lab, processes())}
    lab.spawn(["sh", "-c", start], env={**os.environ, **env})
    wait_for(lambda: any(p.pid not in already for p in sleepers(lab, processes())))


def grouped(lab: Lab, limits: dict[str, object], name: str = "made") -> str:
    """Shell that puts itself into new groups with these limits; they are removed with the lab."""
    lines = []
    for controller, place in find_places().items():
        folder = Path(place.base) / f"labkit-made-{os.getpid()}-{name}"
        lab.defer(lambda folder=folder: remove(folder))
        lines.append(f'mkdir -p "{folder}"; echo $$ > "{folder}/cgroup.procs";')
        if (limit := limits.get(f"{controller}.max")) is not None:
            lines.append(f'echo {limit} > "{folder}/{file_name(place, f"{controller}.max")}";')
    return " ".join(lines)


def remove(folder: Path) -> None:
    def is_gone() -> bool:
        try:
            folder.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            return False
        return True

    wait_for(is_gone)


def wait_for(is_so: Callable[[], bool], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the state was not reached")
        time.sleep(0.01)
