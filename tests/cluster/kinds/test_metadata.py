"""The metadata of every kind, seen on a config map."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import GONE, faults, update_faults
from tests.cluster.kinds.test_names import LABEL, LABEL_1035, QUALIFIED, SUBDOMAIN, VALUE

OWNER = {"apiVersion": "v1", "kind": "Pod", "name": "web", "uid": "1"}


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({"metadata/name": "Web"}, [f'metadata.name: Invalid value: "Web": {SUBDOMAIN}']),
        ({"metadata/generateName": "web-"}, []),
        ({"metadata/generateName": "Web-"}, [
            f'metadata.generateName: Invalid value: "Web-": {SUBDOMAIN}']),
        ({"metadata/namespace": "a.b"}, [
            'metadata.namespace: Invalid value: "a.b": must not contain dots']),
        ({"metadata/labels": {"a b": "x"}}, [
            f'metadata.labels: Invalid value: "a b": name part {QUALIFIED}']),
        ({"metadata/labels": {"a": "x y"}}, [f'metadata.labels: Invalid value: "x y": {VALUE}']),
        ({"metadata/labels": {"a": "x" * 64}}, [
            f'metadata.labels: Invalid value: "{"x" * 64}": must be no more than 63 bytes']),
        ({"metadata/annotations": {"A.example.com/b": "any thing\n"}}, []),
        ({"metadata/annotations": {"a b": ""}}, [
            f'metadata.annotations: Invalid value: "a b": name part {QUALIFIED}']),
        ({"metadata/annotations": {"a": "x" * 262144}}, [
            "metadata.annotations: Too long: may not be more than 262144 bytes"]),
        ({"metadata/finalizers": ["example.com/wait", "orphan"]}, []),
        ({"metadata/finalizers": ["wait"]}, [
            'metadata.finalizers[0]: Invalid value: "wait": name is neither a standard finalizer '
            "name nor is it fully qualified"]),
        ({"metadata/finalizers": ["orphan", "foregroundDeletion"]}, [
            'metadata.finalizers: Invalid value: ["orphan","foregroundDeletion"]: finalizer orphan '
            "and foregroundDeletion cannot be both set"]),
        ({"metadata/ownerReferences": [OWNER]}, []),
        ({"metadata/ownerReferences": [{**OWNER, "uid": ""}]}, [
            'metadata.ownerReferences.uid: Invalid value: "": must not be empty']),
        ({"metadata/ownerReferences": [
            {**OWNER, "controller": True}, {**OWNER, "name": "b", "controller": True}]}, [
            'metadata.ownerReferences: Invalid value: [{"kind":"Pod","name":"web"']),
    ],
)  # fmt: skip
def test_metadata_that_is_wrong(changes: dict[str, Any], lines: list[str]) -> None:
    said = faults("configmaps", changes)
    if changes.get("metadata/ownerReferences", [{}])[0].get("controller"):
        assert len(said) == 1
        assert said[0].startswith("metadata.ownerReferences: Invalid value: [{")
        assert said[0].endswith(
            "Only one reference can have Controller set to true. "
            'Found "true" in references for Pod/web and Pod/b'
        )
    else:
        assert said == lines


@pytest.mark.parametrize(
    ("resource", "name", "rule"),
    [
        ("services", "1web", LABEL_1035),
        ("namespaces", "Team", LABEL),
        ("statefulsets.apps", "a.b", "must not contain dots"),
        ("roles.rbac.authorization.k8s.io", "a/b", "may not contain '/'"),
        ("cronjobs.batch", "a" * 53, "must be no more than 52 characters"),
        ("pods", "Web", SUBDOMAIN),
    ],
)
def test_each_kind_has_its_rule_for_names(resource: str, name: str, rule: str) -> None:
    assert f'metadata.name: Invalid value: "{name}": {rule}' in faults(
        resource, {"metadata/name": name}
    )


@pytest.mark.parametrize(
    ("changes", "before", "lines"),
    [
        ({"metadata/resourceVersion": GONE}, {}, [
            'metadata.resourceVersion: Invalid value: "": must be specified for an update']),
        ({"metadata/namespace": "other"}, {}, [
            'metadata.namespace: Invalid value: "other": field is immutable']),
        ({"metadata/uid": "other"}, {}, [
            'metadata.uid: Invalid value: "other": field is immutable']),
        ({"metadata/deletionTimestamp": "2026-01-01T00:00:00Z"}, {}, [
            'metadata.deletionTimestamp: Invalid value: "2026-01-01T00:00:00Z": field is immutable']),
        ({"metadata/finalizers": ["example.com/b"]},
         {"metadata/deletionTimestamp": "2026-01-01T00:00:00Z"}, [
            "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being "
            'deleted, found new finalizers []string{"example.com/b"}']),
        ({"metadata/finalizers": GONE},
         {"metadata/deletionTimestamp": "2026-01-01T00:00:00Z", "metadata/finalizers": ["a.b/c"]}, []),
        ({"metadata/labels": {"a": "b"}}, {}, []),
    ],
)  # fmt: skip
def test_what_of_metadata_an_update_may_not_do(
    changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults("configmaps", changes, before) == lines
