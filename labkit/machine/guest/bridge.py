"""Carries bytes between ports and the kernel's sockets, each from when the host's end is there.

A port whose host end is closed reads as if it had ended, and between a snapshot and its resume it
is closed. So the kernel's socket is connected to when the host has come, over a port that was open
all the time: closing a port throws away what has come through it, and the host speaks first.

One process for all of them, forked from PID 1. A program of its own would be the usual way, but an
emulated machine has to translate a program that starts, while somebody waits for a first cell.

Knows nothing about what is carried. Source: drivers/char/virtio_console.c of Linux
(``port_fops_poll``: EPOLLHUP while the host end is closed; ``discard_port_data``).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from collections.abc import Mapping

from labkit.machine.guest.ports import Outgoing

_LOOK_MS = 10
"""How often it is looked whether the host has come; only until it has."""

_CHUNK = 65536


def start_bridge(paths: Mapping[str, str]) -> int:
    """Starts the process that carries; for a process with one thread.

    Args:
        paths: the unix socket of each port (a device).

    Returns:
        Its PID.
    """
    flags = os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC
    ports = {os.open(port, flags): path for port, path in paths.items()}
    if pid := os.fork():
        for port in ports:
            os.close(port)
        return pid
    try:
        signal.set_wakeup_fd(-1)
        Bridge(ports).serve()
    finally:
        os._exit(1)


class Bridge:
    """Joins each port to its socket, and lets go of both when one of them has ended.

    Args:
        ports: descriptors that do not block, with the path of the socket that each is joined to.
    """

    def __init__(self, ports: Mapping[int, str]) -> None:
        self._awaited = dict(ports)
        self._into: dict[int, Outgoing] = {}
        self._other: dict[int, int] = {}
        self._poll = select.poll()

    def serve(self) -> None:
        """Carries until everything has ended."""
        while self._awaited or self._into:
            for fd, what in self._poll.poll(_LOOK_MS if self._awaited else None):
                if fd in self._into:
                    self._carry(fd, what)
            for port in [port for port in self._awaited if _has_host(port)]:
                self._join(port, self._awaited.pop(port))

    def _join(self, port: int, path: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as kernel:
            kernel.connect(path)
            kernel.setblocking(False)
            ends = port, kernel.detach()
        for fd, other in (ends, ends[::-1]):
            self._into[fd], self._other[fd] = Outgoing(fd), other
            self._poll.register(fd, select.POLLIN)

    def _carry(self, fd: int, what: int) -> None:
        try:
            if what & select.POLLOUT:
                self._into[fd].flush()
            has_room = not self._into[self._other[fd]]
            if what & ~select.POLLOUT and has_room and not self._take(fd):
                self._part(fd)
                return
        except BlockingIOError:
            pass
        except OSError:  # one of the two has gone, and with it what was meant for it
            self._part(fd)
            return
        for end in (fd, self._other[fd]):
            self._listen(end)

    def _take(self, fd: int) -> int:
        """Reads once. More is read when this is on its way: nothing is lost when ``fd`` ends."""
        data = os.read(fd, _CHUNK)
        self._into[self._other[fd]].put(data)
        return len(data)

    def _listen(self, fd: int) -> None:
        wanted = 0 if self._into[self._other[fd]] else select.POLLIN
        wanted |= select.POLLOUT if self._into[fd] else 0
        if wanted:
            self._poll.register(fd, wanted)
        else:  # an end that has hung up would be told again and again
            with contextlib.suppress(KeyError):
                self._poll.unregister(fd)

    def _part(self, fd: int) -> None:
        for end in (fd, self._other[fd]):
            del self._into[end], self._other[end]
            with contextlib.suppress(KeyError):
                self._poll.unregister(end)
            os.close(end)


def _has_host(port: int) -> bool:
    poll = select.poll()
    poll.register(port, 0)
    return not any(event & select.POLLHUP for _, event in poll.poll(0))
