"""The sockets on both sides: those that Jupyter connects to, those that reach into the machine.

Both sides together are a proxy of ZeroMQ's own kind: a ROUTER before, a DEALER behind, and the
frames between them as they are. The DEALERs of all channels have one name, because the kernel sends
its questions (``stdin``) to whoever sent the request (``shell``).

Source: zmq_socket(3), zmq_ipc(7), zmq_socket_monitor(3); the ZeroMQ guide, "Shared Queue".
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import zmq

from labkit.core.errors import SystemFault

Socket = zmq.Socket[bytes]

REQUESTS = ("shell", "control", "stdin")
CARRIED = (*REQUESTS, "iopub")
"""The channels that go on into the machine; the heartbeat is the relay's own."""

_NAME_BEHIND = b"labkit-relay"
_LAST_WORDS_MS = 1000
"""How long closing waits for a client to take what was said; ipykernel waits as long."""

_WAITING_OUTPUTS = 10_000
"""Outputs kept for a client that does not read; ZeroMQ's 1000, of a kernel without a relay, were
seen to lose some of 20,000. Without any limit a stopped client would cost this machine's memory."""

_CUT = zmq.EVENT_DISCONNECTED | zmq.EVENT_CONNECT_RETRIED | zmq.EVENT_HANDSHAKE_FAILED_NO_DETAIL
_NEVER = -1


class Front:
    """What Jupyter connects to, as a connection file says; local sockets have mode 0600.

    Args:
        context: of ZeroMQ.
        connection: what the connection file says.

    Raises:
        SystemFault: an address is taken, or not ours.
    """

    def __init__(self, context: zmq.Context[Socket], connection: Mapping[str, Any]) -> None:
        kinds = {**dict.fromkeys((*REQUESTS, "hb"), zmq.ROUTER), "iopub": zmq.XPUB}
        self.sockets: dict[str, Socket] = {}
        before = os.umask(0o177)  # what is bound is for this user alone
        try:
            for name, kind in kinds.items():
                socket = self.sockets[name] = context.socket(kind)
                socket.linger = _LAST_WORDS_MS
                if kind == zmq.ROUTER:
                    socket.router_handover = 1  # a client that reconnects is the same client
                else:
                    socket.setsockopt(zmq.XPUB_VERBOSE, 1)  # each client is welcomed
                    socket.sndhwm = _WAITING_OUTPUTS
                _encrypt(socket, connection)
                _bind(socket, _address(connection, name))
        except BaseException:
            self.close()
            raise
        finally:
            os.umask(before)

    def close(self) -> None:
        """Closes all of them; ZeroMQ takes their files away."""
        for socket in self.sockets.values():
            socket.close()


class Back:
    """What reaches the kernel in the machine.

    Each channel is connected to once: a connection that is cut stays cut, and is told by
    :attr:`monitors`.

    Args:
        context: of ZeroMQ.
        channel: the unix socket of a channel.
    """

    def __init__(self, context: zmq.Context[Socket], channel: Callable[[str], Path]) -> None:
        self.sockets: dict[str, Socket] = {}
        self.monitors: list[Socket] = []
        for name in CARRIED:
            socket = self.sockets[name] = context.socket(zmq.SUB if name == "iopub" else zmq.DEALER)
            socket.linger = 0
            socket.sndhwm = 0  # a request is never dropped, and never holds up the loop
            socket.setsockopt(zmq.HANDSHAKE_IVL, 0)  # the machine may be slow
            socket.setsockopt(zmq.RECONNECT_IVL, _NEVER)
            if name == "iopub":
                socket.subscribe(b"")
            else:
                socket.setsockopt(zmq.IDENTITY, _NAME_BEHIND)
            self.monitors.append(socket.get_monitor_socket(_CUT))
            socket.connect(f"ipc://{channel(name)}")

    def close(self) -> None:
        """Closes all of them."""
        for socket in self.sockets.values():
            socket.disable_monitor()
            socket.close()
        for monitor in self.monitors:
            monitor.close(linger=0)


def _address(connection: Mapping[str, Any], name: str) -> str:
    joint = "-" if connection["transport"] == "ipc" else ":"
    return f"{connection['transport']}://{connection['ip']}{joint}{connection[f'{name}_port']}"


def _bind(socket: Socket, address: str) -> None:
    try:
        socket.bind(address)
    except zmq.ZMQError as error:
        raise SystemFault(
            f"open the kernel's address {address}",
            why=zmq.strerror(error.errno or 0),
            hint="Restart the kernel: Jupyter gives it another one",
        ) from error


def _encrypt(socket: Socket, connection: Mapping[str, Any]) -> None:
    """CurveZMQ, when Jupyter is set up to require it (``transport_encryption``)."""
    if secret := connection.get("curve_secretkey"):
        socket.curve_secretkey = secret.encode()
        socket.curve_publickey = connection["curve_publickey"].encode()
        socket.curve_server = True
