"""Sockets: HTTPS on loopback, one request in, one answer out.

Everything that an answer says is decided in `api.py`; here bytes are read and written. aiohttp
serves, for it shows the client's certificate and speaks WebSocket.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import uuid
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.api import error_answer
from labkit.cluster.embedded.apiserver.authentication.authenticator import Unauthorized
from labkit.cluster.embedded.apiserver.authentication.impersonation import (
    BadImpersonation,
    impersonate,
)
from labkit.cluster.embedded.apiserver.authorization.attributes import Forbidden
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from labkit.cluster.embedded.apiserver.handlers.sizes import LARGEST
from labkit.cluster.embedded.apiserver.streams import Stream
from labkit.cluster.embedded.apiserver.watch.start import Watch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.authentication.authenticator import Authenticator
    from labkit.cluster.embedded.apiserver.authentication.users import User

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
KEEP_ALIVE_S = 300.0
"""How long a connection may wait for its next request."""


class Server:
    """Serves an API.

    Args:
        api: what answers.
        authenticator: who asks.
        tls: the server's certificate, and the authority of clients'.
    """

    def __init__(self, api: Api, authenticator: Authenticator, tls: ssl.SSLContext) -> None:
        self.api, self._authenticator, self._tls = api, authenticator, tls
        self._runner: web.ServerRunner | None = None

    async def start(self, port: int = 0) -> int:
        """Listens on loopback.

        Args:
            port: 0 for any that is free.

        Returns:
            The port.

        Raises:
            OSError: the port is taken.
        """
        # Cancelled with its connection: a watch ends when its client goes.
        server = web.Server(
            self._answer,
            handler_cancellation=True,
            access_log=None,
            keepalive_timeout=KEEP_ALIVE_S,
        )
        self._runner = web.ServerRunner(server)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, LOOPBACK, port, ssl_context=self._tls, shutdown_timeout=1.0
        )
        await site.start()
        found: int = self._runner.addresses[0][1]
        return found

    async def stop(self) -> None:
        """Ends all watches, answers what was asked, closes."""
        self.api.close()
        if self._runner:
            await self._runner.cleanup()

    async def _answer(self, asked: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._respond(asked)
        except status.ApiError as error:
            return _response(error_answer(error))
        except (ConnectionError, asyncio.CancelledError):
            raise
        except Exception:
            # One request must not end the others; what went wrong is in the log, whole.
            log.exception("%s %s", asked.method, asked.rel_url)
            return _response(error_answer(status.internal_error("see the log of the API server")))

    async def _respond(self, asked: web.BaseRequest) -> web.StreamResponse:
        body = await _read(asked) if asked.can_read_body else b""
        query = {name: asked.query[name] for name in asked.query} if asked.query_string else {}
        request = requests.parse(asked.method, asked.path, query, asked.headers, body)
        if "dryRun" in query:
            request.dry_runs = tuple(asked.query.getall("dryRun"))
        request.user = self._who(asked)
        answer = await self.api.handle(request)
        if isinstance(answer, Answer):
            return _response(answer, is_head=asked.method == "HEAD")
        if isinstance(answer, Watch):
            return await _watch(asked, answer)
        assert isinstance(answer, Stream)
        return _response(error_answer(_unreachable(answer.node)))

    def _who(self, asked: web.BaseRequest) -> User:
        transport = asked.transport
        tls = transport.get_extra_info("ssl_object") if transport else None
        certificate = tls.getpeercert(binary_form=True) if tls else None
        try:
            user = self._authenticator.authenticate(certificate, asked.headers.get("Authorization"))
        except Unauthorized:
            raise status.unauthorized() from None
        if not any(name.startswith("Impersonate-") for name in asked.headers):
            return user
        return self._as_another(user, asked.headers)

    def _as_another(self, user: User, headers: Mapping[str, str]) -> User:
        try:
            demand = self.api.authorizer.demand_impersonation(user)
            return impersonate(user, headers.items(), demand)
        except Forbidden as error:
            raise status.not_allowed(error) from None
        except BadImpersonation as error:
            raise status.internal_error(str(error)) from None


async def _read(asked: web.BaseRequest) -> bytes:
    """The body; of one that is too large no more than shows it."""
    if (asked.content_length or 0) > LARGEST:
        raise status.too_large()
    parts, length = [], 0
    async for part in asked.content.iter_any():
        parts.append(part)
        length += len(part)
        if length > LARGEST:
            raise status.too_large()
    return b"".join(parts)


def _response(answer: Answer, *, is_head: bool = False) -> web.Response:
    headers: dict[str, str] = {"Content-Type": answer.content_type, **answer.headers}
    headers["Audit-Id"] = str(uuid.uuid4())
    headers["Cache-Control"] = "no-cache, private"
    response = web.Response(status=answer.code, body=answer.body, headers=headers)
    _warn(response, answer.warnings)
    del is_head  # aiohttp leaves the body out itself
    return response


def _warn(response: web.StreamResponse, warnings: list[str]) -> None:
    for warning in warnings:
        response.headers.add("Warning", f"299 - {orjson.dumps(warning).decode()}")


def _unreachable(node: str) -> status.ApiError:
    words = f"error dialing backend: dial tcp: lookup {node}: no such host"
    return status.ApiError(500, "InternalError", f"Internal error occurred: {words}")


class _Sink:
    """A watch's connection: chunks of HTTP/1.1, written without waiting.

    Written to the transport itself, for a thousand watchers are told in one go, and each would
    otherwise have to be woken first.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.ended = asyncio.Event()

    def write(self, data: bytes) -> None:
        """Sends one chunk."""
        if not self._transport.is_closing():
            self._transport.write(b"%x\r\n%b\r\n" % (len(data), data))

    def waiting(self) -> int:
        """Bytes that the client has not taken yet."""
        return self._transport.get_write_buffer_size()

    def close(self) -> None:
        """Ends the watch, as the server."""
        self.ended.set()


async def _watch(asked: web.BaseRequest, watch: Watch) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    _warn(response, watch.warnings)
    response.enable_chunked_encoding()
    await response.prepare(asked)
    transport: Any = asked.transport
    if transport is None:
        return response
    sink = _Sink(transport)
    watcher = watch.begin(sink)
    try:
        await sink.ended.wait()
    finally:
        if watcher is not None:
            watch.hub.remove(watcher)
    return response
