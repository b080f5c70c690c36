"""delete and deletecollection: at once, gracefully, or when every finalizer has gone.

An object with finalizers is only marked (`deletionTimestamp`); whoever takes the last one away ends
it. A pod on a node is marked, too: its node ends it. What becomes of an object's dependents is
written into its finalizers (`orphan`, `foregroundDeletion`); the garbage collector acts on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.chain import Attempt
from labkit.cluster.embedded.apiserver.customresources import CLEANUP, DEFINITIONS
from labkit.cluster.embedded.apiserver.handlers import (
    decode,
    json_bodies,
    options,
    read,
    stamp,
    write_options,
)
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from labkit.cluster.embedded.apiserver.handlers.present import Presenter
from labkit.cluster.embedded.apiserver.kinds.faults import shown
from labkit.cluster.embedded.schema import builtin, wrong_types
from labkit.cluster.embedded.store import Conflict, NotFound, Record

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request

ORPHAN, FOREGROUND = "orphan", "foregroundDeletion"
KIND, POLICY = "DeleteOptions", "propagationPolicy"
SCHEME = 'in scheme "k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"'
"""Where Kubernetes keeps the kinds that say how something is asked for."""
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

LEAVES_DEPENDENTS = frozenset({"replicationcontrollers", "jobs.batch"})
"""Kinds whose dependents stay when nobody says what is to become of them: they were there before
the garbage collector was."""


@dataclass(frozen=True, slots=True)
class Options:
    """DeleteOptions, of the body or of the query.

    Attributes:
        uid, revision: of the object that is meant; None where any is.
        is_cascade: whether `orphanDependents` says that dependents are not left.
    """

    grace_s: int | None = None
    policy: str = ""
    uid: str | None = None
    revision: str | None = None
    is_dry_run: bool = False
    is_cascade: bool = False


def read_options(request: Request) -> Options:
    """What a deletion asks for: what its body says, or else its query.

    Raises:
        ApiError: 400, 415, 422.
    """
    said = _of_body(request) if request.body else _of_query(request)
    policy, orphan = said.get(POLICY), said.get("orphanDependents")
    _check_options(said, policy, is_orphan_said=orphan is not None)
    if orphan is not None:
        policy = "Orphan" if orphan else "Background"
    grace_s = said.get("gracePeriodSeconds")
    if grace_s is not None and grace_s < 0:
        grace_s = 1  # as Kubernetes takes it
    expected = said.get("preconditions") or {}
    return Options(
        grace_s,
        policy or "",
        expected.get("uid"),
        expected.get("resourceVersion"),
        is_dry_run=bool(said.get("dryRun")),
        is_cascade=orphan is False,
    )


def _of_body(request: Request) -> dict[str, Any]:
    try:
        said = decode.read_document(request)
    except (decode.Unreadable, json_bodies.BadNumber) as error:
        raise status.bad_request(str(error)) from None
    kind, version = said.get("kind") or KIND, said.get("apiVersion") or "meta.k8s.io/v1"
    if kind == "Status" and version == "v1":
        raise status.bad_request(f"converting (v1.Status) to (v1.{KIND}): unknown conversion")
    if kind != KIND:
        raise status.bad_request(f'no kind "{kind}" is registered for version "{version}" {SCHEME}')
    of = builtin().kind("", "v1", KIND)
    assert of is not None
    for fault in wrong_types(of, said):
        raise status.bad_request(fault.message)
    return said


def _of_query(request: Request) -> dict[str, Any]:
    query = request.query
    said: dict[str, Any] = {}
    if (grace := options.number(request, "gracePeriodSeconds")) is not None:
        said["gracePeriodSeconds"] = grace
    if "orphanDependents" in query:
        said["orphanDependents"] = request.says("orphanDependents")
    if POLICY in query:
        said[POLICY] = query[POLICY]
    if "dryRun" in query:
        said["dryRun"] = request.dry_run
    said["preconditions"] = {
        name: query[name] for name in ("uid", "resourceVersion") if query.get(name)
    }
    return said


def _check_options(said: dict[str, Any], policy: str | None, *, is_orphan_said: bool) -> None:
    """Refuses what DeleteOptions cannot mean, all of it at once."""
    causes = []
    if policy is not None and is_orphan_said:
        words = "orphanDependents and deletionPropagation cannot be both set"
        words = f"Invalid value: {shown(policy)}: {words}"
        causes.append(status.StatusCause("FieldValueInvalid", words, POLICY))
    if policy is not None and policy not in POLICIES:
        known = ", ".join(map(shown, (*POLICIES, "nil")))
        words = f"Unsupported value: {shown(policy)}: supported values: {known}"
        causes.append(status.StatusCause("FieldValueNotSupported", words, POLICY))
    causes += write_options.dry_run(said.get("dryRun") or [])
    if causes:
        raise status.invalid("meta.k8s.io", KIND, "", causes)


async def delete(api: Api, request: Request, resource: Resource) -> Answer:
    """DELETE of one object.

    Raises:
        ApiError: 400, 403, 404, 409.
    """
    presenter = Presenter.for_request(request, resource)
    asked = read_options(request)
    record = read.find(api, resource, request.namespace, request.name)
    warnings: list[str] = []
    left, is_gone = await end(api, request, resource, record, asked, warnings=warnings)
    if resource.storage in GIVES_THE_OBJECT or not is_gone:
        code = 202 if asked.is_cascade and not is_gone else 200
        return presenter.answer(presenter.written(left), code, warnings)
    details = {"name": request.name, "group": resource.group, "kind": resource.plural}
    details["uid"] = record.object["metadata"]["uid"]
    details = {name: said for name, said in details.items() if said}
    return presenter.of_status(status.success(details), warnings)


async def delete_collection(api: Api, request: Request, resource: Resource) -> Answer:
    """DELETE of all objects that a list of the same query would give, in their last state.

    Raises:
        ApiError: 400, 403, 409, 410, 422, 504.
    """
    presenter = Presenter.for_request(request, resource)
    chosen = read.selection(request, resource)
    asked = read_options(request)
    found = read.page(api, request, chosen)
    for record in found.records:
        try:
            await end(api, request, resource, record, asked)
        except status.ApiError as error:
            if error.code != 404:
                raise
    return presenter.answer(presenter.many(*found))


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
    attempt = Attempt(api, request, resource, "DELETE", None, record)
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
    if asked.uid is None and asked.revision is None:
        return
    about = record.object["metadata"]
    why, revision = "", about["resourceVersion"]
    if asked.uid is not None and asked.uid != about["uid"]:
        why = f"the UID in the precondition ({asked.uid}) does not match the UID in record "
        why += f"({about['uid']}). The object might have been deleted and then recreated"
    elif asked.revision is not None and asked.revision != revision:
        why = f"the ResourceVersion in the precondition ({asked.revision}) does not match the "
        why += f"ResourceVersion in record ({revision}). The object might have "
        why += "been modified"
    if why and resource.storage in ("namespaces", DEFINITIONS):  # which look at it themselves
        wanted, found = (
            (asked.uid, about["uid"]) if asked.uid is not None else (asked.revision, revision)
        )
        what = "UID" if asked.uid is not None else "ResourceVersion"
        why = f"Precondition failed: {what} in precondition: {wanted}, {what} in object meta: "
        raise status.conflict(resource.group, resource.plural, record.key.name, why + found)
    if why:  # here the kind is named, and nowhere else
        raise status.conflict(resource.group, resource.kind, record.key.name, why)


def _marked(resource: Resource, record: Record, asked: Options) -> dict[str, Any] | None:
    """The object as a deletion leaves it; None if it was marked before and nothing is new."""
    value = record.copy()
    about = value["metadata"]
    was = about.get("deletionTimestamp")
    grace = _grace(resource, value, asked)
    finalizers = _finalizers(resource, about.get("finalizers") or [], asked)
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


def _finalizers(resource: Resource, there: list[str], asked: Options) -> list[str]:
    if not asked.policy:
        is_said = ORPHAN in there or FOREGROUND in there
        return there if is_said or resource.storage not in LEAVES_DEPENDENTS else [*there, ORPHAN]
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
