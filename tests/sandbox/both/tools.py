"""Small helpers of the functions that are played as root and as an ordinary user."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

FOR_CHILDREN = ("pid_for_children", "time_for_children")
"""Links of /proc/PID/ns that name the namespaces of children to come."""
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
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def namespace(pid: int | str, kind: str) -> int:
    """Inode number of a namespace, from the text of its link."""
    link = str(Path(f"/proc/{pid}/ns/{kind}").readlink())
    return int(link.partition("[")[2].rstrip("]"))


def namespaces_of_lsns(pid: int) -> dict[str, int]:
    """Kind and inode number of each namespace that lsns(8) lists for a process.

    lsns walks the whole of /proc and ends its walk early, without a word, when a process
    vanishes while it is being read (util-linux 2.38: any error but EACCES and ENOENT), so
    on a busy machine it may list a part only, for as long as a large process takes to end.
    Asked again, it lists all; what it never lists stays missing.
    """
    command = [program("lsns"), "--json", "--task", str(pid)]
    listed: dict[str, int] = {}
    deadline = time.monotonic() + LSNS_WITHIN_S
    while time.monotonic() < deadline:
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        rows = json.loads(shown or '{"namespaces": []}')["namespaces"]
        listed = {row["type"]: int(row["ns"]) for row in rows}
        if len(listed) == len(names_in(f"/proc/{pid}/ns")) - len(FOR_CHILDREN):
            break
        time.sleep(0.05)
    return listed


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
