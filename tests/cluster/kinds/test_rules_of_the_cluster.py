"""Nodes, events, leases, runtimes, priorities."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import faults, update_faults

EVENTS = "events"
NEW_EVENTS = "events.events.k8s.io"
LEASES = "leases.coordination.k8s.io"
NODES = "nodes"
PRIORITIES = "priorityclasses.scheduling.k8s.io"
RUNTIMES = "runtimeclasses.node.k8s.io"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (NODES, {"spec/podCIDRs": ["10.0.0.0/24", "a"]}, [
            'spec.podCIDRs[1]: Invalid value: "a": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
            'spec.podCIDRs: Invalid value: ["10.0.0.0/24","a"]: may specify no more than one CIDR for each IP family',
        ]),
        (NODES, {"spec/podCIDRs": ["10.0.0.0/24", "10.1.0.0/24"]}, [
            'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one CIDR for each IP family',
        ]),
        (NODES, {"spec/podCIDRs": ["10.0.0.0/24", "fd00::/64", "fd01::/64"]}, [
            'spec.podCIDRs: Invalid value: ["10.0.0.0/24","fd00::/64","fd01::/64"]: may specify no more than one CIDR for each IP family',
        ]),
        (NODES, {"spec/podCIDRs": ["10.0.0.0/24", "10.0.0.0/24"]}, [
            'spec.podCIDRs: Invalid value: ["10.0.0.0/24","10.0.0.0/24"]: may specify no more than one CIDR for each IP family',
            'spec.podCIDRs[1]: Duplicate value: "10.0.0.0/24"',
        ]),
        (NODES, {"spec/podCIDRs": ["10.0.0.0/24", "fd00::/64"]}, []),
        (NODES, {"spec/podCIDR": "x"}, [
            'spec.podCIDRs[0]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        ]),
        (NODES, {"spec/taints": [{"key": "a b", "value": "c d", "effect": ""}]}, [
            "metadata.taints[0].key: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "metadata.taints[0].value: Invalid value: \"c d\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            "metadata.taints[0].effect: Required value",
        ]),
        (NODES, {"status/capacity": {"cpu": "-1", "pods": "0.5"}, "status/allocatable": {"memory": "-1"}}, [
            'status.capacity.cpu: Invalid value: "-1": must be greater than or equal to 0',
            'status.capacity.pods: Invalid value: "500m": must be an integer',
            'status.allocatable.memory: Invalid value: "-1": must be greater than or equal to 0',
        ]),
        (NODES, {"spec/configSource": {}}, []),
        (EVENTS, {"involvedObject": {}}, []),
        (EVENTS, {"involvedObject": {}, "metadata/namespace": "other"}, [
            'involvedObject.namespace: Invalid value: "": does not match event.namespace',
        ]),
        (EVENTS, {"eventTime": "2026-01-01T00:00:00.000000Z"}, [
            "reportingController: Required value",
            'reportingController: Invalid value: "": name part must be non-empty',
            "reportingController: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "reportingInstance: Required value",
            "action: Required value",
            "reason: Required value",
        ]),
        (EVENTS, {"eventTime": "2026-01-01T00:00:00.000000Z", "involvedObject": {}, "metadata/namespace": "other", "reportingComponent": "a b", "reportingInstance": "i" * 129, "action": "a" * 129, "reason": "r" * 129, "message": "m" * 1025}, [
            'involvedObject.namespace: Invalid value: "": does not match event.namespace',
            "reportingController: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'reportingInstance: Invalid value: "": can have at most 128 characters',
            'action: Invalid value: "": can have at most 128 characters',
            'reason: Invalid value: "": can have at most 128 characters',
            'message: Invalid value: "": can have at most 1024 characters',
        ]),
        (EVENTS, {"eventTime": "2026-01-01T00:00:00.000000Z", "involvedObject": {}, "metadata/namespace": "kube-system", "reportingComponent": "a", "reportingInstance": "i" * 128, "action": "a" * 128, "reason": "r" * 128, "message": "m" * 1024}, []),
        (NEW_EVENTS, {"eventTime": None}, [
            "eventTime: Required value",
        ]),
        (NEW_EVENTS, {"type": "Odd", "firstTimestamp": "2026-01-01T00:00:00.000000Z", "lastTimestamp": "2026-01-01T00:00:00.000000Z", "count": 1, "source": {"component": "c"}}, [
            'type: Invalid value: "": has invalid value: Odd',
            'firstTimestamp: Invalid value: "": needs to be unset',
            'lastTimestamp: Invalid value: "": needs to be unset',
            'count: Invalid value: "": needs to be unset',
            'source: Invalid value: "": needs to be unset',
        ]),
        (NEW_EVENTS, {"series": {"count": 1}}, [
            'series.count: Invalid value: "": should be at least 2',
            "series.lastObservedTime: Required value",
        ]),
        (NEW_EVENTS, {"series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}}, []),
        (NEW_EVENTS, {"metadata/name": "A"}, [
            "metadata.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (LEASES, {"spec/leaseTransitions": -1}, [
            "spec.leaseTransitions: Invalid value: -1: must be greater than or equal to 0",
        ]),
        (LEASES, {"spec/preferredHolder": "a"}, [
            "spec.preferredHolder: Forbidden: may only be specified if `strategy` is defined",
        ]),
        (LEASES, {"spec/preferredHolder": "a", "spec/strategy": "Any"}, [
            'spec.strategy.strategy: Unsupported value: "Any": supported values: "OldestEmulationVersion"',
        ]),
        (LEASES, {"spec/preferredHolder": "a", "spec/strategy": "a/b c"}, [
            "spec.strategy.strategy: Invalid value: \"a/b c\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (LEASES, {"spec/preferredHolder": "a", "spec/strategy": "OldestEmulationVersion"}, []),
        (RUNTIMES, {"handler": ""}, [
            "handler: Invalid value: \"\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ]),
        (RUNTIMES, {"overhead": {"podFixed": {"cpu": "-1", "boats": "1"}}}, [
            'overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
            'overhead.limits[boats]: Invalid value: "boats": must be a standard resource type or fully qualified',
            'overhead.limits[boats]: Invalid value: "boats": must be a standard resource for containers',
        ]),
        (RUNTIMES, {"scheduling": {"nodeSelector": {"a b": "c"}, "tolerations": [{"operator": "Equal"}]}}, [
            "scheduling.nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'scheduling.tolerations.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when `key` is empty, which means "match all values and all keys"',
        ]),
        (PRIORITIES, {"metadata/name": "system-node-critical", "value": 2000001000, "globalDefault": True}, [
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: globalDefault of system-node-critical PriorityClass must be false",
        ]),
        (PRIORITIES, {"preemptionPolicy": "Sometimes"}, [
            'preemptionPolicy: Unsupported value: "Sometimes": supported values: "PreemptLowerPriority", "Never"',
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
        (NODES, {"spec/podCIDRs": ["10.2.0.0/24"], "spec/podCIDR": "10.2.0.0/24"}, {"spec/podCIDRs": ["10.1.0.0/24"]}, [
            'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
            "[]: Forbidden: node updates may only change labels, taints, or capacity (or configSource, if the DynamicKubeletConfig feature gate is enabled)",
        ]),
        (NODES, {"spec/podCIDRs": ["10.1.0.0/24"]}, {}, []),
        (NODES, {"spec/externalID": "b"}, {}, [
            "spec.externalID: Forbidden: may not be updated",
            "[]: Forbidden: node updates may only change labels, taints, or capacity (or configSource, if the DynamicKubeletConfig feature gate is enabled)",
        ]),
        (NODES, {"status/addresses": [{"type": "InternalIP", "address": "a"}, {"type": "InternalIP", "address": "a"}], "spec/taints": [{"key": "a", "effect": "Odd"}], "status/capacity": {"cpu": "-1"}}, {}, [
            'metadata.taints[0].effect: Unsupported value: "Odd": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
        ]),
        (EVENTS, {"reason": "other"}, {}, []),
        (NEW_EVENTS, {"reason": "other", "message": "m", "action": "b", "reportingComponent": "c", "reportingInstance": "d", "related": {"name": "x"}, "type": "Warning", "eventTime": "2026-01-02T00:00:00.000000Z", "involvedObject/name": "y"}, {}, [
            'involvedObject: Invalid value: {"name":"y","kind":"Pod","namespace":"default"}: field is immutable',
            'reason: Invalid value: "other": field is immutable',
            'message: Invalid value: "m": field is immutable',
            'type: Invalid value: "Warning": field is immutable',
            'eventTime: Invalid value: "2026-01-02T00:00:00.000000Z": field is immutable',
            'action: Invalid value: "b": field is immutable',
            'related: Invalid value: {"name":"x"}: field is immutable',
            'reportingController: Invalid value: "c": field is immutable',
            'reportingInstance: Invalid value: "d": field is immutable',
        ]),
        (NEW_EVENTS, {"source": {"component": "c"}, "firstTimestamp": "2026-01-01T00:00:00.000000Z", "lastTimestamp": "2026-01-01T00:00:00.000000Z", "count": 2}, {}, [
            'source: Invalid value: {"component":"c"}: field is immutable',
            'firstTimestamp: Invalid value: "2026-01-01T00:00:00.000000Z": field is immutable',
            'lastTimestamp: Invalid value: "2026-01-01T00:00:00.000000Z": field is immutable',
            "count: Invalid value: 2: field is immutable",
        ]),
        (NEW_EVENTS, {"series": {"count": 1}}, {}, [
            'series.count: Invalid value: "": should be at least 2',
            "series.lastObservedTime: Required value",
        ]),
        (NEW_EVENTS, {"series": {"count": 2, "lastObservedTime": "2026-01-01T00:00:00.000000Z"}}, {}, []),
        (RUNTIMES, {"handler": "B"}, {}, [
            "handler: Invalid value: \"B\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            'handler: Invalid value: "B": field is immutable',
        ]),
        (PRIORITIES, {"preemptionPolicy": "Never"}, {}, [
            'preemptionPolicy: Invalid value: "Never": field is immutable',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_change(
    resource: str, changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults(resource, changes, before) == lines
