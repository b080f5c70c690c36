"""Services, what is behind them and before them, and who may reach whom."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import GONE, created, faults, update_faults
from tests.cluster.kinds.test_names import LABEL_1035

SERVICES, INGRESSES, SLICES = (
    "services", "ingresses.networking.k8s.io", "endpointslices.discovery.k8s.io",
)  # fmt: skip
POLICIES = "networkpolicies.networking.k8s.io"
PATH = "spec/rules/0/http/paths/0/"
IN_PATH = "spec.rules[0].http.paths[0]"


def service(**spec: Any) -> dict[str, Any]:
    return {"spec": {"selector": {"app": "web"}, "ports": [{"port": 80}], **spec}}


def test_a_service_is_filled_in() -> None:
    assert created(SERVICES, service())["spec"] == {
        "selector": {"app": "web"},
        "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}],
        "type": "ClusterIP",
        "sessionAffinity": "None",
        "internalTrafficPolicy": "Cluster",
    }
    outside = created(SERVICES)["spec"]
    assert outside["externalTrafficPolicy"] == "Cluster"
    assert outside["allocateLoadBalancerNodePorts"] is True
    sticky = created(SERVICES, service(sessionAffinity="ClientIP"))["spec"]
    assert sticky["sessionAffinityConfig"] == {"clientIP": {"timeoutSeconds": 10800}}
    named = created(SERVICES, service(type="ExternalName", externalName="example.com"))["spec"]
    assert "internalTrafficPolicy" not in named


def test_networks_are_filled_in() -> None:
    assert created(POLICIES)["spec"]["policyTypes"] == ["Ingress", "Egress"]
    assert created(POLICIES, {"spec": {"podSelector": {}}})["spec"]["policyTypes"] == ["Ingress"]
    assert created(SLICES)["ports"] == [{"port": 80, "protocol": "TCP", "name": ""}]


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (SERVICES, service(ports=[]), ["spec.ports: Required value"]),
        (SERVICES, service(ports=[], clusterIP="None"), []),
        (SERVICES, service(ports=[{"port": 80}, {"port": 81, "name": "a"}]), [
            "spec.ports[0].name: Required value"]),
        (SERVICES, service(ports=[{"port": 1, "name": "a"}, {"port": 2, "name": "a"}]), [
            'spec.ports[1].name: Duplicate value: "a"']),
        (SERVICES, service(ports=[{"port": 1, "name": "a"}, {"port": 1, "name": "b"}]), [
            'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":1,'
            '"TargetPort":0,"NodePort":0}']),
        (SERVICES, service(ports=[{"port": 0}]), [
            "spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            "spec.ports[0].targetPort: Invalid value: 0: must be between 1 and 65535, inclusive"]),
        (SERVICES, service(ports=[{"port": 1, "nodePort": 30000}]), [
            "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"]),
        (SERVICES, service(type="Public"), [
            'spec.type: Unsupported value: "Public": supported values: "ClusterIP", "ExternalName", '
            '"LoadBalancer", "NodePort"']),
        (SERVICES, service(selector={"a": "b c"}), [
            'spec.selector: Invalid value: "b c": a valid label must be an empty string or consist '
            "of alphanumeric characters, '-', '_' or '.', and must start and end with an "
            "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for "
            "validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"]),
        (SERVICES, service(type="ExternalName"), ["spec.externalName: Required value"]),
        (SERVICES, service(type="NodePort", clusterIP="None"), [
            'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort '
            "services"]),
        (SERVICES, service(sessionAffinity="Cookie"), [
            'spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", '
            '"None"']),
        (SERVICES, service(externalIPs=["127.0.0.1"]), [
            'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range '
            "(127.0.0.0/8, ::1/128)"]),
        (SERVICES, service(externalTrafficPolicy="Local"), [
            'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for '
            "externally-accessible services"]),
        (SERVICES, service(loadBalancerSourceRanges=["10.0.0.0/8"]), [
            "spec.LoadBalancerSourceRanges: Forbidden: may only be used when `type` is "
            "'LoadBalancer'"]),
        ("endpoints", {"subsets": [{}]}, [
            "subsets[0]: Required value: must specify `addresses` or `notReadyAddresses`"]),
        ("endpoints", {"subsets/0/addresses": [{"ip": "x"}]}, [
            'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. '
            "10.9.8.7 or 2001:db8::ffff)",
            'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address']),
        (SLICES, {"addressType": GONE}, ["addressType: Required value"]),
        (SLICES, {"endpoints": [{}]}, [
            "endpoints[0].addresses: Required value: must contain at least 1 address"]),
        (INGRESSES, {"spec": {}}, [
            "spec: Invalid value: null: either `defaultBackend` or `rules` must be specified"]),
        (INGRESSES, {PATH + "pathType": GONE}, [
            f"{IN_PATH}.pathType: Required value: pathType must be specified"]),
        (INGRESSES, {PATH + "pathType": "Regex"}, [
            f'{IN_PATH}.pathType: Unsupported value: "Regex": supported values: "Exact", '
            '"ImplementationSpecific", "Prefix"']),
        (INGRESSES, {PATH + "path": "a//b"}, [
            f'{IN_PATH}.path: Invalid value: "a//b": must be an absolute path',
            f"{IN_PATH}.path: Invalid value: \"a//b\": must not contain '//'"]),
        (INGRESSES, {PATH + "backend": {}}, [
            f'{IN_PATH}.backend: Invalid value: "": resource or service backend is required']),
        (INGRESSES, {PATH + "backend/service/port": {}}, [
            f"{IN_PATH}.backend: Required value: port name or number is required"]),
        (INGRESSES, {PATH + "backend/service/name": "1"}, [
            f'{IN_PATH}.backend.service.name: Invalid value: "1": {LABEL_1035}']),
        (INGRESSES, {"spec/rules/0/host": "10.0.0.1"}, [
            'spec.rules[0].host: Invalid value: "10.0.0.1": must be a DNS name, not an IP address']),
        ("ingressclasses.networking.k8s.io", {"spec/controller": "nginx"}, [
            'spec.controller: Invalid value: "nginx": must be a domain-prefixed path (such as '
            '"acme.io/foo")']),
        (POLICIES, {"spec/ingress/0/from": [{}]}, [
            "spec.ingress[0].from[0]: Required value: must specify a peer"]),
        (POLICIES, {"spec/ingress/0/from/0/ipBlock": {"cidr": "10.0.0.0/8"}}, [
            "spec.ingress[0].from[0]: Forbidden: may not specify both ipBlock and another peer"]),
        (POLICIES, {"spec/egress/0/to/0/ipBlock/except": ["11.0.0.0/8"]}, [
            'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "11.0.0.0/8": must be a strict '
            "subset of `cidr`"]),
        (POLICIES, {"spec/policyTypes": ["Sideways"]}, [
            'spec.policyTypes[0]: Unsupported value: "Sideways": supported values: "Ingress", '
            '"Egress"']),
        (POLICIES, {"spec/ingress/0/ports/0/endPort": 20}, [
            "spec.ingress[0].ports[0].endPort: Invalid value: 20: must be greater than or equal to "
            "`port`"]),
    ],
)  # fmt: skip
def test_what_is_wrong(resource: str, changes: dict[str, Any], lines: list[str]) -> None:
    assert faults(resource, changes) == lines


@pytest.mark.parametrize(
    ("resource", "changes", "before", "lines"),
    [
        (SERVICES, {"spec/clusterIPs": ["10.0.0.9"], "spec/clusterIP": "10.0.0.9"},
         service(clusterIP="10.0.0.1", clusterIPs=["10.0.0.1"]), [
            'spec.clusterIPs[0]: Invalid value: ["10.0.0.9"]: may not change once set']),
        (SERVICES, {"spec/clusterIPs": GONE, "spec/clusterIP": GONE},
         service(clusterIP="10.0.0.1", clusterIPs=["10.0.0.1"]), [
            "spec.clusterIPs[0]: Invalid value: null: primary clusterIP can not be unset"]),
        (SERVICES, {"spec/type": "NodePort"}, service(), []),
        (SLICES, {"addressType": "FQDN"}, {}, [
            'addressType: Invalid value: "FQDN": field is immutable']),
        ("ingressclasses.networking.k8s.io", {"spec/controller": "a.b/c"}, {}, [
            'spec.controller: Invalid value: "a.b/c": field is immutable']),
    ],
)  # fmt: skip
def test_what_may_not_change(
    resource: str, changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults(resource, changes, before) == lines


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (SERVICES, service(type="ExternalName", externalName="a.b", clusterIPs=["10.0.0.1"]), [
            "spec.clusterIPs: Forbidden: may not be set for ExternalName services"]),
        (SERVICES, service(clusterIP="10.0.0.1", clusterIPs=["10.0.0.2"]), [
            'spec.clusterIPs: Invalid value: ["10.0.0.2"]: first value must match `clusterIP`']),
        (SERVICES, service(clusterIP="web"), [
            'spec.clusterIPs[0]: Invalid value: "web": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)']),
        (SERVICES, service(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 86401}}), [
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400"]),
        (SERVICES, service(type="NodePort", ports=[
            {"name": "a", "port": 1, "nodePort": 30000}, {"name": "b", "port": 2, "nodePort": 30000}]), [
            "spec.ports[1].nodePort: Duplicate value: 30000"]),
        (SERVICES, service(type="LoadBalancer", loadBalancerSourceRanges=["10.0.0.0"]), [
            'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']),
        (SERVICES, service(loadBalancerClass="a.b/c"), [
            "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"]),
        (SERVICES, service(healthCheckNodePort=30000), [
            "spec.healthCheckNodePort: Invalid value: 30000: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'"]),
        (SERVICES, service(externalIPs=["0.0.0.0", "169.254.0.1", "224.0.0.1"]), [
            'spec.externalIPs[0]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
            'spec.externalIPs[1]: Invalid value: "169.254.0.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
            'spec.externalIPs[2]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)']),
        (INGRESSES, {PATH + "path": "/a/.."}, [
            f"{IN_PATH}.path: Invalid value: \"/a/..\": cannot end with '/..'"]),
        (INGRESSES, {PATH + "backend/resource": {"kind": "A", "name": "b"}}, [
            f'{IN_PATH}.backend: Invalid value: "": cannot set both resource and service backends']),
        (INGRESSES, {PATH + "backend": {"resource": {"name": "b"}}}, [
            f"{IN_PATH}.backend.resource.kind: Required value: kind is required"]),
        (INGRESSES, {PATH + "backend/service/port/name": "http"}, [
            f'{IN_PATH}.backend: Invalid value: "": cannot set both port name & port number']),
        (INGRESSES, {"spec/ingressClassName": "a", "metadata/annotations": {"kubernetes.io/ingress.class": "b"}}, [
            'annotations.kubernetes.io/ingress.class: Invalid value: "b": must match `ingressClassName` when both are specified']),
        (POLICIES, {"spec/ingress/0/ports": [{"port": "http", "endPort": 5}]}, [
            "spec.ingress[0].ports[0].endPort: Invalid value: 5: may not be specified when `port` is non-numeric"]),
        (POLICIES, {"spec/ingress/0/ports": [{"endPort": 5}]}, [
            "spec.ingress[0].ports[0].endPort: Invalid value: 5: may not be specified when `port` is not specified"]),
        (POLICIES, {"spec/policyTypes": ["Ingress", "Egress", "Ingress"]}, [
            'spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes']),
        (POLICIES, {"spec/egress/0/to/0/ipBlock": {"cidr": "10"}}, [
            'spec.egress[0].to[0].ipBlock.cidr: Invalid value: "10": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)']),
        (SLICES, {"ports": [{"port": 1}, {"port": 2}]}, ['ports[1].name: Duplicate value: ""']),
        (SLICES, {"endpoints/0/addresses": ["10.0.0.1"] * 101}, [
            "endpoints[0].addresses: Too many: 101: must have at most 100 items"]),
    ],
)  # fmt: skip
def test_more_that_is_wrong(resource: str, changes: dict[str, Any], lines: list[str]) -> None:
    assert faults(resource, changes) == lines
