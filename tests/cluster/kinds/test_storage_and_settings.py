"""Volumes and claims, config maps and secrets, bounds and priorities."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

import base64
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.kinds import KINDS
from tests.cluster.kinds.asking import GONE, changed, created, faults, stored, update_faults

CLAIMS, VOLUMES, CLASSES = (
    "persistentvolumeclaims", "persistentvolumes", "storageclasses.storage.k8s.io",
)  # fmt: skip
QUOTAS, RANGES, PRIORITIES = "resourcequotas", "limitranges", "priorityclasses.scheduling.k8s.io"
BUDGETS = "poddisruptionbudgets.policy"
BIG = "x" * (1024 * 1024 + 1)
SEALED = "field is immutable when `immutable` is set"


def test_storage_is_filled_in() -> None:
    claim = created(CLAIMS)
    assert claim["spec"]["volumeMode"] == "Filesystem"
    assert claim["spec"]["resources"]["requests"]["storage"] == "1Gi"
    assert claim["status"] == {"phase": "Pending"}
    volume = created(VOLUMES)["spec"]
    assert volume["persistentVolumeReclaimPolicy"] == "Retain"
    assert volume["hostPath"] == {"path": "/data", "type": ""}
    assert created(CLASSES)["reclaimPolicy"] == "Delete"
    assert created(CLASSES)["volumeBindingMode"] == "Immediate"
    assert created("csidrivers.storage.k8s.io")["spec"]["volumeLifecycleModes"] == ["Persistent"]


def test_a_claim_may_want_no_class_at_all() -> None:
    assert faults(CLAIMS, {"spec/storageClassName": ""}) == []


def test_a_secret_said_plainly_is_encoded() -> None:
    secret = created("secrets", {"data": {"a": "AA=="}})
    assert secret["type"] == "Opaque"
    assert secret["data"] == {"a": "AA==", "key": base64.b64encode(b"value").decode()}
    assert "stringData" not in secret


def test_limits_follow_from_one_another() -> None:
    [limit] = created(RANGES)["spec"]["limits"]
    assert limit["default"] == {"cpu": "2"}
    assert limit["defaultRequest"] == {"cpu": "2"}
    assert created(QUOTAS)["spec"]["hard"]["requests.cpu"] == "1"
    assert created(PRIORITIES)["preemptionPolicy"] == "PreemptLowerPriority"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (CLAIMS, {"spec": {}}, [
            "spec.accessModes: Required value: at least 1 access mode is required",
            "spec.resources[storage]: Required value"]),
        (CLAIMS, {"spec/accessModes": ["ReadWrite"]}, [
            'spec.accessModes: Unsupported value: "ReadWrite": supported values: "ReadOnlyMany", '
            '"ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"']),
        (CLAIMS, {"spec/accessModes": ["ReadWriteOncePod", "ReadOnlyMany"]}, [
            "spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes"]),
        (CLAIMS, {"spec/resources/requests/storage": "0"}, [
            'spec.resources[storage]: Invalid value: "0": must be greater than zero']),
        (VOLUMES, {"spec/capacity": {}}, [
            "spec.capacity: Required value",
            'spec.capacity: Unsupported value: null: supported values: "storage"']),
        (VOLUMES, {"spec/hostPath": GONE}, ["spec: Required value: must specify a volume type"]),
        (VOLUMES, {"spec/nfs": {"server": "a", "path": "/"}}, [
            "spec.nfs: Forbidden: may not specify more than 1 volume type"]),
        (VOLUMES, {"spec/persistentVolumeReclaimPolicy": "Keep"}, [
            'spec.persistentVolumeReclaimPolicy: Unsupported value: "Keep": supported values: '
            '"Delete", "Recycle", "Retain"']),
        (CLASSES, {"provisioner": ""}, ["provisioner: Required value"]),
        ("configmaps", {"data": {"a/b": ""}}, [
            "data[a/b]: Invalid value: \"a/b\": a valid config key must consist of alphanumeric "
            "characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used "
            "for validation is '[-._a-zA-Z0-9]+')"]),
        ("configmaps", {"data": {"b": "x"}}, [
            'data[b]: Invalid value: "b": duplicate of key present in binaryData']),
        ("configmaps", {"data": {"a": BIG}}, ["[]: Too long: may not be more than 1048576 bytes"]),
        ("secrets", {"stringData": {"a": BIG}}, [
            "data: Too long: may not be more than 1048576 bytes"]),
        ("secrets", {"type": "kubernetes.io/tls"}, [
            "data[tls.crt]: Required value", "data[tls.key]: Required value"]),
        ("secrets", {"type": "kubernetes.io/service-account-token"}, [
            "metadata.annotations[kubernetes.io/service-account.name]: Required value"]),
        ("secrets", {"type": "kubernetes.io/basic-auth"}, [
            "data[username]: Required value", "data[password]: Required value"]),
        ("secrets", {"type": "kubernetes.io/dockerconfigjson",
                     "stringData": {".dockerconfigjson": "{}"}}, []),
        (QUOTAS, {"spec/hard": {"boats": "1"}}, [
            'spec.hard[boats]: Invalid value: "boats": must be a standard resource type or fully '
            "qualified",
            'spec.hard[boats]: Invalid value: "boats": must be a standard resource for quota']),
        (QUOTAS, {"spec/hard": {"pods": "1.5"}}, [
            'spec.hard[pods]: Invalid value: "1500m": must be an integer']),
        (QUOTAS, {"spec": {"hard": {"pods": 1}, "scopes": ["BestEffort", "NotBestEffort"]}}, [
            'spec.scopes: Invalid value: ["BestEffort","NotBestEffort"]: conflicting scopes']),
        (RANGES, {"spec/limits/0/min/cpu": "3"}, [
            'spec.limits[0].min[cpu]: Invalid value: "3": min value 3 is greater than max value 2',
            'spec.limits[0].defaultRequest[cpu]: Invalid value: "2": min value 3 is greater than '
            "default request value 2",
            'spec.limits[0].default[cpu]: Invalid value: "3": min value 3 is greater than default '
            "value 2"]),
        (RANGES, {"spec/limits": [{"type": "Pod", "default": {"cpu": "1"}}]}, [
            "spec.limits[0].default: Forbidden: may not be specified when `type` is 'Pod'"]),
        (BUDGETS, {"spec/maxUnavailable": 1}, [
            'spec: Invalid value: {"MinAvailable":"50%","Selector":{"matchLabels":{"app":"web"}},'
            '"MaxUnavailable":1,"UnhealthyPodEvictionPolicy":null}: minAvailable and maxUnavailable '
            "cannot be both set"]),
        (PRIORITIES, {"metadata/name": "system-mine"}, [
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for "
            "system use only. error: system-mine is not a known system priority class"]),
        (PRIORITIES, {"metadata/name": "system-node-critical", "value": 2000001000}, []),
        (PRIORITIES, {"value": 1000000001}, [
            "value: Forbidden: maximum allowed value of a user defined priority is 1000000000"]),
    ],
)  # fmt: skip
def test_what_is_wrong(resource: str, changes: dict[str, Any], lines: list[str]) -> None:
    assert faults(resource, changes) == lines


@pytest.mark.parametrize(
    ("resource", "changes", "before", "lines"),
    [
        ("configmaps", {"data": {"a": "b"}, "immutable": False}, {"immutable": True}, [
            f"immutable: Forbidden: {SEALED}", f"data: Forbidden: {SEALED}"]),
        ("secrets", {"data": {}}, {"immutable": True}, [f"data: Forbidden: {SEALED}"]),
        ("secrets", {"type": "other"}, {}, ['type: Invalid value: "other": field is immutable']),
        (PRIORITIES, {"value": 5}, {}, ["value: Forbidden: may not be changed in an update."]),
        (CLASSES, {"provisioner": "b.c"}, {}, [
            "provisioner: Forbidden: updates to provisioner are forbidden."]),
        (CLAIMS, {"spec/volumeName": "v"}, {}, []),
        (QUOTAS, {"spec/scopes": ["NotBestEffort"], "spec/hard": {"pods": "1"}}, {}, [
            'spec.scopes: Invalid value: ["NotBestEffort"]: field is immutable']),
    ],
)  # fmt: skip
def test_what_may_not_change(
    resource: str, changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults(resource, changes, before) == lines


def test_a_claim_may_only_grow_and_only_when_bound() -> None:
    size = "spec/resources/requests/storage"
    [line] = update_faults(CLAIMS, {size: "2Gi"})
    assert line.startswith(
        "spec: Forbidden: spec is immutable after creation except resources.requests and "
        "volumeAttributesClassName for bound claims\n"
    )
    assert '-      "storage": "1Gi"\n+      "storage": "2Gi"\n' in line
    assert stored(CLAIMS)["status"] == {"phase": "Pending"}


def test_the_source_of_a_volume_stays() -> None:
    [line] = update_faults(VOLUMES, {"spec/hostPath/path": "/other"})
    assert line.startswith(
        "spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after"
    )


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (QUOTAS, {"spec/scopes": ["Tall"]}, ['spec.scopes: Invalid value: ["Tall"]: unsupported scope']),
        (QUOTAS, {"spec/scopes": ["BestEffort"]}, [
            'spec.scopes: Invalid value: ["BestEffort"]: unsupported scope applied to resource']),
        (QUOTAS, {"spec/scopeSelector": {"matchExpressions": [{"scopeName": "PriorityClass", "operator": "In"}]}}, [
            "spec.scopeSelector.matchExpressions.values: Required value: must be at least one value when `operator` is 'In' or 'NotIn' for scope selector"]),
        (QUOTAS, {"spec/scopeSelector": {"matchExpressions": [
            {"scopeName": "PriorityClass", "operator": "Exists", "values": ["a"]}]}}, [
            "spec.scopeSelector.matchExpressions.values: Invalid value: [\"a\"]: must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector"]),
        (QUOTAS, {"spec/scopeSelector": {"matchExpressions": [{"scopeName": "Tall", "operator": "Near"}]}}, [
            'spec.scopeSelector.matchExpressions.scopeName: Invalid value: "Tall": unsupported scope',
            'spec.scopeSelector.matchExpressions.operator: Invalid value: "Near": not a valid selector operator']),
        (RANGES, {"spec/limits": [{"type": "Boat"}]}, [
            'spec.limits[0].type: Invalid value: "Boat": must be a standard limit type or fully qualified']),
        (RANGES, {"spec/limits": [{"type": "PersistentVolumeClaim"}]}, [
            "spec.limits[0].limits: Required value: either minimum or maximum storage value is required, but neither was provided"]),
        (RANGES, {"spec/limits": [{"type": "Pod"}, {"type": "Pod"}]}, [
            'spec.limits[1].type: Duplicate value: "Pod"']),
        (RANGES, {"spec/limits/0/maxLimitRequestRatio": {"cpu": "0.5"}}, [
            'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1']),
        (RANGES, {"spec/limits/0/maxLimitRequestRatio": {"cpu": "21"}}, [
            'spec.limits[0].maxLimitRequestRatio[cpu]: Invalid value: "21": ratio 21 is greater than max/min = 20.000000']),
        (RANGES, {"spec/limits/0/default": {"cpu": "3"}}, [
            'spec.limits[0].defaultRequest[cpu]: Invalid value: "3": default request value 3 is greater than max value 2',
            'spec.limits[0].default[cpu]: Invalid value: "2": default value 3 is greater than max value 2']),
        (BUDGETS, {"spec/minAvailable": "101%"}, [
            'spec.minAvailable: Invalid value: "101%": must not be greater than 100%']),
        (PRIORITIES, {"metadata/name": "system-node-critical", "value": 5}, [
            "metadata.name: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: value of system-node-critical PriorityClass must be 2000001000"]),
        (VOLUMES, {"spec/hostPath": GONE, "spec/local": {"path": "/a"}}, [
            "spec.nodeAffinity: Required value: Local volume requires node affinity"]),
        (VOLUMES, {"spec/capacity": {"storage": "0"}}, [
            'spec.capacity[storage]: Invalid value: "0": must be greater than zero']),
        ("secrets", {"type": "kubernetes.io/dockerconfigjson", "stringData": {".dockerconfigjson": "x"}}, [
            'data[.dockerconfigjson]: Invalid value: "<secret contents redacted>": invalid character']),
    ],
)  # fmt: skip
def test_more_that_is_wrong(resource: str, changes: dict[str, Any], lines: list[str]) -> None:
    assert faults(resource, changes) == lines


def test_a_bound_claim_grows_and_does_not_shrink_below_what_it_has() -> None:
    kind, size = KINDS[CLAIMS], "spec/resources/requests/storage"
    bound = {"status": {"phase": "Bound", "capacity": {"storage": "2Gi"}}, size: "2Gi"}
    old = changed(stored(CLAIMS), bound)
    assert kind.validate_update(changed(old, {size: "3Gi"}), old) == []
    assert list(map(str, kind.validate_update(changed(old, {size: "1Gi"}), old))) == [
        "spec.resources.requests.storage: Forbidden: field can not be less than status.capacity"
    ]


def test_where_a_volume_is_and_how_it_is_seen_stays() -> None:
    term = {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}
    before = {"spec/nodeAffinity": {"required": {"nodeSelectorTerms": [term]}}}
    said = update_faults(VOLUMES, {"spec/nodeAffinity": GONE, "spec/volumeMode": "Block"}, before)
    assert said == [
        'volumeMode: Invalid value: "Block": field is immutable',
        'nodeAffinity: Invalid value: "null": field is immutable',
    ]
