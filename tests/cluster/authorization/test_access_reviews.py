"""Questions about what somebody may do, as objects."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.authentication.reviews import (
    BadReview,
    Fault,
    InvalidReview,
)
from labkit.cluster.embedded.apiserver.authorization.authorizer import Authorizer
from labkit.cluster.embedded.apiserver.authorization.reviews import (
    local_subject_access_review,
    self_subject_access_review,
    self_subject_rules_review,
    subject_access_review,
)

from .conftest import ANN, BOB, MASTER, Shelf, binding, group, role, rule, user

PODS = {"verb": "list", "resource": "pods", "namespace": "default"}
BOTH = "exactly one of nonResourceAttributes or resourceAttributes must be specified"


@pytest.fixture(autouse=True)
def some_roles(shelf: Shelf) -> None:
    shelf.add(
        role("pods", rule("list", "pods")),
        role("paths", rule("get", nonResourceURLs=["/healthz"])),
        binding("a", "pods", user("ann"), group("ops"), namespace="default", kind="ClusterRole"),
        binding("b", "paths", user("ann")),
    )


def faults(call: Any, review: Any, *more: Any) -> tuple[Fault, ...]:
    with pytest.raises(InvalidReview) as caught:
        call(review, *more)
    return caught.value.faults


def test_can_i_is_answered(authorizer: Authorizer) -> None:
    review = {"kind": "SelfSubjectAccessReview", "metadata": {"creationTimestamp": None}}
    review["spec"] = {"resourceAttributes": PODS}
    answer = self_subject_access_review(review, authorizer, ANN)
    assert answer.pop("status") == {
        "allowed": True,
        "reason": 'RBAC: allowed by RoleBinding "a/default" of ClusterRole "pods" to User "ann"',
    }
    assert answer == review
    answer = self_subject_access_review(review, authorizer, BOB)
    assert answer["status"] == {"allowed": False}
    answer = self_subject_access_review(review, authorizer, MASTER)
    assert answer["status"] == {"allowed": True}
    path = {"spec": {"nonResourceAttributes": {"verb": "get", "path": "/healthz"}}}
    assert self_subject_access_review(path, authorizer, ANN)["status"]["allowed"]


def test_can_they_is_answered(authorizer: Authorizer) -> None:
    for who, allowed in (
        ({"user": "ann"}, True),
        ({"user": "bob"}, False),
        ({"user": "bob", "groups": ["ops"], "uid": "1", "extra": {"a": ["b"]}}, True),
        ({"groups": ["ops"]}, True),
    ):
        review = {"spec": {"resourceAttributes": PODS, **who}}
        answer = subject_access_review(review, authorizer)
        assert answer["status"]["allowed"] is allowed, who
        local = {"metadata": {"namespace": "default"}, **review}
        answer = local_subject_access_review(local, authorizer, "default")
        assert answer["status"]["allowed"] is allowed, who


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({}, [Fault("spec.resourceAttributes", None, BOTH)]),
        (
            {"resourceAttributes": PODS, "nonResourceAttributes": {"path": "/"}},
            [
                Fault(
                    "spec.nonResourceAttributes",
                    {"path": "/"},
                    "cannot be specified in combination with resourceAttributes",
                )
            ],
        ),
    ],
)
def test_a_question_asks_one_thing(
    authorizer: Authorizer, spec: dict[str, Any], found: list[Fault]
) -> None:
    review = {"spec": spec}
    assert list(faults(self_subject_access_review, review, authorizer, ANN)) == found
    nobody = Fault("spec.user", "", "at least one of user or group must be specified")
    assert list(faults(subject_access_review, review, authorizer)) == [*found, nobody]


def test_a_questions_metadata_is_empty(authorizer: Authorizer) -> None:
    spec = {"resourceAttributes": PODS, "user": "ann"}
    metadata = {"name": "x", "namespace": "default"}
    review = {"metadata": metadata, "spec": spec}
    says = Fault("metadata", metadata, "must be empty")
    assert faults(self_subject_access_review, review, authorizer, ANN) == (says,)
    assert faults(subject_access_review, review, authorizer) == (says,)
    says = Fault("metadata", metadata, "must be empty except for namespace")
    assert faults(local_subject_access_review, review, authorizer, "default") == (says,)


def test_a_local_question_is_about_its_own_namespace(authorizer: Authorizer) -> None:
    metadata = {"namespace": "other"}
    spec = {"resourceAttributes": PODS, "user": "ann"}
    review = {"metadata": metadata, "spec": spec}
    says = Fault("spec.resourceAttributes.namespace", "default", "must match metadata.namespace")
    assert faults(local_subject_access_review, review, authorizer, "other") == (says,)
    review = {"metadata": {"namespace": "default"}, "spec": spec}
    with pytest.raises(BadReview, match="must match namespace: other"):
        local_subject_access_review(review, authorizer, "other")
    path = {"verb": "get", "path": "/"}
    review = {"metadata": metadata, "spec": {"nonResourceAttributes": path, "user": "ann"}}
    says = Fault("spec.nonResourceAttributes", path, "disallowed on this kind of request")
    assert faults(local_subject_access_review, review, authorizer, "other") == (says,)


def test_can_i_list_tells_every_rule(authorizer: Authorizer, shelf: Shelf) -> None:
    shelf.add(
        role("web", rule("get", "pods", resourceNames=["web"]), namespace="default"),
        binding("c", "web", user("ann"), namespace="default"),
        binding("d", "none", user("ann"), namespace="default"),
    )
    review = {"kind": "SelfSubjectRulesReview", "spec": {"namespace": "default"}}
    answer = self_subject_rules_review(review, authorizer, ANN)
    assert answer == {
        "kind": "SelfSubjectRulesReview",
        "spec": {},
        "status": {
            "resourceRules": [
                {"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]},
                {
                    "verbs": ["get"],
                    "apiGroups": [""],
                    "resources": ["pods"],
                    "resourceNames": ["web"],
                },
            ],
            "nonResourceRules": [{"verbs": ["get"], "nonResourceURLs": ["/healthz"]}],
            "incomplete": False,
            "evaluationError": 'role.rbac.authorization.k8s.io "none" not found',
        },
    }
    with pytest.raises(BadReview, match="no namespace on request"):
        self_subject_rules_review({"spec": {}}, authorizer, ANN)
