"""JSON is kept as Go writes it; what is expected here was answered by a real Kubernetes 1.20."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.protobuf import write_as_go


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"volumes": []}, {}),
        ({"nodeSelector": {}, "hostNetwork": False, "hostname": ""}, {}),
        ({"automountServiceAccountToken": False}, {"automountServiceAccountToken": False}),
        ({"securityContext": {"runAsUser": 0}}, {"securityContext": {"runAsUser": 0}}),
        ({"volumes": [{"emptyDir": {}}]}, {"volumes": [{"emptyDir": {}, "name": ""}]}),
        (
            {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1}]}}},
            {"affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 1, "preference": {}}]}}},
        ),
        (
            {"volumes": [{"name": "a", "downwardAPI": {"items": [
                {"path": "p", "resourceFieldRef": {"resource": "limits.cpu"}}]}}]},
            {"volumes": [{"name": "a", "downwardAPI": {"items": [
                {"path": "p", "resourceFieldRef": {"resource": "limits.cpu", "divisor": "0"}}]}}]},
        ),
    ],
)  # fmt: skip
def test_a_pod_is_written_as_go_writes_it(sent: dict[str, Any], kept: dict[str, Any]) -> None:
    pod = {"metadata": {"name": "p", "labels": {}}, "spec": {"containers": [{"name": "c"}], **sent}}
    write_as_go("v1", "Pod", pod)
    containers = [{"name": "c", "resources": {}}]
    assert pod["spec"] == {"containers": containers, **kept}
    assert pod["metadata"] == {"name": "p"}


def test_what_is_never_left_out_is_null_when_it_is_empty() -> None:
    role: dict[str, Any] = {"metadata": {"name": "r"}, "rules": []}
    write_as_go("rbac.authorization.k8s.io/v1", "Role", role)
    assert role == {"metadata": {"name": "r"}, "rules": None}


def test_only_the_parts_that_changed_are_looked_at() -> None:
    part: dict[str, Any] = {"data": {}}
    write_as_go("v1", "ConfigMap", part, parts=part.copy())
    assert part == {}


def test_a_kind_that_is_not_built_in_stays_as_it_is() -> None:
    robot: dict[str, Any] = {"spec": {"tools": []}}
    write_as_go("example.com/v1", "Robot", robot)
    assert robot == {"spec": {"tools": []}}


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (1024, "1024"),
        (0.5, "500m"),
        (0, "0"),
        ("1024Mi", "1Gi"),
        (" 1 ", "1"),
        (1e3, "1k"),
        (-1, "-1"),
    ],
)  # fmt: skip
def test_a_quantity_is_a_string_in_its_one_form(sent: Any, kept: str) -> None:
    volume = {"name": "a", "emptyDir": {"sizeLimit": sent}}
    limits = {"limits": {"cpu": sent}}
    pod = {"spec": {"containers": [{"name": "c", "resources": limits}], "volumes": [volume]}}
    write_as_go("v1", "Pod", pod)
    assert pod["spec"]["volumes"][0]["emptyDir"] == {"sizeLimit": kept}
    assert pod["spec"]["containers"][0]["resources"] == {"limits": {"cpu": kept}}


def test_policies_that_are_said_to_be_none_are_not_as_good_as_missing() -> None:
    spec: dict[str, Any] = {"behavior": {"scaleUp": {"policies": []}, "scaleDown": {}}}
    write_as_go("autoscaling/v2", "HorizontalPodAutoscaler", {"spec": spec})
    assert spec["behavior"] == {"scaleUp": {"policies": []}, "scaleDown": {}}


@pytest.mark.parametrize(
    ("api_version", "kind", "sent"),
    [
        ("apps/v1", "ControllerRevision", {"data": {"none": [], "no": False}, "revision": 1}),
        ("v1", "Pod", {"spec": "no pod's spec", "status": {}}),
        ("v1", "ConfigMap", {"robot": {"tools": []}}),
        ("authorization.k8s.io/v1", "SubjectAccessReview",
         {"spec": {"extra": {"none": [], "some": ["a"]}}, "status": {"allowed": False}}),
    ],
)  # fmt: skip
def test_what_says_something_stays_as_it_is(
    api_version: str, kind: str, sent: dict[str, Any]
) -> None:
    value = {"metadata": {"name": "n"}, **copy.deepcopy(sent)}
    write_as_go(api_version, kind, value)
    assert value == {"metadata": {"name": "n"}, **sent}


def test_no_amount_is_no_amount_of_nothing() -> None:
    pod = {"spec": {"containers": [], "volumes": [{"name": "a", "emptyDir": {"sizeLimit": None}}]}}
    write_as_go("v1", "Pod", pod)
    assert pod["spec"]["volumes"] == [{"name": "a", "emptyDir": {}}]


def test_parts_that_are_not_named_are_not_looked_at() -> None:
    whole: dict[str, Any] = {"data": {}, "binaryData": {}}
    write_as_go("v1", "ConfigMap", whole, parts={"data"})
    assert whole == {"binaryData": {}}
