"""Many watchers of one resource in one process: counts what each is told, and how late.

Run by `benchmarks/cluster.py`. Says a line when all watch; told on its input how many writes there
were, it waits for the last and says what it saw, as JSON.

Sockets and epoll with nothing between: a hundred thousand events a second are more than asyncio
can read on one core, and it would measure itself.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import ssl
import statistics
import sys
import time
from pathlib import Path

from benchmarks.https import client_context
from labkit.cluster.kubeconfig import read_kubeconfig

PATIENCE_S = 30.0
PATH = "/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3Dtold"
MUCH = 1 << 18
"""Bytes that are read at once."""


class Watching:
    """One watcher: a socket, and TLS beside it, so that all that came is read in one go.

    Args:
        address: the server's host and port.
        context: its authority, and who asks.
    """

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext) -> None:
        self.socket = socket.create_connection(address)
        self._came, self._goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._came, self._goes, server_hostname=address[0])
        self._rest = b""
        while not self._is_agreed():
            self._came.write(self.socket.recv(MUCH))
        host = f"{address[0]}:{address[1]}"
        self._tls.write(f"GET {PATH} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        self.socket.sendall(self._goes.read())

    def _is_agreed(self) -> bool:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        finally:
            self.socket.sendall(self._goes.read())
        return True

    def lines(self) -> list[bytes]:
        """The whole lines of what has come."""
        came = self.socket.recv(MUCH)
        if not came:
            raise ConnectionError("a watch has ended")
        self._came.write(came)
        parts = [self._rest]
        with contextlib.suppress(ssl.SSLWantReadError):
            while True:
                parts.append(self._tls.read(MUCH))
        lines = b"".join(parts).split(b"\n")
        self._rest = lines.pop()
        return lines


class Watchers:
    """Connections that watch, and what they were told.

    Args:
        kubeconfig: the cluster.
        count: how many.
    """

    def __init__(self, kubeconfig: Path, count: int) -> None:
        self.late: list[float] = []
        self.ready = 0
        self._poll = select.epoll()
        self._all: dict[int, Watching] = {}
        access = read_kubeconfig(kubeconfig).access()
        context = client_context(access)
        host, _, port = access.server.removeprefix("https://").partition(":")
        for _ in range(count):
            watching = Watching((host, int(port or 443)), context)
            self._all[watching.socket.fileno()] = watching
            self._poll.register(watching.socket, select.EPOLLIN)

    def read(self, patience_s: float) -> None:
        """Reads what has come to any of them."""
        for number, _ in self._poll.poll(patience_s):
            lines, now = self._all[number].lines(), time.time()
            for line in lines:
                if line.startswith(b'{"type":"MODIFIED"'):
                    at = line.index(b'"at":"') + 6
                    self.late.append(now - float(line[at : line.index(b'"', at)]))
                elif line.startswith(b'{"type":"ADDED"'):
                    self.ready += 1


def main(kubeconfig: str, count: int) -> None:
    """Watches."""
    watchers = Watchers(Path(kubeconfig), count)
    while watchers.ready < count:
        watchers.read(PATIENCE_S)
    print("ready", flush=True)
    input_, expected, until = select.poll(), None, float("inf")
    input_.register(sys.stdin, select.POLLIN)
    while expected is None or (len(watchers.late) < expected and time.monotonic() < until):
        watchers.read(0.05)
        if expected is None and input_.poll(0):
            expected = int(sys.stdin.readline()) * count
            until = time.monotonic() + PATIENCE_S
    late = sorted(watchers.late)
    said = {"expected": expected, "events": len(late), "median": statistics.median(late)}
    print(json.dumps(said | {"p99": late[int(len(late) * 0.99) - 1]}), flush=True)
