from __future__ import annotations

import re
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.kinds.selectable import (
    SELECTABLE,
    from_selectable_fields,
    selectable_of,
)
from labkit.cluster.embedded.apiserver.selectors import BadSelector, parse_fields
from labkit.cluster.embedded.store.frozen import freeze

META = {"name": "web", "namespace": "default"}


@pytest.mark.parametrize(
    ("resource", "object", "fields"),
    [
        (
            "pods",
            {
                "spec": {
                    "nodeName": "n",
                    "restartPolicy": "Always",
                    "schedulerName": "s",
                    "serviceAccountName": "a",
                    "hostNetwork": True,
                },
                "status": {"phase": "Running", "podIP": "1.2.3.4", "nominatedNodeName": "m"},
            },
            {
                "spec.nodeName": "n",
                "spec.restartPolicy": "Always",
                "spec.schedulerName": "s",
                "spec.serviceAccountName": "a",
                "spec.hostNetwork": "true",
                "status.phase": "Running",
                "status.podIP": "1.2.3.4",
                "status.podIPs": "",
                "status.nominatedNodeName": "m",
            },
        ),
        ("nodes", {}, {"spec.unschedulable": "false"}),
        ("nodes", {"spec": {"unschedulable": True}}, {"spec.unschedulable": "true"}),
        ("namespaces", {"status": {"phase": "Active"}}, {"status.phase": "Active"}),
        ("secrets", {"type": "Opaque"}, {"type": "Opaque"}),
        (
            "services",
            {"spec": {"clusterIP": "None", "type": "ClusterIP"}},
            {"spec.clusterIP": "None", "spec.type": "ClusterIP"},
        ),
        ("replicasets.apps", {"status": {"replicas": 3}}, {}),
        ("replicationcontrollers", {"status": {"replicas": 0}}, {"status.replicas": "0"}),
        ("jobs.batch", {"status": {"succeeded": 2}}, {"status.successful": "2"}),
        ("jobs.batch", {}, {"status.successful": "0"}),
        (
            "certificatesigningrequests.certificates.k8s.io",
            {"spec": {"signerName": "s"}},
            {"spec.signerName": "s"},
        ),
        ("deployments.apps", {"spec": {"replicas": 3}}, {}),
    ],
)
def test_an_object_has_the_fields_of_its_kind(
    resource: str, object: dict[str, Any], fields: dict[str, str]
) -> None:
    found = selectable_of(resource).fields(freeze({"metadata": META, **object}))
    assert found == fields | {"metadata.name": "web", "metadata.namespace": "default"}


@pytest.mark.parametrize(
    ("event", "source"),
    [
        ({"source": {"component": "kubelet"}, "reportingComponent": "r"}, "kubelet"),
        ({"source": {"component": ""}, "reportingComponent": "r"}, "r"),
        ({"reportingController": "new"}, "new"),
        ({"deprecatedSource": {"component": "old"}, "reportingController": "new"}, "old"),
        ({}, ""),
    ],
)
def test_events_are_selected_by_what_they_are_about(event: dict[str, Any], source: str) -> None:
    about = {"involvedObject": {"kind": "Pod", "name": "web", "uid": "u"}, "type": "Normal"}
    fields = selectable_of("events").fields({"metadata": META, **about, **event})
    assert fields["source"] == source
    assert parse_fields("involvedObject.kind=Pod,involvedObject.name=web,type!=Warning").matches(
        fields
    )


@pytest.mark.parametrize(
    ("resource", "selector", "message"),
    [
        ("pods", "spec.image=x", "field label not supported: spec.image"),
        ("nodes", "metadata.namespace=x", "field label not supported: metadata.namespace"),
        ("secrets", "data!=x", "field label not supported: data"),
        ("jobs.batch", "status.active=1", 'field label "status.active" not supported for Job'),
        (
            "deployments.apps",
            "spec.replicas=3",
            '"spec.replicas" is not a known field selector: only "metadata.name",'
            ' "metadata.namespace"',
        ),
        (
            "resourceslices.resource.k8s.io",
            "x=y",
            "field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: x",
        ),
    ],
)
def test_other_fields_are_refused_in_kubernetes_words(
    resource: str, selector: str, message: str
) -> None:
    with pytest.raises(BadSelector, match=f"^{re.escape(message)}$"):
        selectable_of(resource).check(parse_fields(selector))


def test_what_is_selectable_passes_the_check() -> None:
    for resource, selectable in SELECTABLE.items():
        for name in ("metadata.name", *selectable.own):
            asked = parse_fields(f"{name}=x")
            assert selectable.check(asked) == asked, resource


def test_an_old_name_is_taken_for_the_new_one() -> None:
    selector = selectable_of("pods").check(parse_fields("spec.host=n"))
    assert selector.equalities == {"spec.nodeName": "n"}


def test_a_crd_says_what_can_be_selected_by() -> None:
    asked = [{"jsonPath": ".spec.color"}, {"jsonPath": ".spec.large"}]
    selectable = from_selectable_fields(asked, is_namespaced=False)
    fields = selectable.fields({"metadata": META, "spec": {"color": "blue", "large": True}})
    assert parse_fields("spec.color=blue,spec.large=true").matches(fields)
    for other in ("spec.size=1", "metadata.namespace=x"):
        with pytest.raises(BadSelector, match="field label not supported: "):
            selectable.check(parse_fields(other))
    assert from_selectable_fields(None, is_namespaced=True).check(
        parse_fields("metadata.namespace=x")
    )
