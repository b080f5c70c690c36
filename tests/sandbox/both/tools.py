"""Small helpers of the functions that are played as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import run

LSNS_WITHIN_S = 10.0
"""How long lsns is asked again."""


def error_of(call: Callable[[], object]) -> Exception:
    """The exception that a call raises; fails when it raises none."""
    try:
        result = call()
    except Exception as error:
        return error
    raise AssertionError(f"no error, but {result!r}")


def inside(pid: int, kind: str, *argv: str) -> str:
    """What a program of the host writes when it runs in a namespace of a process.

    nsenter(1): an ordinary user needs the capabilities of the user namespace.
    """
    user = [] if os.geteuid() == 0 else ["--user", "--preserve-credentials"]
    command = [program("nsenter"), "--target", str(pid), *user, f"--{kind}", "--"]
    command += [program(argv[0]), *argv[1:]]
    return run(command, capture_output=True, text=True, check=True).stdout


def namespace(pid: int | str, kind: str) -> int:
    """Inode number of a namespace, from the text of its link."""
    link = str(Path(f"/proc/{pid}/ns/{kind}").readlink())
    return int(link.partition("[")[2].rstrip("]"))


def namespaces_of_lsns(pid: int, *more: str) -> dict[str, dict[str, int]]:
    """What lsns(8) lists for a process: by kind, ``NS``, its inode number, and more columns.

    Asked for a list, for util-linux 2.38 writes a namespace below that of the parent process
    once the first process it sees there is that parent: so it is for an ordinary user when the
    PIDs went round. And it walks the whole of /proc, and fails without a word when a process
    vanishes while it is being read (any error but EACCES and ENOENT): so it is asked again.
    """
    columns = ",".join(("TYPE", "NS", *more))
    command = [program("lsns"), "--list", "--json", "--output", columns, "--task", str(pid)]
    deadline = time.monotonic() + LSNS_WITHIN_S
    while (done := run(command, check=False, capture_output=True, text=True)).returncode:
        assert time.monotonic() < deadline, done
    rows = json.loads(done.stdout)["namespaces"]
    return {row.pop("type"): {key.upper(): row[key] for key in row} for row in rows}


def status(pid: int | str) -> dict[str, str]:
    """The lines of /proc/PID/status."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def names_in(folder: str | Path) -> list[str]:
    """The names of what a folder holds, sorted."""
    return sorted(path.name for path in Path(folder).iterdir())


def program(name: str) -> str:
    """The path of a program of the host; an ordinary user's PATH often lacks the sbin folders."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    assert found, f"{name} is not installed"
    return found


def new_folder(name: str) -> Path:
    """A new folder of the user's, below TMPDIR; its name may hold anything."""
    folder = Path(tempfile.mkdtemp()) / name
    folder.mkdir()
    return folder
