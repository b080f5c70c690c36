"""Quotas and their scopes, limit ranges, what counts for both."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import faults, update_faults

RANGES = "limitranges"
QUOTAS = "resourcequotas"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (QUOTAS, {"spec": {"hard": {"cpu": "1", "pods": "1", "services": "1"}, "scopes": ["BestEffort"]}}, [
            'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
            'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource',
        ]),
        (QUOTAS, {"spec": {"hard": {"services": "1", "count/jobs.batch": "1", "requests.cpu": "1"}, "scopes": ["NotTerminating"]}}, [
            'spec.scopes: Invalid value: ["NotTerminating"]: unsupported scope applied to resource',
        ]),
        (QUOTAS, {"spec": {"hard": {"requests.storage": "1", "pods": "1"}, "scopes": ["VolumeAttributesClass"]}}, [
            'spec.scopes: Invalid value: ["VolumeAttributesClass"]: unsupported scope applied to resource',
        ]),
        (QUOTAS, {"spec": {"hard": {"services": "1"}, "scopeSelector": {"matchExpressions": [{"scopeName": "Terminating", "operator": "In", "values": ["a"]}, {"scopeName": "NotTerminating", "operator": "Exists"}]}}}, [
            'spec.scopeSelector.matchExpressions: Invalid value: {"MatchExpressions":[{"ScopeName":"Terminating","Operator":"In","Values":["a"]},{"ScopeName":"NotTerminating","Operator":"Exists","Values":null}]}: unsupported scope applied to resource',
            "spec.scopeSelector.matchExpressions.operator: Invalid value: \"In\": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
            'spec.scopeSelector.matchExpressions: Invalid value: {"MatchExpressions":[{"ScopeName":"Terminating","Operator":"In","Values":["a"]},{"ScopeName":"NotTerminating","Operator":"Exists","Values":null}]}: unsupported scope applied to resource',
            "spec.scopeSelector.matchExpressions: Invalid value: null: conflicting scopes",
        ]),
        (QUOTAS, {"spec": {"hard": {"pods": "1"}, "scopeSelector": {"matchExpressions": [{"scopeName": "CrossNamespacePodAffinity", "operator": "DoesNotExist"}]}}}, [
            "spec.scopeSelector.matchExpressions.operator: Invalid value: \"DoesNotExist\": must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
        ]),
        (QUOTAS, {"spec/hard": {"pods": "-1", "a b": "1"}}, [
            'spec.hard[pods]: Invalid value: "-1": must be greater than or equal to 0',
            "spec.hard[a b]: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'spec.hard[a b]: Invalid value: "a b": must be a standard resource for quota',
        ]),
        (RANGES, {"spec/limits": [{"type": "a b"}]}, [
            "spec.limits[0].type: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (RANGES, {"spec/limits": [{"type": "PersistentVolumeClaim", "maxLimitRequestRatio": {"storage": "0"}}, {"type": "PersistentVolumeClaim", "min": {"storage": "1"}}]}, [
            "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided",
            'spec.limits[0].maxLimitRequestRatio[storage]: Invalid value: "0": ratio 0 is less than 1',
            'spec.limits[1].type: Duplicate value: "PersistentVolumeClaim"',
        ]),
        (RANGES, {"spec/limits": [{"type": "Pod", "max": {"boats": "1"}, "default": {"cpu": "1"}, "defaultRequest": {"cpu": "1"}}]}, [
            'spec.limits[0].max[boats]: Invalid value: "boats": must be a standard resource type or fully qualified',
            'spec.limits[0].max[boats]: Invalid value: "boats": must be a standard resource for containers',
            "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'",
            "spec.limits[0].defaultRequest: Forbidden: may not be specified when `type` is 'Pod'",
        ]),
        (RANGES, {"spec/limits": [{"type": "Container", "default": {"hugepages-2Mi": "4Mi"}, "defaultRequest": {"hugepages-2Mi": "2Mi"}}]}, [
            'spec.limits[0].defaultRequest[hugepages-2Mi]: Invalid value: "2Mi": default value 4Mi must equal to defaultRequest value 2Mi in hugepages-2Mi',
        ]),
        (RANGES, {"spec/limits": [{"type": "Container", "default": {"cpu": "1"}, "defaultRequest": {"cpu": "2"}}]}, [
            'spec.limits[0].defaultRequest[cpu]: Invalid value: "2": default request value 2 is greater than default limit value 1',
        ]),
        (RANGES, {"spec/limits": [{"type": "Container", "min": {"cpu": "0"}, "max": {"cpu": "1"}, "maxLimitRequestRatio": {"cpu": "5"}}]}, []),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_one(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert faults(resource, changes) == lines


@pytest.mark.parametrize(
    ("resource", "changes", "before", "lines"),
    [
        (QUOTAS, {"spec/scopes": ["Tall"]}, {}, [
            'spec.scopes: Invalid value: ["Tall"]: unsupported scope',
            'spec.scopes: Invalid value: ["Tall"]: field is immutable',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_change(
    resource: str, changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults(resource, changes, before) == lines
