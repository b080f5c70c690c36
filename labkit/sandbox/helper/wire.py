"""Messages between a session and its helper: one JSON object a packet, with file descriptors.

The socket is of type SOCK_SEQPACKET: packets keep their borders, and the end of the peer is seen
as an empty packet. Sources: unix(7) (SCM_RIGHTS), cmsg(3), recvmsg(2) (MSG_CMSG_CLOEXEC).
"""

from __future__ import annotations

import array
import errno
import json
import os
import socket
from collections.abc import Sequence
from typing import Any

Message = dict[str, Any]

MAX_BYTES = 160_000
"""Largest message. Linux gives a unix socket about 200 kB of buffer by default."""

MOST_FDS = 8
_INT = array.array("i").itemsize


def send(sock: socket.socket, message: Message, fds: Sequence[int] = ()) -> None:
    """Sends one message. Raises OSError (EMSGSIZE when it is too large)."""
    data = json.dumps(message).encode()
    if len(data) > MAX_BYTES:
        raise OSError(errno.EMSGSIZE, os.strerror(errno.EMSGSIZE))
    socket.send_fds(sock, [data], list(fds))


def receive(sock: socket.socket) -> tuple[Message | None, list[int]]:
    """Receives one message and its descriptors; None when the peer has gone."""
    try:
        raw, fds = receive_raw(sock, MAX_BYTES)
    except ConnectionResetError:  # gone, with something of ours unread
        return None, []
    return (json.loads(raw) if raw else None), fds


def receive_raw(sock: socket.socket, size: int) -> tuple[bytes, list[int]]:
    """Receives one packet and its descriptors, which no sandbox and no other program inherits.

    A process that may open no more files gets fewer descriptors than were sent.
    """
    # Not socket.recv_fds: it drops the flag that closes them on exec.
    raw, ancillary, _, _ = sock.recvmsg(
        size, socket.CMSG_SPACE(MOST_FDS * _INT), socket.MSG_CMSG_CLOEXEC
    )
    fds = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % _INT])
    return raw, list(fds)
