"""A host that keeps events, as a machine reaches it: for the tests of both ends."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

from labkit.grading.database import EventStore
from labkit.grading.service import serve_events
from labkit.machine.guest.events import Bridge, listen


class Host:
    """A host with its store, and a guest's bridge to it: a socket for the guest's processes."""

    def __init__(self, folder: Path) -> None:
        self.store = EventStore(folder / "progress.sqlite")
        self.socket = folder / "events"
        self._stack = contextlib.ExitStack()
        self._listener = self._stack.enter_context(listen(self.socket))
        self.new_machine()

    def new_machine(self, begun: bytes = b"") -> None:
        """Another connection, another server, another bridge: all that was on its way is lost.

        ``begun``: what a bridge before this one could still write.
        """
        self._end_machine()
        self.near, far = socket.socketpair()
        self.near.sendall(begun)
        stop, self._stop = os.pipe()
        bridge = Bridge(self._listener, self.near.fileno())
        self._threads = [
            threading.Thread(target=self._serve, args=(far,)),
            threading.Thread(target=_work, args=(bridge, stop)),
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._end_machine()
        self._stack.close()
        self.socket.unlink(missing_ok=True)

    def _serve(self, sock: socket.socket) -> None:
        with sock:
            serve_events(sock, self.store, per_s=5000)

    def _end_machine(self) -> None:
        if hasattr(self, "_stop"):
            os.close(self._stop)
            self._threads[1].join(10)
            self.near.close()
            self._threads[0].join(10)
            assert not any(thread.is_alive() for thread in self._threads)


def _work(bridge: Bridge, stop: int) -> None:
    try:
        bridge.serve(stop=stop)
    finally:
        bridge.close()
        os.close(stop)


@contextlib.contextmanager
def connected(host: Host) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(host.socket))
        yield sock


def said(sock: socket.socket, line: bytes) -> dict[str, object]:
    sock.sendall(line + b"\n")
    received = b""
    while not received.endswith(b"\n"):
        data = sock.recv(1 << 16)
        assert data
        received += data
    found = json.loads(received)
    assert isinstance(found, dict)
    return found
