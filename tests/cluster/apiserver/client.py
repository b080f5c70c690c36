"""A client of HTTPS that sends whatever a test wants, and reads what comes."""

from __future__ import annotations

import http.client
import json
import ssl
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from labkit.cluster.kubeconfig import Access, read_kubeconfig

ANSWER_WITHIN_S = 30.0


class Answer(NamedTuple):
    """What came."""

    code: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        """The body, read as JSON."""
        found: dict[str, Any] = json.loads(self.body)
        return found


class Client:
    """Asks one cluster.

    Args:
        kubeconfig: where it is, and who asks.
        shows: `certificate`, or nothing.
        token: shown instead.
    """

    def __init__(self, kubeconfig: Path, *, shows: str = "certificate", token: str = "") -> None:
        self.access: Access = read_kubeconfig(kubeconfig).access()
        self._token = token
        self.context = ssl.create_default_context(cadata=(self.access.authority or b"").decode())
        if shows == "certificate" and not token:
            with tempfile.NamedTemporaryFile("wb", suffix=".pem") as pair:
                pair.write((self.access.certificate or b"") + (self.access.key or b""))
                pair.flush()
                self.context.load_cert_chain(pair.name)
        host, _, port = self.access.server.removeprefix("https://").partition(":")
        self.host, self.port = host, int(port)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        kind: str = "application/json",
        **headers: str,
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPSConnection(
            self.host, self.port, context=self.context, timeout=ANSWER_WITHIN_S
        )
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None:
            sent["Content-Type"] = kind
        if self._token:
            sent["Authorization"] = f"Bearer {self._token}"
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()
