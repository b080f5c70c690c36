"""Questions about who asks: TokenReview, SelfSubjectReview, TokenRequest."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.authentication.authenticator import Authenticator
from labkit.cluster.embedded.apiserver.authentication.reviews import (
    BadReview,
    Fault,
    InvalidReview,
    Missing,
    ReviewConflict,
    self_subject_review,
    token_request,
    token_review,
)
from labkit.cluster.embedded.apiserver.authentication.service_accounts import ISSUER
from labkit.cluster.embedded.apiserver.authentication.users import User

from .conftest import SmallCluster

ACCOUNT = {"metadata": {"name": "builder", "namespace": "default", "uid": "sa-1"}}
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenReview", "metadata": {}}


def requested(cluster: SmallCluster, **spec: Any) -> dict[str, Any]:
    request = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "metadata": {},
        "spec": spec,
    }
    return token_request(request, ACCOUNT, cluster.tokens, cluster.get)


def test_a_token_is_reviewed(cluster: SmallCluster) -> None:
    asked = Authenticator(cluster.tokens)
    token = requested(cluster, audiences=["vault"])["status"]["token"]
    review = {**REVIEW, "spec": {"token": token, "audiences": ["vault", "other"]}}
    answer = token_review(review, asked)
    status = answer.pop("status")
    assert answer == review
    assert (status["authenticated"], status["audiences"]) == (True, ["vault"])
    assert status["user"]["username"] == "system:serviceaccount:default:builder"


def test_a_token_that_does_not_hold_is_an_answer_and_no_error(cluster: SmallCluster) -> None:
    asked = Authenticator(cluster.tokens)
    answer = token_review({**REVIEW, "spec": {"token": "x"}}, asked)
    assert answer["status"] == {"user": {}, "error": "invalid bearer token"}
    with pytest.raises(BadReview, match="token is required for TokenReview"):
        token_review({**REVIEW, "spec": {}}, asked)


def test_whoami_says_who_one_is() -> None:
    review = {"kind": "SelfSubjectReview", "metadata": {}}
    answer = self_subject_review(review, User("ann", groups=("dev",)), now=0)
    assert answer == {
        "kind": "SelfSubjectReview",
        "metadata": {"creationTimestamp": "1970-01-01T00:00:00Z"},
        "status": {"userInfo": {"username": "ann", "groups": ["dev"]}},
    }
    assert review["metadata"] == {}


def test_a_request_for_a_token_is_filled_in(cluster: SmallCluster) -> None:
    answer = requested(cluster)
    assert answer["metadata"] == {
        "name": "builder",
        "namespace": "default",
        "creationTimestamp": "2027-01-15T08:00:00Z",
    }
    assert answer["spec"] == {"audiences": [ISSUER], "expirationSeconds": 3600}
    assert answer["status"]["expirationTimestamp"] == "2027-01-15T09:00:00Z"
    cluster.tokens.verify(answer["status"]["token"])


def test_a_token_for_a_pod_names_its_node(cluster: SmallCluster) -> None:
    reference = {"apiVersion": "v1", "kind": "Pod", "name": "web", "uid": "pod-1"}
    token = requested(cluster, boundObjectRef=reference)["status"]["token"]
    extra = cluster.tokens.verify(token).user.extra
    assert extra["authentication.kubernetes.io/node-uid"] == ("n-1",)
    del cluster.there["nodes", "", "node-1"]
    token = requested(cluster, boundObjectRef=reference)["status"]["token"]
    extra = cluster.tokens.verify(token).user.extra
    assert extra["authentication.kubernetes.io/node-name"] == ("node-1",)
    assert "authentication.kubernetes.io/node-uid" not in extra


@pytest.mark.parametrize(("kind", "name"), [("Secret", "seal"), ("Node", "node-1")])
def test_a_token_for_a_secret_or_a_node_ends_with_it(
    cluster: SmallCluster, kind: str, name: str
) -> None:
    token = requested(cluster, boundObjectRef={"kind": kind, "name": name})["status"]["token"]
    cluster.tokens.verify(token)
    for place in [place for place in cluster.there if place[0] == f"{kind.lower()}s"]:
        del cluster.there[place]
    with pytest.raises(Exception, match="invalidated"):
        cluster.tokens.verify(token)


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (599, "may not specify a duration less than 10 minutes"),
        (2**32 + 1, "may not specify a duration larger than 2^32 seconds"),
    ],
)
def test_a_token_may_be_neither_too_short_nor_too_long(
    cluster: SmallCluster, seconds: int, says: str
) -> None:
    with pytest.raises(InvalidReview) as caught:
        requested(cluster, expirationSeconds=seconds)
    assert caught.value.kind == "TokenRequest"
    assert caught.value.faults == (Fault("spec.expirationSeconds", seconds, says),)


@pytest.mark.parametrize(("field", "value"), [("name", "other"), ("namespace", "other")])
def test_a_request_names_the_account_it_was_sent_to_or_none(
    cluster: SmallCluster, field: str, value: str
) -> None:
    request = {"metadata": {field: value}, "spec": {}}
    with pytest.raises(InvalidReview) as caught:
        token_request(request, ACCOUNT, cluster.tokens, cluster.get)
    says = f"must match the service account {field} if specified"
    assert caught.value.faults == (Fault(f"metadata.{field}", value, says),)


@pytest.mark.parametrize(
    ("reference", "error", "says"),
    [
        ({"kind": "Pod", "name": "none"}, Missing, 'pods "none" not found'),
        ({"kind": "Pod", "name": "web", "uid": "old"}, ReviewConflict, "UID in the bound object"),
        ({"kind": "Service", "name": "web"}, BadReview, "cannot bind token to object of type"),
        (
            {"apiVersion": "apps/v1", "kind": "Pod", "name": "web"},
            BadReview,
            "cannot bind token to object of type apps/v1, Kind=Pod",
        ),
    ],
)
def test_a_token_is_bound_to_what_is_there_or_not_at_all(
    cluster: SmallCluster, reference: dict[str, str], error: type[Exception], says: str
) -> None:
    with pytest.raises(error, match=says):
        requested(cluster, boundObjectRef=reference)


def test_a_pod_of_another_account_lends_no_token(cluster: SmallCluster) -> None:
    other = {"metadata": {"name": "other", "namespace": "default", "uid": "sa-9"}}
    request = {"metadata": {}, "spec": {"boundObjectRef": {"kind": "Pod", "name": "web"}}}
    with pytest.raises(BadReview, match='serviceaccount "other" to pod running with different'):
        token_request(request, other, cluster.tokens, cluster.get)
