"""PATCH by server-side apply: what a client wants to be so, and to be responsible for.

An apply of what is not there creates it. Source: apiserver `pkg/endpoints/handlers/patch.go`
(applyPatcher), apimachinery `pkg/util/managedfields/internal`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import decode, documents, stamp, write
from labkit.cluster.embedded.apiserver.patches import BadPatch, Conflicts, apply, check_applied
from labkit.cluster.embedded.apiserver.protobuf import write_as_go
from labkit.cluster.embedded.schema import set_defaults

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.handlers.answer import Answer
    from labkit.cluster.embedded.apiserver.handlers.present import Presenter
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request
    from labkit.cluster.embedded.store import Record


async def apply_patch(
    api: Api, request: Request, resource: Resource, presenter: Presenter
) -> Answer:
    """Makes an object what was applied to it, or makes it.

    Raises:
        ApiError: 400, 403, 404, 409, 422, 500 for what does not fit the schema.
    """
    applied, warnings = _read(request, resource)
    key = resource.key(request.namespace, request.name)

    def make(live: dict[str, Any]) -> dict[str, Any]:
        return _applied(request, resource, live, applied)

    if api.store.get(key) is None:
        if not request.subresource:
            write.check_name(applied, request)  # nothing is there to have one
        made, further = await _create_applied(api, request, resource, applied)
        return presenter.answer(presenter.written(made), 201, [*warnings, *further])
    applied["metadata"]["name"] = request.name
    stored = api.registry.stored(resource)
    written, further = await write.change(
        api, request, stored, key, write.in_version(resource, make), is_applied=True, is_patch=True
    )
    return presenter.answer(presenter.written(written), 200, [*warnings, *further])


def _read(request: Request, resource: Resource) -> tuple[dict[str, Any], list[str]]:
    """What is applied, and warnings of keys that it has twice.

    Raises:
        ApiError: 400, 500.
    """
    from labkit.cluster.embedded.apiserver.handlers import yaml_bodies

    applied, how = documents.read_applied(request), decode.how_strict(request)
    about = applied.get("metadata")
    if about is None:
        about = applied["metadata"] = {}
    if resource.crd is None:
        _check_built_in(applied, resource)
    if isinstance(about, dict) and isinstance(about.get("name"), str) and about["name"]:
        write.check_name(applied, request)
    try:
        check_applied(resource.type, applied, resource.api_version)
    except BadPatch as error:
        raise documents.refused(error) from None
    decode.check_kind(applied, resource.api_version, resource.kind)
    decode.check_types(request, applied, resource.type, resource.kind)
    stamp.check_namespace(applied, request, resource)
    said = yaml_bodies.duplicate_keys(request.body) if how != decode.IGNORE else []
    if said and how == decode.STRICT:
        words = "error strict decoding YAML: error converting YAML to JSON"
        raise status.bad_request(f"{words}: {yaml_bodies.all_of(said)}")
    return applied, said


def _check_built_in(applied: dict[str, Any], resource: Resource) -> None:
    """Refuses a configuration of another version, or of no kind."""
    if (said := applied.get("apiVersion") or "") != resource.api_version:
        words = "Incorrect version specified in apply patch. Specified patch version: "
        raise status.bad_request(f"{words}{said}, expected: {resource.api_version}")
    if not applied.get("kind"):
        group, _, version = resource.api_version.rpartition("/")
        about, kind = applied["metadata"], f"{group}/{version}, Kind="
        named = about if isinstance(about, dict) else {}
        name = f"{named.get('namespace') or ''}/{named.get('name') or ''}"
        words = f"failed to create typed patch object ({name}; {kind}): no corresponding type for"
        raise status.ApiError(500, "", f"{words} {kind}")


async def _create_applied(
    api: Api, request: Request, resource: Resource, applied: dict[str, Any]
) -> tuple[Record | dict[str, Any], list[str]]:
    if request.subresource:
        raise status.not_found(resource.group, resource.plural, request.name)
    if uid := applied["metadata"].get("uid"):
        words = f"uid mismatch: the provided object specified uid {uid}, and no existing object was"
        raise status.conflict(resource.group, resource.plural, request.name, f"{words} found")
    made = _applied(request, resource, None, applied)
    made["metadata"]["name"] = request.name
    stored = api.registry.stored(resource)
    made = resource.conversion.read(made) if resource.conversion else made
    return await write.create_object(api, request, stored, made, is_applied=True)


def _applied(
    request: Request, resource: Resource, live: dict[str, Any] | None, applied: dict[str, Any]
) -> dict[str, Any]:
    try:
        merged = apply(
            resource.type,
            live,
            applied,
            stamp.manager_of(request),
            force=request.says("force"),
            api_version=resource.api_version,
            subresource=request.subresource,
            now=stamp.timestamp(),
            not_settable=stamp.not_settable(request, resource),
        )
    except Conflicts as error:
        raise status.apply_conflict(error.message, error.causes) from None
    except BadPatch as error:
        raise documents.refused(error) from None
    write_as_go(resource.api_version, resource.kind, merged)
    if resource.crd is not None and resource.type is not None:
        set_defaults(resource.type.fields["metadata"], merged["metadata"])
    return merged
