"""Which sandboxes and containers run on this machine, whoever started them.

Reads the journals of this user's live sessions and /proc, so it says the same in a notebook and in
a terminal. Knows nothing about how they are started.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from labkit.core.errors import NotFound
from labkit.core.journal import Entry, read_journal
from labkit.core.linux import start_ticks
from labkit.core.session import session_folders
from labkit.sandbox.client import Refusal, client
from labkit.sandbox.facts import HostProcess, Volume
from labkit.sandbox.table import processes


@dataclass(frozen=True)
class Running:
    """A sandbox that runs now, of any of this user's sessions."""

    name: str
    pid: int
    """PID of its PID 1 on the host."""
    session: str
    hostname: str
    image: str
    layers: tuple[str, ...]
    volumes: tuple[Volume, ...]
    groups: Mapping[str, str]
    """Controller to the folder of its cgroup."""
    upper: str
    """The writable layer, as a path through the helper's open descriptor; empty for none."""
    network: str = ""
    """Name of the network it is on; empty for none."""
    address: str = ""
    """Its address there."""
    helper: int = 0
    """PID of the helper that started it."""
    seccomp: str = ""
    """Name of the profile of its system calls, or ``none: `` and why."""


@dataclass(frozen=True)
class Contained:
    """A process that is PID 1 in a PID namespace below ours: what makes a container one."""

    process: HostProcess
    hostname: str
    """Its own; empty when we may not look inside."""
    name: str
    """The name of the sandbox when labkit started it, else empty."""

    @property
    def pid(self) -> int:
        """Its PID on the host."""
        return self.process.pid


def running() -> list[Running]:
    """The sandboxes of this user that run now, in the order of their start."""
    found = []
    for folder, is_alive in session_folders():
        if not is_alive:
            continue
        entries = [one for one in read_journal(str(folder)) if one["kind"] == "sandbox"]
        newest = {one["pid"]: one for one in entries}  # a further group is a further entry
        for entry in newest.values():
            if not _lives(entry):
                continue
            upper_fd, helper = entry["upper_fd"], entry["helper"]
            found.append(
                Running(
                    name=entry["name"],
                    pid=entry["pid"],
                    session=folder.name,
                    hostname=entry["hostname"],
                    image=entry["image"],
                    layers=tuple(entry["layers"]),
                    volumes=tuple(Volume(*volume) for volume in entry["volumes"]),
                    groups=entry["groups"],
                    upper=f"/proc/{helper}/fd/{upper_fd}" if upper_fd >= 0 else "",
                    network=entry["network"],
                    address=entry["address"],
                    helper=helper,
                    seccomp=entry.get("seccomp", ""),
                )
            )
    return found


def _lives(entry: Entry) -> bool:
    ticks: int = entry["start_ticks"]
    return ticks > 0 and start_ticks(entry["pid"]) == ticks


def find_running(name: str) -> Running:
    """The running sandbox of that name. Raises :class:`NotFound`."""
    everyone = running()
    for box in everyone:
        if box.name == name:
            return box
    names = [box.name for box in everyone]
    hint = f"Running: {', '.join(names)}" if names else "No sandbox runs at the moment"
    raise NotFound("running sandbox", name, names, hint=hint)


def roles() -> dict[int, str]:
    """PID to the part that a process plays in the sandboxes of this user: as a map says it."""
    boxes = running()
    helpers = {box.helper: "helper" for box in boxes}
    return {
        **helpers,
        **{box.pid: f"sandbox {box.name}" for box in boxes},
        os.getpid(): "you are here",
    }


def containers(everyone: Sequence[HostProcess] | None = None) -> list[Contained]:
    """Every container we can see: labkit's, Docker's, or made by hand with ``unshare``.

    Args:
        everyone: a process table read before; read anew when not given.
    """
    names = {box.pid: box.name for box in running()}
    table = processes() if everyone is None else everyone
    firsts = [process for process in table if len(process.nspid) > 1 and process.nspid[-1] == 1]
    return [
        Contained(process, hostname_of(process.pid), names.get(process.pid, ""))
        for process in firsts
    ]


def hostname_of(pid: int) -> str:
    """The hostname a process sees; empty when we may not look."""
    try:
        reply, _ = client().ask({"op": "look", "pid": pid})
    except Refusal:
        return ""
    return str(reply["hostname"])
