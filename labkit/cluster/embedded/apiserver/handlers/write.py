"""create, update and patch: from what was sent to what is stored.

One path for all: read → defaults → managers → admission → the kind's rules → admission → store.
What is awaited on the way (a webhook) may let others write; then the store refuses, and a patch is
tried again on what is there now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.chain import Attempt
from labkit.cluster.embedded.apiserver.handlers import decode, ending, options, parts, stamp
from labkit.cluster.embedded.apiserver.handlers.present import Presenter
from labkit.cluster.embedded.apiserver.kinds import kind_of
from labkit.cluster.embedded.apiserver.kinds.certificates import note_requester, note_times
from labkit.cluster.embedded.apiserver.kinds.faults import shown
from labkit.cluster.embedded.apiserver.protobuf import write_as_go
from labkit.cluster.embedded.schema import set_defaults
from labkit.cluster.embedded.schema.crd_formats import unrecognized_formats
from labkit.cluster.embedded.store import AlreadyExists, Conflict, Key, NotFound, Record, thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.handlers.answer import Answer
    from labkit.cluster.embedded.apiserver.kinds import Fault, Kind
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request

Make = Callable[[dict[str, Any]], dict[str, Any]]
"""A new object from the one that is there."""
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
SIGNING_REQUESTS = "certificatesigningrequests.certificates.k8s.io"
TRIES = 5
"""How often a write that says no revision is tried when others come between; Kubernetes' number."""


async def create(api: Api, request: Request, resource: Resource) -> Answer:
    """POST: a new object.

    Raises:
        ApiError: 400, 403, 404 for its namespace, 409, 422.
    """
    presenter = Presenter.for_request(request, resource)
    sent, warnings = read_object(request, resource)
    resource = api.registry.stored(resource)
    with _warning(warnings):
        made, further = await create_object(api, request, resource, sent)
    return presenter.answer(presenter.written(made), 201, [*warnings, *further])


@contextmanager
def _warning(warnings: list[str]) -> Iterator[None]:
    """What was warned of is said with a refusal, too."""
    try:
        yield
    except status.ApiError as error:
        error.warnings = [*warnings, *error.warnings]
        raise


def in_version(resource: Resource, make: Make) -> Make:
    """A change in the words of the version that was asked for."""
    words = resource.conversion
    return make if words is None else lambda old: words.read(make(words.shown(old)))


def read_object(request: Request, resource: Resource) -> tuple[dict[str, Any], list[str]]:
    """The object that was sent, in the version that is stored, and warnings.

    Raises:
        ApiError: 400, 413, 415.
    """
    sent = decode.read_body(request, resource.kind)
    if resource.crd is not None:
        decode.check_custom_kind(request, sent, resource)
    else:
        decode.check_kind(sent, resource.api_version, resource.kind)
    decode.check_types(request, sent, resource.type, resource.kind)
    warnings = decode.check_fields(request, sent, resource.type, resource.kind)
    if resource.type is not None:
        set_defaults(resource.type, sent)
        write_as_go(resource.api_version, resource.kind, sent)
    if not isinstance(sent.get("metadata"), dict):
        sent["metadata"] = {}
    return (resource.conversion.read(sent) if resource.conversion else sent), warnings


async def create_ours(
    api: Api, request: Request, resource: Resource, value: dict[str, Any]
) -> Record | dict[str, Any]:
    """Stores a new object that this program has made up: there is nothing to read and to refuse.

    Args:
        value: as a client would send it; it stays as it is.

    Raises:
        ApiError: it is wrong after all, or there already.
    """
    sent = {"kind": resource.kind, "apiVersion": resource.api_version, **thaw(value)}
    if resource.type is not None:
        set_defaults(resource.type, sent)
        write_as_go(resource.api_version, resource.kind, sent)
    made, _ = await create_object(api, request, resource, sent)
    return made


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
    says_revision = request.verb == "create" and _says_revision(value["metadata"])
    value["metadata"].pop("resourceVersion", None)
    stamp.check_namespace(value, request, resource)
    stamp.identify(value, request.namespace if resource.is_namespaced else "")
    resource.rules.set_defaults(value)
    if not is_applied:
        stamp.note_managers(request, resource, None, value)
    attempt = Attempt(api, request, resource, "CREATE", value, namespace=request.namespace)
    attempt.name, attempt.is_dry_run = value["metadata"].get("name", ""), request.is_dry_run
    await api.admission.admit(attempt)
    resource.rules.before_create(value)
    if resource.storage == SIGNING_REQUESTS:
        note_requester(value, request.user)
    api.allocate(resource, value, None)
    _refuse(attempt, _rules(resource, request).validate(value))
    await api.admission.validate(attempt)
    api.allocate(resource, value, None)  # while a webhook thought, others may have taken it
    value = stamp.in_order(value)
    attempt.warnings += _warnings(resource, value, {"metadata": {}})
    if request.is_dry_run:
        return value, attempt.warnings
    about = value["metadata"]
    key = resource.key(about.get("namespace", ""), about["name"])
    if says_revision:
        raise status.ApiError(500, "", "resourceVersion should not be set on objects to be created")
    try:
        record = api.store.create(key, value, api.cause(request))
    except AlreadyExists:
        there = api.store.get(key)
        is_ending = there is not None and "deletionTimestamp" in there.object["metadata"]
        raise status.already_exists(
            resource.group, resource.plural, key.name, is_ending=is_ending
        ) from None
    api.written(resource, record)
    return record, attempt.warnings


def _says_revision(about: dict[str, Any]) -> bool:
    """Whether an object that is to be new says which revision it is."""
    with suppress(ValueError):  # what is no revision is none
        return options.as_revision(about.get("resourceVersion") or "0") != 0
    return False


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
    check_name(value, request)
    key = resource.key(request.namespace, request.name)
    is_there = api.store.get(key) is not None
    can_be_made = resource.is_created_by_update
    if not is_there and can_be_made and (uid := value["metadata"].get("uid")):
        where = resource.storage_key(key)
        raise status.other_uid(resource.group, resource.plural, key.name, uid, "", key=where)
    if not is_there and can_be_made and not request.subresource:
        made, further = await create_object(api, request, resource, sent)
        return presenter.answer(presenter.written(made), 201, [*warnings, *further])
    with _warning(warnings):
        record, further = await change(api, request, resource, key, lambda _: thaw(value))
    return presenter.answer(presenter.written(record), 200, [*warnings, *further])


def check_name(value: dict[str, Any], request: Request) -> None:
    """Makes sure that an object is named as its path is.

    Raises:
        ApiError: 400.
    """
    name = value["metadata"].get("name")
    if not name:
        words = f"the name of the object ({request.name} based on URL) was undeterminable"
        raise status.bad_request(f"{words}: name must be provided")
    if name != request.name:
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
    is_patch: bool = False,
) -> tuple[Record | dict[str, Any], list[str]]:
    """Changes a stored object.

    Args:
        make: gives the new object from the one that is there (frozen). Called again when others
            came between and the client named no revision.
        is_applied: whether `make` sets managedFields itself.
        is_patch: whether another uid is a change of a field, and not a precondition.

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
        _check_identity(resource, value, old, is_patch=is_patch)
        if resource.crd is not None and value["kind"] != resource.kind:
            decode.check_type_meta(value, resource)
        attempt = Attempt(api, request, resource, "UPDATE", value, old)
        attempt.subresource, attempt.namespace = request.subresource, key.namespace
        attempt.name, attempt.is_dry_run = key.name, request.is_dry_run
        value = await _judged(attempt, old, is_applied=is_applied)
        attempt.warnings += _warnings(resource, value, old.object)
        if value == old.object or request.is_dry_run:
            return (old if value == old.object else value), attempt.warnings
        try:
            return _store(api, request, resource, value, old), attempt.warnings
        except (Conflict, NotFound):
            continue  # others came between; a revision that was named is refused now
    raise status.conflict(resource.group, resource.plural, key.name)


def _check_identity(
    resource: Resource, value: dict[str, Any], old: Record, *, is_patch: bool
) -> None:
    """Refuses an object, or a revision of it, that is not there now."""
    about, is_there = value["metadata"], old.object["metadata"]
    if about.get("uid") and about["uid"] != is_there["uid"] and not is_patch:
        raise status.other_uid(
            resource.group,
            resource.plural,
            old.key.name,
            about["uid"],
            is_there["uid"],
            key=resource.storage_key(old.key),
        )
    said = _revision(about)
    if not said:
        if resource.needs_revision:
            words = "Invalid value: 0: must be specified for an update"
            cause = status.StatusCause("FieldValueInvalid", words, "metadata.resourceVersion")
            raise status.invalid(resource.group, resource.plural, old.key.name, [cause])
    elif said != int(is_there["resourceVersion"]):
        raise status.conflict(resource.group, resource.plural, old.key.name)


def _revision(about: dict[str, Any]) -> int:
    """The revision that an object says, 0 if none.

    Raises:
        ApiError: 500, as the real one has it.
    """
    try:
        return options.as_revision(about.get("resourceVersion") or "0")
    except ValueError as error:
        raise status.ApiError(500, "", str(error)) from None


async def _judged(attempt: Attempt, old: Record, *, is_applied: bool) -> dict[str, Any]:
    resource, value, request = attempt.resource, attempt.object, attempt.request
    assert value is not None
    rules = _rules(resource, request)
    _keep(value["metadata"], old.object["metadata"])
    rules.set_defaults(value)
    if not is_applied:  # whose is what was sent; what admission adds is nobody's
        stamp.note_managers(request, resource, old.object, value)
    await attempt.api.admission.admit(attempt)
    is_status = attempt.subresource in ("status", "approval")
    if attempt.subresource in parts.ONLY:
        parts.ONLY[attempt.subresource](value, old.object)
    if is_status:
        rules.before_status_update(value, old.object)
        if resource.storage == SIGNING_REQUESTS:
            note_times(value, old.object, stamp.timestamp())
    elif attempt.subresource not in parts.FREE:
        rules.before_update(value, old.object)
    if not attempt.subresource:  # a status comes with the spec that is stored
        attempt.api.allocate(resource, value, old.object)
    value["metadata"]["resourceVersion"] = old.object["metadata"]["resourceVersion"]
    _refuse(attempt, parts.faults(rules, attempt.subresource, value, old.object))
    await attempt.api.admission.validate(attempt)
    if not attempt.subresource:
        attempt.api.allocate(resource, value, old.object)
    return stamp.in_order(value)


def _rules(resource: Resource, request: Request) -> Kind:
    """Those of the version that was written in, where they differ: of events."""
    asked = request.group if resource.storage == "events" else ""
    return kind_of(f"events.{asked}", is_namespaced=True) if asked else resource.rules


def _keep(about: dict[str, Any], was: dict[str, Any]) -> None:
    """What a client cannot change stays; what it tries to add is refused later."""
    about.setdefault("uid", was["uid"])
    if "deletionGracePeriodSeconds" in was and about.get("deletionGracePeriodSeconds") is None:
        about["deletionGracePeriodSeconds"] = was["deletionGracePeriodSeconds"]
    for name in ("creationTimestamp", "deletionTimestamp"):
        if name in was:
            about[name] = was[name]


def _store(
    api: Api, request: Request, resource: Resource, value: dict[str, Any], old: Record
) -> Record | dict[str, Any]:
    if ending.is_over(value):
        ending.remove(api, request, resource, old)
        return value
    record = api.store.update(old.key, value, api.cause(request), expected=old.revision)
    api.written(resource, record, old)
    return record


def _warnings(resource: Resource, value: dict[str, Any], old: dict[str, Any]) -> list[str]:
    """What is warned of in a new object that has nothing wrong with it."""
    if resource.storage == DEFINITIONS:
        known = {*_formats(old)}
        new = (one for one in _formats(value) if one not in known)
        return [f"unrecognized format {shown(one)}" for one in dict.fromkeys(new)]
    return [] if resource.crd is None else _of_finalizers(value["metadata"], old["metadata"])


def _formats(definition: dict[str, Any]) -> Iterator[str]:
    for version in (definition.get("spec") or {}).get("versions") or ():
        yield from unrecognized_formats((version.get("schema") or {}).get("openAPIV3Schema"))


def _of_finalizers(about: dict[str, Any], was: dict[str, Any]) -> list[str]:
    """Of a custom resource's new finalizers that say not whose they are."""
    added = {*(about.get("finalizers") or ())} - {*(was.get("finalizers") or ())}
    words = "to avoid accidental conflicts with other finalizer writers"
    return [
        f'metadata.finalizers: "{name}": prefer a domain-qualified finalizer name '
        f"{'including a path (/) ' if '.' in name else ''}{words}"
        for name in sorted(added)
        if "/" not in name and name not in (ending.ORPHAN, ending.FOREGROUND)
    ]


def _refuse(attempt: Attempt, faults: list[Fault]) -> None:
    if not faults:
        return
    attempt.warnings += [str(one) for one in faults if one.is_warning]
    causes = [
        status.StatusCause(str(one.reason), one.body, one.field)
        for one in faults
        if not one.is_warning
    ]
    if causes:
        resource, about = attempt.resource, (attempt.object or {})["metadata"]
        name = about.get("name") or about.get("generateName", "")
        raise status.invalid(resource.group, resource.kind, name, causes)
