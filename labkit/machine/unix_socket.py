"""Unix sockets in a folder however deep: a socket's path has at most 107 bytes (unix(7)).

Knows nothing about what is said on them. Source: proc(5) (/proc/self/fd).
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path


def at(folder: Path, name: str, use: Callable[[str], None]) -> None:
    """Calls ``use`` with a short path of ``name`` in ``folder``.

    Raises:
        OSError: there is no such folder, or what ``use`` raises.
    """
    fd = os.open(folder, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        use(f"/proc/self/fd/{fd}/{name}")
    finally:
        os.close(fd)


def listen(folder: Path, name: str, backlog: int) -> socket.socket:
    """A new socket, its user's alone (0600), that listens and does not wait.

    Raises:
        OSError: it is there already, or the folder is not.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    try:
        os.fchmod(listener.fileno(), 0o600)  # before it is bound: then it is never open to others
        at(folder, name, listener.bind)
        listener.listen(backlog)
    except BaseException:
        listener.close()
        raise
    return listener
