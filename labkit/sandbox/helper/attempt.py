"""What a start has made so far, and how it is taken away when a later step fails.

Sources: pidfd_open(2), waitpid(2), cgroups(7), flock(2).
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from labkit.core import linux
from labkit.sandbox import cgroups
from labkit.sandbox.helper import ids

if TYPE_CHECKING:
    from labkit.sandbox.helper.networks import Plug

_END_S = 2.0
"""How long a killed process may take to end; one that hangs in a file system may never."""


class Refused(Exception):
    """A step failed. ``report`` is what goes back over the wire."""

    def __init__(self, step: str, number: int) -> None:
        super().__init__(step)
        self.report = {"step": step, "errno": number}


class Attempt:
    """A start that may still fail: what has been made so far, and how to take it away again."""

    def __init__(self) -> None:
        self.step = "start"
        self.groups: dict[str, str] = {}
        self.pid = self.pidfd = self.upper = self.terminal = -1
        self.layers: tuple[int, ...] = ()
        self.plug: Plug | None = None
        self.mapped: list[int] = []
        """Layers as mounts with other owners, to be attached by the new process."""

    def hold_layers(self, layers: Iterable[str]) -> None:
        """Keeps the image store from removing the layers, as long as they are open here.

        Raises:
            BlockingIOError: it is removing one of them.
        """
        self.step = "hold the layers of the image"
        for layer in layers:
            try:
                fd = os.open(layer, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            except OSError:
                continue  # a folder of somebody else's; if it is none at all, its mount says so
            self.layers += (fd,)
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def map_layers(self, layers: Iterable[str], id_map: Any) -> None:
        """Makes :attr:`mapped`."""
        self.step = "map the ids of the image's files"
        namespace = ids.user_namespace(id_map)
        try:
            for layer in layers:
                self.mapped.append(linux.mapped_tree(layer, namespace))
        finally:
            os.close(namespace)

    def close_mapped(self) -> None:
        """Closes them: whoever was to attach them has them, too."""
        while self.mapped:
            os.close(self.mapped.pop())

    def give_up(self) -> None:
        """Takes everything away. A cgroup that stays busy is left to the journal."""
        has_ended = self.pid < 0 or _end(self.pid, self.pidfd)
        for fd in (self.pidfd, self.upper, self.terminal, *self.layers):
            close(fd)
        if self.plug:
            self.plug.release()
        if has_ended:
            remove_groups(self.groups)


def remove_groups(groups: dict[str, str]) -> bool:
    """Removes the cgroups of a sandbox that has ended; says whether that went."""
    try:
        for folder in dict.fromkeys(groups.values()):
            cgroups.remove(folder)
    except OSError:
        return False  # the journal names it: the end of the session, or a sweep, tries again
    return True


def close(fd: int) -> None:
    """Closes a descriptor that may be none (-1)."""
    if fd >= 0:
        os.close(fd)


def has_ended_within(pidfd: int, timeout_s: float) -> bool:
    """Waits for the end of a process."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))


def _end(pid: int, pidfd: int) -> bool:
    """Kills a child and waits for it; says whether it has ended."""
    os.kill(pid, signal.SIGKILL)  # ours and not waited for: the PID cannot be anyone else's
    if pidfd >= 0 and not has_ended_within(pidfd, _END_S):
        return False  # the loop collects it when it does
    os.waitpid(pid, 0)
    return True
