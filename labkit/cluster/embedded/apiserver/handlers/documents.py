"""The document of a patch in JSON, read, with what a strict decoder finds in it.

Knows nothing about objects. Source: apiserver `pkg/endpoints/handlers/patch.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import decode, json_bodies, sizes
from labkit.cluster.embedded.schema import duplicate_fields
from labkit.cluster.embedded.schema.go import json_type

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.patches import BadPatch
    from labkit.cluster.embedded.apiserver.request import Request

JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
MOST_OPERATIONS = 10_000
PARTS = ("op", "path", "from", "value")
"""Of an operation of a JSON patch."""


class Document(NamedTuple):
    """What a patch says.

    Attributes:
        value: an object, or the list of a JSON patch.
        faults: fields that it says twice, and parts that no operation has.
    """

    value: Any
    faults: list[str]


def read(request: Request, kind: str) -> Document:
    """The document of a patch of one of the kinds in JSON.

    Raises:
        ApiError: 400, 413.
    """
    is_strict = decode.how_strict(request) != decode.IGNORE
    bad_number = ""
    try:
        value = json_bodies.read(request.body)
    except json_bodies.NoJson as error:
        raise _unreadable(str(error), kind, is_strict=is_strict) from None
    except json_bodies.BadNumber as error:
        value, bad_number = error.document, str(error)
    if why := _misfit(value, kind, is_strict=is_strict) or bad_number:
        raise _unreadable(why, kind, is_strict=is_strict)
    if value is None and kind != MERGE_PATCH:
        value = [] if kind == JSON_PATCH else {}
    if kind == JSON_PATCH:
        if len(value) > MOST_OPERATIONS:
            words = f"The allowed maximum operations in a JSON patch is {MOST_OPERATIONS}"
            raise status.ApiError(413, "RequestEntityTooLarge", f"{words}, got {len(value)}")
        values = [one.get("value") for one in value if one is not None]
        sizes.demand_few(values, request.body)
    else:
        sizes.demand_few(value, request.body)
    return Document(value, _faults(request, kind, value) if is_strict else [])


def read_applied(request: Request) -> dict[str, Any]:
    """What is applied: an object in YAML.

    Raises:
        ApiError: 400, 413.
    """
    from labkit.cluster.embedded.apiserver.handlers.yaml_bodies import BadYaml, read_yaml

    beginning = "error decoding YAML: error"
    try:
        value = read_yaml(request.body)
    except BadYaml as error:
        raise status.bad_request(f"{beginning} converting YAML to JSON: {error}") from None
    if value is not None and not isinstance(value, dict):
        words = f"{_cannot(value)} map[string]interface {{}}"
        words = f"{beginning} unmarshaling JSON: while decoding JSON: {words}"
        raise status.bad_request(words)
    return value or {}


def refused(error: BadPatch) -> status.ApiError:
    """What is answered where a patch cannot be made."""
    details: dict[str, Any] | None = {} if error.code == 422 else None
    return status.ApiError(error.code, error.reason, error.message, details)


def _unreadable(why: str, kind: str, *, is_strict: bool) -> status.ApiError:
    if kind == STRATEGIC or (kind == JSON_PATCH and not is_strict):
        return status.bad_request(why)
    return status.bad_request(f"error decoding patch: {why}" if is_strict else "Invalid JSON Patch")


def _misfit(value: Any, kind: str, *, is_strict: bool) -> str:
    """Why a document is no patch, in the words of Go's decoder."""
    if value is None:
        return ""
    cannot = _cannot(value)
    if kind != JSON_PATCH:
        return "" if isinstance(value, dict) else f"{cannot} map[string]interface {{}}"
    if not isinstance(value, list):
        return f"{cannot} {'[]handlers.jsonPatchOp' if is_strict else 'jsonpatch.Patch'}"
    for one in value:
        if one is not None and not isinstance(one, dict):
            wanted = "handlers.jsonPatchOp" if is_strict else "jsonpatch.Operation"
            return f"{_cannot(one)} {wanted}"
        for name in PARTS[:3] if is_strict else ():
            part = (one or {}).get(name)
            if part is not None and not isinstance(part, str):
                field = f"Go struct field jsonPatchOp.{name} of type string"
                return f"json: cannot unmarshal {json_type(part)} into {field}"
    return ""


def _cannot(value: Any) -> str:
    return f"json: cannot unmarshal {json_type(value)} into Go value of type"


def _faults(request: Request, kind: str, value: Any) -> list[str]:
    """What a strict decoder says of a document that it takes."""
    twice = [f'duplicate field "{path}"' for path in duplicate_fields(request.body)]
    if kind != JSON_PATCH:
        return twice
    unknown = [
        f'unknown field "[{index}].{name}"'
        for index, one in enumerate(value)
        for name in one or ()
        if name not in PARTS
    ]
    return [f"json patch {one}" for one in (*twice, *unknown)]
