"""scale: how many there are to be, the same for everything that has a number of replicas.

A custom resource says in its definition where its numbers stand.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import decode, patch, read, write
from labkit.cluster.embedded.apiserver.handlers.answer import Answer, as_json
from labkit.cluster.embedded.apiserver.kinds import validate_scale
from labkit.cluster.embedded.apiserver.selectors import from_label_selector
from labkit.cluster.embedded.store import Key, Record, thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request


class Where(NamedTuple):
    """The paths of the numbers, and of a selector in words."""

    spec: tuple[str, ...] = ("spec", "replicas")
    status: tuple[str, ...] = ("status", "replicas")
    selector: tuple[str, ...] = ()


def where(resource: Resource) -> Where:
    """Where a resource keeps its numbers."""
    if resource.crd is None:
        return Where()
    said = resource.crd_version["subresources"]["scale"]
    paths = [
        tuple(part for part in said.get(name, "").split(".") if part)
        for name in ("specReplicasPath", "statusReplicasPath", "labelSelectorPath")
    ]
    return Where(*paths)


def _look(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def to_scale(resource: Resource, value: dict[str, Any]) -> dict[str, Any]:
    """The Scale of an object."""
    paths, about = where(resource), value["metadata"]
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    wanted, now = _look(value, paths.spec) or 0, _look(value, paths.status) or 0
    scale: dict[str, Any] = {"kind": "Scale", "apiVersion": "autoscaling/v1"}
    scale["metadata"] = {name: about[name] for name in names if name in about}
    scale["spec"] = {"replicas": wanted} if wanted else {}
    scale["status"] = {"replicas": now}
    selector = _look(value, paths.selector) if paths.selector else ""
    if resource.crd is None:
        said = (value.get("spec") or {}).get("selector")
        selector = _words(said) if said else ""
    if selector:
        scale["status"]["selector"] = selector
    return scale


def _words(selector: dict[str, Any]) -> str:
    """A selector in words; a replication controller's is labels alone."""
    is_plain = not {"matchLabels", "matchExpressions"}.intersection(selector)
    return str(from_label_selector({"matchLabels": selector} if is_plain else selector))


async def handle(api: Api, request: Request, resource: Resource) -> Answer:
    """get, update and patch of a Scale.

    Raises:
        ApiError: 400, 404, 409, 422.
    """
    key = resource.key(request.namespace, request.name)
    if request.verb == "get":
        return as_json(to_scale(resource, _found(api, resource, key).object))
    read.find(api, resource, request.namespace, request.name)
    change = _change(api, request, resource)

    def make(old: dict[str, Any]) -> dict[str, Any]:
        return _with_replicas(resource, old, change(to_scale(resource, old)))

    written, warnings = await write.change(api, request, resource, key, make)
    value = written.object if isinstance(written, Record) else written
    return as_json(to_scale(resource, value), warnings=warnings)


def _found(api: Api, resource: Resource, key: Key) -> Record:
    """What has a Scale; who reads one of what is not there is told of the Scale."""
    record = api.store.get(key)
    if record is None:
        of = "" if resource.crd is not None else "/scale"
        group = resource.group or ("autoscaling" if of else "")
        raise status.not_found(group, resource.plural + of, key.name)
    return record


def _change(api: Api, request: Request, resource: Resource) -> Any:
    """What makes the new Scale from the present one."""
    del api
    if request.verb == "update":
        sent = decode.read_body(request)
        decode.check_kind(sent, "autoscaling/v1", "Scale")
        sent.setdefault("metadata", {})
        write.check_name(sent, request)
        if sent["metadata"].get("namespace") not in (None, "", request.namespace):
            words = "the namespace of the provided object does not match the namespace sent on the"
            raise status.bad_request(f"{words} request")
        return lambda _: sent
    kind = decode.content_type(request)
    if kind == patch.APPLY:
        from labkit.cluster.embedded.apiserver.handlers.yaml_bodies import read_yaml

        applied = decode.as_object(read_yaml(request.body))
        return lambda scale: patch.patched(patch.MERGE_PATCH, resource, scale, applied)
    if resource.crd is not None and kind == patch.STRATEGIC:
        raise status.unsupported_media_type(patch.FOR_CUSTOM)
    document = patch.read_document(request, kind)
    kind = patch.MERGE_PATCH if kind == patch.STRATEGIC else kind
    return lambda scale: patch.patched(kind, resource, scale, document)


def _with_replicas(
    resource: Resource, old: dict[str, Any], scale: dict[str, Any]
) -> dict[str, Any]:
    number = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(number, int):
        raise status.bad_request(f"spec.replicas: {number!r} is no number")
    causes = [status.StatusCause(one.reason, one.body, one.field) for one in validate_scale(scale)]
    if causes and resource.crd is None:  # of a custom resource, its own rules say so
        raise status.invalid("autoscaling", "Scale", old["metadata"]["name"], causes)
    new: dict[str, Any] = thaw(old)
    about = scale.get("metadata") or {}
    for name in ("uid", "resourceVersion"):
        if about.get(name):
            new["metadata"][name] = about[name]
    place = new
    *path, last = where(resource).spec
    for name in path:
        place = place.setdefault(name, {})
    place[last] = number
    return new
