"""Messages between a session and its helper: one JSON object a packet, with file descriptors.

The socket is of type SOCK_SEQPACKET: packets keep their borders, and the end of the peer is seen
as an empty packet. Sources: unix(7) (SCM_RIGHTS), cmsg(3).
"""

from __future__ import annotations

import json
import socket
from collections.abc import Sequence
from typing import Any

Message = dict[str, Any]

MAX_BYTES = 160_000
"""Largest message. Linux gives a unix socket about 200 kB of buffer by default."""


def send(sock: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Sends one message. Raises OSError (EMSGSIZE when it is too large)."""
    socket.send_fds(sock, [json.dumps(message).encode()], list(fds))


def receive(sock: socket.socket) -> tuple[Message | None, list[int]]:
    """Receives one message and its descriptors; None when the peer has gone."""
    raw, fds, _, _ = socket.recv_fds(sock, MAX_BYTES, 8)
    for fd in fds:
        # Linux hands them over inheritable unless asked; a sandbox must not inherit any.
        _close_on_exec(fd)
    return (json.loads(raw) if raw else None), fds


def _close_on_exec(fd: int) -> None:
    import os

    os.set_inheritable(fd, False)
