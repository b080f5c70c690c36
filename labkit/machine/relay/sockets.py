"""The sockets on both sides: those that Jupyter connects to, those that reach into the machine.

Both sides together are a proxy of ZeroMQ's own kind: a ROUTER before, a DEALER behind, and the
frames between them as they are. The DEALERs of all channels have one name, because the kernel sends
its questions (``stdin``) to whoever sent the request (``shell``).

Source: zmq_socket(3), zmq_ipc(7); the ZeroMQ guide, "Shared Queue".
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import zmq

REQUESTS = ("shell", "control", "stdin")
_BEHIND = b"labkit-relay"


class Front:
    """What Jupyter connects to, as a connection file says.

    Raises:
        zmq.ZMQError: an address is taken.
    """

    def __init__(self, context: zmq.Context[Any], connection: Mapping[str, Any]) -> None:
        kinds = {**dict.fromkeys((*REQUESTS, "hb"), zmq.ROUTER), "iopub": zmq.XPUB}
        self._paths: list[str] = []
        self.sockets: dict[str, zmq.Socket[bytes]] = {}
        before = os.umask(0o177)  # what is bound is for this user alone
        try:
            for name, kind in kinds.items():
                socket = context.socket(kind)
                socket.linger = 1000
                if kind == zmq.ROUTER:
                    socket.router_handover = 1  # a client that reconnects is the same client
                else:
                    socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # each client is welcomed
                self.sockets[name] = socket
                self._bind(socket, connection, connection[f"{name}_port"])
        finally:
            os.umask(before)

    def _bind(self, socket: zmq.Socket[bytes], connection: Mapping[str, Any], port: int) -> None:
        if connection["transport"] == "ipc":
            path = f"{connection['ip']}-{port}"
            with contextlib.suppress(FileNotFoundError):
                if stat.S_ISSOCK(Path(path).lstat().st_mode):
                    Path(path).unlink()  # of the kernel before a restart
            socket.bind(f"ipc://{path}")
            self._paths.append(path)
        else:
            socket.bind(f"tcp://{connection['ip']}:{port}")

    def close(self) -> None:
        """Closes all of them, and takes their files away."""
        for socket in self.sockets.values():
            socket.close()
        for path in self._paths:
            Path(path).unlink(missing_ok=True)


class Back:
    """What reaches the kernel in the machine.

    Args:
        folder: the machine's; each channel is a socket in it.
    """

    def __init__(self, context: zmq.Context[Any], folder: Path) -> None:
        self.sockets: dict[str, zmq.Socket[bytes]] = {}
        for name in (*REQUESTS, "iopub"):
            socket = context.socket(zmq.SUB if name == "iopub" else zmq.DEALER)
            socket.linger = 0
            socket.set_hwm(0)  # nothing is lost between here and the kernel
            socket.setsockopt(zmq.HANDSHAKE_IVL, 0)  # the machine may be slow
            if name == "iopub":
                socket.subscribe(b"")
            else:
                socket.setsockopt(zmq.IDENTITY, _BEHIND)
            socket.connect(f"ipc://{folder / name}")
            self.sockets[name] = socket

    def close(self) -> None:
        """Closes all of them."""
        for socket in self.sockets.values():
            socket.close()
