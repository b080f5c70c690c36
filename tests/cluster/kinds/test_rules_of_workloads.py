"""Selectors that select nothing, strategies and counts of what makes pods."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import faults

CONTROLLERS = "replicationcontrollers"
CRON_JOBS = "cronjobs.batch"
DAEMONS = "daemonsets.apps"
DEPLOYMENTS = "deployments.apps"
JOBS = "jobs.batch"
REPLICAS = "replicasets.apps"
REVISIONS = "controllerrevisions.apps"
SETS = "statefulsets.apps"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (DEPLOYMENTS, {"spec/strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "a", "maxSurge": "101%"}}}, [
            "spec.strategy.rollingUpdate.maxUnavailable: Invalid value: \"a\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
        ]),
        (DEPLOYMENTS, {"spec/strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "101%", "maxSurge": -1}}}, [
            "spec.strategy.rollingUpdate.maxSurge: Invalid value: -1: must be greater than or equal to 0",
            'spec.strategy.rollingUpdate.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
        ]),
        (DEPLOYMENTS, {"spec/strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "100%"}}}, []),
        (DEPLOYMENTS, {"spec/minReadySeconds": -1, "spec/revisionHistoryLimit": -1, "spec/progressDeadlineSeconds": -1}, [
            "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
            "spec.progressDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.progressDeadlineSeconds: Invalid value: -1: must be greater than minReadySeconds",
        ]),
        (DAEMONS, {"spec/updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "a"}}}, [
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: \"a\": a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Required value: cannot be 0 when maxSurge is 0",
        ]),
        (DAEMONS, {"spec/updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": -1}}}, [
            "spec.updateStrategy.rollingUpdate.maxUnavailable: Invalid value: -1: must be greater than or equal to 0",
        ]),
        (DAEMONS, {"spec/minReadySeconds": -1, "spec/revisionHistoryLimit": -1}, [
            "spec.minReadySeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.revisionHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
        ]),
        (SETS, {"spec/updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": -1}}}, [
            "spec.updateStrategy.rollingUpdate.partition: Invalid value: -1: must be greater than or equal to 0",
        ]),
        (SETS, {"spec/serviceName": "A", "spec/ordinals": {"start": -1}}, [
            "spec.serviceName: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            "spec.ordinals.start: Invalid value: -1: must be greater than or equal to 0",
        ]),
        (CONTROLLERS, {"spec/selector": {"a": "b"}, "spec/template/spec/restartPolicy": "Never"}, [
            'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        ]),
        (REVISIONS, {"revision": -1}, [
            "revision: Invalid value: -1: must be greater than or equal to 0",
        ]),
        (JOBS, {"spec/selector": {"matchLabels": {"a b": "-"}}, "spec/manualSelector": True}, [
            "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.selector.matchLabels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ]),
        (JOBS, {"spec/completions": -1, "spec/activeDeadlineSeconds": -1, "spec/ttlSecondsAfterFinished": -1}, [
            "spec.completions: Invalid value: -1: must be greater than or equal to 0",
            "spec.activeDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.ttlSecondsAfterFinished: Invalid value: -1: must be greater than or equal to 0",
        ]),
        (CRON_JOBS, {"metadata/name": "a" * 52}, []),
        (CRON_JOBS, {"metadata/name": "a" * 53}, [
            'metadata.name: Invalid value: "' + "a" * 53 + '": must be no more than 52 characters',
        ]),
        (DEPLOYMENTS, {"spec/selector": {"matchLabels": {"a b": "c"}}}, [
            "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'spec.selector: Invalid value: {"matchLabels":{"a b":"c"}}: invalid label selector',
        ]),
        (DEPLOYMENTS, {"spec/selector": {"matchExpressions": [{"key": "a", "operator": "Odd"}]}}, [
            'spec.selector.matchExpressions[0].operator: Invalid value: "Odd": not a valid selector operator',
            'spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"Odd"}]}: invalid label selector',
        ]),
        (REPLICAS, {"spec/selector": {"matchLabels": {"a b": "c"}}}, [
            "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'spec.selector: Invalid value: {"matchLabels":{"a b":"c"}}: invalid label selector',
        ]),
        (REPLICAS, {"spec/selector": {"matchExpressions": [{"key": "a", "operator": "Odd"}]}}, [
            'spec.selector.matchExpressions[0].operator: Invalid value: "Odd": not a valid selector operator',
            'spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"Odd"}]}: invalid label selector',
        ]),
        (DAEMONS, {"spec/selector": {"matchLabels": {"a b": "c"}}}, [
            "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (DAEMONS, {"spec/selector": {"matchExpressions": [{"key": "a", "operator": "Odd"}]}}, [
            'spec.selector.matchExpressions[0].operator: Invalid value: "Odd": not a valid selector operator',
        ]),
        (SETS, {"spec/selector": {"matchLabels": {"a b": "c"}}}, [
            "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'spec.selector: Invalid value: {"matchLabels":{"a b":"c"}}',
        ]),
        (SETS, {"spec/selector": {"matchExpressions": [{"key": "a", "operator": "Odd"}]}}, [
            'spec.selector.matchExpressions[0].operator: Invalid value: "Odd": not a valid selector operator',
            'spec.selector: Invalid value: {"matchExpressions":[{"key":"a","operator":"Odd"}]}',
        ]),
        (JOBS, {"spec/selector": {"matchExpressions": [{"key": "a", "operator": "Odd"}]}, "spec/manualSelector": True}, [
            'spec.selector.matchExpressions[0].operator: Invalid value: "Odd": not a valid selector operator',
        ]),
        (CONTROLLERS, {"spec/selector": {"a b": "c"}}, [
            'spec.template.metadata.labels: Invalid value: {"app":"web"}: `selector` does not match template `labels`',
        ]),
        (DEPLOYMENTS, {"spec/selector": {"matchLabels": {"a b": "c"}}, "spec/template/spec/restartPolicy": "Never", "spec/template/spec/containers/0/image": ""}, [
            "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'spec.selector: Invalid value: {"matchLabels":{"a b":"c"}}: invalid label selector',
        ]),
        (DAEMONS, {"spec/selector": {"matchLabels": {"a b": "c"}}, "spec/template/spec/restartPolicy": "Never", "spec/template/spec/containers/0/image": ""}, [
            "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.template.spec.containers[0].image: Required value",
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        ]),
        (SETS, {"spec/selector": {"matchLabels": {"a b": "c"}}, "spec/template/spec/restartPolicy": "Never", "spec/template/spec/containers/0/image": ""}, [
            "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'spec.selector: Invalid value: {"matchLabels":{"a b":"c"}}',
            'spec.template.spec.restartPolicy: Unsupported value: "Never": supported values: "Always"',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_one(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert faults(resource, changes) == lines
