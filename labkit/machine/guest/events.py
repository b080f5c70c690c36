"""The bridge of the events: a unix socket for many, one port to the host.

``python3 -m labkit.machine.guest.events SOCKET``: takes whole lines from whoever connects, puts a
number before each, and brings each answer to the number that it bears. Half a line goes nowhere:
whoever wrote it is gone. What the host does not take waits, and so does who asks for more.

Standard library alone. Knows nothing about events: a line is bytes without an end of line.

Sources: ``labkit/grading/messages.py`` (the lines); unix(7); ``labkit/machine/guest/ports.py``.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from labkit.machine.guest.ports import open_port

LINE_LIMIT = 1 << 20
"""Bytes of a request; an answer may be twice as long."""
MOST_CLIENTS = 64
_WAITING_LIMIT = 2 << 20
"""Bytes on their way to the host; more are not read from clients meanwhile."""
_UNREAD_LIMIT = 4 << 20
"""Bytes that a client leaves unread before it is cut off."""
_NUMBERS = 1_000_000_000
_PAUSE_S = 0.05
"""Between two looks at a port whose host end is closed: it would be ready all the time."""


@dataclass
class _Client:
    sock: socket.socket
    number: int
    received: bytearray = field(default_factory=bytearray)
    unread: bytearray = field(default_factory=bytearray)


class Bridge:
    """Carries lines between clients and a port.

    Args:
        listener: a unix socket that listens.
        port: a descriptor to read and write, of the port.
    """

    def __init__(self, listener: socket.socket, port: int) -> None:
        self._listener, self._port = listener, port
        self._clients: dict[int, _Client] = {}
        self._count = 0
        # The end of a line that a bridge before this one could not finish.
        self._waiting, self._received = bytearray(b"\n"), bytearray()
        self._port_rests_until = 0.0
        listener.setblocking(False)
        os.set_blocking(port, False)

    def serve(self, *, stop: int | None = None) -> None:
        """Works until ``stop`` can be read; without it, for ever."""
        while True:
            # Made anew each time: few descriptors, and what is waited for changes with each line.
            with selectors.PollSelector() as selector:
                self._register(selector)
                if stop is not None:
                    selector.register(stop, selectors.EVENT_READ, "stop")
                found = selector.select(_PAUSE_S if self._is_port_at_rest() else None)
            for key, events in found:
                if key.data == "stop":
                    return
                self._handle(key.data, events)

    def close(self) -> None:
        """Closes all connections, not the listener and the port."""
        for client in list(self._clients.values()):
            self._drop(client)

    def _is_port_at_rest(self) -> bool:
        return time.monotonic() < self._port_rests_until

    def _register(self, selector: selectors.BaseSelector) -> None:
        if len(self._clients) < MOST_CLIENTS:
            selector.register(self._listener, selectors.EVENT_READ, "listener")
        if not self._is_port_at_rest():
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._waiting else 0)
            selector.register(self._port, events, "port")
        is_room = len(self._waiting) < _WAITING_LIMIT
        for client in self._clients.values():
            events = selectors.EVENT_READ if is_room else 0
            events |= selectors.EVENT_WRITE if client.unread else 0
            if events:
                selector.register(client.sock, events, client)

    def _handle(self, what: str | _Client, events: int) -> None:
        if what == "listener":
            self._accept()
        elif what == "port":
            self._exchange(events)
        elif isinstance(what, _Client) and what.number in self._clients:
            try:
                if events & selectors.EVENT_WRITE:
                    self._tell(what)
                if events & selectors.EVENT_READ:
                    self._hear(what)
            except BlockingIOError:
                return
            except OSError:
                self._drop(what)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            sock = self._listener.accept()[0]
            sock.setblocking(False)
            self._count = self._count % (_NUMBERS - 1) + 1
            self._clients[self._count] = _Client(sock, self._count)

    def _hear(self, client: _Client) -> None:
        data = client.sock.recv(1 << 16)
        if not data:
            return self._drop(client)
        *lines, client.received = (client.received + data).split(b"\n")
        for line in lines:
            if line:
                self._waiting += b"%d %b\n" % (client.number, bytes(line))
        if len(client.received) > LINE_LIMIT:
            self._drop(client)
        return None

    def _tell(self, client: _Client) -> None:
        del client.unread[: client.sock.send(client.unread)]

    def _exchange(self, events: int) -> None:
        try:
            if events & selectors.EVENT_WRITE and self._waiting:
                del self._waiting[: os.write(self._port, self._waiting[: 1 << 16])]
            if events & selectors.EVENT_READ:
                self._take(os.read(self._port, 1 << 16))
        except BlockingIOError:
            return
        except OSError:
            self._take(b"")

    def _take(self, data: bytes) -> None:
        if not data:  # nobody at the host's end
            self._port_rests_until = time.monotonic() + _PAUSE_S
            return
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            number, _, answer = line.partition(b" ")
            client = self._clients.get(int(number)) if number.isdigit() else None
            if client:
                client.unread += answer + b"\n"
                if len(client.unread) > _UNREAD_LIMIT:
                    self._drop(client)
        if len(self._received) > 2 * LINE_LIMIT:
            self._received.clear()

    def _drop(self, client: _Client) -> None:
        self._clients.pop(client.number, None)
        client.sock.close()


def listen(path: Path) -> socket.socket:
    """A unix socket at ``path``; one that another left there goes."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(MOST_CLIENTS)
    return listener


if __name__ == "__main__":
    Bridge(listen(Path(sys.argv[1])), open_port("events")).serve()
