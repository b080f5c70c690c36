"""The body of a write, read: JSON, YAML or protobuf, held against the schema.

Knows nothing about storage. What cannot be read is refused in the words of Kubernetes' decoders.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import json_bodies
from labkit.cluster.embedded.apiserver.handlers.json_bodies import BadNumber, NoJson
from labkit.cluster.embedded.apiserver.handlers.sizes import (
    LARGEST,
    MOST_VALUES,
    SMALL,
    demand_few,
    holds_too_much,
)
from labkit.cluster.embedded.apiserver.kinds.faults import shown
from labkit.cluster.embedded.schema import (
    builtin,
    duplicate_fields,
    prune,
    unknown_fields,
    wrong_types,
)
from labkit.cluster.embedded.schema.go import json_type

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request
    from labkit.cluster.embedded.schema import Type

PROTOBUF = "application/vnd.kubernetes.protobuf"
YAML = ("application/yaml",)
STRICT, WARN, IGNORE = "Strict", "Warn", "Ignore"
IN_METADATA = re.compile(r"Go struct field (\w+)\.metadata\.")
OF_DEFINITIONS = "apiextensions.k8s.io/"
NO_IDENTITY = "couldn't get version/kind; json parse error: "
GO_IDENTITY = (
    r'struct { APIVersion string "json:\"apiVersion,omitempty\""; '
    r'Kind string "json:\"kind,omitempty\"" }'
)
"""What Go decodes an object into to learn what it is."""
READABLE = ("application/json", "application/yaml", PROTOBUF)


def content_type(request: Request) -> str:
    """The media type of the body, without parameters."""
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


class Unreadable(Exception):
    """A body that no decoder can read; the text says why, as Go does."""


def read_body(request: Request, kind: str) -> dict[str, Any]:
    """The object that was sent.

    Args:
        request: whose body it is.
        kind: what is expected; what the object says of itself is not looked at.

    Raises:
        ApiError: 400 when it cannot be read, 413 when it is too large, 415 for another format.
    """
    try:
        return read_document(request)
    except Unreadable as error:
        raise unrecognized(request, kind, str(error)) from None
    except BadNumber as error:
        raise status.bad_request(f"{_where(request, kind)}: {error}") from None


def read_document(request: Request) -> dict[str, Any]:
    """The object that was sent, whatever it is.

    Raises:
        Unreadable, BadNumber
        ApiError: 413, 415.
    """
    if len(request.body) > LARGEST:
        raise status.too_large()
    kind = content_type(request)
    if kind in ("", "application/json"):
        return as_object(read_json(request.body))
    if kind in YAML:
        from labkit.cluster.embedded.apiserver.handlers.yaml_bodies import BadYaml, read_yaml

        try:
            return as_object(read_yaml(request.body))
        except BadYaml as error:
            raise Unreadable(str(error)) from None
    if kind == PROTOBUF:
        return _read_protobuf(request.body)
    raise status.unsupported_media_type(READABLE)


def unrecognized(request: Request, kind: str, why: str) -> status.ApiError:
    """A body that does not even say what it is."""
    beginning = f"the object provided is unrecognized (must be of type {kind})"
    return status.bad_request(f"{beginning}: {why} ({_summary(request.body)})")


def read_json(body: bytes) -> Any:
    """A JSON document.

    Raises:
        Unreadable: it is none.
        ApiError: 413.
    """
    try:
        document = json_bodies.read(body)
    except NoJson as error:
        raise Unreadable(f"{NO_IDENTITY}{error}") from None
    demand_few(document, body)
    return document


def as_object(value: Any) -> dict[str, Any]:
    """Makes sure that a document is an object.

    Raises:
        Unreadable: it is something else.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        words = f"json: cannot unmarshal {json_type(value)} into Go value of type {GO_IDENTITY}"
        raise Unreadable(f"{NO_IDENTITY}{words}")
    return value


def _read_protobuf(body: bytes) -> dict[str, Any]:
    from labkit.cluster.embedded.apiserver.protobuf import BadProtobuf, TooManyFields, decode

    try:
        document = decode(body, most_fields=MOST_VALUES)
    except TooManyFields:
        raise status.too_large() from None
    except BadProtobuf as error:
        raise status.bad_request(str(error)) from None
    if len(body) > SMALL and holds_too_much(document):
        raise status.too_large()
    return document


def check_kind(sent: dict[str, Any], api_version: str, kind: str) -> None:
    """Makes sure that what was sent is what the path says; what it does not say is added.

    Raises:
        ApiError: 400.
    """
    version = sent.get("apiVersion") or api_version
    named = sent.get("kind") or kind
    if named != kind:
        short = str(version).rpartition("/")[2]
        words = f'{named} in version "{short}" cannot be handled as a {kind}'
        raise status.bad_request(f"{words}: {_not_convertible(named, version, api_version, kind)}")
    if version != api_version and not _is_known(kind, version):
        short = str(version).rpartition("/")[2]
        words = f'{kind} in version "{short}" cannot be handled as a {kind}'
        raise status.bad_request(f"{words}: {not_registered(kind, version, api_version)}")
    if version != api_version:
        words = f"the API version in the data ({version}) does not match the expected API version"
        raise status.bad_request(f"{words} ({api_version})")
    sent["kind"], sent["apiVersion"] = kind, api_version


def _is_known(kind: Any, version: Any) -> bool:
    group, _, short = str(version).rpartition("/")
    return builtin().kind(group, short, str(kind)) is not None


def _not_convertible(named: Any, version: Any, api_version: str, kind: str) -> str:
    """Why one kind is not another: nobody knows it, or nobody makes the one of the other."""
    is_apart = str(version).startswith(OF_DEFINITIONS) != api_version.startswith(OF_DEFINITIONS)
    if is_apart or not _is_known(named, version):
        return not_registered(named, version, api_version)
    short = str(version).rpartition("/")[2]
    package = api_version.rpartition("/")[0].partition(".")[0] or "core"
    return f"converting ({short}.{named}) to ({package}.{kind}): unknown conversion"


def not_registered(kind: Any, version: Any, api_version: str) -> str:
    """What Kubernetes says of a kind that it does not know, where one of `api_version` was meant.

    The kinds of definitions are known by another part of it, and those alone.
    """
    where = "pkg/api/legacyscheme/scheme.go:30"
    if api_version.startswith(OF_DEFINITIONS):
        where = "k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55"
    return f'no kind "{kind}" is registered for version "{version}" in scheme "{where}"'


def of_no_kind(value: dict[str, Any]) -> str:
    """Why what an object says of its kind cannot be read; nothing where it can, or is not said."""
    for name in ("apiVersion", "kind"):
        part = value.get(name)
        if part is not None and not isinstance(part, str):
            found = json_type(part)
            words = f"json: cannot unmarshal {found} into Go struct field .{name} of type string"
            return f"{NO_IDENTITY}{words}"
    version = value.get("apiVersion") or ""
    return f"unexpected GroupVersion string: {version}" if version.count("/") > 1 else ""


def check_custom_kind(request: Request, sent: dict[str, Any], resource: Resource) -> None:
    """Makes sure that a custom resource says what it is: nothing is made up for it.

    Raises:
        ApiError: 400, 422 for another kind.
    """
    version, why = sent.get("apiVersion", ""), of_no_kind(sent)
    if not why and not sent.get("kind"):
        why = f"Object 'Kind' is missing in '{request.body.decode(errors='replace')}'"
    if why:
        raise unrecognized(request, resource.kind, why)
    if version != resource.api_version:
        words = f"the API version in the data ({version}) does not match the expected API version"
        raise status.bad_request(f"{words} ({resource.api_version})")
    if request.verb != "update":  # there it is asked after the revision
        check_type_meta(sent, resource)


def check_type_meta(value: dict[str, Any], resource: Resource) -> None:
    """Refuses a custom resource that says that it is something else.

    Raises:
        ApiError: 422.
    """
    causes = [
        status.StatusCause(
            "FieldValueInvalid", f"Invalid value: {shown(value.get(name))}: must be {wanted}", name
        )
        for name, wanted in (("kind", resource.kind), ("apiVersion", resource.api_version))
        if value.get(name) != wanted
    ]
    if causes:
        group = str(value.get("apiVersion") or "").rpartition("/")[0]
        name = str((value.get("metadata") or {}).get("name", ""))
        raise status.invalid(group, str(value.get("kind")), name, causes)


def _summary(body: bytes) -> str:
    """The beginning of a body, as Kubernetes shows it: an object as it is, all else in hex."""
    if not body:
        return "<empty>"
    start, more = body[:30], " ..." if len(body) > 30 else ""
    return (start.decode(errors="replace") if body[:1] == b"{" else start.hex()) + more


def check_types(request: Request, sent: dict[str, Any], of: Type | None, kind: str) -> None:
    """Refuses what a decoder would: text where a number has to be.

    Raises:
        ApiError: 400.
    """
    for fault in wrong_types(of, sent) if of is not None else ():
        message = of_metadata(fault.message, of)
        raise status.bad_request(f"{_where(request, kind)}: {message}")


def of_metadata(message: str, of: Type | None) -> str:
    """What a decoder says of an object's metadata, which that of a custom one is decoded by."""
    if of is None or not of.is_custom:
        return message
    return IN_METADATA.sub(r"Go struct field \1.", message)


def _where(request: Request, kind: str) -> str:
    return f'{kind} in version "{request.version}" cannot be handled as a {kind}'


def check_fields(request: Request, sent: dict[str, Any], of: Type | None, kind: str) -> list[str]:
    """Refuses fields that are not known, or drops them.

    Args:
        request: says in `fieldValidation` what becomes of unknown fields: Strict, Warn, Ignore.
        sent: is changed in place.
        of: its schema.
        kind: for the message.

    Returns:
        Warnings.

    Raises:
        ApiError: 400.
    """
    if of is None:
        return []
    how = how_strict(request)
    found = twice(request) if how != IGNORE else []
    if found and how == STRICT and content_type(request) in YAML:
        from labkit.cluster.embedded.apiserver.handlers.yaml_bodies import all_of

        found = [all_of(found)]
    found += drop_unknown(sent, of)
    if found and how == STRICT:
        raise status.bad_request(f"{_where(request, kind)}: {strict_words(found)}")
    return found if how == WARN else []


def how_strict(request: Request) -> str:
    """What becomes of fields that nobody knows: `Strict`, `Warn` or `Ignore`."""
    return request.query.get("fieldValidation") or WARN


def strict_words(found: list[str]) -> str:
    """What a strict decoder says of all that it found, each once."""
    return f"strict decoding error: {', '.join(dict.fromkeys(found))}"


def twice(request: Request) -> list[str]:
    """What a body says twice, in the words of a strict decoder."""
    kind = content_type(request)
    if kind in ("", "application/json"):
        return [f'duplicate field "{path}"' for path in duplicate_fields(request.body)]
    if kind in YAML:
        from labkit.cluster.embedded.apiserver.handlers.yaml_bodies import duplicate_keys

        return duplicate_keys(request.body)
    return []


def drop_unknown(sent: dict[str, Any], of: Type) -> list[str]:
    """Takes out the fields that a schema does not have, in place.

    Returns:
        What a strict decoder says of them.
    """
    unknown = unknown_fields(of, sent)
    if not unknown:
        return []
    pruned = prune(of, sent)
    sent.clear()
    sent.update(pruned)
    in_order = sorted(unknown, key=_place) if of.is_custom else unknown
    return [f'unknown field "{path}"' for path in in_order]


def _place(path: str) -> tuple[int, str]:
    """Where a custom resource's unknown field is named: its metadata first, that of objects
    within it last, as the extension server's three passes have it."""
    if path.startswith("metadata."):
        return 0, path
    return (2 if ".metadata." in path else 1), path
