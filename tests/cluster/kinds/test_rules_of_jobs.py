"""Jobs: by index, when they give up, when they are done."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import faults, update_faults

CRON_JOBS = "cronjobs.batch"
JOBS = "jobs.batch"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (JOBS, {"spec/maxFailedIndexes": -1, "spec/backoffLimitPerIndex": -1}, [
            "spec.backoffLimitPerIndex: Invalid value: -1: must be greater than or equal to 0",
            "spec.maxFailedIndexes: Invalid value: -1: must be greater than or equal to 0",
            "spec.backoffLimitPerIndex: Invalid value: -1: requires indexed completion mode",
            "spec.maxFailedIndexes: Invalid value: -1: requires indexed completion mode",
        ]),
        (JOBS, {"spec/maxFailedIndexes": 1}, [
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
            "spec.maxFailedIndexes: Invalid value: 1: requires indexed completion mode",
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/maxFailedIndexes": 1}, [
            "spec.backoffLimitPerIndex: Required value: when maxFailedIndexes is specified",
        ]),
        (JOBS, {"spec/managedBy": "x"}, [
            'spec.managedBy: Invalid value: "x": must be a domain-prefixed path (such as "acme.io/foo")',
        ]),
        (JOBS, {"spec/managedBy": "a/bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}, [
            "spec.managedBy: Too long: may not be more than 63 bytes",
        ]),
        (JOBS, {"spec/managedBy": ""}, [
            "spec.managedBy: Required value",
        ]),
        (JOBS, {"spec/completionMode": "Odd"}, [
            'spec.completionMode: Unsupported value: "Odd": supported values: "NonIndexed", "Indexed"',
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/parallelism": 100001}, [
            "spec.completions: Required value: when completion mode is Indexed",
            "spec.parallelism: Invalid value: 100001: must be less than or equal to 100000 when completion mode is Indexed",
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/backoffLimitPerIndex": 1, "spec/maxFailedIndexes": 6}, [
            "spec.maxFailedIndexes: Invalid value: 6: must be less than or equal to completions",
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/backoffLimitPerIndex": 1, "spec/maxFailedIndexes": 100001}, [
            "spec.maxFailedIndexes: Invalid value: 100001: must be less than or equal to completions",
            "spec.maxFailedIndexes: Invalid value: 100001: must be less than or equal to 100000",
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 100001, "spec/backoffLimitPerIndex": 1, "spec/parallelism": 10001}, [
            "spec.maxFailedIndexes: Required value: must be specified when completions is above 100000",
            "spec.parallelism: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index",
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 100001, "spec/backoffLimitPerIndex": 1, "spec/maxFailedIndexes": 10001}, [
            "spec.maxFailedIndexes: Invalid value: 10001: must be less than or equal to 10000 when completions are above 100000 and used with backoff limit per index",
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 100001}, []),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "metadata/name": "x" * 62}, [
            'metadata.name: Invalid value: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": will not able to create pod with invalid DNS label: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-4',
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "metadata/name": "x" * 61}, []),
        (JOBS, {"spec/podReplacementPolicy": "Odd"}, [
            'spec.podReplacementPolicy: Unsupported value: "Odd": supported values: "Failed", "TerminatingOrFailed"',
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}, "spec/podReplacementPolicy": "TerminatingOrFailed"}, [
            'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"',
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}, "spec/template/spec/restartPolicy": "OnFailure"}, [
            'spec.template.spec.restartPolicy: Invalid value: "OnFailure": only "Never" is supported when podFailurePolicy is specified',
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{}]}}, [
            'spec.podFailurePolicy.rules[0].action: Required value: valid values: ["Count" "FailIndex" "FailJob" "Ignore"]',
            "spec.podFailurePolicy.rules[0]: Invalid value: specifying one of OnExitCodes and OnPodConditions is required",
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "Odd", "onPodConditions": [{"type": "a b", "status": "Maybe"}], "onExitCodes": {"operator": "In", "values": [1]}}]}}, [
            'spec.podFailurePolicy.rules[0].action: Unsupported value: "Odd": supported values: "Count", "FailIndex", "FailJob", "Ignore"',
            "spec.podFailurePolicy.rules[0].onPodConditions[0].type: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'spec.podFailurePolicy.rules[0].onPodConditions[0].status: Unsupported value: "Maybe": supported values: "False", "True", "Unknown"',
            "spec.podFailurePolicy.rules[0]: Invalid value: specifying both OnExitCodes and OnPodConditions is not supported",
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "FailIndex", "onPodConditions": [{"type": "DisruptionTarget"}]}]}}, [
            'spec.podFailurePolicy.rules[0].action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set',
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "FailIndex", "onPodConditions": [{"type": "DisruptionTarget"}]}]}, "spec/completionMode": "Indexed", "spec/completions": 5, "spec/backoffLimitPerIndex": 1}, []),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {}}]}}, [
            'spec.podFailurePolicy.rules[0].onExitCodes.operator: Required value: valid values: ["In" "NotIn"]',
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: null: at least one value is required",
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "containerName": "other", "values": [3, 0, 3]}}]}}, [
            'spec.podFailurePolicy.rules[0].onExitCodes.containerName: Invalid value: "other": must be one of the container or initContainer names in the pod template',
            "spec.podFailurePolicy.rules[0].onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator",
            "spec.podFailurePolicy.rules[0].onExitCodes.values[2]: Duplicate value: 3",
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Invalid value: [3,0,3]: must be ordered",
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "NotIn", "containerName": "wait", "values": [0, 1]}}]}}, []),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "Odd", "values": [1]}}]}}, [
            'spec.podFailurePolicy.rules[0].onExitCodes.operator: Unsupported value: "Odd": supported values: "In", "NotIn"',
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "FailJob", "onExitCodes": {"operator": "In", "values": [*range(1, 257)]}}]}}, [
            "spec.podFailurePolicy.rules[0].onExitCodes.values: Too many: 256: must have at most 255 items",
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "A"}] * 21}]}}, [
            "spec.podFailurePolicy.rules[0].onPodConditions: Too many: 21: must have at most 20 items",
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "A"}]}] * 21}}, [
            "spec.podFailurePolicy.rules: Too many: 21: must have at most 20 items",
        ]),
        (JOBS, {"spec/successPolicy": {"rules": [{"succeededCount": 1}]}}, [
            'spec.successPolicy: Invalid value: {"Rules":[{"SucceededIndexes":null,"SucceededCount":1}]}: requires indexed completion mode',
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/successPolicy": {"rules": []}}, [
            "spec.successPolicy.rules: Required value: at least one rules must be specified when the successPolicy is specified",
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/successPolicy": {"rules": [{}]}}, [
            "spec.successPolicy.rules[0]: Required value: at least one of succeededCount or succeededIndexes must be specified",
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/successPolicy": {"rules": [{"succeededCount": -1}]}}, [
            "spec.successPolicy.rules[0].succeededCount: Invalid value: -1: must be greater than or equal to 0",
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/successPolicy": {"rules": [{"succeededCount": 6}]}}, [
            "spec.successPolicy.rules[0].succeededCount: Invalid value: 6: must be less than or equal to 5 (the number of specified completions)",
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/successPolicy": {"rules": [{"succeededIndexes": "0,2-3", "succeededCount": 4}]}}, [
            "spec.successPolicy.rules[0].succeededCount: Invalid value: 4: must be less than or equal to 3 (the number of indexes in the specified succeededIndexes field)",
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/successPolicy": {"rules": [{"succeededIndexes": "0,2-4"}, {"succeededIndexes": ""}]}}, []),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/successPolicy": {"rules": [{"succeededIndexes": "1-2-3"}, {"succeededIndexes": "x"}, {"succeededIndexes": "5"}, {"succeededIndexes": "3-1"}, {"succeededIndexes": "2,1"}]}}, [
            "spec.successPolicy.rules[0].succeededIndexes: Invalid value: \"1-2-3\": error parsing succeededIndexes: the fragment \"1-2-3\" violates the requirement that an index interval can have at most two parts separated by '-'",
            'spec.successPolicy.rules[1].succeededIndexes: Invalid value: "x": error parsing succeededIndexes: cannot convert string to integer for index: "x"',
            'spec.successPolicy.rules[2].succeededIndexes: Invalid value: "5": error parsing succeededIndexes: too large index: "5"',
            'spec.successPolicy.rules[3].succeededIndexes: Invalid value: "3-1": error parsing succeededIndexes: non-increasing order, previous: 3, current: 1',
            'spec.successPolicy.rules[4].succeededIndexes: Invalid value: "2,1": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1',
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/successPolicy": {"rules": [{"succeededIndexes": "0," * 40000 + "0"}]}}, [
            "spec.successPolicy.rules[0].succeededIndexes: Too long: may not be more than 65536 bytes",
            f'spec.successPolicy.rules[0].succeededIndexes: Invalid value: "{"0," * 40000}0": error parsing succeededIndexes: non-increasing order, previous: 0, current: 0',
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/successPolicy": {"rules": [{"succeededCount": 1}] * 21}}, [
            "spec.successPolicy.rules: Too many: 21: must have at most 20 items",
        ]),
        (CRON_JOBS, {"spec/schedule": "TZ=UTC * * * * *", "spec/concurrencyPolicy": "Odd", "spec/timeZone": "local"}, [
            'spec.schedule: Invalid value: "TZ=UTC * * * * *": cannot use TZ or CRON_TZ in schedule, use timeZone field instead',
            'spec.timeZone: Invalid value: "local": timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones',
            'spec.concurrencyPolicy: Unsupported value: "Odd": supported values: "Allow", "Forbid", "Replace"',
        ]),
        (CRON_JOBS, {"spec/timeZone": "", "spec/startingDeadlineSeconds": -1, "spec/successfulJobsHistoryLimit": -1, "spec/failedJobsHistoryLimit": -1}, [
            'spec.timeZone: Invalid value: "": timeZone must be nil or non-empty string',
            "spec.startingDeadlineSeconds: Invalid value: -1: must be greater than or equal to 0",
            "spec.successfulJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
            "spec.failedJobsHistoryLimit: Invalid value: -1: must be greater than or equal to 0",
        ]),
        (CRON_JOBS, {"spec/timeZone": "Mars/Olympus"}, [
            'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus',
        ]),
        (CRON_JOBS, {"spec/jobTemplate/spec/selector": {"matchLabels": {"a": "b"}}, "spec/jobTemplate/spec/manualSelector": True}, [
            'spec.jobTemplate.spec.selector: Invalid value: {"matchLabels":{"a":"b"}}: `selector` will be auto-generated',
            'spec.jobTemplate.spec.manualSelector: Unsupported value: true: supported values: "nil", "false"',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_one(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert faults(resource, changes) == lines


@pytest.mark.parametrize(
    ("resource", "changes", "before", "lines"),
    [
        (JOBS, {"spec/completions": 9, "spec/managedBy": "a/b", "spec/parallelism": -1}, {}, [
            "spec.parallelism: Invalid value: -1: must be greater than or equal to 0",
            "spec.completions: Invalid value: 9: field is immutable",
            'spec.managedBy: Invalid value: "a/b": field is immutable',
        ]),
        (JOBS, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/successPolicy": {"rules": [{"succeededCount": 2}]}}, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/successPolicy": {"rules": [{"succeededCount": 1}]}}, [
            'spec.successPolicy: Invalid value: {"rules":[{"succeededCount":2}]}: field is immutable',
        ]),
        (JOBS, {"spec/podFailurePolicy": {"rules": [{"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget"}]}]}}, {}, [
            'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"',
            'spec.podFailurePolicy: Invalid value: {"rules":[{"action":"Ignore","onPodConditions":[{"status":"True","type":"DisruptionTarget"}]}]}: field is immutable',
        ]),
        (JOBS, {"spec/backoffLimitPerIndex": 2}, {"spec/completionMode": "Indexed", "spec/completions": 5, "spec/backoffLimitPerIndex": 1}, [
            "spec.backoffLimitPerIndex: Invalid value: 2: field is immutable",
        ]),
        (JOBS, {"spec/completionMode": "Indexed"}, {"spec/completions": 5}, [
            'spec.completionMode: Invalid value: "Indexed": field is immutable',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_change(
    resource: str, changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults(resource, changes, before) == lines
