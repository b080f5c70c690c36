"""Folders of the host in a machine: sshfs on labkit's server, beside sshfs on OpenSSH's.

Both natively, each server a process of its own at the other end of a socket, the mount options
those of the machine, but that nothing is kept. Inside an emulated machine sshfs itself takes most
of the time.

Sources: sshfs(1), sftp-server(8).
"""

from __future__ import annotations

import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.report import Row, Table, duration
from labkit.machine.guest.files import options

ROUNDS = 7
FOLDERS, FILES, BIG_BYTES = 20, 50, 10 << 20

_SERVE = """
import socket, sys
from pathlib import Path
from labkit.machine.files import Export, serve
serve(socket.socket(fileno=0), {"course": Export(Path(sys.argv[1]))})
"""


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """What programs do in the course's folder."""
    title = f"Files through sshfs: {FOLDERS * FILES} small files and one of 10 MB; medians"
    openssh = shutil.which("sftp-server", path=f"/usr/lib/openssh:{os.environ['PATH']}")
    if not (shutil.which("sshfs") and shutil.which("git") and os.access("/dev/fuse", os.W_OK)):
        yield Table(title, (Row("files", "", "needs sshfs, git and /dev/fuse"),))
        return
    with ExitStack() as stack:
        source = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        _fill(source)
        serve = [sys.executable, "-c", _SERVE, str(source)]
        ours = stack.enter_context(_mounted(serve, "host:/")) / "course"
        theirs = openssh and stack.enter_context(_mounted([openssh], f"host:{source}"))
        rounds = ROUNDS // 3 if is_quick else ROUNDS
        yield Table(title, tuple(_rows(ours, theirs or None, rounds)))


def _rows(ours: Path, theirs: Path | None, rounds: int) -> Iterator[Row]:
    for what, work in _WORKS.items():
        times: dict[Path, list[float]] = {}
        for turn in range(-1, rounds):
            for folder in filter(None, (ours, theirs)):
                started = time.perf_counter()
                work(folder)
                if turn >= 0:
                    times.setdefault(folder, []).append(time.perf_counter() - started)
        mine = statistics.median(times[ours])
        note = "openssh-sftp-server is not installed"
        if theirs:
            other = statistics.median(times[theirs])
            note = f"{mine / other:.2f} of OpenSSH's {duration(other)}"
        yield Row(what, duration(mine), note)


def _walk(folder: Path) -> None:
    for path, _, names in os.walk(folder):
        for name in names:
            os.stat(f"{path}/{name}")  # noqa: PTH116 - a walk as programs do it


def _status(folder: Path) -> None:
    _git(folder, "status", "--porcelain")


def _read_small(folder: Path) -> None:
    for path in folder.glob("d*/f*"):
        path.read_bytes()


def _make_and_remove(folder: Path) -> None:
    for number in range(100):
        (folder / f"new{number}").write_text("x")
    for number in range(100):
        (folder / f"new{number}").unlink()


def _write(folder: Path) -> None:
    (folder / "big").write_bytes(bytes(BIG_BYTES))


def _read(folder: Path) -> None:
    (folder / "big").read_bytes()


_WORKS: dict[str, Callable[[Path], None]] = {
    "walk and stat": _walk,
    "git status": _status,
    "read each small file": _read_small,
    "make and remove 100 files": _make_and_remove,
    "write 10 MB": _write,
    "read 10 MB": _read,
}


def _fill(folder: Path) -> None:
    for outer in range(FOLDERS):
        (folder / f"d{outer}").mkdir()
        for inner in range(FILES):
            (folder / f"d{outer}" / f"f{inner}").write_text("x" * 200)
    for command in ("init", "add .", "commit -m all"):
        _git(folder, *command.split())


def _git(folder: Path, *arguments: str) -> None:
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    command = ["git", "-C", str(folder), *who, *arguments]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def _mounted(server: list[str], what: str) -> Iterator[Path]:
    near, far = socket.socketpair()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        with near, far:
            serving = stack.enter_context(subprocess.Popen(server, stdin=far, stdout=far))
            argv = ["sshfs", "-f", "-o", ",".join(options(kept_s=0)), what, str(folder)]
            process = stack.enter_context(subprocess.Popen(argv, stdin=near, stdout=near))
        stack.callback(subprocess.run, ["umount", folder], check=True)
        until = time.monotonic() + 10
        while not folder.is_mount():
            if serving.poll() is not None or process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"sshfs does not mount {what}")
            time.sleep(0.02)
        yield folder
