"""Oracles and processes for the proofs. Nothing here is labkit's."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

EAT = "x=a; while true; do x=$x$x; done"
"""A shell that doubles a string: out of memory after some thirty steps."""

SPIN = "while true; do :; done"

BOMB = "trap '' TERM; (while true; do sh -c 'sleep 600 & sleep 600' & done) & sleep 600"


def is_v2() -> bool:
    """Whether memory is a controller of cgroup v2 here."""
    return not any(kind == "cgroup" and "memory" in names for _, kind, names in _mounts())


def folder_of(pid: int, controller: str) -> Path:
    """The folder of a process's group in the hierarchy of a controller, by its v1 name."""
    point = next(
        (point for point, kind, names in _mounts() if kind == "cgroup" and controller in names),
        None,
    )
    key = controller
    if point is None:
        point, key = next(point for point, kind, _ in _mounts() if kind == "cgroup2"), ""
    for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
        _, names, path = line.split(":", 2)
        if key in names.split(","):
            return Path(point + path)
    raise AssertionError(f"process {pid} is in no group of {controller}")


def _mounts() -> Iterator[tuple[str, str, list[str]]]:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split(" ")
        if kind.startswith("cgroup"):
            yield point, kind, options.split(",")


def said(folder: Path, name: str) -> str:
    """What a file of the kernel's says."""
    return (folder / name).read_text().strip()


def counts(folder: Path, name: str) -> dict[str, int]:
    """A file of keys and numbers."""
    lines = said(folder, name).splitlines()
    return {key: int(value) for key, value in (line.split() for line in lines)}


def cpu_s(pid: int) -> float:
    """CPU time of a process, as the kernel counts it at its ticks."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


Waiting = tuple[subprocess.Popen[bytes], Callable[[], None]]


@contextmanager
def waiting(
    script: str, **more: object
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[], None]]]:
    """A shell that waits for a word before it runs a script, and what says the word."""
    argv: Sequence[str] = ("sh", "-c", f"read word; {script}")
    streams = {"stdin": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(argv, **streams, **more)  # type: ignore[call-overload]

    def go() -> None:
        process.stdin.write(b"go\n")
        process.stdin.flush()

    try:
        yield process, go
    finally:
        process.kill()
        process.wait()
        with suppress(BrokenPipeError):
            process.stdin.close()


def until(is_so: Callable[[], object], timeout_s: float = 20.0) -> None:
    """Waits until something is so."""
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


def error_of(call: Callable[[], object]) -> Exception:
    """The exception that a call raises; fails when it raises none."""
    try:
        result = call()
    except Exception as error:
        return error
    raise AssertionError(f"no error, but {result!r}")
