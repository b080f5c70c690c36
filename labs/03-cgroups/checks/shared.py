"""What several of the checks and makers share: groups below /sys/fs/cgroup/lab, read and made."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from labkit.grading import Evidence, Lab

TOP = Path("/sys/fs/cgroup/lab")
CONTROLLERS = "+memory +cpu +io +pids +cpuset"
BUSY = ("yes",)
"""A program that does nothing else than use a CPU."""


def read(group: Path, file: str) -> str:
    """What a file of a group says; empty when it is not there."""
    try:
        return (group / file).read_text().strip()
    except OSError:
        return ""


def counts(group: Path, file: str) -> dict[str, int]:
    """A file of names and numbers, such as memory.events."""
    rows = (line.split() for line in read(group, file).splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) == 2}


def members(group: Path) -> list[str]:
    """The command lines of the processes in a group itself."""
    return sorted(filter(None, map(_command, read(group, "cgroup.procs").split())))


def is_there(group: Path) -> Evidence:
    return Evidence(str(group), "a group", "a group" if group.is_dir() else "not there")


def size(text: str) -> str:
    """Bytes as people write them, where they are whole MiB."""
    if not text.isdigit():
        return text or "no such file"
    mib, rest = divmod(int(text), 1 << 20)
    return f"{text} bytes" if rest or not mib else f"{mib} MiB"


def usage_us(group: Path) -> int:
    return counts(group, "cpu.stat").get("usage_usec", 0)


def wait_for(is_so: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the state was not reached")
        time.sleep(0.01)


# -- for makers ------------------------------------------------------------------------------------


def start(lab: Lab) -> None:
    """An empty group ``lab`` whose children have all controllers; it goes with the lab."""
    clear()
    lab.defer(clear)
    TOP.mkdir()
    (TOP / "cgroup.subtree_control").write_text(CONTROLLERS)


def clear() -> None:
    """Ends what runs below ``lab``, and removes its groups."""
    if not TOP.is_dir():
        return
    (TOP / "cgroup.kill").write_text("1")

    def is_gone() -> bool:
        for folder in sorted((path for path in TOP.rglob("*") if path.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                folder.rmdir()
        with contextlib.suppress(OSError):
            TOP.rmdir()
        return not TOP.is_dir()

    wait_for(is_gone)


def make(name: str, **files: str | int) -> Path:
    """A group below ``lab`` with its files set: ``make("web", memory__max="64M")``."""
    group = TOP / name
    group.mkdir(parents=True, exist_ok=True)
    for file, value in files.items():
        (group / file.replace("__", ".")).write_text(str(value))
    return group


def put(lab: Lab, group: Path, argv: Sequence[str]) -> subprocess.Popen[bytes]:
    """Starts a program that is in the group from its first instruction on."""
    script = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
    process = lab.spawn(["sh", "-c", script, str(group), *argv])
    wait_for(lambda: process.poll() is not None or _command(process.pid) == " ".join(argv))
    return process


def _command(pid: int | str) -> str:
    with contextlib.suppress(OSError):
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        return b" ".join([os.path.basename(words[0]), *words[1:]]).decode()
    return ""


def shell(script: str) -> None:
    """What a learner types."""
    subprocess.run(["sh", "-euc", script], check=True, cwd=TOP, stdin=subprocess.DEVNULL)
