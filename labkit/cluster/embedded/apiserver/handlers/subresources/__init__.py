"""Parts of a resource with a path of their own, and whoever answers for each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import patch, read, write, write_options
from labkit.cluster.embedded.apiserver.handlers.subresources import (
    binding,
    eviction,
    onnode,
    scale,
    token,
)

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.handlers.answer import Answer
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request
    from labkit.cluster.embedded.apiserver.streams import Stream

PARTS = frozenset({"status", "ephemeralcontainers", "resize", "finalize", "approval"})
"""Those that are the object itself, of which only one part may be changed (`kinds`)."""
OWN: dict[str, Callable[[Api, Request, Resource], Awaitable[Answer | Stream]]] = {
    "binding": binding.create,
    "eviction": eviction.create,
    "scale": scale.handle,
    "token": token.create,
    **dict.fromkeys(("attach", "exec", "log", "portforward", "proxy"), onnode.handle),
}


async def handle(api: Api, request: Request, resource: Resource) -> Answer | Stream:
    """Answers a request for a subresource.

    Raises:
        ApiError: 404, 405, and what each says.
    """
    name = request.subresource.partition("/")[0]
    if resource.crd is not None:  # whatever follows is not looked at
        request.subresource = name
    part = resource.subresources.get(name)
    if part is None and resource.crd is not None:
        raise status.not_found(resource.group, resource.plural, request.name)
    if part is None or name not in (request.subresource, "proxy"):
        raise status.no_such_resource()
    if request.verb not in part.verbs:
        if resource.crd is None:
            raise status.method_not_allowed()
        raise status.method_not_supported(resource.group, resource.plural, request.verb)
    write_options.check(request, patch.accepted(request, resource))
    if name not in PARTS:
        return await OWN[name](api, request, resource)
    if request.verb == "get":
        return read.get(api, request, resource)
    return await (write.update if request.verb == "update" else patch.patch)(api, request, resource)
