from __future__ import annotations

from typing import Any

import pytest

from .printing import ago, meta, printed, shown

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


def true(type_: str) -> dict[str, str]:
    return {"type": type_, "status": "True"}


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        ([], "Running"),
        ([true("Complete")], "Complete"),
        ([true("Failed")], "Failed"),
        ([true("FailureTarget"), true("Failed")], "Failed"),
        ([true("Suspended")], "Suspended"),
        ([true("FailureTarget")], "FailureTarget"),
        ([true("SuccessCriteriaMet")], "SuccessCriteriaMet"),
        ([{"type": "Complete", "status": "False"}], "Running"),
    ],
)
def test_a_job_says_how_it_stands(conditions: list[dict[str, str]], word: str) -> None:
    assert printed("jobs.batch", status={"conditions": conditions})["Status"] == word


def test_a_job_that_is_deleted_terminates_unless_it_has_ended() -> None:
    going = meta(deletionTimestamp=ago(seconds=1))
    assert printed("jobs.batch", metadata=going)["Status"] == "Terminating"
    done = {"conditions": [true("Complete")]}
    assert printed("jobs.batch", metadata=going, status=done)["Status"] == "Complete"


@pytest.mark.parametrize(
    ("spec", "completions"),
    [
        ({"completions": 5}, "2/5"),
        ({}, "2/1"),
        ({"parallelism": 1}, "2/1"),
        ({"parallelism": 3}, "2/1 of 3"),
        ({"completions": 1, "parallelism": 3}, "2/1"),
    ],
)
def test_a_job_counts_completions(spec: dict[str, int], completions: str) -> None:
    row = printed("jobs.batch", spec=spec, status={"succeeded": 2})
    assert row["Completions"] == completions


@pytest.mark.parametrize(
    ("status", "duration"),
    [
        ({}, ""),
        ({"startTime": ago(minutes=20)}, "20m"),
        ({"startTime": ago(minutes=20), "completionTime": ago(minutes=12, seconds=55)}, "7m5s"),
    ],
)
def test_a_job_says_how_long_it_took(status: dict[str, str], duration: str) -> None:
    assert printed("jobs.batch", status=status)["Duration"] == duration


def test_a_cron_job_says_when_it_last_ran() -> None:
    columns = ("Schedule", "Timezone", "Suspend", "Active", "Last Schedule", "Images")
    spec: dict[str, Any] = {"schedule": "*/5 * * * *"}
    assert shown("cronjobs.batch", *columns, spec=spec) == [
        *("*/5 * * * *", "<none>", "<unset>", 0, "<none>", "")
    ]
    spec |= {
        "suspend": False,
        "timeZone": "Europe/Berlin",
        "jobTemplate": {"spec": {"template": TEMPLATE}},
    }
    status = {"active": [{"name": "x-1"}], "lastScheduleTime": ago(seconds=30)}
    assert shown("cronjobs.batch", *columns, spec=spec, status=status) == [
        *("*/5 * * * *", "Europe/Berlin", "False", 1, "30s", "nginx:1,busybox")
    ]


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
