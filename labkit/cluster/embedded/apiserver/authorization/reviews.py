"""Questions about what somebody may do, as objects: `kubectl auth can-i`.

Each takes the object that was sent and gives the one to send back; nothing is stored. Knows nothing
about HTTP.

Source: Kubernetes API reference, authorization.k8s.io/v1; the words are Kubernetes' own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.cluster.embedded.apiserver.authentication.reviews import (
    BadReview,
    Fault,
    InvalidReview,
)
from labkit.cluster.embedded.apiserver.authentication.users import User
from labkit.cluster.embedded.apiserver.authorization.attributes import Attributes
from labkit.cluster.embedded.apiserver.authorization.authorizer import Authorizer

Object = Mapping[str, Any]

_METADATA_OF_SERVERS = {"creationTimestamp", "managedFields"}
"""What a client may leave in a question's metadata: nulls and the like, which mean nothing."""

_OF_RESOURCES = ("verbs", "apiGroups", "resources", "resourceNames")
_OF_PATHS = ("verbs", "nonResourceURLs")


def self_subject_access_review(
    review: Object, authorizer: Authorizer, user: User
) -> dict[str, Any]:
    """Answers whether the one who asks may do something.

    Raises:
        InvalidReview: it does not say what, or says two things.
    """
    _check("SelfSubjectAccessReview", review, _faults_of_spec(_spec(review)))
    return _answered(review, authorizer, user)


def subject_access_review(review: Object, authorizer: Authorizer) -> dict[str, Any]:
    """Answers whether somebody may do something.

    Raises:
        InvalidReview: it does not say who or what.
    """
    spec = _spec(review)
    _check("SubjectAccessReview", review, [*_faults_of_spec(spec), *_faults_of_subject(spec)])
    return _answered(review, authorizer, _subject(spec))


def local_subject_access_review(
    review: Object, authorizer: Authorizer, namespace: str
) -> dict[str, Any]:
    """Answers whether somebody may do something in a namespace.

    Args:
        review: the LocalSubjectAccessReview.
        authorizer: decides.
        namespace: that of the request's path.

    Raises:
        InvalidReview: it does not say who or what, or is about another namespace.
        BadReview: it was sent to another namespace than it says.
    """
    spec = _spec(review)
    faults = [*_faults_of_spec(spec), *_faults_of_subject(spec)]
    own = (review.get("metadata") or {}).get("namespace") or namespace
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource and resource.get("namespace", "") != own:
        where, says = "spec.resourceAttributes.namespace", "must match metadata.namespace"
        faults.append(Fault(where, resource.get("namespace", ""), says))
    if path:
        says = "disallowed on this kind of request"
        faults.append(Fault("spec.nonResourceAttributes", path, says))
    _check("LocalSubjectAccessReview", review, faults, allowed={"namespace"})
    if own != namespace:
        raise BadReview(f"spec.resourceAttributes.namespace must match namespace: {namespace}")
    return _answered(review, authorizer, _subject(spec))


def self_subject_rules_review(review: Object, authorizer: Authorizer, user: User) -> dict[str, Any]:
    """Answers everything that the one who asks may do in a namespace: `can-i --list`.

    Raises:
        BadReview: it names no namespace.
    """
    namespace = _spec(review).get("namespace", "")
    if not namespace:
        raise BadReview("no namespace on request")
    grants = authorizer.policy.grants(user, namespace)
    resources, paths = [], []
    for rule in grants.rules:
        shown = rule.as_json()
        if rule.resources:
            resources.append({part: shown[part] for part in _OF_RESOURCES if part in shown})
        if rule.paths:
            paths.append({part: shown[part] for part in _OF_PATHS})
    status: dict[str, Any] = {
        "resourceRules": resources,
        "nonResourceRules": paths,
        "incomplete": False,
    }
    if grants.errors:
        status["evaluationError"] = ", ".join(grants.errors)
    return {**review, "spec": {}, "status": status}


def _spec(review: Object) -> Object:
    return review.get("spec") or {}


def _answered(review: Object, authorizer: Authorizer, user: User) -> dict[str, Any]:
    decision = authorizer.authorize(_attributes(_spec(review), user))
    status: dict[str, Any] = {"allowed": decision.is_allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return {**review, "status": status}


def _attributes(spec: Object, user: User) -> Attributes:
    if path := spec.get("nonResourceAttributes"):
        return Attributes(user, path.get("verb", ""), path=path.get("path", ""), is_resource=False)
    asked = spec["resourceAttributes"]
    return Attributes(
        user,
        asked.get("verb", ""),
        asked.get("group", ""),
        asked.get("version") or "*",
        asked.get("resource", ""),
        asked.get("subresource", ""),
        asked.get("namespace", ""),
        asked.get("name", ""),
    )


def _subject(spec: Object) -> User:
    extra = {key: tuple(values) for key, values in (spec.get("extra") or {}).items()}
    groups = tuple(spec.get("groups") or ())
    return User(spec.get("user", ""), spec.get("uid", ""), groups, extra)


def _faults_of_spec(spec: Object) -> list[Fault]:
    resource, path = spec.get("resourceAttributes"), spec.get("nonResourceAttributes")
    if resource is not None and path is not None:
        says = "cannot be specified in combination with resourceAttributes"
        return [Fault("spec.nonResourceAttributes", path, says)]
    if resource is None and path is None:
        says = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        return [Fault("spec.resourceAttributes", None, says)]
    return []


def _faults_of_subject(spec: Object) -> list[Fault]:
    if spec.get("user") or spec.get("groups"):
        return []
    return [Fault("spec.user", "", "at least one of user or group must be specified")]


def _check(
    kind: str,
    review: Object,
    faults: list[Fault],
    *,
    allowed: frozenset[str] | set[str] = frozenset(),
) -> None:
    metadata = review.get("metadata") or {}
    if {name for name, value in metadata.items() if value} - _METADATA_OF_SERVERS - allowed:
        says = "must be empty except for namespace" if allowed else "must be empty"
        faults = [*faults, Fault("metadata", metadata, says)]
    if faults:
        raise InvalidReview(kind, *faults)
