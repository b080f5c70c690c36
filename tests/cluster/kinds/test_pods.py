"""Pods: what is filled in, and what is refused, in the words of the API server."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.kinds import validate_binding
from labkit.cluster.embedded.apiserver.kinds.names import qualified_name
from labkit.cluster.embedded.apiserver.kinds.pod.volumes import pull_policy
from tests.cluster.kinds.asking import created, faults
from tests.cluster.kinds.test_names import LABEL

C = "spec/containers/0/"
ONE = {"name": "one", "image": "one"}


def small(
    spec: dict[str, Any] | None = None, container: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {"spec": {"containers": [{**ONE, **(container or {})}], **(spec or {})}}


def test_a_small_pod_is_filled_in() -> None:
    pod = created("pods", small({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}))
    assert pod["spec"] == {
        "containers": [
            {
                **ONE,
                "imagePullPolicy": "Always",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "terminationGracePeriodSeconds": 30,
        "volumes": [{"name": "v", "secret": {"secretName": "s", "defaultMode": 0o644}}],
    }
    assert pod["status"] == {"phase": "Pending", "qosClass": "BestEffort"}
    assert pod["metadata"]["generation"] == 1


def test_ports_probes_and_references_are_filled_in() -> None:
    container = created("pods")["spec"]["containers"][0]
    times = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}
    assert container["ports"] == [{"name": "http", "containerPort": 80, "protocol": "TCP"}]
    assert container["livenessProbe"] == {
        "httpGet": {"port": "http", "path": "/", "scheme": "HTTP"},
        **times,
    }
    assert container["env"][1]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert container["resources"] == {
        "limits": {"cpu": "1", "memory": "1Gi"},
        "requests": {"cpu": "500m", "memory": "1Gi"},
    }


def test_on_the_network_of_the_node_a_port_is_the_nodes() -> None:
    pod = created("pods", small({"hostNetwork": True}, {"ports": [{"containerPort": 80}]}))
    assert pod["spec"]["containers"][0]["ports"][0]["hostPort"] == 80


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("nginx", "Always"),
        ("nginx:latest", "Always"),
        ("nginx:1.27", "IfNotPresent"),
        ("registry:5000/nginx", "Always"),
        ("registry:5000/a/nginx:1", "IfNotPresent"),
        ("nginx@sha256:00", "IfNotPresent"),
        ("nginx:latest@sha256:00", "Always"),
    ],
)
def test_what_moves_is_pulled_always(image: str, policy: str) -> None:
    assert pull_policy(image) == policy


@pytest.mark.parametrize(
    ("resources", "qos"),
    [
        ({}, "BestEffort"),
        ({"limits": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1000m", "memory": "1Gi"}, "requests": {"cpu": 1}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "0.5"}}, "Burstable"),
        ({"requests": {"memory": "1Gi"}}, "Burstable"),
        ({"limits": {"cpu": "0", "memory": "0"}}, "BestEffort"),
    ],
)
def test_requests_and_limits_make_the_class_of_service(resources: dict[str, Any], qos: str) -> None:
    pod = created("pods", small(container={"resources": resources}))
    assert pod["status"]["qosClass"] == qos


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        (small({"containers": []}), ["spec.containers: Required value"]),
        ({"spec": {}}, ["spec.containers: Required value"]),
        (small(container={"name": None}), ["spec.containers[0].name: Required value"]),
        (small(container={"name": "A"}), [f'spec.containers[0].name: Invalid value: "A": {LABEL}']),
        (small(container={"image": ""}), ["spec.containers[0].image: Required value"]),
        (small(container={"image": " one"}), [
            'spec.containers[0].image: Invalid value: " one": must not have leading or trailing '
            "whitespace"]),
        (small({"containers": [ONE, ONE]}), [
            'spec.containers[1].name: Duplicate value: "one"']),
        (small({"initContainers": [ONE]}), [
            'spec.initContainers[0].name: Duplicate value: "one"']),
        (small(container={"imagePullPolicy": "Sometimes"}), [
            'spec.containers[0].imagePullPolicy: Unsupported value: "Sometimes": supported values: '
            '"Always", "IfNotPresent", "Never"']),
        (small({"restartPolicy": "Maybe"}), [
            'spec.restartPolicy: Unsupported value: "Maybe": supported values: "Always", '
            '"OnFailure", "Never"']),
        (small({"dnsPolicy": "Maybe"}), [
            'spec.dnsPolicy: Unsupported value: "Maybe": supported values: '
            '"ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"']),
        (small({"dnsPolicy": "None"}), [
            "spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"]),
        (small({"activeDeadlineSeconds": 0}), [
            "spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, "
            "inclusive"]),
        (small({"hostname": "A"}), [f'spec.hostname: Invalid value: "A": {LABEL}']),
        (small(container={"ports": [{}]}), [
            "spec.containers[0].ports[0].containerPort: Required value"]),
        (small(container={"ports": [{"containerPort": 70000}]}), [
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and "
            "65535, inclusive"]),
        (small(container={"ports": [{"containerPort": 1, "protocol": "tcp"}]}), [
            'spec.containers[0].ports[0].protocol: Unsupported value: "tcp": supported values: '
            '"SCTP", "TCP", "UDP"']),
        (small(container={"ports": [{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]}), [
            'spec.containers[0].ports[1].name: Duplicate value: "a"']),
        (small(container={"ports": [{"containerPort": 1, "hostPort": 9}, {"containerPort": 2, "hostPort": 9}]}), [
            'spec.containers[0].ports[1].hostPort: Duplicate value: "TCP//9"']),
        (small({"hostNetwork": True}, {"ports": [{"containerPort": 1, "hostPort": 2}]}), [
            "spec.containers[0].ports[0].hostPort: Invalid value: 2: must match `containerPort` when "
            "`hostNetwork` is true"]),
        (small(container={"env": [{"value": "x"}]}), [
            "spec.containers[0].env[0].name: Required value"]),
        (small(container={"env": [{"name": "A", "valueFrom": {}}]}), [
            'spec.containers[0].env[0].valueFrom: Invalid value: "": must specify one of: '
            "`fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`"]),
        (small(container={"env": [{"name": "A", "value": "x", "valueFrom": {
            "configMapKeyRef": {"name": "a", "key": "k"}}}]}), [
            'spec.containers[0].env[0].valueFrom: Invalid value: "": may not be specified when '
            "`value` is not empty"]),
        (small(container={"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}]}), [
            'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.x": error '
            "converting fieldPath: field label not supported: spec.x"]),
        (small(container={"env": [{"name": "A", "valueFrom": {
            "fieldRef": {"fieldPath": "metadata.labels['app']"}}}]}), []),
        (small(container={"volumeMounts": [{"name": "x", "mountPath": "/x"}]}), [
            'spec.containers[0].volumeMounts[0].name: Not found: "x"']),
        (small({"volumes": [{"name": "v"}]}, {"volumeMounts": [
            {"name": "v", "mountPath": "/x"}, {"name": "v", "mountPath": "/x"}]}), [
            'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique']),
        (small({"volumes": [{"name": "v"}, {"name": "v"}]}), [
            'spec.volumes[1].name: Duplicate value: "v"']),
        (small({"volumes": [{"name": "v", "emptyDir": {}, "secret": {"secretName": "s"}}]}), [
            "spec.volumes[0].secret: Forbidden: may not specify more than 1 volume type"]),
        (small({"volumes": [{"name": "v", "secret": {}}]}), [
            "spec.volumes[0].secret.secretName: Required value"]),
        (small({"volumes": [{"name": "v", "hostPath": {"path": "/a/../b"}}]}), [
            'spec.volumes[0].hostPath.path: Invalid value: "/a/../b": must not contain \'..\'']),
        (small(container={"resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1500m"}}}), [
            'spec.containers[0].resources.requests: Invalid value: "1500m": must be less than or '
            "equal to cpu limit of 1"]),
        (small(container={"resources": {"requests": {"memory": "-1"}}}), [
            'spec.containers[0].resources.requests[memory]: Invalid value: "-1": must be greater '
            "than or equal to 0"]),
        (small(container={"resources": {"limits": {"gpu": "1"}}}), [
            'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard '
            "resource type or fully qualified",
            'spec.containers[0].resources.limits[gpu]: Invalid value: "gpu": must be a standard '
            "resource for containers",
            'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard '
            "resource type or fully qualified",
            'spec.containers[0].resources.requests[gpu]: Invalid value: "gpu": must be a standard '
            "resource for containers"]),
        (small(container={"resources": {"requests": {"example.com/gpu": "1"}}}), [
            "spec.containers[0].resources.limits: Required value: Limit must be set for non "
            "overcommitable resources"]),
        (small(container={"livenessProbe": {}}), [
            "spec.containers[0].livenessProbe: Required value: must specify a handler type"]),
        (small(container={"livenessProbe": {"successThreshold": 2, "tcpSocket": {"port": 1}}}), [
            "spec.containers[0].livenessProbe.successThreshold: Invalid value: 2: must be 1"]),
        (small(container={"readinessProbe": {"tcpSocket": {}}}), [
            "spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: 0: must be between 1 "
            "and 65535, inclusive"]),
        (small(container={"readinessProbe": {"exec": {}, "periodSeconds": -1}}), [
            "spec.containers[0].readinessProbe.exec.command: Required value",
            "spec.containers[0].readinessProbe.periodSeconds: Invalid value: -1: must be greater "
            "than or equal to 0"]),
        (small({"initContainers": [{"name": "i", "image": "i", "livenessProbe": {
            "tcpSocket": {"port": 1}}}]}), [
            "spec.initContainers[0].livenessProbe: Forbidden: may not be set for init containers "
            "without restartPolicy=Always"]),
        (small({"initContainers": [{"name": "i", "image": "i", "restartPolicy": "Always",
                                    "livenessProbe": {"tcpSocket": {"port": 1}}}]}), []),
        (small(container={"lifecycle": {"preStop": {"sleep": {"seconds": 60}}}}), [
            "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 60: must be non-negative and "
            "less than terminationGracePeriodSeconds (30)"]),
        (small({"tolerations": [{"operator": "Equal", "value": "x"}]}), [
            'spec.tolerations[0].operator: Invalid value: "Equal": operator must be Exists when '
            '`key` is empty, which means "match all values and all keys"']),
        (small({"affinity": {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}}}), [
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution."
            "nodeSelectorTerms: Required value: must have at least one node selector term"]),
        (small(container={"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}}), [
            "spec.containers[0].securityContext: Invalid value: "
            '{"allowPrivilegeEscalation":false,"privileged":true}: cannot set '
            "`allowPrivilegeEscalation` to false and `privileged` to true"]),
    ],
)  # fmt: skip
def test_a_pod_that_is_wrong(changes: dict[str, Any], lines: list[str]) -> None:
    assert faults("pods", changes) == lines


def test_a_debugging_container_is_for_nothing_else() -> None:
    debug = {
        "name": "web",
        "image": "b",
        "ports": [{"containerPort": 1}],
        "targetContainerName": "x",
    }
    assert faults("pods", {"spec/ephemeralContainers": [debug]}) == [
        'spec.ephemeralContainers[0].targetContainerName: Not found: "x"',
        "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container",
        'spec.ephemeralContainers[0].name: Duplicate value: "web"',
    ]


def test_a_gated_pod_says_so() -> None:
    [condition] = created("pods", {"spec/schedulingGates": [{"name": "a"}]})["status"]["conditions"]
    assert (condition["type"], condition["reason"]) == ("PodScheduled", "SchedulingGated")


def test_a_binding_needs_a_node() -> None:
    assert validate_binding({"target": {"kind": "Node", "name": "one"}}) == []
    assert list(map(str, validate_binding({"target": {"kind": "Pod"}}))) == [
        'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"',
        "target.name: Required value",
    ]


SECURITY = "spec.containers[0].securityContext"
NODES = (
    "spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms"
)
TERM = f"{NODES.replace('/', '.')}[0]"


@pytest.mark.parametrize(
    ("changes", "lines"),
    [
        ({NODES: [{"matchExpressions": [{"key": "z", "operator": "In"}]}]}, [
            f"{TERM}.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"]),
        ({NODES: [{"matchExpressions": [{"key": "z", "operator": "Exists", "values": ["a"]}]}]}, [
            f"{TERM}.matchExpressions[0].values: Forbidden: may not be specified when `operator` is 'Exists' or 'DoesNotExist'"]),
        ({NODES: [{"matchExpressions": [{"key": "z", "operator": "Gt"}]}]}, [
            f"{TERM}.matchExpressions[0].values: Required value: must be specified single value when `operator` is 'Lt' or 'Gt'"]),
        ({NODES: [{"matchExpressions": [{"key": "z", "operator": "Near"}]}]}, [
            f'{TERM}.matchExpressions[0].operator: Invalid value: "Near": not a valid selector operator']),
        ({NODES: [{"matchFields": [{"key": "spec.x", "operator": "In", "values": ["a"]}]}]}, [
            f'{TERM}.matchFields[0].key: Invalid value: "spec.x": not a valid field selector key']),
        ({"spec/affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}}, [
            "spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty",
            *(f'spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Invalid value: "": {wrong}' for wrong in qualified_name(""))]),
        ({"spec/affinity": {"podAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [
            {"weight": 101, "podAffinityTerm": {"topologyKey": "z"}}]}}}, [
            "spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].weight: Invalid value: 101: must be in the range 1-100"]),
        ({"spec/tolerations": [{"key": "a", "operator": "Exists", "value": "b"}]}, [
            'spec.tolerations[0].operator: Invalid value: {"key":"a","operator":"Exists","value":"b"}: value must be empty when `operator` is \'Exists\'']),
        ({"spec/tolerations": [{"key": "a", "operator": "Near"}]}, [
            'spec.tolerations[0].operator: Unsupported value: "Near": supported values: "Equal", "Exists"']),
        ({"spec/tolerations": [{"key": "a", "tolerationSeconds": 1, "effect": "NoSchedule"}]}, [
            'spec.tolerations[0].effect: Invalid value: "NoSchedule": effect must be \'NoExecute\' when `tolerationSeconds` is set']),
        ({"spec/topologySpreadConstraints/0/maxSkew": 0}, [
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"]),
        ({"spec/topologySpreadConstraints/0/maxSkew": -1}, [
            "spec.topologySpreadConstraints[0].maxSkew: Invalid value: -1: must be greater than zero"]),
        ({"spec/topologySpreadConstraints/0/labelSelector": {"matchExpressions": [
            {"key": "a", "operator": "In"}]}}, [
            "spec.topologySpreadConstraints[0].labelSelector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"]),
        ({"spec/schedulingGates": [{"name": "a"}, {"name": "a"}]}, [
            'spec.schedulingGates[1]: Duplicate value: "a"']),
        ({C + "securityContext": {"runAsUser": -1}}, [
            f"{SECURITY}.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"]),
        ({C + "securityContext": {"seccompProfile": {"type": "Localhost"}}}, [
            f"{SECURITY}.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost"]),
        ({C + "securityContext": {"seccompProfile": {"type": "Strict"}}}, [
            f'{SECURITY}.seccompProfile.type: Unsupported value: "Strict": supported values: "Localhost", "RuntimeDefault", "Unconfined"']),
        ({C + "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"add": ["CAP_SYS_ADMIN"]}}}, [
            f'{SECURITY}: Invalid value: {{"allowPrivilegeEscalation":false,"capabilities":{{"add":["CAP_SYS_ADMIN"]}}}}: cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN']),
        ({"spec/securityContext": {"sysctls": [{"value": "1"}]}}, [
            "spec.securityContext.sysctls[0].name: Required value"]),
        ({"spec/dnsPolicy": "None", "spec/dnsConfig": {"searches": ["a"]}}, [
            "spec.dnsConfig.nameservers: Required value: must provide at least one DNS nameserver when `dnsPolicy` is None"]),
        ({"spec/dnsConfig": {"nameservers": ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]}}, [
            'spec.dnsConfig.nameservers: Invalid value: ["10.0.0.1","10.0.0.2","10.0.0.3","10.0.0.4"]: must not have more than 3 nameservers']),
        ({"spec/hostUsers": False, "spec/hostPID": True}, [
            "spec.HostPID: Forbidden: when `pod.Spec.HostUsers` is false"]),
        ({"spec/hostPID": True, "spec/shareProcessNamespace": True}, [
            "spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled"]),
        ({C + "volumeMounts": [{"name": "data", "mountPath": "/a", "subPath": "/b"}]}, [
            'spec.containers[0].volumeMounts.subPath: Invalid value: "/b": must be a relative path']),
        ({C + "volumeMounts": [{"name": "data", "mountPath": "/a", "subPath": "a", "subPathExpr": "$(A)"}]}, [
            'spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: "$(A)": subPathExpr and subPath are mutually exclusive']),
        ({"spec/volumes/1/configMap/defaultMode": 512}, [
            "spec.volumes[1].configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive"]),
        ({"spec/volumes/1/configMap/items": [{"key": "a", "path": "../b"}]}, [
            "spec.volumes[1].configMap.items[0].path: Invalid value: \"../b\": must not contain '..'"]),
        ({C + "env": [{"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "cpu"}}}]}, [
            'spec.containers[0].env[0].valueFrom.resourceFieldRef.resource: Unsupported value: "cpu": supported values: "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory"']),
        ({C + "envFrom": [{}]}, [
            'spec.containers[0].envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`']),
        ({C + "resources": {"limits": {"hugepages-2Mi": "3Mi", "cpu": "1"}}}, [
            'spec.containers[0].resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi',
            'spec.containers[0].resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi']),
        ({C + "resources": {"limits": {"hugepages-2Mi": "4Mi"}}}, [
            "spec.containers[0].resources: Forbidden: HugePages require cpu or memory"]),
        ({C + "resources": {"limits": {"a.com/b": "2"}, "requests": {"a.com/b": "1"}}}, [
            'spec.containers[0].resources.requests: Invalid value: "1": must be equal to a.com/b limit of 2']),
        ({C + "livenessProbe": {"exec": {"command": ["a"]}, "grpc": {"port": 1}}}, [
            "spec.containers[0].livenessProbe.grpc: Forbidden: may not specify more than 1 handler type"]),
        ({C + "readinessProbe/terminationGracePeriodSeconds": 5}, [
            "spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes"]),
        ({"metadata/annotations": {"kubernetes.io/config.mirror": "x"}}, [
            'metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set']),
    ],
)  # fmt: skip
def test_a_larger_pod_that_is_wrong(changes: dict[str, Any], lines: list[str]) -> None:
    assert faults("pods", changes) == lines


def test_both_names_of_a_service_account_are_one() -> None:
    spec = created("pods", small({"serviceAccount": "old"}))["spec"]
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "old"
    spec = created("pods", small({"serviceAccount": "old", "serviceAccountName": "new"}))["spec"]
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "new"
