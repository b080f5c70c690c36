"""create, update and patch: from what was sent to what is stored.

One path for all: read → defaults → managers → admission → the kind's rules → admission → store.
What is awaited on the way (a webhook) may let others write; then the store refuses, and a patch is
tried again on what is there now.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.chain import Attempt
from labkit.cluster.embedded.apiserver.handlers import decode, ending, parts, stamp
from labkit.cluster.embedded.apiserver.handlers.present import Presenter
from labkit.cluster.embedded.apiserver.protobuf import write_as_go
from labkit.cluster.embedded.schema import set_defaults
from labkit.cluster.embedded.store import AlreadyExists, Conflict, Key, NotFound, Record, thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.handlers.answer import Answer
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request

Make = Callable[[dict[str, Any]], dict[str, Any]]
"""A new object from the one that is there."""
TRIES = 5
"""How often a write that says no revision is tried when others come between; Kubernetes' number."""


async def create(api: Api, request: Request, resource: Resource) -> Answer:
    """POST: a new object.

    Raises:
        ApiError: 400, 403, 404 for its namespace, 409, 422.
    """
    presenter = Presenter.for_request(request, resource)
    if request.name:
        raise status.method_not_supported("", "")
    sent, warnings = read_object(request, resource)
    resource = api.registry.stored(resource)
    made, further = await create_object(api, request, resource, sent)
    return presenter.answer(presenter.written(made), 201, [*warnings, *further])


def read_object(request: Request, resource: Resource) -> tuple[dict[str, Any], list[str]]:
    """The object that was sent, in the version that is stored, and warnings.

    Raises:
        ApiError: 400, 413, 415.
    """
    sent = decode.read_body(request)
    decode.check_kind(sent, resource.api_version, resource.kind)
    decode.check_types(request, sent, resource.type, resource.kind)
    warnings = decode.check_fields(request, sent, resource.type, resource.kind)
    if resource.type is not None:
        set_defaults(resource.type, sent)
        write_as_go(resource.api_version, resource.kind, sent)
    if not isinstance(sent.get("metadata"), dict):
        sent["metadata"] = {}
    return (resource.conversion.read(sent) if resource.conversion else sent), warnings


async def create_object(
    api: Api,
    request: Request,
    resource: Resource,
    sent: dict[str, Any],
    *,
    is_applied: bool = False,
) -> tuple[Record | dict[str, Any], list[str]]:
    """Stores a new object.

    Args:
        sent: an object that the schema takes.
        is_applied: whether its managedFields are made already.

    Returns:
        The record, or the object if nothing is to be stored, and warnings.
    """
    value = stamp.in_order(sent)
    stamp.check_namespace(value, request, resource)
    stamp.identify(value, request.namespace if resource.is_namespaced else "")
    resource.rules.set_defaults(value)
    if not is_applied:
        stamp.note_managers(request, resource, None, value)
    attempt = Attempt(api, request, resource, "CREATE", value, namespace=request.namespace)
    attempt.name, attempt.is_dry_run = value["metadata"].get("name", ""), request.is_dry_run
    await api.admission.admit(attempt)
    resource.rules.before_create(value)
    api.allocate(resource, value, None)
    _refuse(resource, value, resource.rules.validate(value))
    await api.admission.validate(attempt)
    api.allocate(resource, value, None)  # while a webhook thought, others may have taken it
    value = stamp.in_order(value)
    if request.is_dry_run:
        return value, attempt.warnings
    about = value["metadata"]
    key = resource.key(about.get("namespace", ""), about["name"])
    try:
        record = api.store.create(key, value, api.cause(request))
    except AlreadyExists:
        raise status.already_exists(resource.group, resource.plural, key.name) from None
    api.written(resource, record)
    return record, attempt.warnings


async def update(api: Api, request: Request, resource: Resource) -> Answer:
    """PUT: an object in the place of what is there.

    Raises:
        ApiError: 400, 403, 404, 409, 422.
    """
    presenter = Presenter.for_request(request, resource)
    sent, warnings = read_object(request, resource)
    resource = api.registry.stored(resource)
    value = stamp.in_order(sent)
    stamp.check_namespace(value, request, resource)
    _check_name(value, request)
    key = resource.key(request.namespace, request.name)
    if api.store.get(key) is None and resource.is_created_by_update and not request.subresource:
        made, further = await create_object(api, request, resource, sent)
        return presenter.answer(presenter.written(made), 201, [*warnings, *further])
    record, further = await change(api, request, resource, key, lambda _: thaw(value))
    return presenter.answer(presenter.written(record), 200, [*warnings, *further])


def _check_name(value: dict[str, Any], request: Request) -> None:
    name = value["metadata"].get("name")
    if not name:
        value["metadata"]["name"] = request.name
    elif name != request.name:
        words = f"the name of the object ({name}) does not match the name on the URL"
        raise status.bad_request(f"{words} ({request.name})")


async def change(
    api: Api,
    request: Request,
    resource: Resource,
    key: Key,
    make: Make,
    *,
    is_applied: bool = False,
) -> tuple[Record | dict[str, Any], list[str]]:
    """Changes a stored object.

    Args:
        make: gives the new object from the one that is there (frozen). Called again when others
            came between and the client named no revision.
        is_applied: whether `make` sets managedFields itself.

    Returns:
        The record (or the object, if nothing is to be stored), and warnings.

    Raises:
        ApiError: 403, 404, 409, 422.
    """
    for _ in range(TRIES):
        old = api.store.get(key)
        if old is None:
            raise status.not_found(resource.group, resource.plural, key.name)
        value = stamp.in_order(make(old.object))
        _check_identity(resource, value, old)
        attempt = Attempt(api, request, resource, "UPDATE", value, old.object)
        attempt.subresource, attempt.namespace = request.subresource, key.namespace
        attempt.name, attempt.is_dry_run = key.name, request.is_dry_run
        value = await _judged(attempt, old, is_applied=is_applied)
        if value == old.object or request.is_dry_run:
            return (old if value == old.object else value), attempt.warnings
        try:
            return _store(api, request, resource, value, old), attempt.warnings
        except (Conflict, NotFound):
            continue  # others came between; a revision that was named is refused now
    raise status.conflict(resource.group, resource.plural, key.name)


def _check_identity(resource: Resource, value: dict[str, Any], old: Record) -> None:
    """Refuses an object, or a revision of it, that is not there now."""
    about, is_there = value["metadata"], old.object["metadata"]
    if about.get("uid") and about["uid"] != is_there["uid"]:
        words = f"Precondition failed: UID in precondition: {about['uid']}, UID in object meta:"
        raise status.conflict(
            resource.group, resource.plural, old.key.name, f"{words} {is_there['uid']}"
        )
    said = about.get("resourceVersion")
    if said in (None, "", "0"):
        if resource.needs_revision:
            words = "Invalid value: 0: must be specified for an update"
            cause = status.StatusCause("FieldValueInvalid", words, "metadata.resourceVersion")
            raise status.invalid(resource.group, resource.kind, old.key.name, [cause])
    elif said != is_there["resourceVersion"]:
        raise status.conflict(resource.group, resource.plural, old.key.name)


async def _judged(attempt: Attempt, old: Record, *, is_applied: bool) -> dict[str, Any]:
    resource, value, request = attempt.resource, attempt.object, attempt.request
    assert value is not None
    rules = resource.rules
    for name in ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"):
        _keep(value["metadata"], old.object["metadata"], name)
    rules.set_defaults(value)
    if not is_applied:  # whose is what was sent; what admission adds is nobody's
        stamp.note_managers(request, resource, old.object, value)
    await attempt.api.admission.admit(attempt)
    is_status = attempt.subresource in ("status", "approval")
    if attempt.subresource in parts.ONLY:
        parts.ONLY[attempt.subresource](value, old.object)
    if is_status:
        rules.before_status_update(value, old.object)
    elif attempt.subresource != "finalize":  # which is about what an update may not change
        rules.before_update(value, old.object)
    attempt.api.allocate(resource, value, old.object)
    value["metadata"]["resourceVersion"] = old.object["metadata"]["resourceVersion"]
    _refuse(resource, value, parts.faults(rules, attempt.subresource, value, old.object))
    await attempt.api.admission.validate(attempt)
    attempt.api.allocate(resource, value, old.object)
    return stamp.in_order(value)


def _keep(about: dict[str, Any], was: dict[str, Any], name: str) -> None:
    if name in was:
        about[name] = was[name]
    else:
        about.pop(name, None)


def _store(
    api: Api, request: Request, resource: Resource, value: dict[str, Any], old: Record
) -> Record:
    if ending.is_over(value):
        return ending.remove(api, request, resource, old)
    record = api.store.update(old.key, value, api.cause(request), expected=old.revision)
    api.written(resource, record, old)
    return record


def _refuse(resource: Resource, value: dict[str, Any], faults: list[Any]) -> None:
    if faults:
        about = value["metadata"]
        name = about.get("name") or about.get("generateName", "")
        causes = [status.StatusCause(str(one.reason), one.body, one.field) for one in faults]
        raise status.invalid(resource.group, resource.kind, name, causes)
