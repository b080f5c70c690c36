"""PATCH: four languages that say what changes, not what is.

Each gives a new object from the one that is there; then it is an update like any other. An apply of
what is not there creates it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import (
    applying,
    decode,
    documents,
    sizes,
    stamp,
    write,
)
from labkit.cluster.embedded.apiserver.handlers.documents import (
    APPLY,
    JSON_PATCH,
    MERGE_PATCH,
    STRATEGIC,
)
from labkit.cluster.embedded.apiserver.handlers.present import Presenter
from labkit.cluster.embedded.apiserver.kinds.faults import shown
from labkit.cluster.embedded.apiserver.patches import (
    BadPatch,
    json_patch,
    merge_patch,
    misfits,
    strategic_merge_patch,
)
from labkit.cluster.embedded.apiserver.patches.go_values import go
from labkit.cluster.embedded.apiserver.protobuf import write_as_go
from labkit.cluster.embedded.schema import set_defaults, wrong_types
from labkit.cluster.embedded.schema.go import json_type
from labkit.cluster.embedded.store import thaw

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.handlers.answer import Answer
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request

FOR_CUSTOM = (JSON_PATCH, MERGE_PATCH, APPLY)
FOR_BUILT_IN = (JSON_PATCH, MERGE_PATCH, STRATEGIC, APPLY)


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
        return await applying.apply_patch(api, request, resource, presenter)
    warnings: list[str] = []
    make = _maker(kind, request, resource, warnings)
    key = resource.key(request.namespace, request.name)
    stored = api.registry.stored(resource)
    changed = write.in_version(resource, make)
    written, further = await write.change(api, request, stored, key, changed, is_patch=True)
    said = [*dict.fromkeys(warnings), *further]
    return presenter.answer(presenter.written(written), 200, said)


def accepted(request: Request, resource: Resource) -> Sequence[str]:
    """The formats of a body that can be read, of a patch and of any other write."""
    if request.verb != "patch":
        return decode.READABLE
    return FOR_CUSTOM if resource.crd is not None else FOR_BUILT_IN


def _maker(kind: str, request: Request, resource: Resource, warnings: list[str]) -> write.Make:
    readable = accepted(request, resource)
    if kind not in readable:
        raise status.unsupported_media_type(readable)
    document = documents.read(request, kind)

    def make(old: dict[str, Any]) -> dict[str, Any]:
        new = patched(kind, resource, old, document.value)
        strict = [*document.faults]
        try:
            _check(request, resource, new, strict, old=old)
        except _Unfit as why:
            text = _shown(kind, resource, old, document.value)
            raise unfit(text, str(why)) from None
        warnings.extend(strict)
        return new

    return make


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
        raise documents.refused(error) from None


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
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


class _Unfit(Exception):
    """What came out cannot be decoded, or not strictly; the text says why."""


def _check(
    request: Request,
    resource: Resource,
    new: dict[str, Any],
    strict: list[str],
    *,
    old: dict[str, Any],
) -> None:
    """Holds what came out against the schema and against what the path says.

    What a patch leaves as it was need not be looked at again: most change one part of two.
    What a strict decoder finds is added to `strict`, or refused.
    """
    if new.get("kind") != resource.kind or new.get("apiVersion") != resource.api_version:
        if resource.crd is not None:
            _check_custom_kind(resource, new)
        _check_kind(resource, new)
    about = new.get("metadata")
    if about is None:
        about = new["metadata"] = {}
    if not isinstance(about, dict):
        raise _Unfit(
            f"json: cannot unmarshal {json_type(about)} into Go value of type v1.ObjectMeta"
            if resource.crd is not None
            else f"json: cannot unmarshal {json_type(about)} into Go struct field "
            f"{resource.kind}.metadata of type v1.ObjectMeta"
        )
    changed = {name: part for name, part in new.items() if part != old.get(name)}
    kept = changed.copy()
    how = decode.how_strict(request)
    if resource.type is not None:
        for fault in wrong_types(resource.type, changed):
            is_converted = decode.content_type(request) == STRATEGIC
            said = decode.of_metadata(fault.message, resource.type)
            raise _Unfit(misfits.as_converted(said) if is_converted else said)
        strict += decode.drop_unknown(kept, resource.type)
        if strict and how == decode.STRICT:
            raise _Unfit(decode.strict_words(strict))
        set_defaults(resource.type, kept)
        write_as_go(resource.api_version, resource.kind, kept, parts=changed)
    if how == decode.IGNORE:
        strict.clear()
    for name in changed:
        new.pop(name)
    new.update(kept)
    write.check_name(new, request)
    stamp.check_namespace(new, request, resource)


def _check_custom_kind(resource: Resource, new: dict[str, Any]) -> None:
    """Refuses a patch after which nobody could tell what a custom resource is."""
    if why := decode.of_no_kind(new):
        raise _Unfit(why)
    if not new.get("kind"):
        raise _Unfit(f"Object 'Kind' is missing in '{orjson.dumps(new).decode()}'")
    if not new.get("apiVersion"):
        words = "Object 'apiVersion' is missing in 'object has no apiVersion field'"
        raise status.internal_error(words)
    decode.check_type_meta(new, resource)


def _check_kind(resource: Resource, new: dict[str, Any]) -> None:
    """Refuses a patch after which an object would be of another kind; none is its own."""
    version, kind = new.get("apiVersion"), new.get("kind")
    if resource.crd is None and version and kind:
        why = decode.not_registered(kind, version, resource.api_version)
        raise unfit(orjson.dumps(new).decode(), why)
    decode.check_kind(new, resource.api_version, resource.kind)


def unfit(text: str, why: str) -> status.ApiError:
    """422: what came out of a patch is shown, and why it is no object, or not strictly."""
    cause = status.StatusCause("FieldValueInvalid", f"Invalid value: {shown(text)}: {why}", "patch")
    return status.invalid("", "", "", [cause])


def _shown(kind: str, resource: Resource, old: dict[str, Any], document: Any) -> str:
    """What a message shows: a strategic merge patch, or what any other has made of the object."""
    if kind == STRATEGIC:
        return go(document)
    if resource.crd is not None:  # whose names are in order before it is patched
        old = orjson.loads(orjson.dumps(old, option=orjson.OPT_SORT_KEYS))
    return orjson.dumps(patched(kind, resource, old, document)).decode()
