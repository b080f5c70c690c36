"""PATCH: four languages that say what changes, not what is.

Each gives a new object from the one that is there; then it is an update like any other. An apply of
what is not there creates it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import decode, sizes, stamp, write
from labkit.cluster.embedded.apiserver.handlers.present import Presenter
from labkit.cluster.embedded.apiserver.kinds.faults import shown
from labkit.cluster.embedded.apiserver.patches import (
    BadPatch,
    Conflicts,
    apply,
    json_patch,
    merge_patch,
    misfits,
    strategic_merge_patch,
)
from labkit.cluster.embedded.apiserver.protobuf import write_as_go
from labkit.cluster.embedded.schema import set_defaults, unknown_fields, wrong_types
from labkit.cluster.embedded.store import thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.handlers.answer import Answer
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request
    from labkit.cluster.embedded.store import Record

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
FOR_CUSTOM = (JSON_PATCH, MERGE_PATCH, APPLY)


async def patch(api: Api, request: Request, resource: Resource) -> Answer:
    """Changes what is there as a patch says.

    Raises:
        ApiError: 400, 403, 404, 409, 415, 422.
    """
    presenter = Presenter.for_request(request, resource)
    kind = decode.content_type(request)
    if len(request.body) > sizes.LARGEST:
        raise status.too_large()
    if kind == APPLY:
        return await _apply(api, request, resource, presenter)
    warnings: list[str] = []
    make = _maker(kind, request, resource, warnings)
    key = resource.key(request.namespace, request.name)
    stored = api.registry.stored(resource)
    changed = _in_version(resource, make)
    written, further = await write.change(api, request, stored, key, changed, is_patch=True)
    said = [*dict.fromkeys(warnings), *further]
    return presenter.answer(presenter.written(written), 200, said)


def _in_version(resource: Resource, make: write.Make) -> write.Make:
    """A patch is in the words of the version that was asked for."""
    words = resource.conversion
    return make if words is None else lambda old: words.read(make(words.shown(old)))


def _maker(kind: str, request: Request, resource: Resource, warnings: list[str]) -> write.Make:
    accepted = FOR_CUSTOM if resource.crd else (JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY)
    if kind not in accepted:
        raise status.unsupported_media_type(accepted)
    document = read_document(request, kind)

    def make(old: dict[str, Any]) -> dict[str, Any]:
        new = patched(kind, resource, old, document)
        converted = document if kind == STRATEGIC else None
        _check(request, resource, new, warnings, old=old, converted=converted)
        return new

    return make


def read_document(request: Request, kind: str) -> Any:
    """The document of a patch in JSON.

    Raises:
        ApiError: 400, 413.
    """
    try:
        document = orjson.loads(request.body)
    except orjson.JSONDecodeError as error:
        what = "patch" if kind == JSON_PATCH else "patch document"
        raise status.bad_request(f"error decoding {what}: {error}") from None
    if kind == JSON_PATCH:
        if not isinstance(document, list):
            words = (
                f"json: cannot unmarshal {_name(document)} into Go value of type jsonpatch.Patch"
            )
            raise status.bad_request(f"error decoding patch: {words}")
        if len(document) > 10_000:
            words = f"The allowed maximum operations in a JSON patch is 10000, got {len(document)}"
            raise status.ApiError(413, "RequestEntityTooLarge", words)
        sizes.demand_few(
            [one.get("value") for one in document if isinstance(one, dict)], request.body
        )
    elif not isinstance(document, dict):
        words = f"json: cannot unmarshal {_name(document)} into Go value of type "
        words += "map[string]interface {}"
        raise status.bad_request(f"error decoding patch: {words}")
    else:
        sizes.demand_few(document, request.body)
    return document


def _name(value: Any) -> str:
    """What Go calls a value of JSON."""
    names = {dict: "object", list: "array", str: "string", bool: "bool", type(None): "null"}
    return names.get(type(value), "number")


def patched(kind: str, resource: Resource, old: dict[str, Any], document: Any) -> dict[str, Any]:
    """The object that a patch makes of another.

    Raises:
        ApiError: 400, 422.
    """
    try:
        if kind == JSON_PATCH:
            new = _object(json_patch(thaw(old), document))
            if sizes.holds_too_much(new):  # it may have been copied together from little
                raise status.too_large()
            return new
        if kind == MERGE_PATCH:
            return _object(merge_patch(old, document))
        assert resource.type is not None  # all that are built in have one
        return _object(strategic_merge_patch(resource.type, old, document))
    except BadPatch as error:
        raise _bad(error) from None


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, dict) and value.get("metadata") is None:
        return value | {"metadata": {}}
    if not isinstance(value, dict) or not isinstance(value["metadata"], dict):
        raise status.invalid(
            "",
            "",
            "",
            [
                status.StatusCause(
                    "FieldValueInvalid", "Invalid value: the patched document is no object", "patch"
                )
            ],
        )
    return value


def _bad(error: BadPatch) -> status.ApiError:
    details: dict[str, Any] | None = {} if error.reason else None
    return status.ApiError(error.code, error.reason, error.message, details)


def _check(
    request: Request,
    resource: Resource,
    new: dict[str, Any],
    warnings: list[str],
    *,
    old: dict[str, Any],
    converted: Any = None,
) -> None:
    """Holds what came out against the schema and against what the path says.

    A strategic merge patch (`converted`) is not decoded again, and its faults have other words.
    What a patch leaves as it was need not be looked at again: most change one part of two.
    """
    if new.get("kind") != resource.kind or new.get("apiVersion") != resource.api_version:
        if resource.crd is not None and new.get("kind") and new.get("apiVersion"):
            decode.check_type_meta(new, resource)
        _check_kind(resource, new)
    changed = {name: part for name, part in new.items() if part != old.get(name)}
    if resource.type is not None:
        for fault in wrong_types(resource.type, changed):
            text, why = orjson.dumps(new).decode(), fault.message
            if converted is not None:
                text, why = misfits.as_go_prints(converted), misfits.as_converted(why)
            words = f"Invalid value: {shown(text)}: {why}"
            cause = status.StatusCause("FieldValueInvalid", words, "patch")
            raise status.invalid("", "", "", [cause])
    kept = changed.copy()
    plain = _without_body(request)
    warnings += decode.check_fields(plain, kept, resource.type, resource.kind)
    if resource.type is not None:
        set_defaults(resource.type, kept)
        write_as_go(resource.api_version, resource.kind, kept, parts=changed)
    for name in changed:
        new.pop(name)
    new.update(kept)
    write.check_name(new, request)
    stamp.check_namespace(new, request, resource)


def _check_kind(resource: Resource, new: dict[str, Any]) -> None:
    """Refuses a patch after which an object would be of another kind; none is its own."""
    version, kind = new.get("apiVersion"), new.get("kind")
    if resource.crd is None and version and kind:
        why = decode.not_registered(kind, version)
        words = f"Invalid value: {shown(orjson.dumps(new).decode())}: {why}"
        cause = status.StatusCause("FieldValueInvalid", words, "patch")
        raise status.invalid("", "", "", [cause])
    decode.check_kind(new, resource.api_version, resource.kind)


def _without_body(request: Request) -> Request:
    """The same request, in whose body nobody looks for fields said twice: it is a patch."""
    import dataclasses

    return dataclasses.replace(request, body=b"{}", headers={})


async def _apply(api: Api, request: Request, resource: Resource, presenter: Presenter) -> Answer:
    applied = _read_applied(request, resource)
    decode.check_types(request, applied, resource.type, resource.kind)
    stamp.check_namespace(applied, request, resource)
    _check_declared(request, resource, applied)
    warnings: list[str] = []
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
        api, request, stored, key, _in_version(resource, make), is_applied=True, is_patch=True
    )
    return presenter.answer(presenter.written(written), 200, [*warnings, *further])


def _check_declared(request: Request, resource: Resource, applied: dict[str, Any]) -> None:
    """Refuses fields that the schema does not have: whose should they be?

    Real servers answer 500, whatever `fieldValidation` says (structured-merge-diff).
    """
    unknown = sorted(unknown_fields(resource.type, applied)) if resource.type is not None else []
    if not unknown:
        return
    lines = [f".{path}: field not declared in schema" for path in unknown]
    said = lines[0] if len(lines) == 1 else "errors:\n" + "\n".join(f"  {one}" for one in lines)
    name = f"{request.namespace}/{request.name}; {resource.api_version}, Kind={resource.kind}"
    words = f"failed to create typed patch object ({name}): {said}"
    raise status.ApiError(500, "", words)


def _read_applied(request: Request, resource: Resource) -> dict[str, Any]:
    from labkit.cluster.embedded.apiserver.handlers.yaml_bodies import read_yaml

    applied = decode.as_object(read_yaml(request.body))
    if (said := applied.get("apiVersion") or "") != resource.api_version:
        words = "Incorrect version specified in apply patch. Specified patch version: "
        raise status.bad_request(f"{words}{said}, expected: {resource.api_version}")
    if not applied.get("kind"):
        words = "Object 'Kind' is missing in the applied configuration"
        raise status.bad_request(f"error decoding YAML: {words}")
    decode.check_kind(applied, resource.api_version, resource.kind)
    about = applied.setdefault("metadata", {})
    if about.get("name"):
        write.check_name(applied, request)
    if "managedFields" in about and about["managedFields"] is not None:
        raise status.bad_request("metadata.managedFields must be nil")
    return applied


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
        raise _bad(error) from None
    write_as_go(resource.api_version, resource.kind, merged)
    return merged
