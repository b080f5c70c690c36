"""Questions about who asks, as objects: TokenReview, SelfSubjectReview, TokenRequest.

Each takes the object that was sent and gives the one to send back; nothing is stored. Knows nothing
about HTTP: what is wrong with a question is an exception, of which whoever serves makes a Status.

Source: Kubernetes API reference, authentication.k8s.io/v1; the words are Kubernetes' own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.cluster.embedded.apiserver.authentication.authenticator import (
    Authenticator,
    Unauthorized,
)
from labkit.cluster.embedded.apiserver.authentication.service_accounts import (
    Bound,
    Reference,
    ServiceAccountTokens,
)
from labkit.cluster.embedded.apiserver.authentication.users import User

SHORTEST_S, LONGEST_S = 600, 1 << 32
USUAL_S = 3600

Object = Mapping[str, Any]
Get = Callable[[str, str, str], Object | None]
"""(resource, namespace, name) -> the object, or None."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a question: the path, what stands there, and why not."""

    field: str
    bad_value: Any
    message: str


class InvalidReview(Exception):
    """A question that cannot be answered: 422, reason Invalid.

    Attributes:
        kind: of the question.
        faults: what is wrong with it.
    """

    def __init__(self, kind: str, *faults: Fault) -> None:
        self.kind, self.faults = kind, faults
        super().__init__(f"{kind}: {', '.join(fault.message for fault in faults)}")


class BadReview(Exception):
    """A question that makes no sense: 400, reason BadRequest. The message is for the client."""


class ReviewConflict(Exception):
    """What a token is to be bound to is another by now: 409, reason Conflict.

    Attributes:
        resource: the kind, as Kubernetes says it here ("Pod").
        name: of the object.
    """

    def __init__(self, resource: str, name: str, message: str) -> None:
        self.resource, self.name = resource, name
        super().__init__(message)


class Missing(Exception):
    """What a token is to be bound to is not there: 404, reason NotFound."""

    def __init__(self, resource: str, name: str) -> None:
        self.resource, self.name = resource, name
        super().__init__(f'{resource} "{name}" not found')


def token_review(review: Object, authenticator: Authenticator) -> dict[str, Any]:
    """Answers whether a token holds, and whose it is.

    Raises:
        BadReview: there is no token in it.
    """
    spec = review.get("spec") or {}
    token, audiences = spec.get("token", ""), spec.get("audiences") or ()
    if not token:
        raise BadReview("token is required for TokenReview in authentication")
    try:
        verified = authenticator.review(token, audiences)
    except Unauthorized as error:
        return {**review, "status": {"user": {}, "error": str(error)}}
    user = verified.user.as_json()
    status = {"authenticated": True, "user": user, "audiences": list(verified.audiences)}
    return {**review, "status": status}


def self_subject_review(review: Object, user: User, *, now: float | None = None) -> dict[str, Any]:
    """Answers who asks: `kubectl auth whoami`."""
    metadata = {**(review.get("metadata") or {}), "creationTimestamp": _timestamp(now)}
    return {**review, "metadata": metadata, "status": {"userInfo": user.as_json()}}


def token_request(
    request: Object, account: Object, tokens: ServiceAccountTokens, get: Get
) -> dict[str, Any]:
    """Answers a request for a token of a service account: `kubectl create token`.

    Args:
        request: the TokenRequest that was sent.
        account: the service account, as it is stored.
        tokens: issues it.
        get: finds what it is to be bound to.

    Raises:
        InvalidReview: it is for another service account, or for too short or too long.
        BadReview: it is to be bound to what no token can be bound to.
        Missing, ReviewConflict: what it is to be bound to is not there, or is another by now.
    """
    metadata, spec = dict(request.get("metadata") or {}), dict(request.get("spec") or {})
    own = account["metadata"]
    spec["expirationSeconds"] = spec.get("expirationSeconds") or USUAL_S
    _check_request(metadata, own, spec)
    spec["audiences"] = list(spec.get("audiences") or tokens.audiences)
    token, expires = tokens.issue(
        own["namespace"],
        Reference(own["name"], own["uid"]),
        audiences=spec["audiences"],
        expiration_s=spec["expirationSeconds"],
        bound=_bound(spec.get("boundObjectRef"), own, get),
    )
    names = {"name": own["name"], "namespace": own["namespace"]}
    begun = _timestamp(expires - spec["expirationSeconds"])
    return {
        **request,
        "metadata": {**metadata, **names, "creationTimestamp": begun},
        "spec": spec,
        "status": {"token": token, "expirationTimestamp": _timestamp(expires)},
    }


def _check_request(metadata: Object, own: Object, spec: Object) -> None:
    for field, what in (("name", "name"), ("namespace", "namespace")):
        if metadata.get(field) and metadata[field] != own[field]:
            says = f"must match the service account {what} if specified"
            fault = Fault(f"metadata.{field}", metadata[field], says)
            raise InvalidReview("TokenRequest", fault)
    seconds = spec["expirationSeconds"]
    says = ""
    if seconds < SHORTEST_S:
        says = "may not specify a duration less than 10 minutes"
    if seconds > LONGEST_S:
        says = "may not specify a duration larger than 2^32 seconds"
    if says:
        raise InvalidReview("TokenRequest", Fault("spec.expirationSeconds", seconds, says))


def _bound(reference: Object | None, account: Object, get: Get) -> Bound:
    if not reference:
        return Bound()
    kind, name = reference.get("kind", ""), reference.get("name", "")
    if reference.get("apiVersion", "v1") != "v1" or kind not in ("Pod", "Secret", "Node"):
        group, _, version = reference.get("apiVersion", "").rpartition("/")
        raise BadReview(f"cannot bind token to object of type {group}/{version}, Kind={kind}")
    resource = f"{kind.lower()}s"
    found = get(resource, "" if kind == "Node" else account["namespace"], name)
    if found is None:
        raise Missing(resource, name)
    uid = found["metadata"]["uid"]
    node = _node(found, account["name"], get) if kind == "Pod" else None
    if reference.get("uid") not in (None, "", uid):
        raise ReviewConflict(
            kind,
            name,
            f"the UID in the bound object reference ({reference['uid']}) does not match the UID in"
            " record. The object might have been deleted and then recreated",
        )
    bound = Reference(name, uid)
    match kind:
        case "Pod":
            return Bound(pod=bound, node=node)
        case "Secret":
            return Bound(secret=bound)
        case _:
            return Bound(node=bound)


def _node(pod: Object, account: str, get: Get) -> Reference | None:
    spec = pod.get("spec") or {}
    if spec.get("serviceAccountName", "") != account:
        raise BadReview(
            f'cannot bind token for serviceaccount "{account}" to pod running with different'
            " serviceaccount name."
        )
    if not (name := spec.get("nodeName")):
        return None
    node = get("nodes", "", name)
    return Reference(name, node["metadata"]["uid"] if node else "")


def _timestamp(seconds: float | None) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
