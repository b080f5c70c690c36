"""delete and deletecollection: at once, gracefully, or when every finalizer has gone.

An object with finalizers is only marked (`deletionTimestamp`); whoever takes the last one away ends
it. A pod on a node is marked, too: its node ends it. What becomes of an object's dependents is
written into its finalizers (`orphan`, `foregroundDeletion`); the garbage collector acts on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import orjson

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.chain import Attempt
from labkit.cluster.embedded.apiserver.customresources import CLEANUP, DEFINITIONS
from labkit.cluster.embedded.apiserver.handlers import (
    decode,
    json_bodies,
    read,
    stamp,
    write_options,
)
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from labkit.cluster.embedded.apiserver.handlers.present import Presenter
from labkit.cluster.embedded.schema.go import json_type
from labkit.cluster.embedded.store import Conflict, NotFound, Record, thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
POLICY = "propagationPolicy"
POLICIES = ("Foreground", "Background", "Orphan")
GIVES_THE_OBJECT = frozenset(
    {
        *("pods", "services", "serviceaccounts", "persistentvolumes", "persistentvolumeclaims"),
        *("podtemplates", "resourcequotas", "storageclasses.storage.k8s.io"),
        *("csidrivers.storage.k8s.io", "csinodes.storage.k8s.io"),
        *("volumeattachments.storage.k8s.io", "volumeattributesclasses.storage.k8s.io"),
    }
)
"""Resources whose deletion answers with the object; all others answer with a Status."""


SCHEME = "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"


@dataclass(frozen=True, slots=True)
class Options:
    """DeleteOptions, of the body or of the query."""

    grace_s: int | None = None
    policy: str = ""
    uid: str = ""
    revision: str = ""
    is_dry_run: bool = False


def _read_body(request: Request) -> dict[str, Any]:
    """DeleteOptions in a body: whatever is wrong with them is said as it was found."""
    try:
        said = decode.read_document(request)
    except (decode.Unreadable, json_bodies.BadNumber) as error:
        raise status.bad_request(str(error)) from None
    kind = said.get("kind") or "DeleteOptions"
    if kind != "DeleteOptions":
        version = said.get("apiVersion", "")
        words = f'no kind "{kind}" is registered for version "{version}" in scheme'
        raise status.bad_request(f'{words} "{SCHEME}"')
    grace = said.get("gracePeriodSeconds")
    if grace is not None and type(grace) is not int:
        words = f"json: cannot unmarshal {json_type(grace)} into Go struct field DeleteOptions"
        raise status.bad_request(f"{words}.gracePeriodSeconds of type int64")
    return said


def read_options(request: Request) -> Options:
    """What a deletion asks for.

    Raises:
        ApiError: 400, 422.
    """
    said = _read_body(request) if request.body.strip() else {}
    grace, policy = said.get("gracePeriodSeconds"), said.get("propagationPolicy") or ""
    if grace is None and request.query.get("gracePeriodSeconds"):
        grace = request.query["gracePeriodSeconds"]
    policy = policy or request.query.get("propagationPolicy", "")
    orphan = said.get("orphanDependents")
    if orphan is None and "orphanDependents" in request.query:
        orphan = request.says("orphanDependents")
    _check_options(request, said, policy, is_orphan_said=orphan is not None)
    if orphan is not None:
        policy = "Orphan" if orphan else "Background"
    try:
        grace_s = None if grace is None else int(grace)
    except (TypeError, ValueError):
        words = f'strconv.ParseInt: parsing "{grace}": invalid syntax'
        raise status.bad_request(words) from None
    if grace_s is not None and grace_s < 0:
        grace_s = 1  # as Kubernetes takes it
    expected = said.get("preconditions") or {}
    is_dry = request.is_dry_run or bool(said.get("dryRun"))
    return Options(
        grace_s, policy, expected.get("uid") or "", expected.get("resourceVersion") or "", is_dry
    )


def _check_options(
    request: Request, said: dict[str, Any], policy: str, *, is_orphan_said: bool
) -> None:
    """Refuses what DeleteOptions cannot mean, all of it at once."""
    causes = []
    if policy and is_orphan_said:
        words = f'Invalid value: "{policy}": orphanDependents and deletionPropagation cannot be'
        causes.append(status.StatusCause("FieldValueInvalid", f"{words} both set", POLICY))
    if policy and policy not in POLICIES:
        known = ", ".join(f'"{one}"' for one in (*POLICIES, "nil"))
        words = f'Unsupported value: "{policy}": supported values: {known}'
        causes.append(status.StatusCause("FieldValueNotSupported", words, POLICY))
    causes += write_options.dry_run(request)
    if (dry := said.get("dryRun")) and dry != ["All"]:
        words = f'Unsupported value: {orjson.dumps(dry).decode()}: supported values: "All"'
        causes.append(status.StatusCause("FieldValueNotSupported", words, "dryRun"))
    if causes:
        raise status.invalid("meta.k8s.io", "DeleteOptions", "", causes)


async def delete(api: Api, request: Request, resource: Resource) -> Answer:
    """DELETE of one object.

    Raises:
        ApiError: 400, 403, 404, 409.
    """
    asked = read_options(request)
    presenter = Presenter.for_request(request, resource)
    record = read.find(api, resource, request.namespace, request.name)
    warnings: list[str] = []
    left, is_gone = await end(api, request, resource, record, asked, warnings=warnings)
    if resource.storage in GIVES_THE_OBJECT or not is_gone:
        return presenter.answer(presenter.written(left), 200, warnings)
    details = {"name": request.name, "group": resource.group, "kind": resource.plural}
    details["uid"] = record.object["metadata"]["uid"]
    details = {name: said for name, said in details.items() if said}
    return presenter.of_status(status.success(details), warnings)


async def delete_collection(api: Api, request: Request, resource: Resource) -> Answer:
    """DELETE of all objects that a selection means; what fails is said at the end.

    Raises:
        ApiError: 400, 403.
    """
    asked = read_options(request)
    presenter = Presenter.for_request(request, resource)
    records, revision, more, remaining = read.page(api, request, read.selection(request, resource))
    for record in records:
        try:
            await end(api, request, resource, record, asked)
        except status.ApiError as error:
            if error.code != 404:
                raise
    return presenter.answer(presenter.many(records, revision, more, remaining))


async def end(
    api: Api,
    request: Request,
    resource: Resource,
    record: Record,
    asked: Options,
    *,
    warnings: list[str] | None = None,
) -> tuple[Record | dict[str, Any], bool]:
    """Ends an object, or marks it.

    Args:
        warnings: to which is added what admission says.

    Returns:
        Its last state (an object, if nothing is to be stored), and whether it is gone.

    Raises:
        ApiError: 403, 404, 409.
    """
    _check_expected(resource, record, asked)
    attempt = Attempt(api, request, resource, "DELETE", None, record.object)
    attempt.namespace, attempt.name = record.key.namespace, record.key.name
    attempt.is_dry_run = asked.is_dry_run
    await api.admission.admit(attempt)
    await api.admission.validate(attempt)
    current = api.store.get(record.key)
    if warnings is not None:
        warnings += attempt.warnings
    if current is None:
        raise status.not_found(resource.group, resource.plural, record.key.name)
    _check_expected(resource, current, asked)  # while a webhook thought, others may have changed it
    value = _marked(resource, current, asked)
    if value is None:
        return current, False
    if asked.is_dry_run:
        return value, is_over(value)
    if is_over(value) and resource.storage != "pods":
        return remove(api, request, resource, current), True
    written = api.store.update(current.key, value, api.cause(request), expected=current.revision)
    api.written(resource, written, current)
    if is_over(value):  # of a pod it is told that it ends, and then that it is gone
        return remove(api, request, resource, written), True
    return written, False


def _check_expected(resource: Resource, record: Record, asked: Options) -> None:
    about = record.object["metadata"]
    why, revision = "", about["resourceVersion"]
    if asked.uid and asked.uid != about["uid"]:
        why = f"the UID in the precondition ({asked.uid}) does not match the UID in record "
        why += f"({about['uid']}). The object might have been deleted and then recreated"
    elif asked.revision and asked.revision != revision:
        why = f"the ResourceVersion in the precondition ({asked.revision}) does not match the "
        why += f"ResourceVersion in record ({revision}). The object might have "
        why += "been modified"
    if why and resource.storage == "namespaces":
        wanted, found = (asked.uid, about["uid"]) if asked.uid else (asked.revision, revision)
        what = "UID" if asked.uid else "ResourceVersion"
        why = f"Precondition failed: {what} in precondition: {wanted}, {what} in object meta: "
        raise status.conflict(resource.group, resource.plural, record.key.name, why + found)
    if why:  # here the kind is named, and nowhere else
        raise status.conflict(resource.group, resource.kind, record.key.name, why)


def _marked(resource: Resource, record: Record, asked: Options) -> dict[str, Any] | None:
    """The object as a deletion leaves it; None if it was marked before and nothing is new."""
    value: dict[str, Any] = thaw(record.object)
    about = value["metadata"]
    was = about.get("deletionTimestamp")
    grace = _grace(resource, value, asked)
    finalizers = _finalizers(about.get("finalizers") or [], asked)
    if resource.storage == "namespaces":
        value.setdefault("status", {})["phase"] = "Terminating"
    if resource.storage == DEFINITIONS and not was:
        return _ending_definition(value, finalizers)
    if was and grace >= about.get("deletionGracePeriodSeconds", 0):
        if finalizers == (about.get("finalizers") or []):
            return None
        about["finalizers"] = finalizers
        return value
    about["finalizers"] = finalizers
    when = datetime.now(UTC) + timedelta(seconds=grace)
    if was is None or grace < about.get("deletionGracePeriodSeconds", 0):
        about["deletionTimestamp"] = stamp.timestamp(when)
    if resource.storage != "namespaces":
        about["deletionGracePeriodSeconds"] = grace
    if "generation" in about:
        about["generation"] += 1
    return stamp.in_order(value)


def _ending_definition(value: dict[str, Any], finalizers: list[str]) -> dict[str, Any]:
    """A definition waits for its objects (apiextensions, `registry/customresourcedefinition`)."""
    about = value["metadata"]
    about["finalizers"] = [*finalizers, *([] if CLEANUP in finalizers else [CLEANUP])]
    about["deletionTimestamp"] = stamp.timestamp()
    conditions = value.setdefault("status", {}).get("conditions") or []
    words = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"
    ending = {"type": "Terminating", "status": "True", "lastTransitionTime": stamp.timestamp()}
    ending |= {"reason": "InstanceDeletionPending", "message": words}
    value["status"]["conditions"] = [*conditions, ending]
    return stamp.in_order(value)


def _grace(resource: Resource, value: dict[str, Any], asked: Options) -> int:
    """Seconds that an object is given: only a pod that a node runs is given any."""
    if resource.storage != "pods":
        return 0
    spec, phase = value.get("spec") or {}, (value.get("status") or {}).get("phase")
    if not spec.get("nodeName") or phase in ("Failed", "Succeeded"):
        return 0
    default = spec.get("terminationGracePeriodSeconds")
    return asked.grace_s if asked.grace_s is not None else (30 if default is None else default)


def _finalizers(there: list[str], asked: Options) -> list[str]:
    if not asked.policy:
        return there
    kept = [name for name in there if name not in (ORPHAN, FOREGROUND)]
    extra = {"Orphan": [ORPHAN], "Foreground": [FOREGROUND]}.get(asked.policy, [])
    return kept + extra


def is_over(value: dict[str, Any]) -> bool:
    """Whether a marked object has nothing left that it waits for."""
    about = value["metadata"]
    if not about.get("deletionTimestamp") or about.get("finalizers"):
        return False
    if value["kind"] == "Namespace" and (value.get("spec") or {}).get("finalizers"):
        return False
    return not about.get("deletionGracePeriodSeconds")


def remove(api: Api, request: Request, resource: Resource, record: Record) -> Record:
    """Takes an object out of the store.

    Raises:
        ApiError: 404, 409.
    """
    try:
        gone = api.store.delete(record.key, api.cause(request), expected=record.revision)
    except NotFound:
        raise status.not_found(resource.group, resource.plural, record.key.name) from None
    except Conflict:
        raise status.conflict(resource.group, resource.plural, record.key.name) from None
    api.removed(resource, gone)
    return gone
