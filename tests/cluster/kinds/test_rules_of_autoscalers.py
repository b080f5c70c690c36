"""Autoscalers: what they scale, what they measure, how fast they go."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import faults, update_faults

AUTOSCALERS = "horizontalpodautoscalers.autoscaling"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (AUTOSCALERS, {"spec/minReplicas": 0, "spec/maxReplicas": 0, "spec/scaleTargetRef": {}}, [
            "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
            "spec.maxReplicas: Invalid value: 0: must be greater than 0",
            "spec.scaleTargetRef.kind: Required value",
            "spec.scaleTargetRef.name: Required value",
            'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
            "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas",
        ]),
        (AUTOSCALERS, {"spec/scaleTargetRef": {"kind": "a/b", "name": "c%d", "apiVersion": "x/y/z"}}, [
            "spec.scaleTargetRef.kind: Invalid value: \"a/b\": may not contain '/'",
            "spec.scaleTargetRef.name: Invalid value: \"c%d\": may not contain '%'",
            'spec.scaleTargetRef.apiVersion: Invalid value: "x/y/z": unexpected GroupVersion string: x/y/z',
        ]),
        (AUTOSCALERS, {"spec/scaleTargetRef": {"kind": "ReplicationController", "name": "a", "apiVersion": "v1"}}, []),
        (AUTOSCALERS, {"spec/metrics": [{"type": "Pods", "pods": {"metric": {"name": "a"}, "target": {"type": "AverageValue", "averageValue": "1"}}}]}, []),
        (AUTOSCALERS, {"spec/metrics": [{"type": "Pods", "pods": {"metric": {"name": "a/b"}, "target": {"type": "AverageValue", "averageValue": "0"}}}]}, [
            "spec.metrics[0].pods.metric.name: Invalid value: \"a/b\": may not contain '/'",
            'spec.metrics[0].pods.target.averageValue: Invalid value: "0": must be positive',
        ]),
        (AUTOSCALERS, {"spec/metrics": [{"type": "Pods", "pods": {"metric": {"name": "a"}, "target": {"type": "Value", "value": "1"}}}]}, [
            "spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue",
        ]),
        (AUTOSCALERS, {"spec/metrics": [{"type": "Object", "object": {"describedObject": {"apiVersion": "a/b/c"}, "metric": {}, "target": {}}}]}, [
            "spec.metrics[0].object.describedObject.kind: Required value",
            "spec.metrics[0].object.describedObject.name: Required value",
            'spec.metrics[0].object.describedObject.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
            "spec.metrics[0].object.metric.name: Required value: must specify a metric name",
            "spec.metrics[0].object.target.type: Required value: must specify a metric target type",
            'spec.metrics[0].object.target.type: Invalid value: "": must be either Utilization, Value, or AverageValue',
            "spec.metrics[0].object.target.averageValue: Required value: must set either a target value or averageValue",
        ]),
        (AUTOSCALERS, {"spec/metrics": [{"type": "Object", "object": {"describedObject": {"kind": "K", "name": "n"}, "metric": {"name": "a"}, "target": {"type": "Value", "value": "-1"}}}]}, [
            'spec.metrics[0].object.target.value: Invalid value: "-1": must be positive',
        ]),
        (AUTOSCALERS, {"spec/metrics": [{"type": "External", "external": {"metric": {"name": "a"}, "target": {"type": "Value"}}}]}, [
            "spec.metrics[0].external.target.averageValue: Required value: must set either a target value for metric or a per-pod target",
        ]),
        (AUTOSCALERS, {"spec/metrics": [{"type": "External", "external": {"metric": {"name": "a"}, "target": {"type": "Value", "value": "1", "averageValue": "1"}}}]}, [
            "spec.metrics[0].external.target.value: Forbidden: may not set both a target value for metric and a per-pod target",
        ]),
        (AUTOSCALERS, {"spec/metrics": [{"type": "ContainerResource", "containerResource": {"target": {"type": "Utilization"}}}]}, [
            "spec.metrics[0].containerResource.name: Required value: must specify a resource name",
            "spec.metrics[0].containerResource.container: Required value: must specify a container",
            "spec.metrics[0].containerResource.target.averageUtilization: Required value: must set either a target raw value or a target utilization",
        ]),
        (AUTOSCALERS, {"spec/metrics": [{"type": "ContainerResource", "containerResource": {"name": "cpu", "container": "A", "target": {"type": "Utilization", "averageUtilization": 0}}}]}, [
            "spec.metrics[0].containerResource.container: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            "spec.metrics[0].containerResource.target.averageUtilization: Invalid value: 0: must be greater than 0",
        ]),
        (AUTOSCALERS, {"spec/metrics": [{"type": "Resource", "resource": {"name": "", "target": {"type": "Odd", "averageUtilization": 1, "averageValue": "1"}}}]}, [
            "spec.metrics[0].resource.name: Required value: must specify a resource name",
            'spec.metrics[0].resource.target.type: Invalid value: "Odd": must be either Utilization, Value, or AverageValue',
            "spec.metrics[0].resource.target.averageValue: Forbidden: may not set both a target raw value and a target utilization",
        ]),
        (AUTOSCALERS, {"spec/metrics": [{"type": "Pods", "pods": {"metric": {"name": "a"}, "target": {"type": "AverageValue", "averageValue": "1"}}, "external": {"metric": {"name": "a"}, "target": {"type": "AverageValue", "averageValue": "1"}}}]}, [
            "spec.metrics[0].external: Forbidden: must populate the given metric source only",
        ]),
        (AUTOSCALERS, {"spec/metrics": [{"type": "Pods", "external": {"metric": {"name": "a"}, "target": {"type": "AverageValue", "averageValue": "1"}}}]}, [
            "spec.metrics[0].pods: Required value: must populate information for the given metric source",
        ]),
        (AUTOSCALERS, {"spec/behavior": {"scaleUp": {"stabilizationWindowSeconds": -1, "selectPolicy": "Odd", "policies": [], "tolerance": "-1"}, "scaleDown": {"stabilizationWindowSeconds": 3601, "policies": [{}]}}}, [
            "spec.behavior.scaleUp.stabilizationWindowSeconds: Invalid value: -1: must be greater than or equal to zero",
            'spec.behavior.scaleUp.selectPolicy: Unsupported value: "Odd": supported values: "Disabled", "Max", "Min"',
            "spec.behavior.scaleUp.policies: Required value: must specify at least one Policy",
            'spec.behavior.scaleUp.tolerance: Invalid value: "-1": must be greater than or equal to 0',
            "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
            'spec.behavior.scaleDown.policies[0].type: Unsupported value: "": supported values: "Percent", "Pods"',
            "spec.behavior.scaleDown.policies[0].value: Invalid value: 0: must be greater than zero",
            "spec.behavior.scaleDown.policies[0].periodSeconds: Invalid value: 0: must be greater than zero",
        ]),
        (AUTOSCALERS, {"spec/behavior": {"scaleUp": {"stabilizationWindowSeconds": 3600, "policies": [{"type": "Odd", "value": 1, "periodSeconds": 1801}, {"type": "Pods", "value": 1, "periodSeconds": 1800}]}}}, [
            'spec.behavior.scaleUp.policies[0].type: Unsupported value: "Odd": supported values: "Percent", "Pods"',
            "spec.behavior.scaleUp.policies[0].periodSeconds: Invalid value: 1801: must be less than or equal to 1800",
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
        (AUTOSCALERS, {"spec/maxReplicas": 4}, {"spec/scaleTargetRef": {"kind": "Deployment", "name": "web"}}, []),
        (AUTOSCALERS, {"spec/scaleTargetRef/apiVersion": ""}, {}, [
            'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group',
        ]),
        (AUTOSCALERS, {"spec/maxReplicas": 0}, {}, [
            "spec.maxReplicas: Invalid value: 0: must be greater than 0",
            "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`",
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_change(
    resource: str, changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults(resource, changes, before) == lines
