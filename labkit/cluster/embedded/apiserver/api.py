"""The API server without sockets: one request in, one answer out.

Holds the parts together: store, registry, admission, authorization, watches. Handlers are given it.
Controllers of this process use `Api.call`, and are judged like anybody else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.chain import Chain
from labkit.cluster.embedded.apiserver.allocation import Allocator
from labkit.cluster.embedded.apiserver.handlers import dispatch, options
from labkit.cluster.embedded.apiserver.handlers.answer import YAML, Answer
from labkit.cluster.embedded.apiserver.watch.hub import Hub
from labkit.cluster.embedded.store import Cause

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.authentication.authenticator import Authenticator
    from labkit.cluster.embedded.apiserver.authentication.service_accounts import (
        ServiceAccountTokens,
    )
    from labkit.cluster.embedded.apiserver.authentication.users import User
    from labkit.cluster.embedded.apiserver.authorization.authorizer import Authorizer
    from labkit.cluster.embedded.apiserver.registry import Registry, Resource
    from labkit.cluster.embedded.apiserver.request import Request
    from labkit.cluster.embedded.apiserver.streams import Stream
    from labkit.cluster.embedded.apiserver.watch.start import Watch
    from labkit.cluster.embedded.store import Record, Store

    Written = Callable[["Resource", "Record", "Record | None"], None]

BECAUSE = "Labkit-Because"
"""A header by which a component says which revision it answers to."""


class Api:
    """The API of one cluster.

    Args:
        store: where objects are kept.
        registry: which resources there are.
        authorizer: who may do what.
        admission: what is asked of every write.
        authenticator: who asks.
        tokens: of service accounts.
        authority_pem: the certificate by which clients know this server.
    """

    def __init__(
        self,
        *,
        store: Store,
        registry: Registry,
        authorizer: Authorizer,
        admission: Chain,
        authenticator: Authenticator,
        tokens: ServiceAccountTokens,
        authority_pem: str,
    ) -> None:
        self.store, self.registry = store, registry
        self.authorizer, self.admission = authorizer, admission
        self.hub = Hub(store)
        self.allocator = Allocator(store)
        self.tokens, self.authenticator = tokens, authenticator
        self.authority_pem = authority_pem
        self._listeners: list[Written] = []

    async def handle(self, asked: Request) -> Answer | Watch | Stream:
        """Answers a request whose user is known.

        Returns:
            An answer, errors included; or a watch or a stream that is to begin.
        """
        try:
            return await dispatch.handle(self, asked)
        except status.ApiError as error:
            return error_answer(error, asked.headers.get("Accept", ""))
        except RecursionError:
            return error_answer(status.bad_request("the body is nested too deeply"))

    async def call(
        self,
        user: User,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, str] | None = None,
        content_type: str = "application/json",
        component: str = "",
        because: int | None = None,
    ) -> dict[str, Any]:
        """A request of a component in this process.

        Returns:
            The object that was answered.

        Raises:
            ApiError: what a client would see as a Status.
        """
        headers = {"Content-Type": content_type, "User-Agent": component or user.name}
        if because is not None:
            headers[BECAUSE] = str(because)
        data = b"" if body is None else orjson.dumps(body)
        asked = requests.parse(method, path, query or {}, headers, data)
        asked.user = user
        answer = await dispatch.handle(self, asked)
        assert isinstance(answer, Answer)
        if answer.code == 404:  # in plain text: nobody serves the path
            raise status.no_such_resource()
        found: dict[str, Any] = orjson.loads(answer.body)
        return found

    def cause(self, asked: Request) -> Cause:
        """Who writes, and because of which revision."""
        agent = asked.headers.get("User-Agent", "").partition("/")[0].strip() or "unknown"
        because = asked.headers.get(BECAUSE, "")
        return Cause(agent[:128], int(because) if because.isdigit() else None)

    def allocate(
        self, resource: Resource, value: dict[str, Any], old: dict[str, Any] | None
    ) -> None:
        """Gives a service its addresses and ports.

        Raises:
            ApiError: 422 where one that is asked for is taken.
        """
        if resource.storage == "services":
            self.allocator.allocate(value, old)

    def listen(self, listener: Written) -> None:
        """Calls `listener(resource, record, old)` after each write, deletions included."""
        self._listeners.append(listener)

    def written(self, resource: Resource, record: Record, old: Record | None = None) -> None:
        """Tells those who keep something of what was written."""
        for listener in self._listeners:
            listener(resource, record, old)

    def removed(self, resource: Resource, record: Record) -> None:
        """The same, of an object that is gone."""
        for listener in self._listeners:
            listener(resource, record, record)

    def close(self) -> None:
        """Ends all watches."""
        self.hub.close()


def error_answer(error: status.ApiError, accept: str = "") -> Answer:
    """A Status, with its code, in a form that the client takes."""
    answer = Answer(error.code, orjson.dumps(error.to_status()), warnings=error.warnings)
    if "yaml" in accept and options.is_yaml(accept):
        from labkit.cluster.embedded.apiserver.handlers.yaml_answers import as_yaml

        answer.body, answer.content_type = as_yaml(error.to_status()), YAML
    seconds = (error.details or {}).get("retryAfterSeconds")
    if seconds:
        answer.headers["Retry-After"] = str(seconds)
    return answer
