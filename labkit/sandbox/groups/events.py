"""What the kernel counts for a group, and waiting for it to count one more.

The kernel wakes whoever polls memory.events, pids.events and cgroup.events (v2; pids.events in v1
too). In v1 memory.oom_control tells an eventfd. What tells nobody (cpu.stat) is looked at again and
again.

Sources: cgroup-v2.rst ("Interface Files", about file modified events), cgroup-v1/memory.rst ("OOM
Control"), Documentation/accounting/psi.rst.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from labkit.core import linux
from labkit.core.errors import NotFound, TimedOut
from labkit.sandbox.cgconfig.names import NoEqual
from labkit.sandbox.cgroups import write
from labkit.sandbox.groups.files import Files
from labkit.sandbox.maps import Pressure

_FILES = {
    "memory": "memory.events",
    "pids": "pids.events",
    "cpu": "cpu.stat",
    "cgroup": "cgroup.events",
}
_OF_CPU = ("nr_throttled", "throttled_usec")
_LOOK_S = 0.05
"""How often to look at what tells nobody."""

_TOLD_S = 1.0
"""How often to look at what does tell: no more than a safety."""


def read(files: Files) -> dict[str, int]:
    """Each event with its count, such as ``memory.oom_kill``; without cgroup.events."""
    found: dict[str, int] = {}
    for controller in ("memory", "pids", "cpu"):
        found |= _of(files, controller)
    return found


def _of(files: Files, controller: str) -> dict[str, int]:
    try:
        text = files.read(_FILES[controller])
    except (OSError, NoEqual):
        return {}
    return dict(_counts(controller, text))


def _counts(controller: str, text: str) -> Iterator[tuple[str, int]]:
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if controller != "cpu" or key in _OF_CPU:
            yield f"{controller}.{key}", int(value)


def wait_for(path: str, files: Files, event: str, since: int | None, timeout_s: float) -> int:
    """See :meth:`Cgroup.wait_for`."""
    controller = event.partition(".")[0]
    deadline = time.monotonic() + timeout_s
    with ExitStack() as stack:
        # Listen first, so that nothing is lost between the first look and the wait.
        bell = _listen(files, controller, stack)
        while True:
            counts = _of(files, controller) if controller in _FILES else {}
            if event not in counts:
                raise NotFound("event", event, counts or read(files), hint=f"{path} counts none")
            since = counts[event] if since is None else since
            if counts[event] != since:
                return counts[event]
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimedOut(
                    f"{event} of {path}", after_s=timeout_s, last_seen=f"its count is {since}"
                )
            bell.wait(left)


class _Bell:
    """Rings when a kernel file may say something new."""

    def __init__(self) -> None:
        self.poll = select.poll()
        self.fds: list[int] = []
        self.longest_s = _LOOK_S

    def add(self, fd: int, what: int) -> None:
        self.poll.register(fd, what)
        self.fds.append(fd)

    def wait(self, left_s: float) -> None:
        """Returns when it has rung, or when it is time to look."""
        self.poll.poll(min(left_s, self.longest_s) * 1000)
        for fd in self.fds:  # until it is read again it goes on ringing
            try:
                os.pread(fd, 4096, 0)
            except OSError:
                _drain(fd)


def _drain(fd: int) -> None:
    """Reads an eventfd, which has no beginning to go back to."""
    try:
        os.read(fd, 8)
    except OSError:
        return  # it has not rung, or the group has gone


def _listen(files: Files, controller: str, stack: ExitStack) -> _Bell:
    bell = _Bell()
    name = _FILES.get(controller, "")
    version = files.version_of(name) if name else 0
    if version == 2 and controller != "cpu":
        _open(bell, f"{files.v2}/{name}", stack)
    elif version == 1 and controller == "pids":
        _open(bell, f"{files.v1['pids']}/{name}", stack)
    elif version == 1 and controller == "memory":
        _tell_of_oom(bell, files.v1["memory"], stack)
    return bell


def _open(bell: _Bell, path: str, stack: ExitStack) -> None:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return  # then it is looked at, and that says what is wrong
    stack.callback(os.close, fd)
    os.pread(fd, 4096, 0)  # what it says until now is known
    bell.add(fd, select.POLLPRI)
    bell.longest_s = _TOLD_S


def _tell_of_oom(bell: _Bell, folder: str, stack: ExitStack) -> None:
    """cgroup.event_control takes an eventfd and an open memory.oom_control."""
    try:
        watched = os.open(f"{folder}/memory.oom_control", os.O_RDONLY | os.O_CLOEXEC)
        stack.callback(os.close, watched)
        fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        stack.callback(os.close, fd)
        write(f"{folder}/cgroup.event_control", f"{fd} {watched}")
    except OSError:
        return  # not ours to ask: it is looked at
    bell.add(fd, select.POLLIN)  # it rings before the kernel has counted: look often all the same


def pressure(files: Files) -> tuple[Pressure, ...] | None:
    """See :meth:`Cgroup.pressure`."""
    if not files.v2:
        return None
    found = (
        _pressure(resource, Path(files.v2, f"{resource}.pressure"))
        for resource in ("cpu", "memory", "io")
    )
    there = tuple(one for one in found if one)
    return there or None


def _pressure(resource: str, path: Path) -> Pressure | None:
    try:
        return parse_pressure(resource, linux.read(str(path)).decode())
    except OSError:  # no PSI, or switched off for this group
        return None


def parse_pressure(resource: str, text: str) -> Pressure:
    """One file of PSI: ``some avg10=0.00 …`` and ``full avg10=0.00 …``."""
    found: Mapping[str, float] = {
        words[0]: float(words[1].removeprefix("avg10="))
        for words in (line.split() for line in text.splitlines())
    }
    return Pressure(resource, found.get("some", 0.0), found.get("full", 0.0))
