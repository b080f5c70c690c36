"""Workloads and jobs: defaults, refusals, and what may change."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.kinds.cron import schedule_fault
from tests.cluster.kinds.asking import GONE, changed, created, faults, stored, update_faults

DEPLOY, SETS, DAEMONS, REPLICAS = (
    "deployments.apps", "statefulsets.apps", "daemonsets.apps", "replicasets.apps",
)  # fmt: skip
JOBS, CRON = "jobs.batch", "cronjobs.batch"
DOES_NOT_MATCH = "`selector` does not match template `labels`"
OTHER_LABELS = {"spec/template/metadata/labels": {"app": "b"}}


def test_a_deployment_is_filled_in() -> None:
    spec = created(DEPLOY)["spec"]
    assert spec["strategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"},
    }
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["progressDeadlineSeconds"]) == (
        1, 10, 600,
    )  # fmt: skip
    pod = spec["template"]["spec"]
    assert pod["restartPolicy"] == "Always"
    assert "enableServiceLinks" not in pod
    assert pod["containers"][0]["resources"]["requests"] == {"cpu": "500m"}


def test_other_workloads_are_filled_in() -> None:
    spec = created(SETS)["spec"]
    assert spec["podManagementPolicy"] == "OrderedReady"
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}
    assert spec["persistentVolumeClaimRetentionPolicy"] == {
        "whenDeleted": "Retain", "whenScaled": "Retain",
    }  # fmt: skip
    [claim] = spec["volumeClaimTemplates"]
    assert (claim["kind"], claim["status"], claim["spec"]["volumeMode"]) == (
        "PersistentVolumeClaim", {"phase": "Pending"}, "Filesystem",
    )  # fmt: skip
    daemons = created(DAEMONS)
    assert daemons["spec"]["updateStrategy"]["rollingUpdate"] == {
        "maxUnavailable": 1,
        "maxSurge": 0,
    }
    assert daemons["metadata"]["annotations"] == {"deprecated.daemonset.template.generation": "1"}
    controller = created("replicationcontrollers")
    assert controller["spec"]["selector"] == controller["metadata"]["labels"] == {"app": "web"}


def test_a_strategy_that_recreates_rolls_nothing() -> None:
    strategy = created(DEPLOY, {"spec/strategy": {"type": "Recreate"}})["spec"]["strategy"]
    assert strategy == {"type": "Recreate"}


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (DEPLOY, {"spec/selector": GONE}, [
            "spec.selector: Required value",
            f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {DOES_NOT_MATCH}']),
        (DEPLOY, OTHER_LABELS, [
            f'spec.template.metadata.labels: Invalid value: {{"app":"b"}}: {DOES_NOT_MATCH}']),
        (DEPLOY, {"spec/template/metadata": {}}, [
            f"spec.template.metadata.labels: Invalid value: null: {DOES_NOT_MATCH}"]),
        (DEPLOY, {"spec/selector": {}}, [
            "spec.selector: Invalid value: {}: empty selector is invalid for deployment"]),
        (DEPLOY, {"spec/replicas": -1}, [
            "spec.replicas: Invalid value: -1: must be greater than or equal to 0"]),
        (DEPLOY, {"spec/strategy": {"type": "Slow"}}, [
            'spec.strategy: Unsupported value: {"Type":"Slow","RollingUpdate":null}: supported '
            'values: "Recreate", "RollingUpdate"']),
        (DEPLOY, {"spec/strategy": {"type": "Recreate", "rollingUpdate": {}}}, [
            "spec.strategy.rollingUpdate: Forbidden: may not be specified when strategy `type` is "
            "'Recreate'"]),
        (DEPLOY, {"spec/strategy": {"rollingUpdate": {"maxSurge": 0, "maxUnavailable": 0}}}, [
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: 0: may not be 0 when "
            "`maxSurge` is 0"]),
        (DEPLOY, {"spec/strategy": {"rollingUpdate": {"maxSurge": "x", "maxUnavailable": "101%"}}}, [
            'spec.strategy.rollingUpdate.maxSurge: Invalid value: "x": a valid percent string must '
            "be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for "
            "validation is '[0-9]+%')",
            'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater '
            "than 100%"]),
        (DEPLOY, {"spec/minReadySeconds": 600}, [
            "spec.progressDeadlineSeconds: Invalid value: 600: must be greater than minReadySeconds"]),
        (DEPLOY, {"spec/template/spec/restartPolicy": "Never"}, [
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: '
            '"Always"']),
        (DEPLOY, {"spec/template/spec/containers": []}, [
            "spec.template.spec.containers: Required value"]),
        (REPLICAS, {"spec/template/spec/activeDeadlineSeconds": 5}, [
            "spec.template.spec.activeDeadlineSeconds: Forbidden: activeDeadlineSeconds in "
            "ReplicaSet is not Supported"]),
        (DAEMONS, {"spec/updateStrategy": {"type": "Slow"}}, [
            'spec.updateStrategy: Unsupported value: {"Type":"Slow","RollingUpdate":null}: '
            'supported values: "RollingUpdate", "OnDelete"']),
        (DAEMONS, {"spec/updateStrategy": {"rollingUpdate": {"maxUnavailable": 0}}}, [
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when "
            "maxSurge is 0"]),
        (SETS, {"spec/podManagementPolicy": "Wild"}, [
            "spec.podManagementPolicy: Invalid value: \"Wild\": must be 'OrderedReady' or "
            "'Parallel'"]),
        (SETS, {"spec/updateStrategy": {"type": "OnDelete", "rollingUpdate": {"partition": 1}}}, [
            'spec.updateStrategy.rollingUpdate: Invalid value: {"partition":1}: only allowed for '
            "updateStrategy 'RollingUpdate'"]),
        (SETS, {"spec/template/spec/containers/0/volumeMounts": [{"name": "more", "mountPath": "/m"}]}, []),
        ("replicationcontrollers", {"spec/template": {"metadata": {"labels": {}}}}, [
            "spec.selector: Required value", "spec.template.spec.containers: Required value"]),
        ("controllerrevisions.apps", {"data": None}, ["data: Required value: data is mandatory"]),
        (JOBS, {"spec/template/spec/restartPolicy": GONE}, [
            'spec.template.spec.restartPolicy: Required value: valid values: "OnFailure", "Never"']),
        (JOBS, {"spec/parallelism": -1, "spec/backoffLimit": -1}, [
            "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
            "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0"]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/parallelism": 2}, [
            "spec.completions: Required value: when completion mode is Indexed"]),
        (CRON, {"spec/schedule": ""}, ["spec.schedule: Required value"]),
        (CRON, {"spec/schedule": "* * *"}, [
            'spec.schedule: Invalid value: "* * *": expected exactly 5 fields, found 3: [* * *]']),
        (CRON, {"spec/timeZone": "Mars/Base"}, [
            'spec.timeZone: Invalid value: "Mars/Base": unknown time zone Mars/Base']),
        (CRON, {"spec/concurrencyPolicy": "Maybe"}, [
            'spec.concurrencyPolicy: Unsupported value: "Maybe": supported values: "Allow", '
            '"Forbid", "Replace"']),
        (CRON, {"spec/jobTemplate/spec/selector": {"matchLabels": {}}}, [
            'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{}}: `selector` will be '
            "auto-generated"]),
    ],
)  # fmt: skip
def test_a_workload_that_is_wrong(resource: str, changes: dict[str, Any], lines: list[str]) -> None:
    assert faults(resource, changes) == lines


STATEFUL = (
    "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', "
    "'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' "
    "and 'minReadySeconds' are forbidden"
)
OTHER_SELECTOR = {"spec/selector/matchLabels": {"app": "b"}, **OTHER_LABELS}


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (DEPLOY, {"spec/replicas": 5, "spec/template/spec/containers/0/image": "b"}, []),
        (DEPLOY, OTHER_SELECTOR, [
            'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable']),
        (REPLICAS, OTHER_SELECTOR, [
            'spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable']),
        (SETS, {"spec/serviceName": "b"}, [STATEFUL]),
        (SETS, {"spec/replicas": 3, "spec/minReadySeconds": 5}, []),
        (JOBS, {"spec/completions": 5}, ["spec.completions: Invalid value: 5: field is immutable"]),
        (JOBS, {"spec/parallelism": 5, "spec/suspend": True}, []),
        (CRON, {"spec/schedule": "@daily"}, []),
    ],
)  # fmt: skip
def test_what_of_a_workload_may_change(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults(resource, changes) == lines


def test_the_template_of_a_job_stays() -> None:
    [line] = update_faults(JOBS, {"spec/template/spec/containers/0/image": "b"})
    assert line.startswith("spec.template: Invalid value: {")
    assert line.endswith(": field is immutable")


def test_a_job_knows_its_pods_by_its_uid() -> None:
    spec = created(JOBS)["spec"]
    labels = spec["template"]["metadata"]["labels"]
    assert labels["batch.kubernetes.io/job-name"] == labels["job-name"] == "web"
    assert spec["selector"] == {"matchLabels": {"batch.kubernetes.io/controller-uid": "8e1f"}}
    assert (spec["completions"], spec["parallelism"], spec["backoffLimit"]) == (1, 1, 6)
    assert (spec["completionMode"], spec["suspend"]) == ("NonIndexed", False)
    assert spec["podReplacementPolicy"] == "TerminatingOrFailed"


def test_the_annotations_of_a_deployment_count_as_a_change() -> None:
    from labkit.cluster.embedded.apiserver.kinds import KINDS

    old = stored(DEPLOY)
    for changes, generation in (
        ({"metadata/annotations": {"a": "b"}}, 2),
        ({"metadata/annotations": {"a": "b"}, "spec/replicas": 2}, 2),
        ({"metadata/labels": {"a": "b"}}, 1),
    ):
        new = changed(old, changes)
        KINDS[DEPLOY].before_update(new, old)
        assert new["metadata"]["generation"] == generation


def test_a_daemon_set_counts_its_templates() -> None:
    from labkit.cluster.embedded.apiserver.kinds import KINDS

    old = stored(DAEMONS)
    new = changed(old, {"spec/template/spec/containers/0/image": "b"})
    KINDS[DAEMONS].before_update(new, old)
    assert new["metadata"]["annotations"] == {"deprecated.daemonset.template.generation": "2"}


@pytest.mark.parametrize(
    ("schedule", "fault"),
    [
        ("0 3 * * 1-5", ""),
        ("*/15 0-6,22 1 JAN sun", ""),
        ("@hourly", ""),
        ("@every 5m", ""),
        ("@sometimes", "unrecognized descriptor: @sometimes"),
        ("60 * * * *", "end of range (60) above maximum (59): 60"),
        ("5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"),
        ("* * 0 * *", "beginning of range (0) below minimum (1): 0"),
        ("*/0 * * * *", "step of range should be a positive number: */0"),
        ("x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'),
        ("1-2-3 * * * *", "too many hyphens: 1-2-3"),
    ],
)
def test_a_schedule_that_cannot_be_read(schedule: str, fault: str) -> None:
    assert schedule_fault(schedule) == fault


EXPRESSION = "spec/selector/matchExpressions"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (DEPLOY, {EXPRESSION: [{"key": "app", "operator": "In", "values": ["web", "b"]}]}, []),
        (DEPLOY, {EXPRESSION: [{"key": "app", "operator": "NotIn", "values": ["b"]}]}, []),
        (DEPLOY, {EXPRESSION: [{"key": "app", "operator": "Exists"}]}, []),
        (DEPLOY, {EXPRESSION: [{"key": "b", "operator": "DoesNotExist"}]}, []),
        (DEPLOY, {EXPRESSION: [{"key": "app", "operator": "NotIn", "values": ["web"]}]}, [
            f'spec.template.metadata.labels: Invalid value: {{"app":"web"}}: {DOES_NOT_MATCH}']),
        (DEPLOY, {EXPRESSION: [{"key": "app", "operator": "Exists", "values": ["a"]}]}, [
            "spec.selector.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
            'spec.selector: Invalid value: {"matchLabels":{"app":"web"},"matchExpressions":[{"key":"app","operator":"Exists","values":["a"]}]}: invalid label selector']),
        (DEPLOY, {EXPRESSION: [{"key": "app", "operator": "Like"}]}, [
            'spec.selector.matchExpressions[0].operator: Invalid value: "Like": not a valid selector operator',
            'spec.selector: Invalid value: {"matchLabels":{"app":"web"},"matchExpressions":[{"key":"app","operator":"Like"}]}: invalid label selector']),
        (SETS, {"spec/updateStrategy": {"type": "Slow"}}, [
            'spec.updateStrategy: Invalid value: {"Type":"Slow","RollingUpdate":null}: must be \'RollingUpdate\' or \'OnDelete\'']),
        (SETS, {"spec/volumeClaimTemplates/0/spec": {}}, [
            "spec.volumeClaimTemplates[0].spec.accessModes: Required value: at least 1 access mode is required",
            "spec.volumeClaimTemplates[0].spec.resources[storage]: Required value"]),
        (DAEMONS, {"spec/updateStrategy": {"rollingUpdate": {"maxUnavailable": 1, "maxSurge": 1}}}, [
            "spec.updateStrategy.rollingUpdate.maxSurge: Invalid value: 1: may not be set when maxUnavailable is non-zero"]),
        (JOBS, {"spec/backoffLimitPerIndex": 1}, [
            "spec.backoffLimitPerIndex: Invalid value: 1: requires indexed completion mode"]),
        (JOBS, {"spec/template/spec/restartPolicy": "Sometimes"}, [
            'spec.template.spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
            'spec.template.spec.restartPolicy: Unsupported value: "Sometimes": supported values: "OnFailure", "Never"']),
        (JOBS, {"spec/manualSelector": True}, [
            "spec.selector: Required value",
            "spec.template.metadata.labels: Invalid value: null: `selector` does not match template `labels`"]),
        (JOBS, {"spec/manualSelector": True, "spec/selector": {"matchLabels": {"a": "b"}}}, [
            f"spec.template.metadata.labels: Invalid value: null: {DOES_NOT_MATCH}"]),
        (CRON, {"spec/timeZone": "Local"}, [
            'spec.timeZone: Invalid value: "Local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones']),
        (CRON, {"spec/timeZone": "Europe/Vienna"}, []),
        (CRON, {"spec/schedule": "TZ=UTC 0 * * * *"}, [
            'spec.schedule: Invalid value: "TZ=UTC 0 * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead']),
    ],
)  # fmt: skip
def test_more_that_is_wrong(resource: str, changes: dict[str, Any], lines: list[str]) -> None:
    assert faults(resource, changes) == lines


def test_an_indexed_job_may_grow_evenly() -> None:
    before = {"spec/completionMode": "Indexed", "spec/completions": 2, "spec/parallelism": 2}
    assert update_faults(JOBS, {"spec/completions": 3, "spec/parallelism": 3}, before) == []
    assert update_faults(JOBS, {"spec/completions": 3}, before) == [
        "spec.completions: Invalid value: 3: field is immutable"
    ]


def test_a_job_that_waits_may_be_sent_elsewhere() -> None:
    elsewhere = {"spec/template/spec/nodeSelector": {"zone": "b"}}
    assert update_faults(JOBS, elsewhere, {"spec/suspend": True}) == []
    assert len(update_faults(JOBS, elsewhere)) == 1


def test_a_template_of_jobs_is_filled_in_with_each_job() -> None:
    spec = created("cronjobs.batch")["spec"]["jobTemplate"]["spec"]
    assert spec.keys() == {"template"}
    assert spec["template"]["spec"]["dnsPolicy"] == "ClusterFirst"
