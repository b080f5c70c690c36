"""scale: how many there are to be, the same for everything that has a number of replicas.

A custom resource says in its definition where its numbers stand.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import (
    decode,
    documents,
    patch,
    read,
    write,
)
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from labkit.cluster.embedded.apiserver.handlers.present import Presenter
from labkit.cluster.embedded.apiserver.kinds import validate_scale
from labkit.cluster.embedded.apiserver.kinds.tables import from_printer_columns, table_of
from labkit.cluster.embedded.apiserver.selectors import from_label_selector
from labkit.cluster.embedded.schema import Type, builtin, wrong_types
from labkit.cluster.embedded.store import Key, Record, thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request


NO_SCALE = "no kind is registered for the type v1.Scale"
SCHEME = "k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go:781"
"""Of 1.36, where custom resources are served."""

OF_CUSTOM = from_printer_columns(
    [
        {
            "name": "Desired",
            "type": "integer",
            "description": "Number of desired replicas",
            "jsonPath": ".spec.replicas",
        },
        {
            "name": "Available",
            "type": "integer",
            "description": "Number of actual replicas",
            "jsonPath": ".status.replicas",
        },
        {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"},
    ]
)
"""How a Scale of a custom resource is printed."""


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
        ApiError: 400, 404, 409, 422, 500 for a custom resource that says no number.
    """
    key = resource.key(request.namespace, request.name)
    if request.verb == "get":
        record = _found(api, resource, key)
        _demand_number(resource, record.object)
        return _answer(request, resource, to_scale(resource, record.object))
    read.find(api, resource, request.namespace, request.name)
    warnings: list[str] = []
    change = _change(request, resource, warnings)

    def make(old: dict[str, Any]) -> dict[str, Any]:
        return _with_replicas(resource, old, change(to_scale(resource, old)))

    written, further = await write.change(api, request, resource, key, make)
    value = written.object if isinstance(written, Record) else written
    said = [*dict.fromkeys(warnings), *further]
    return _answer(request, resource, to_scale(resource, value), said)


def _answer(
    request: Request, resource: Resource, scale: dict[str, Any], warnings: Sequence[str] = ()
) -> Answer:
    """A Scale, or its row."""
    presenter = Presenter.for_request(request, resource)
    presenter.table = table_of("scales") if resource.crd is None else OF_CUSTOM
    return presenter.answer(presenter.of_object(scale), 200, warnings)


def _found(api: Api, resource: Resource, key: Key) -> Record:
    """What has a Scale; who reads one of what is not there is told of the Scale."""
    record = api.store.get(key)
    if record is None:
        of = "" if resource.crd is not None else "/scale"
        group = resource.group or ("autoscaling" if of else "")
        raise status.not_found(group, resource.plural + of, key.name)
    return record


def _demand_number(resource: Resource, value: dict[str, Any]) -> None:
    path = where(resource).spec
    if resource.crd is not None and _look(value, path) is None:
        raise status.internal_error(f'the spec replicas field ".{".".join(path)}" does not exist')


Change = Callable[[dict[str, Any]], dict[str, Any]]


def _change(request: Request, resource: Resource, warnings: list[str]) -> Change:
    """What makes the new Scale from the present one."""
    if request.verb == "update":
        sent, found = _sent(request, resource)
        warnings += found
        if not isinstance(sent.get("metadata"), dict):
            sent["metadata"] = {}
        write.check_name(sent, request)
        if sent["metadata"].get("namespace") not in (None, "", request.namespace):
            words = "the namespace of the provided object does not match the namespace sent on the"
            raise status.bad_request(f"{words} request")
        return lambda _: sent
    kind = decode.content_type(request)
    if kind == documents.APPLY:
        applied = documents.read_applied(request)
        return lambda scale: patch.patched(documents.MERGE_PATCH, resource, scale, applied)
    if resource.crd is not None and kind == documents.STRATEGIC:
        raise status.unsupported_media_type(patch.FOR_CUSTOM)
    document = documents.read(request, kind)
    kind = documents.MERGE_PATCH if kind == documents.STRATEGIC else kind

    def change(scale: dict[str, Any]) -> dict[str, Any]:
        new = patch.patched(kind, resource, scale, document.value)
        text = orjson.dumps(new).decode()
        if (new.get("kind"), new.get("apiVersion")) != ("Scale", "autoscaling/v1"):
            _check_kind(resource, new, text)
        if wrong := wrong_types(scale_type(), new):
            raise patch.unfit(text, wrong[0].message)
        found = [*document.faults, *decode.drop_unknown(new, scale_type())]
        how = decode.how_strict(request)
        if found and how == decode.STRICT:
            raise patch.unfit(text, decode.strict_words(found))
        if how == decode.WARN:
            warnings.extend(found)
        if not isinstance(new.get("metadata"), dict):
            new["metadata"] = {}
        write.check_name(new, request)
        return new

    return change


def _check_kind(resource: Resource, new: dict[str, Any], text: str) -> None:
    """Refuses a patch after which a Scale is something else."""
    kind, version = new.get("kind"), new.get("apiVersion")
    if resource.crd is not None and kind and version:
        where = 'in scheme "k8s.io/client-go/scale/util.go:146"'
        words = f'no kind "{kind}" is registered for version "{version}" {where}'
        raise patch.unfit(text, words)
    decode.check_kind(new, "autoscaling/v1", "Scale")


def _sent(request: Request, resource: Resource) -> tuple[dict[str, Any], list[str]]:
    """A Scale that was sent, and warnings.

    Who serves custom resources cannot say why one is none: all its decoder's errors are this.
    """
    try:
        sent = decode.read_body(request, "Scale")
        decode.check_kind(sent, "autoscaling/v1", "Scale")
        decode.check_types(request, sent, scale_type(), "Scale")
        return sent, decode.check_fields(request, sent, scale_type(), "Scale")
    except status.ApiError as error:
        if resource.crd is None or error.code != 400:
            raise
        raise status.bad_request(f'{NO_SCALE} in scheme "{SCHEME}"') from None


def scale_type() -> Type:
    """What a Scale looks like."""
    found = builtin().kind("autoscaling", "v1", "Scale")
    assert found is not None
    return found


def _with_replicas(
    resource: Resource, old: dict[str, Any], scale: dict[str, Any]
) -> dict[str, Any]:
    number = (scale.get("spec") or {}).get("replicas") or 0
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
