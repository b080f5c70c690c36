"""Which handler a request belongs to, after it was found that it may be made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.authorization.attributes import Attributes, Forbidden
from labkit.cluster.embedded.apiserver.handlers import (
    ending,
    patch,
    paths,
    read,
    reviews,
    subresources,
    write,
    write_options,
)
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from labkit.cluster.embedded.apiserver.watch.start import Watch

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request
    from labkit.cluster.embedded.apiserver.streams import Stream

WRITES = {
    "create": write.create,
    "update": write.update,
    "patch": patch.patch,
    "delete": ending.delete,
    "deletecollection": ending.delete_collection,
}
SPECIAL = frozenset({"proxy", "watch"})
"""Words before a resource in older paths; with nothing behind them they are no path."""


async def handle(api: Api, request: Request) -> Answer | Watch | Stream:
    """Answers.

    Raises:
        ApiError: whatever is wrong.
    """
    if request.is_resource and request.resource in SPECIAL and not request.name:
        return paths.of_no_kind(request)
    authorize(api, request)
    if not request.is_resource:
        return paths.answer(api, request)
    resource = api.registry.find(request.group, request.version, request.resource)
    if resource is None and api.registry.is_built_in(request.group, request.version):
        raise status.no_such_resource()
    if resource is None or (resource.crd is not None and not _is_in_scope(request, resource)):
        return paths.nothing_there()
    answer = await _of_served(api, request, resource)
    if resource.deprecation and isinstance(answer, Answer | Watch):
        answer.warnings.insert(0, resource.deprecation)
    return answer


async def _of_served(api: Api, request: Request, resource: Resource) -> Answer | Watch | Stream:
    if request.subresource:
        return await subresources.handle(api, request, resource)
    if resource.crd is None:
        _check_path(request, resource)
    elif request.verb not in resource.verbs:
        raise status.method_not_supported(resource.group, resource.plural, request.verb)
    elif not request.name and request.verb in ("update", "patch"):
        raise status.bad_request("name must be provided")
    write_options.check(request, patch.accepted(request, resource))
    if resource.group in reviews.GROUPS:
        return await reviews.create(api, request, resource)
    if resource.storage == "bindings":  # the older path of the same
        return await subresources.binding.create(api, request, resource)
    return await _whole(api, request, resource)


async def _whole(api: Api, request: Request, resource: Resource) -> Answer | Watch:
    if request.verb == "get":
        return read.get(api, request, resource)
    if request.verb == "list":
        return read.list_(api, request, resource)
    if request.verb == "watch":
        return Watch(api, request, resource)
    return await WRITES[request.verb](api, request, resource)


def _is_in_scope(request: Request, resource: Resource) -> bool:
    """Whether a path of a custom resource has a namespace where there can be one, or has to be."""
    if not resource.is_namespaced:
        return not request.namespace
    return bool(request.namespace) or request.verb in ("list", "watch")


def _check_path(request: Request, resource: Resource) -> None:
    """Refuses what no route of a built-in resource is: a method, a namespace, or none of it."""
    if request.name and resource.storage == "bindings":
        raise status.no_such_resource()
    is_watched_by_another = request.verb == "watch" and request.method != "GET"
    if request.verb not in resource.verbs or request.method == "HEAD" or is_watched_by_another:
        raise status.method_not_allowed()
    if not request.name and request.verb in ("update", "patch"):
        raise status.method_not_allowed()
    is_own = resource.plural == "namespaces" and not resource.group
    if request.namespace and not resource.is_namespaced and not is_own:
        raise status.no_such_resource()
    if request.name and request.verb == "create":
        raise status.method_not_allowed()
    if not resource.is_namespaced or request.namespace:
        return
    if request.name:
        raise status.no_such_resource()
    if request.verb in ("create", "deletecollection"):
        raise status.method_not_allowed()


def authorize(api: Api, request: Request) -> None:
    """Makes sure that who asks may.

    Raises:
        ApiError: 403.
    """
    try:
        api.authorizer.demand(attributes(request))
    except Forbidden as error:
        raise status.not_allowed(error) from None


def attributes(request: Request) -> Attributes:
    """What authorization is asked."""
    assert request.user is not None
    if not request.is_resource:
        return Attributes(request.user, request.verb, path=request.path, is_resource=False)
    return Attributes(
        request.user,
        request.verb,
        group=request.group,
        version=request.version,
        resource=request.resource,
        subresource=request.subresource,
        namespace=request.namespace,
        name=request.name or _selected_name(request),
    )


def _selected_name(request: Request) -> str:
    """A list or a watch of one name is a request for that name, to who is bound to names."""
    if request.verb not in ("list", "watch", "deletecollection"):
        return ""
    selector = request.query.get("fieldSelector", "")
    if selector.startswith("metadata.name=") and "," not in selector:
        return selector.removeprefix("metadata.name=").removeprefix("=")
    return ""
