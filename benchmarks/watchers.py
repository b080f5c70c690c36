"""Many watchers of one resource in one process: counts what each is told, and how late.

Run by `benchmarks/cluster.py`. Says a line when all watch; told on its input how many writes there
were, it waits for the last and says what it saw, as JSON.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import statistics
import sys
import tempfile
import time
from pathlib import Path

from labkit.cluster.kubeconfig import read_kubeconfig

PATIENCE_S = 30.0
PATH = "/api/v1/namespaces/default/configmaps?watch=1&fieldSelector=metadata.name%3Dtold"


class Watching(asyncio.Protocol):
    """One watcher; it takes bytes, and no more than it must."""

    def __init__(self, host: str, late: list[float], ready: list[int]) -> None:
        self._host, self._late, self._ready = host, late, ready
        self._left = b""
        self.events = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Asks."""
        assert isinstance(transport, asyncio.Transport)
        request = f"GET {PATH} HTTP/1.1\r\nHost: {self._host}\r\nAccept: application/json\r\n\r\n"
        transport.write(request.encode())

    def data_received(self, data: bytes) -> None:
        """Counts the events in what came."""
        now = time.time()
        lines = (self._left + data).split(b"\n")
        self._left = lines.pop()
        for line in lines:
            if line.startswith(b'{"type":"ADDED"'):
                self._ready.append(1)
            elif line.startswith(b'{"type":"MODIFIED"'):
                self.events += 1
                at = line.index(b'"at":"') + 6
                self._late.append(now - float(line[at : line.index(b'"', at)]))


async def _watch(kubeconfig: Path, count: int) -> None:
    access = read_kubeconfig(kubeconfig).access()
    context = ssl.create_default_context(cadata=(access.authority or b"").decode())
    with tempfile.NamedTemporaryFile("wb", suffix=".pem") as pair:
        pair.write((access.certificate or b"") + (access.key or b""))
        pair.flush()
        context.load_cert_chain(pair.name)
    host, _, port = access.server.removeprefix("https://").partition(":")
    loop, late, ready, all_ = asyncio.get_running_loop(), [], [], []
    for _ in range(count):
        made = await loop.create_connection(
            lambda: Watching(host, late, ready), host, int(port), ssl=context
        )
        all_.append(made)
    while len(ready) < count:
        await asyncio.sleep(0.05)
    print("ready", flush=True)
    writes = int(await loop.run_in_executor(None, sys.stdin.readline))
    deadline = time.monotonic() + PATIENCE_S
    while len(late) < writes * count and time.monotonic() < deadline:
        await asyncio.sleep(0.05)
    late.sort()
    said = {"expected": writes * count, "events": len(late), "median": statistics.median(late)}
    print(json.dumps(said | {"p99": late[int(len(late) * 0.99) - 1]}), flush=True)
    for transport, _ in all_:
        transport.abort()


def main(kubeconfig: str, count: int) -> None:
    """Watches."""
    asyncio.run(_watch(Path(kubeconfig), count))
