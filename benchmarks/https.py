"""A client that costs next to nothing, so that what is measured is the server.

Python's own needs 0.3 ms of a slow core for each request, as much as the server for a small one.
One connection, one request at a time; answers with a length, or in chunks.
"""

from __future__ import annotations

import json
import socket
import ssl
import tempfile
from pathlib import Path
from typing import Any

from labkit.cluster.kubeconfig import Access, read_kubeconfig


def client_context(access: Access) -> ssl.SSLContext:
    """TLS for who a kubeconfig file says that we are.

    Args:
        access: what the file says.
    """
    context = ssl.create_default_context(cadata=(access.authority or b"").decode())
    with tempfile.NamedTemporaryFile("wb", suffix=".pem") as pair:
        pair.write((access.certificate or b"") + (access.key or b""))
        pair.flush()
        context.load_cert_chain(pair.name)
    return context


class Connection:
    """One connection of a client, by what a kubeconfig file says.

    Args:
        kubeconfig: the file.
    """

    def __init__(self, kubeconfig: Path) -> None:
        access = read_kubeconfig(kubeconfig).access()
        context = client_context(access)
        host, _, port = access.server.removeprefix("https://").partition(":")
        plain = socket.create_connection((host, int(port or 443)))
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = context.wrap_socket(plain, server_hostname=host)
        self._file = self._socket.makefile("rb")
        self._host = f"{host}:{port}"

    def ask(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> bytes:
        """One request, answered.

        Raises:
            ValueError: it was refused.
        """
        self.send(method, path, body, kind)
        return self.receive()

    def send(
        self, method: str, path: str, body: Any = None, kind: str = "application/json"
    ) -> None:
        """One request, whose answer is still to come."""
        data = b"" if body is None else json.dumps(body).encode()
        about = f"Content-Type: {kind}\r\nContent-Length: {len(data)}\r\n" if data else ""
        head = f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nUser-Agent: bench/1\r\n{about}"
        self._socket.sendall(f"{head}\r\n".encode() + data)

    def receive(self) -> bytes:
        """The answer to what was sent.

        Raises:
            ValueError: a refusal.
        """
        code, length = self.head()
        said = b"".join(iter(self.chunk, b"")) if length is None else self._file.read(length)
        if code >= 400:
            raise ValueError(f"{code} {said[:300]!r}")
        return said

    def head(self) -> tuple[int, int | None]:
        """The code of an answer, and its length; None when it comes in chunks."""
        code, length = int(self._file.readline().split()[1]), None
        while (line := self._file.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        return code, length

    def chunk(self) -> bytes:
        """The next chunk of an answer; nothing at its end."""
        data = self._file.read(int(self._file.readline(), 16))
        self._file.readline()
        return data
