from __future__ import annotations

from typing import Any

import pytest

from .printing import printed, shown

ADMISSION = "admissionregistration.k8s.io"


@pytest.mark.parametrize("kind", ["rolebindings", "clusterrolebindings"])
def test_a_binding_shows_whom_it_binds_to_what(kind: str) -> None:
    parts = {
        "roleRef": {"kind": "ClusterRole", "name": "view"},
        "subjects": [
            {"kind": "User", "name": "jane"},
            {"kind": "ServiceAccount", "namespace": "default", "name": "ci"},
            {"kind": "Group", "name": "devs"},
            {"kind": "User", "name": "joe"},
        ],
    }
    row = printed(f"{kind}.rbac.authorization.k8s.io", **parts)
    assert list(row.values()) == [
        *("x", "ClusterRole/view", "5m", "jane, joe", "devs", "default/ci")
    ]


def conditions(*types: str, **status: Any) -> dict[str, Any]:
    return {"status": {"conditions": [{"type": each} for each in types], **status}}


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ({}, "Pending"),
        (conditions("Approved"), "Approved"),
        (conditions("Approved", certificate="LS0t"), "Approved,Issued"),
        (conditions("Approved", "Denied"), "Denied"),
        (conditions("Approved", "Failed"), "Approved,Failed"),
    ],
)
def test_a_signing_request_says_how_it_stands(parts: dict[str, Any], text: str) -> None:
    row = printed("certificatesigningrequests.certificates.k8s.io", **parts)
    assert row["Condition"] == text


def test_a_signing_request_shows_what_is_asked_for() -> None:
    resource = "certificatesigningrequests.certificates.k8s.io"
    columns = ("SignerName", "Requestor", "RequestedDuration")
    assert shown(resource, *columns) == ["<none>", "", "<none>"]
    spec = {"signerName": "example.com/s", "username": "jane", "expirationSeconds": 3600}
    assert shown(resource, *columns, spec=spec) == ["example.com/s", "jane", "60m"]


def test_the_other_certificates() -> None:
    bundle = printed("clustertrustbundles.certificates.k8s.io", spec={"signerName": "s"})
    assert list(bundle.values()) == ["x", "s"]
    spec = {
        "podName": "p",
        "serviceAccountName": "a",
        "nodeName": "n",
        "signerName": "s",
        "unverifiedUserAnnotations": {"k": "v"},
    }
    resource = "podcertificaterequests.certificates.k8s.io"
    assert list(printed(resource, spec=spec, **conditions("Issued")).values()) == [
        *("x", "p", "a", "n", "s", "Issued", "k=v")
    ]
    assert printed(resource)["State"] == "Pending"


@pytest.mark.parametrize("kind", ["mutating", "validating"])
def test_webhooks_are_counted(kind: str) -> None:
    row = printed(f"{kind}webhookconfigurations.{ADMISSION}", webhooks=[{}, {}])
    assert row["Webhooks"] == 2


@pytest.mark.parametrize(
    ("kind", "rules"), [("validating", "validations"), ("mutating", "mutations")]
)
def test_a_policy_counts_its_rules(kind: str, rules: str) -> None:
    resource = f"{kind}admissionpolicies.{ADMISSION}"
    assert list(printed(resource).values()) == ["x", 0, "<unset>", "5m"]
    spec = {rules: [{}], "paramKind": {"apiVersion": "example.com/v1", "kind": "Limit"}}
    assert list(printed(resource, spec=spec).values()) == ["x", 1, "example.com/v1/Limit", "5m"]


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        (None, "<unset>"),
        ({"name": "p"}, "*/p"),
        ({"name": "p", "namespace": "n"}, "n/p"),
        (
            {
                "selector": {
                    "matchLabels": {"b": "2", "a": "1"},
                    "matchExpressions": [{"key": "k", "operator": "In", "values": ["x", "y"]}],
                }
            },
            "&LabelSelector{MatchLabels:map[string]string{a: 1,b: 2,},MatchExpressions:"
            "[]LabelSelectorRequirement{LabelSelectorRequirement{Key:k,Operator:In,Values:[x y],},"
            "},}",
        ),
    ],
)
def test_a_policy_binding_shows_its_parameters(reference: dict[str, Any] | None, text: str) -> None:
    for kind in ("validating", "mutating"):
        spec = {"policyName": "p", "paramRef": reference}
        row = printed(f"{kind}admissionpolicybindings.{ADMISSION}", spec=spec)
        assert list(row.values()) == ["x", "p", text, "5m"]


@pytest.mark.parametrize(
    ("parts", "cells"),
    [
        ({}, ["Local", "Unknown"]),
        (
            {
                "spec": {"service": {"namespace": "kube-system", "name": "metrics"}},
                "status": {
                    "conditions": [
                        {"type": "Available", "status": "False", "reason": "MissingEndpoints"}
                    ]
                },
            },
            ["kube-system/metrics", "False (MissingEndpoints)"],
        ),
        (
            {
                "status": {
                    "conditions": [{"type": "Available", "status": "True", "reason": "Local"}]
                }
            },
            ["Local", "True"],
        ),
    ],
)
def test_an_api_service_says_whether_it_is_served(parts: dict[str, Any], cells: list[str]) -> None:
    resource = "apiservices.apiregistration.k8s.io"
    assert shown(resource, "Service", "Available", **parts) == cells
