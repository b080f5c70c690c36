from __future__ import annotations

from typing import Any

import pytest

from .printing import ago, meta, printed, shown


@pytest.mark.parametrize(
    ("parts", "word"),
    [
        ({}, "Unknown"),
        ({"status": {"conditions": [{"type": "Ready", "status": "True"}]}}, "Ready"),
        ({"status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}, "NotReady"),
        ({"status": {"conditions": [{"type": "DiskPressure", "status": "True"}]}}, "Unknown"),
        (
            {
                "spec": {"unschedulable": True},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            },
            "Ready,SchedulingDisabled",
        ),
        ({"spec": {"unschedulable": True}}, "Unknown,SchedulingDisabled"),
    ],
)
def test_a_node_says_whether_it_is_ready(parts: dict[str, Any], word: str) -> None:
    assert printed("nodes", **parts)["Status"] == word


@pytest.mark.parametrize(
    ("labels", "roles"),
    [
        ({}, "<none>"),
        ({"node-role.kubernetes.io/control-plane": ""}, "control-plane"),
        ({"node-role.kubernetes.io/b": "", "kubernetes.io/role": "a"}, "a,b"),
        ({"node-role.kubernetes.io/": "", "kubernetes.io/role": ""}, "<none>"),
    ],
)
def test_a_node_has_the_roles_of_its_labels(labels: dict[str, str], roles: str) -> None:
    assert printed("nodes", metadata=meta(labels=labels))["Roles"] == roles


def test_the_wide_columns_of_a_node() -> None:
    columns = (
        *("Version", "Internal-IP", "External-IP"),
        *("OS-Image", "Kernel-Version", "Container-Runtime"),
    )
    assert shown("nodes", *columns) == ["", "<none>", "<none>", *["<unknown>"] * 3]
    status = {
        "addresses": [
            {"type": "Hostname", "address": "x"},
            {"type": "InternalIP", "address": "10.0.0.1"},
            {"type": "ExternalIP", "address": "1.2.3.4"},
        ],
        "nodeInfo": {
            "kubeletVersion": "v1.36.0",
            "osImage": "Debian",
            "kernelVersion": "6.18",
            "containerRuntimeVersion": "containerd://2",
        },
    }
    assert shown("nodes", *columns, status=status) == [
        *("v1.36.0", "10.0.0.1", "1.2.3.4", "Debian", "6.18", "containerd://2")
    ]


EVENT: dict[str, Any] = {
    "involvedObject": {"kind": "Pod", "name": "web", "fieldPath": "spec.containers{c}"},
    "type": "Warning",
    "reason": "BackOff",
    "message": " Back-off restarting \n",
    "source": {"component": "kubelet", "host": "n1"},
    "firstTimestamp": ago(minutes=10),
    "lastTimestamp": ago(seconds=8),
    "count": 6,
}


def test_an_event_says_what_happened_to_whom() -> None:
    assert printed("events", **EVENT) == {
        "Last Seen": "8s",
        "Type": "Warning",
        "Reason": "BackOff",
        "Object": "pod/web",
        "Subobject": "spec.containers{c}",
        "Source": "kubelet, n1",
        "Message": "Back-off restarting",
        "First Seen": "10m",
        "Count": 6,
        "Name": "x",
    }


@pytest.mark.parametrize(
    ("parts", "cells"),
    [
        (
            {"eventTime": "2026-11-27T11:59:00.000000Z"},
            ["60s", "60s", 1],
        ),
        (
            {
                "eventTime": "2026-11-27T11:59:00.000000Z",
                "series": {"count": 4, "lastObservedTime": "2026-11-27T11:59:57.000000Z"},
            },
            ["3s", "60s", 4],
        ),
        ({}, ["<unknown>", "<unknown>", 1]),
        ({"firstTimestamp": ago(seconds=3)}, ["3s", "3s", 1]),
    ],
)
def test_an_event_was_seen_when_its_kind_says(parts: dict[str, Any], cells: list[Any]) -> None:
    assert shown("events", "Last Seen", "First Seen", "Count", **parts) == cells


@pytest.mark.parametrize(
    ("parts", "source"),
    [
        ({}, ""),
        ({"reportingComponent": "c", "reportingInstance": "i"}, "c, i"),
        ({"source": {"component": "kubelet"}, "reportingInstance": "i"}, "kubelet, i"),
        ({"source": {"component": "kubelet"}}, "kubelet"),
    ],
)
def test_an_event_names_its_source(parts: dict[str, Any], source: str) -> None:
    assert printed("events", **parts)["Source"] == source


def test_an_event_of_the_new_group_prints_the_same() -> None:
    event = {
        "regarding": EVENT["involvedObject"],
        "type": "Warning",
        "reason": "BackOff",
        "note": EVENT["message"],
        "deprecatedSource": EVENT["source"],
        "deprecatedFirstTimestamp": EVENT["firstTimestamp"],
        "deprecatedLastTimestamp": EVENT["lastTimestamp"],
        "deprecatedCount": 6,
    }
    assert printed("events.events.k8s.io", **event) == printed("events", **EVENT)


def test_a_quota_shows_requests_apart_from_limits() -> None:
    status = {
        "hard": {"requests.cpu": "2", "limits.memory": "2048Mi", "pods": "10", "limits.cpu": "4"},
        "used": {"requests.cpu": "0.5", "limits.memory": "1Gi", "pods": "3"},
    }
    row = printed("resourcequotas", status=status)
    assert row["Request"] == "pods: 3/10, requests.cpu: 500m/2"
    assert row["Limit"] == "limits.cpu: 0/4, limits.memory: 1Gi/2Gi"


@pytest.mark.parametrize(
    ("conditions", "cells"),
    [
        (None, ["Unknown", "", ""]),
        ([{"type": "Healthy", "status": "True", "message": "ok"}], ["Healthy", "ok", ""]),
        ([{"type": "Healthy", "status": "False", "error": "no"}], ["Unhealthy", "", "no"]),
    ],
)
def test_a_component_says_whether_it_is_healthy(
    conditions: list[dict[str, str]] | None, cells: list[str]
) -> None:
    row = printed("componentstatuses", conditions=conditions)
    assert list(row.values())[1:] == cells


@pytest.mark.parametrize(
    ("resource", "parts", "cells"),
    [
        ("namespaces", {"status": {"phase": "Active"}}, ["Active"]),
        ("configmaps", {"data": {"a": "1", "b": "2"}, "binaryData": {"c": ""}}, [3]),
        ("configmaps", {}, [0]),
        ("secrets", {"type": "Opaque", "data": {"a": ""}}, ["Opaque", 1]),
        ("serviceaccounts", {"secrets": [{"name": "t"}]}, [1]),
        ("leases.coordination.k8s.io", {"spec": {"holderIdentity": "me"}}, ["me"]),
        ("leases.coordination.k8s.io", {}, [""]),
        ("runtimeclasses.node.k8s.io", {"handler": "runsc"}, ["runsc"]),
        (
            "leasecandidates.coordination.k8s.io",
            {"spec": {"leaseName": "l", "binaryVersion": "1.36", "emulationVersion": "1.35"}},
            ["l", "1.36", "1.35"],
        ),
    ],
)
def test_small_kinds_show_their_one_thing(
    resource: str, parts: dict[str, Any], cells: list[Any]
) -> None:
    assert list(printed(resource, **parts).values()) == ["x", *cells, "5m"]


def test_a_priority_class_shows_what_it_preempts_last() -> None:
    parts = {"value": 1000, "globalDefault": True, "preemptionPolicy": "Never"}
    row = printed("priorityclasses.scheduling.k8s.io", **parts)
    assert list(row.values()) == ["x", 1000, True, "5m", "Never"]
