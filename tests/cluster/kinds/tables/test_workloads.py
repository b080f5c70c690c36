from __future__ import annotations

from typing import Any

import pytest

from .printing import meta, printed, shown

TEMPLATE = {
    "metadata": {"labels": {"app": "web", "a": "b"}},
    "spec": {
        "containers": [{"name": "web", "image": "nginx:1"}, {"name": "log", "image": "busybox"}],
        "nodeSelector": {"disk": "ssd"},
    },
}
SELECTOR = {
    "matchLabels": {"app": "web"},
    "matchExpressions": [{"key": "tier", "operator": "In", "values": ["b", "a"]}],
}


def test_a_deployment_says_how_many_are_ready_and_new() -> None:
    status = {"readyReplicas": 2, "updatedReplicas": 3, "availableReplicas": 1}
    spec = {"replicas": 5, "template": TEMPLATE, "selector": SELECTOR}
    row = printed("deployments.apps", spec=spec, status=status)
    assert row == {
        "Name": "x",
        "Ready": "2/5",
        "Up-to-date": 3,
        "Available": 1,
        "Age": "5m",
        "Containers": "web,log",
        "Images": "nginx:1,busybox",
        "Selector": "app=web,tier in (a,b)",
    }


@pytest.mark.parametrize(
    ("resource", "bad"), [("deployments.apps", "<invalid>"), ("replicasets.apps", "<error>")]
)
def test_a_selector_that_is_none_is_shown_as_such(resource: str, bad: str) -> None:
    spec = {"selector": {"matchExpressions": [{"key": "a", "operator": "Like"}]}}
    assert printed(resource, spec=spec)["Selector"] == bad
    assert printed(resource)["Selector"] == ("" if bad == "<invalid>" else "<none>")


def test_a_replica_set_and_its_forerunner_count_the_same() -> None:
    counts = ("Desired", "Current", "Ready", "Selector")
    status = {"replicas": 4, "readyReplicas": 2}
    spec: dict[str, Any] = {"replicas": 5, "selector": {"matchLabels": {"foo": "bar"}}}
    assert shown("replicasets.apps", *counts, spec=spec, status=status) == [5, 4, 2, "foo=bar"]
    spec["selector"] = {"foo": "bar"}
    assert shown("replicationcontrollers", *counts, spec=spec, status=status) == [
        5,
        4,
        2,
        "foo=bar",
    ]


def test_a_stateful_set_and_a_daemon_set() -> None:
    spec = {"replicas": 3, "template": TEMPLATE}
    assert shown(
        "statefulsets.apps", "Ready", "Images", spec=spec, status={"readyReplicas": 1}
    ) == ["1/3", "nginx:1,busybox"]
    status = {
        "desiredNumberScheduled": 5,
        "currentNumberScheduled": 4,
        "numberReady": 3,
        "updatedNumberScheduled": 2,
        "numberAvailable": 1,
    }
    columns = ("Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector")
    assert shown("daemonsets.apps", *columns, spec=spec, status=status) == [
        *(5, 4, 3, 2, 1),
        "disk=ssd",
    ]
    assert printed("daemonsets.apps")["Node Selector"] == "<none>"


def test_a_pod_template_shows_its_labels() -> None:
    assert list(printed("podtemplates", template=TEMPLATE).values()) == [
        *("x", "web,log", "nginx:1,busybox", "a=b,app=web")
    ]


@pytest.mark.parametrize(
    ("owner", "controller"),
    [
        ({"controller": True, "apiVersion": "apps/v1", "kind": "DaemonSet"}, "daemonset.apps/o"),
        ({"controller": True, "apiVersion": "v1", "kind": "Pod"}, "pod/o"),
        ({"controller": False, "apiVersion": "apps/v1", "kind": "DaemonSet"}, "<none>"),
    ],
)
def test_a_revision_says_whose_it_is(owner: dict[str, Any], controller: str) -> None:
    metadata = meta(ownerReferences=[{"name": "o", **owner}])
    row = printed("controllerrevisions.apps", metadata=metadata, revision=3)
    assert (row["Controller"], row["Revision"]) == (controller, 3)


def test_a_scale_is_what_is_wanted_and_what_is_there() -> None:
    row = printed("scales.autoscaling", spec={"replicas": 3}, status={"replicas": 2})
    assert (row["Desired"], row["Available"]) == (3, 2)
