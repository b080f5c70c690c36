"""log, exec, attach, port-forward, proxy: what the node of a pod answers, not the API server.

The server looks the pod up, finds its node, and passes a stream on (`streams`). What cannot be
passed on is answered here, in Kubernetes' words.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import options, read
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from labkit.cluster.embedded.apiserver.streams import Stream
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request


LEAST = {"sinceSeconds": 1, "limitBytes": 1}
"""What can be asked of a log (`ValidatePodLogOptions` in Kubernetes `pkg/apis/core/validation`)."""


async def handle(api: Api, request: Request, resource: Resource) -> Answer | Stream:
    """Finds out to which node a stream goes; a pod that has none has a log with nothing in it.

    Raises:
        ApiError: 400 for a pod that has no node or no address, 404 (of a node as if it were a pod,
            as the real one has it), 500 for a node that says no address, 503 for what has nobody
            behind it.
    """
    if request.subresource == "log":
        _check_log_options(request)
    record = read.find(api, resource, request.namespace, request.name)
    if resource.plural == "services":
        words = f'no endpoints available for service "{request.name}"'
        raise status.ApiError(503, "ServiceUnavailable", words)
    if resource.plural == "nodes":
        return _to_node(request, record.object)
    if request.subresource.startswith("proxy") and not (record.object.get("status") or {}).get(
        "podIP"
    ):
        raise status.bad_request("address not allowed")
    _check_container(request, record.object)
    name = (record.object.get("spec") or {}).get("nodeName")
    if request.subresource.startswith("proxy"):
        return Stream(request, name or request.name)
    if not name and request.subresource == "log":
        return Answer(204, b"")
    if not name:
        words = f"pod {request.name} does not have a host assigned"
        raise status.bad_request(words)
    node = api.store.get(Key("nodes", "", name))
    if node is None:
        raise status.not_found("", resource.plural, name)
    return _to_node(request, node.object)


def _to_node(request: Request, node: Mapping[str, Any]) -> Stream:
    if not (node.get("status") or {}).get("addresses"):
        raise status.ApiError(500, "", "no preferred addresses found; known addresses: []")
    return Stream(request, node["metadata"]["name"])


def _check_log_options(request: Request) -> None:
    """Refuses what of a log nobody can give; the pod is not even looked for."""
    found = {name: options.number(request, name) for name in (*LEAST, "tailLines")}
    causes = [
        _invalid(name, number, "must be greater than or equal to 0")
        if name == "tailLines"
        else _invalid(name, number, "must be greater than 0")
        for name, number in found.items()
        if number is not None and number < LEAST.get(name, 0)
    ]
    if found["sinceSeconds"] is not None and request.query.get("sinceTime"):
        words = "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"
        causes = [status.StatusCause("FieldValueForbidden", words, "[]")]
    if causes:
        raise status.invalid("", "PodLogOptions", request.name, causes)


def _invalid(name: str, number: int, words: str) -> status.StatusCause:
    return status.StatusCause("FieldValueInvalid", f"Invalid value: {number}: {words}", name)


def _check_container(request: Request, pod: dict[str, Any]) -> None:
    if request.subresource not in ("log", "exec", "attach"):
        return
    spec = pod.get("spec") or {}
    groups = ("containers", "initContainers", "ephemeralContainers")
    names = [one["name"] for group in groups for one in spec.get(group) or ()]
    main = [one["name"] for one in spec.get("containers") or ()]
    asked = request.query.get("container", "")
    if not asked and len(main) != 1:
        choice = f"[{' '.join(main)}]"
        words = (
            f"a container name must be specified for pod {request.name}, choose one of: {choice}"
        )
        raise status.bad_request(words)
    if asked and asked not in names:
        words = f"container {asked} is not valid for pod {request.name}"
        raise status.bad_request(words)
