"""HTTPS: one question to one server. Knows nothing about what is asked.

Why a call failed is said as Go's client says it, for that is what learners find when they look it
up.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp

from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.store import Store

USUAL_PORT = 443
LARGEST = 3 << 20
"""Bytes of an answer: no object may be larger."""
MOST_AUTHORITIES = 32
"""Whose certificates are kept ready; reading one takes a millisecond."""


class NotReached(Exception):
    """A server gave no answer; the message says why."""


class Caller:
    """Asks servers. Its connections are kept for the next question.

    Must be closed, if it was ever used.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._trusts: dict[str, ssl.SSLContext] = {}

    async def ask(self, store: Store, client: dict[str, Any], body: bytes, timeout_s: int) -> bytes:
        """Posts a body.

        Args:
            store: in which a service is looked up.
            client: a WebhookClientConfig.
            body: JSON.
            timeout_s: for all of it.

        Returns:
            The body of the answer.

        Raises:
            NotReached: there is none.
        """
        if client.get("service"):
            raise NotReached(_of_service(store, client["service"], timeout_s))
        try:
            trust = self._trust(client.get("caBundle") or "")
        except ValueError:
            words = "unable to load root certificates: unable to parse bytes as PEM block"
            raise NotReached(f"could not get REST client: {words}") from None
        url = f"{client['url']}?timeout={timeout_s}s"
        try:
            return await self._post(url, body, trust, timeout_s)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            words = f'Post "{url}": {_why(error)}'
            raise NotReached(f"failed to call webhook: {words}") from error

    async def _post(self, url: str, body: bytes, trust: ssl.SSLContext, timeout_s: int) -> bytes:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        async with self._session.post(
            url,
            data=body,
            ssl=trust,
            headers={"Content-Type": "application/json", "Accept": "application/json"},
            timeout=aiohttp.ClientTimeout(total=timeout_s),
            allow_redirects=False,
        ) as answer:
            found = await answer.content.read(LARGEST)
            if answer.status // 100 != 2:
                raise NotReached(f"failed to call webhook: {_of_code(answer.status, found)}")
            return found

    def _trust(self, bundle: str) -> ssl.SSLContext:
        """Who may answer: those the bundle knows; without one, those whom the machine knows."""
        if bundle not in self._trusts:
            if len(self._trusts) >= MOST_AUTHORITIES:
                self._trusts.clear()
            self._trusts[bundle] = _context(bundle)
        return self._trusts[bundle]

    async def close(self) -> None:
        """Ends its connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None


def _context(bundle: str) -> ssl.SSLContext:
    if not bundle:
        return ssl.create_default_context()
    try:
        context = ssl.create_default_context(cadata=base64.b64decode(bundle).decode("ascii"))
    except (binascii.Error, UnicodeDecodeError, ssl.SSLError) as error:
        raise ValueError(str(error)) from None
    # Go takes a server's own certificate for an authority, and asks for no more extensions.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def _of_service(store: Store, service: dict[str, Any], timeout_s: int) -> str:
    name, namespace = service["name"], service["namespace"]
    record = store.get(Key("services", namespace, name))
    why = f'service "{name}" not found'
    if record is not None:
        why = f'no endpoints available for service "{name}"'
    path, port = service.get("path") or "/", service.get("port", USUAL_PORT)
    url = f"https://{name}.{namespace}.svc:{port}{path}?timeout={timeout_s}s"
    return f'failed to call webhook: Post "{url}": {why}'


def _of_code(code: int, body: bytes) -> str:
    if code == 404:
        return "the server could not find the requested resource"
    if code >= 500:
        said = body[:2048].decode("utf-8", "replace").strip() or "unknown"
        return f'an error on the server ("{said}") has prevented the request from succeeding'
    return f"the server rejected our request for an unknown reason (status {code})"


def _why(error: Exception) -> str:
    if isinstance(error, asyncio.TimeoutError):
        return "context deadline exceeded"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", str(error.certificate_error))
        return f"tls: failed to verify certificate: x509: {why}"
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return f"tls: {error.os_error}"
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"dial tcp: lookup {error.host}: no such host"
    if isinstance(error, aiohttp.ClientConnectorError):
        reason = "connection refused" if error.errno == 111 else error.os_error.strerror
        return f"dial tcp {error.host}:{error.port}: connect: {reason}"
    return "EOF" if isinstance(error, aiohttp.ServerDisconnectedError) else str(error)
