"""The processes of this machine, as /proc shows them to this user.

Knows nothing about sandboxes.
Sources: proc(5) (stat, status, cmdline, cgroup, ns), pid_namespaces(7).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path, PurePath

from labkit.core.errors import BadInput
from labkit.sandbox.cgroups import own_cgroups
from labkit.sandbox.facts import NAMESPACE_KINDS, HostProcess, NamespaceRow


def processes() -> list[HostProcess]:
    """Every process we can see, by PID. One that ends while we look is left out."""
    return list(_all())


def read_process(pid: int) -> HostProcess:
    """One process. Raises :class:`BadInput` when there is none with this PID."""
    try:
        return _read(pid)
    except (FileNotFoundError, ProcessLookupError):
        raise BadInput(
            f"there is no process {pid}",
            why="it has ended, or never was",
            hint="`ps -e` lists them",
        ) from None


def command_of(process: HostProcess) -> str:
    """Its command line, paths cut to their last part; its name in brackets when it has none."""
    words = (PurePath(word).name if word.startswith("/") else word for word in process.argv)
    return " ".join(words).strip() or f"[{process.comm}]"


def namespaces_of(pid: int | str) -> dict[str, int]:
    """Kind to inode number of each namespace of a process that we may read."""
    found = {}
    for kind in NAMESPACE_KINDS:
        try:
            found[kind] = os.stat(f"/proc/{pid}/ns/{kind}").st_ino  # noqa: PTH116 (8 x 500 calls)
        except OSError:
            continue
    return found


def compare_namespaces(pid: int) -> tuple[NamespaceRow, ...]:
    """The namespaces of a process beside ours."""
    theirs, ours = namespaces_of(pid), namespaces_of("self")
    return tuple(
        NamespaceRow(kind, theirs[kind], ours[kind]) for kind in NAMESPACE_KINDS if kind in theirs
    )


def descent(pid: int) -> list[HostProcess]:
    """The line of descent down to ``pid``: from this process when it is one of the line.

    Otherwise from PID 1.
    """
    line: list[HostProcess] = []
    while pid > 0:
        process = read_process(pid)
        line.insert(0, process)
        pid = process.ppid if pid != os.getpid() else 0
    return line


def _all() -> Iterator[HostProcess]:
    for name in os.listdir("/proc"):  # noqa: PTH208
        if name.isdigit():
            try:
                yield _read(int(name))
            except (FileNotFoundError, ProcessLookupError):
                continue


def _read(pid: int) -> HostProcess:
    folder = Path(f"/proc/{pid}")
    head, _, tail = (folder / "stat").read_text(errors="replace").rpartition(")")
    fields = tail.split()
    status = dict(_pairs((folder / "status").read_text(errors="replace")))
    raw = (folder / "cmdline").read_bytes().rstrip(b"\0")
    argv = tuple(word.decode(errors="replace") for word in raw.split(b"\0")) if raw else ()
    return HostProcess(
        pid=pid,
        ppid=int(fields[1]),
        uid=int(status["Uid"].split()[0]),
        comm=head.partition("(")[2],
        argv=argv,
        state=fields[0],
        nspid=tuple(int(number) for number in status.get("NSpid", str(pid)).split()),
        namespaces=namespaces_of(pid),
        cgroups=own_cgroups(str(pid)),
        start_ticks=int(fields[19]),
    )


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        key, _, value = line.partition(":")
        yield key, value.strip()


def handles(pid: int, number: int) -> bool:
    """Whether a process has installed a handler for a signal (SigCgt in proc(5))."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False
    caught = int(status.partition("SigCgt:")[2].split()[0], 16)
    return bool(caught >> (number - 1) & 1)
