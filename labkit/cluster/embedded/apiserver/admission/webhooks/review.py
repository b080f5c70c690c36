"""AdmissionReview: the question to a webhook, and what may be an answer.

Source: Kubernetes `apiserver/pkg/admission/plugin/webhook/request/admissionreview.go`, and the
documentation of the Extensible Admission Controllers.
"""

from __future__ import annotations

import base64
import binascii
import uuid
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from labkit.cluster.embedded.apiserver.admission.webhooks.matching import asked_for
from labkit.cluster.embedded.store import thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.registry import Resource

Object = dict[str, Any]

VERSIONS = ("v1", "v1beta1")
OPTIONS = {"CREATE": "CreateOptions", "UPDATE": "UpdateOptions", "DELETE": "DeleteOptions"}


class BadAnswer(Exception):
    """An answer that cannot be used; the message is the API server's."""


class Answer(NamedTuple):
    """What a webhook says.

    Attributes:
        is_allowed: whether the write may go on.
        status: why it may not.
        patch: a JSON patch; empty for none.
        warnings: what the client is told.
    """

    is_allowed: bool
    status: Object
    patch: list[Object]
    warnings: list[str]


def question(attempt: Attempt, resource: Resource, versions: list[str]) -> Object:
    """The AdmissionReview for a webhook.

    Args:
        attempt: the write.
        resource: as the webhook wants to see it.
        versions: of AdmissionReview, those that the webhook knows, best first.
    """
    version = next((one for one in versions if one in VERSIONS), "v1")
    asked, part = asked_for(attempt), attempt.subresource
    request: Object = {"uid": str(uuid.uuid4()), **_which(resource, part, "kind", "resource")}
    request |= {"subResource": part} if part else {}
    request |= _which(asked, part, "requestKind", "requestResource")
    request |= {"requestSubResource": part} if part else {}
    is_namespace = attempt.resource.storage == "namespaces"
    namespace = attempt.name if is_namespace else attempt.namespace
    request |= {k: v for k, v in (("name", attempt.name), ("namespace", namespace)) if v}
    assert attempt.request.user is not None
    request |= {
        "operation": attempt.operation,
        "userInfo": attempt.request.user.as_json(),
        "object": shown(attempt, resource, attempt.object),
        "oldObject": shown(attempt, resource, attempt.old),
        "dryRun": attempt.is_dry_run,
        "options": _options(attempt),
    }
    return {
        "kind": "AdmissionReview",
        "apiVersion": f"admission.k8s.io/{version}",
        "request": request,
    }


def _which(resource: Resource, part: str, kind: str, plural: str) -> Object:
    of_part = resource.subresources.get(part)
    of = of_part or resource
    return {
        kind: {"group": of.group, "version": of.version, "kind": of.kind},
        plural: {
            "group": resource.group,
            "version": resource.version,
            "resource": resource.plural,
        },
    }


def _options(attempt: Attempt) -> Object | None:
    kind = OPTIONS.get(attempt.operation)
    if kind is None:
        return None
    options: Object = {"kind": kind, "apiVersion": "meta.k8s.io/v1"}
    if attempt.is_dry_run:
        options["dryRun"] = ["All"]
    for name in ("fieldManager", "fieldValidation"):
        if kind != "DeleteOptions" and attempt.request.query.get(name):
            options[name] = attempt.request.query[name]
    return options


def shown(attempt: Attempt, resource: Resource, value: Object | None) -> Object | None:
    """An object in the words of a version; of `scale`, its Scale."""
    from labkit.cluster.embedded.apiserver.handlers.subresources.scale import to_scale

    if value is None:
        return None
    if attempt.subresource == "scale":
        return to_scale(resource, value)
    if resource.crd is not None:
        return {**value, "apiVersion": resource.api_version}
    return resource.conversion.shown(value) if resource.conversion else value


def read_back(attempt: Attempt, resource: Resource, value: Object) -> Object:
    """A changed object, in the words in which it is stored."""
    if attempt.subresource == "scale":
        return _rescaled(attempt, resource, value)
    if resource.crd is not None:
        return {**value, "apiVersion": attempt.resource.api_version}
    return resource.conversion.read(value) if resource.conversion else value


def _rescaled(attempt: Attempt, resource: Resource, scale: Object) -> Object:
    from labkit.cluster.embedded.apiserver.handlers.subresources.scale import where

    new: Object = thaw(attempt.object)
    place = new
    *path, last = where(resource).spec
    for name in path:
        place = place.setdefault(name, {})
    place[last] = (scale.get("spec") or {}).get("replicas", 0)
    return new


def read_answer(body: bytes, asked: Object, *, may_change: bool) -> Answer:
    """What a webhook has answered.

    Args:
        body: as it came.
        asked: the AdmissionReview that it answers.
        may_change: whether it is a mutating webhook.

    Raises:
        BadAnswer: it is none.
    """
    try:
        review = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        words = f"couldn't get version/kind; json parse error: {error}"
        raise BadAnswer(f"failed to call webhook: {words}") from None
    response = review.get("response") if isinstance(review, dict) else None
    if not isinstance(response, dict):
        raise BadAnswer("received invalid webhook response: webhook response was absent")
    _check(review, response, asked)
    patch = response.get("patch")
    if patch and not may_change:
        _invalid("webhook is not allowed to return patch")
    return Answer(
        response.get("allowed") is True,
        response.get("status") or {},
        _patch(response) if patch else [],
        [str(one) for one in response.get("warnings") or ()],
    )


def _check(review: Object, response: Object, asked: Object) -> None:
    if not asked["apiVersion"].endswith("/v1"):
        return  # v1beta1 asks for nothing of that
    given = f"{review.get('apiVersion', '')}, Kind={review.get('kind', '')}"
    expected = f"{asked['apiVersion']}, Kind=AdmissionReview"
    if given != expected:
        _invalid(f"expected webhook response of {expected}, got {given}")
    uid = asked["request"]["uid"]
    if response.get("uid") != uid:
        _invalid(f'expected response.uid="{uid}", got "{response.get("uid", "")}"')
    if response.get("patch") and not response.get("patchType"):
        _invalid("webhook returned response.patch but not response.patchType")
    if response.get("patchType", "JSONPatch") != "JSONPatch":
        _invalid(f'webhook returned invalid response.patchType of "{response["patchType"]}"')


def _invalid(why: str) -> None:
    raise BadAnswer(f"received invalid webhook response: {why}")


def _patch(response: Object) -> list[Object]:
    try:
        patch = orjson.loads(base64.b64decode(response["patch"], validate=True))
    except (binascii.Error, TypeError, ValueError) as error:
        words = "received undecodable patch in webhook response"
        raise BadAnswer(f"{words}: {error}") from None
    if not isinstance(patch, list):
        raise BadAnswer("received undecodable patch in webhook response: it is no list")
    return patch
