"""Carries bytes between a port and the kernel's socket, from when the host's end is there.

A port whose host end is closed reads as if it had ended, and between a snapshot and its resume it
is closed: a `socat` that ran already would have ended half a second later. So it is started when
the host has come, on the port that was open all the time: closing a port throws away what has
come through it, and the host speaks first.

Knows nothing about what is carried. Sources: drivers/char/virtio_console.c of Linux
(``port_fops_poll``: EPOLLHUP while the host end is closed; ``discard_port_data``), socat(1).
"""

from __future__ import annotations

import os
import select
import signal
import time

_LOOK_S = 0.01
"""How often it is looked whether the host has come; only until it has."""


def start_bridge(port: str, path: str) -> int:
    """Starts one; for a process with one thread.

    Args:
        port: a device.
        path: a unix socket.

    Returns:
        Its PID.
    """
    fd = os.open(port, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    if pid := os.fork():
        os.close(fd)
        return pid
    try:
        signal.set_wakeup_fd(-1)
        _wait_for_host(fd)
        os.set_inheritable(fd, True)
        os.execvp("socat", ["socat", "-b", "65536", f"FD:{fd}", f"UNIX-CONNECT:{path}"])
    finally:
        os._exit(127)


def _wait_for_host(fd: int) -> None:
    poll = select.poll()
    poll.register(fd, 0)
    while any(event & select.POLLHUP for _, event in poll.poll(0)):
        time.sleep(_LOOK_S)
