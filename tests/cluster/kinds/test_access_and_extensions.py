"""Roles, namespaces, nodes, leases; autoscalers; webhooks and custom resource definitions."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.kinds import KINDS, validate_finalize, validate_scale
from tests.cluster.kinds.asking import GONE, changed, created, faults, stored, update_faults

RBAC = ".rbac.authorization.k8s.io"
ROLES, BINDINGS, CLUSTER_BINDINGS = (
    f"roles{RBAC}",
    f"rolebindings{RBAC}",
    f"clusterrolebindings{RBAC}",
)
HPA = "horizontalpodautoscalers.autoscaling"
HOOKS = "validatingwebhookconfigurations.admissionregistration.k8s.io"
API_SERVICES = "apiservices.apiregistration.k8s.io"
CRDS = "customresourcedefinitions.apiextensions.k8s.io"
VERSION = {"name": "v2", "served": True, "schema": {"openAPIV3Schema": {"type": "object"}}}


def test_bindings_are_filled_in() -> None:
    binding = created(BINDINGS)
    assert binding["roleRef"]["apiGroup"] == "rbac.authorization.k8s.io"
    assert [one.get("apiGroup") for one in binding["subjects"]] == [
        None,
        "rbac.authorization.k8s.io",
    ]


def test_a_namespace_is_filled_in() -> None:
    namespace = created("namespaces")
    assert namespace["metadata"]["labels"] == {"kubernetes.io/metadata.name": "web"}
    assert namespace["spec"] == {"finalizers": ["kubernetes"]}
    assert namespace["status"] == {"phase": "Active"}


def test_a_node_brings_its_status_and_may_use_all_it_has() -> None:
    status = created("nodes")["status"]
    assert status["allocatable"] == status["capacity"] == {"cpu": "2", "memory": "4Gi"}


def test_an_autoscaler_is_filled_in() -> None:
    spec = created(HPA)["spec"]
    assert spec["minReplicas"] == 1
    assert spec["metrics"][0]["resource"]["target"] == {
        "type": "Utilization", "averageUtilization": 80,
    }  # fmt: skip
    assert spec["behavior"]["scaleUp"]["stabilizationWindowSeconds"] == 0
    assert len(spec["behavior"]["scaleUp"]["policies"]) == 2
    old = created(HPA, {"apiVersion": "autoscaling/v1"})["spec"]
    assert old["targetCPUUtilizationPercentage"] == 80
    assert "metrics" not in old


def test_webhooks_are_filled_in() -> None:
    [hook] = created(HOOKS)["webhooks"]
    assert (hook["failurePolicy"], hook["matchPolicy"], hook["timeoutSeconds"]) == (
        "Fail", "Equivalent", 10,
    )  # fmt: skip
    assert hook["namespaceSelector"] == hook["objectSelector"] == {}
    assert hook["rules"][0]["scope"] == "*"
    assert hook["clientConfig"]["service"]["port"] == 443
    [mutating] = created(HOOKS.replace("validating", "mutating"))["webhooks"]
    assert mutating["reinvocationPolicy"] == "Never"


def test_a_signer_writes_a_certificate_and_nothing_else() -> None:
    kind = "certificatesigningrequests.certificates.k8s.io"
    before = stored(kind)
    after = changed(before, {"status": {"certificate": before["spec"]["request"]}})
    assert list(map(str, KINDS[kind].validate_status_update(after, before))) == [
        'status.certificate: Invalid value: "<certificate data>": only CERTIFICATE PEM blocks are '
        'allowed, found "CERTIFICATE REQUEST"'
    ]


def test_a_definition_is_filled_in() -> None:
    definition = created(CRDS)
    names = definition["spec"]["names"]
    assert (names["singular"], names["listKind"]) == ("boat", "BoatList")
    assert definition["spec"]["conversion"] == {"strategy": "None"}
    assert definition["status"]["storedVersions"] == ["v1"]


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (ROLES, {"rules": [{}]}, [
            "rules[0].verbs: Required value: verbs must contain at least one value",
            "rules[0].apiGroups: Required value: resource rules must supply at least one api group",
            "rules[0].resources: Required value: resource rules must supply at least one resource"]),
        (ROLES, {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/"]}]}, [
            'rules[0].nonResourceURLs: Invalid value: ["/"]: namespaced rules cannot apply to '
            "non-resource URLs"]),
        (BINDINGS, {"roleRef/kind": "Pod"}, [
            'roleRef.kind: Unsupported value: "Pod": supported values: "Role", "ClusterRole"']),
        (BINDINGS, {"roleRef/name": ""}, ["roleRef.name: Required value"]),
        (BINDINGS, {"subjects": [{"kind": "Robot", "name": "r"}]}, [
            'subjects[0].kind: Unsupported value: "Robot": supported values: "ServiceAccount", '
            '"User", "Group"']),
        (CLUSTER_BINDINGS, {"subjects": [{"kind": "ServiceAccount", "name": "web"}]}, [
            "subjects[0].namespace: Required value"]),
        (HPA, {"spec/maxReplicas": 0}, [
            "spec.maxReplicas: Invalid value: 0: must be greater than 0",
            "spec.maxReplicas: Invalid value: 0: must be greater than or equal to `minReplicas`"]),
        (HPA, {"spec/minReplicas": 0}, [
            "spec.minReplicas: Invalid value: 0: must be greater than or equal to 1",
            "spec.metrics: Forbidden: must specify at least one Object or External metric to support scaling to zero replicas"]),
        (HPA, {"spec/minReplicas": 5}, [
            "spec.maxReplicas: Invalid value: 3: must be greater than or equal to `minReplicas`"]),
        (HPA, {"spec/metrics": [{"type": "Weather"}]}, [
            'spec.metrics[0].type: Unsupported value: "Weather": supported values: '
            '"ContainerResource", "External", "Object", "Pods", "Resource"'] * 2),
        (HPA, {"spec/metrics": [{"type": "Resource"}]}, [
            "spec.metrics[0].resource: Required value: must populate information for the given "
            "metric source"]),
        (HPA, {"spec/scaleTargetRef": {"kind": "Deployment"}}, [
            "spec.scaleTargetRef.name: Required value",
            'spec.scaleTargetRef.apiVersion: Invalid value: "": apiVersion must specify API group']),
        ("nodes", {"spec/taints": [{"key": "a", "effect": "Never"}]}, [
            'metadata.taints[0].effect: Unsupported value: "Never": supported values: "NoSchedule", '
            '"PreferNoSchedule", "NoExecute"']),
        ("events", {"involvedObject/namespace": "other"}, [
            'involvedObject.namespace: Invalid value: "other": does not match event.namespace']),
        ("leases.coordination.k8s.io", {"spec/leaseDurationSeconds": 0}, [
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0"]),
        (API_SERVICES, {"metadata/name": "web"}, [
            'metadata.name: Invalid value: "web": must be `spec.version+"."+spec.group`: '
            '"v1.example.com"']),
        (API_SERVICES, {"spec/groupPriorityMinimum": 20001, "spec/versionPriority": 0}, [
            "spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000",
            "spec.versionPriority: Invalid value: 0: must be positive and less than 1000"]),
        (API_SERVICES, {"spec/service": GONE}, [
            "spec.insecureSkipTLSVerify: Invalid value: true: local APIServices may not have "
            "insecureSkipTLSVerify"]),
        (API_SERVICES, {"spec/service": {"name": "web", "port": 65536}}, [
            "spec.service.namespace: Required value",
            "spec.service.port: Invalid value: 65536: port is not valid: must be between 1 and "
            "65535, inclusive"]),
        (API_SERVICES, {"spec/caBundle": "YQ=="}, [
            "spec.insecureSkipTLSVerify: Invalid value: true: may not be true if caBundle is present"]),
        (HOOKS, {"webhooks/0/name": "check"}, [
            'webhooks[0].name: Invalid value: "check": should be a domain with at least three '
            "segments separated by dots"]),
        (HOOKS, {"webhooks/0/sideEffects": GONE}, [
            "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun"]),
        (HOOKS, {"webhooks/0/admissionReviewVersions": GONE}, [
            "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1"]),
        (HOOKS, {"webhooks/0/clientConfig": {}}, [
            "webhooks[0].clientConfig: Required value: exactly one of url or service is required"]),
        (HOOKS, {"webhooks/0/timeoutSeconds": 31}, [
            "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and "
            "30 seconds"]),
        (HOOKS, {"webhooks/0/failurePolicy": "Cry"}, [
            'webhooks[0].failurePolicy: Unsupported value: "Cry": supported values: "Fail", '
            '"Ignore"']),
        (HOOKS, {"webhooks/0/clientConfig": {"url": "http://a"}}, [
            "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL "
            "scheme; desired format: https://host[/path]"]),
        (CRDS, {"metadata/name": "boats"}, [
            'metadata.name: Invalid value: "boats": must be spec.names.plural+"."+spec.group']),
        (CRDS, {"spec/versions/0/storage": False}, [
            'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":'
            'false,"DeprecationWarning":null,"Schema":null,"Subresources":null,'
            '"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version '
            "marked as storage version",
            "status.storedVersions: Invalid value: null: must have at least one stored version"]),
        (CRDS, {"spec/versions/0/schema": GONE}, [
            "spec.versions[0].schema.openAPIV3Schema: Required value"]),
        (CRDS, {"spec/scope": "Global"}, [
            'spec.scope: Unsupported value: "Global": supported values: "Cluster", "Namespaced"']),
        (CRDS, {"spec/names": {"plural": "boats"}}, [
            "spec.names.singular: Required value", "spec.names.kind: Required value",
            "spec.names.listKind: Required value"]),
        (CRDS, {"metadata/name": "boats.x.k8s.io", "spec/group": "x.k8s.io"}, [
            "metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must "
            'have approval annotation "api-approved.kubernetes.io", see '
            "https://github.com/kubernetes/enhancements/pull/1111"]),
    ],
)  # fmt: skip
def test_what_is_wrong(resource: str, changes: dict[str, Any], lines: list[str]) -> None:
    assert faults(resource, changes) == lines


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (BINDINGS, {"roleRef/name": "writer"}, [
            'roleRef: Invalid value: {"APIGroup":"rbac.authorization.k8s.io","Kind":"Role",'
            '"Name":"writer"}: cannot change roleRef']),
        (BINDINGS, {"subjects": []}, []),
        ("runtimeclasses.node.k8s.io", {"handler": "kata"}, [
            'handler: Invalid value: "kata": field is immutable']),
        (CRDS, {"spec/group": "other.com", "metadata/name": "boats.example.com"}, [
            'spec.group: Invalid value: "other.com": field is immutable']),
        (CRDS, {"spec/versions": [{**VERSION, "storage": True}]}, [
            'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was '
            "previously a storage version, and must remain in spec.versions until a storage "
            "migration ensures no data remains persisted in v1 and removes v1 from "
            "status.storedVersions"]),
    ],
)  # fmt: skip
def test_what_may_not_change(resource: str, changes: dict[str, Any], lines: list[str]) -> None:
    assert update_faults(resource, changes) == lines


def test_a_definition_remembers_what_it_was_stored_as() -> None:
    old = stored(CRDS)
    new = changed(old, {"spec/versions/0/storage": False})
    new["spec"]["versions"].append({**VERSION, "storage": True})
    KINDS[CRDS].before_update(new, old)
    assert new["status"]["storedVersions"] == ["v1", "v2"]
    assert KINDS[CRDS].validate_update(new, old) == []


def test_the_finalizer_of_a_namespace_goes_by_its_own_way_only() -> None:
    old = stored("namespaces")
    new = changed(old, {"spec/finalizers": []})
    KINDS["namespaces"].before_update(new, old)
    assert new["spec"]["finalizers"] == ["kubernetes"]
    assert validate_finalize(changed(old, {"spec/finalizers": []})) == []
    assert validate_finalize(changed(old, {"spec/finalizers": ["a b"]}))


def test_a_namespace_ends_only_when_it_is_deleted() -> None:
    old = stored("namespaces")
    new = changed(old, {"status/phase": "Terminating"})
    assert list(map(str, KINDS["namespaces"].validate_status_update(new, old))) == [
        "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` "
        "is empty"
    ]


def test_nobody_scales_below_nothing() -> None:
    assert list(map(str, validate_scale({"spec": {"replicas": -1}}))) == [
        "spec.replicas: Invalid value: -1: must be greater than or equal to 0"
    ]


CPU = "spec/metrics"


def cpu(**target: Any) -> list[dict[str, Any]]:
    return [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


TARGET = "spec.metrics[0].resource.target"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (f"cluster{ROLES}", {"aggregationRule": {}}, [
            "aggregationRule.clusterRoleSelectors: Required value: at least one clusterRoleSelector required if aggregationRule is non-nil"]),
        (f"cluster{ROLES}", {"rules": [{"verbs": ["get"], "nonResourceURLs": ["/"], "resources": ["pods"]}]}, [
            'rules[0].nonResourceURLs: Invalid value: ["/"]: rules cannot apply to both regular resources and non-resource URLs']),
        (BINDINGS, {"roleRef/apiGroup": "apps"}, [
            'roleRef.apiGroup: Unsupported value: "apps": supported values: "rbac.authorization.k8s.io"']),
        (BINDINGS, {"subjects": [{"kind": "User", "name": "a", "apiGroup": "apps"}]}, [
            'subjects[0].apiGroup: Unsupported value: "apps": supported values: "rbac.authorization.k8s.io"']),
        (BINDINGS, {"subjects": [{"kind": "ServiceAccount", "name": "a", "apiGroup": "apps"}]}, [
            'subjects[0].apiGroup: Unsupported value: "apps": supported values: ""']),
        (HPA, {CPU: [{}]}, [
            "spec.metrics[0].type: Required value: must specify a metric source type",
            *['spec.metrics[0].type: Unsupported value: "": supported values: "ContainerResource", "External", "Object", "Pods", "Resource"'] * 2]),
        (HPA, {CPU: cpu(type="Utilization")}, [
            f"{TARGET}.averageUtilization: Required value: must set either a target raw value or a target utilization"]),
        (HPA, {CPU: cpu(type="Much", averageUtilization=0)}, [
            f'{TARGET}.type: Invalid value: "Much": must be either Utilization, Value, or AverageValue',
            f"{TARGET}.averageUtilization: Invalid value: 0: must be greater than 0"]),
        (HPA, {CPU: cpu(type="AverageValue", averageValue="0", averageUtilization=5)}, [
            f'{TARGET}.averageValue: Invalid value: "0": must be positive',
            f"{TARGET}.averageValue: Forbidden: may not set both a target raw value and a target utilization"]),
        (HPA, {CPU: [{**cpu(type="Utilization", averageUtilization=5)[0], "containerResource": {}}]}, [
            "spec.metrics[0].containerResource: Forbidden: must populate the given metric source only"]),
        (HPA, {CPU: [{"type": "Pods", "pods": {"target": {"type": "Value"}}}]}, [
            "spec.metrics[0].pods.metric.name: Required value: must specify a metric name",
            "spec.metrics[0].pods.target.averageValue: Required value: must specify a positive target averageValue"]),
        (HPA, {"spec/behavior/scaleDown": {"policies": [], "stabilizationWindowSeconds": 3601}}, [
            "spec.behavior.scaleDown.stabilizationWindowSeconds: Invalid value: 3601: must be less than or equal to 3600",
            "spec.behavior.scaleDown.policies: Required value: must specify at least one Policy"]),
        ("nodes", {"spec/taints": [{"key": "a", "effect": "NoSchedule"}, {"key": "a", "effect": "NoSchedule"}]}, [
            'metadata.taints[1]: Duplicate value: {"key":"a","effect":"NoSchedule"}: taints must be unique by key and effect pair']),
        ("leases.coordination.k8s.io", {"spec/holderIdentity": ""}, []),
        (HOOKS, {"webhooks": [*created(HOOKS)["webhooks"]] * 2}, [
            'webhooks[1].name: Duplicate value: "check.example.com"']),
        (HOOKS, {"webhooks/0/admissionReviewVersions": ["v2"]}, [
            'webhooks[0].admissionReviewVersions: Invalid value: ["v2"]: must include at least one of v1, v1beta1']),
        (HOOKS, {"webhooks/0/rules/0/operations": ["*", "CREATE"]}, [
            "webhooks[0].rules[0].operations: Invalid value: [\"*\",\"CREATE\"]: if '*' is present, must not specify other operations"]),
        (HOOKS, {"webhooks/0/clientConfig": {"service": {"name": "a"}}}, [
            "webhooks[0].clientConfig.service.name: Required value"]),
        (CRDS, {"spec/group": "example", "metadata/name": "boats.example"}, [
            'spec.group: Invalid value: "example": should be a domain with at least one dot']),
        (CRDS, {"spec/names/listKind": "Boat"}, [
            'spec.names.listKind: Invalid value: "Boat": kind and listKind may not be the same']),
        (CRDS, {"spec/versions": [{**VERSION, "storage": True}, VERSION]}, [
            'spec.versions: Invalid value: [{"Name":"v2","Served":true,"Storage":true,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null},'
            '{"Name":"v2","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must contain unique version names']),
        (CRDS, {"spec/versions/0/subresources/scale": {"specReplicasPath": "spec.n", "statusReplicasPath": ".spec.n"}}, [
            'spec.subresources.scale.specReplicasPath: Invalid value: "spec.n": must be a simple json path starting with .',
            'spec.subresources.scale.statusReplicasPath: Invalid value: ".spec.n": should be a json path under .status']),
        (CRDS, {"spec/conversion": {"strategy": "Webhook"}}, [
            "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
            "spec.conversion.conversionReviewVersions: Required value"]),
    ],
)  # fmt: skip
def test_more_that_is_wrong(resource: str, changes: dict[str, Any], lines: list[str]) -> None:
    assert faults(resource, changes) == lines


def test_a_definition_that_is_established_keeps_its_scope() -> None:
    old = changed(stored(CRDS), {"status/conditions": [{"type": "Established", "status": "True"}]})
    new = changed(old, {"spec/scope": "Cluster"})
    assert list(map(str, KINDS[CRDS].validate_update(new, old))) == [
        'spec.scope: Invalid value: "Cluster": field is immutable'
    ]


def test_the_addresses_of_a_node_stay() -> None:
    before = {"spec/podCIDRs": ["10.1.0.0/24"], "spec/providerID": "a"}
    after = {"spec/podCIDRs": [], "spec/podCIDR": "", "spec/providerID": "b"}
    assert update_faults("nodes", after, before) == [
        'spec.podCIDRs: Forbidden: node updates may not change podCIDR except from "" to valid',
        'spec.providerID: Forbidden: node updates may not change providerID except from "" to valid',
        "[]: Forbidden: node updates may only change labels, taints, or capacity (or configSource, if the DynamicKubeletConfig feature gate is enabled)",
    ]
