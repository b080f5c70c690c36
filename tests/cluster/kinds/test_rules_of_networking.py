"""Services, endpoints, ingresses and network policies, field by field."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import faults

CLASSES = "ingressclasses.networking.k8s.io"
ENDPOINTS = "endpoints"
INGRESSES = "ingresses.networking.k8s.io"
POLICIES = "networkpolicies.networking.k8s.io"
SERVICES = "services"
SLICES = "endpointslices.discovery.k8s.io"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (SLICES, {"endpoints": [{"addresses": ["10.0.0.1"]}] * 1000}, []),
        (SLICES, {"endpoints": [{"addresses": ["10.0.0.1"]}] * 1001}, [
            "endpoints: Too many: 1001: must have at most 1000 items",
        ]),
        (SLICES, {"endpoints": [{"addresses": [f"10.0.0.{last}" for last in range(1, 101)]}]}, []),
        (SLICES, {"ports": [{"name": f"p{port}", "port": port} for port in range(1, 101)]}, []),
        (INGRESSES, {"spec/defaultBackend": {"service": {"name": "A", "port": {"name": "A_b"}}}}, [
            "spec.defaultBackend.service.name: Invalid value: \"A\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
            'spec.defaultBackend.service.port.name: Invalid value: "A_b": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
        ]),
        (INGRESSES, {"spec/defaultBackend": {"service": {"name": "a", "port": {"number": 65536}}}}, [
            "spec.defaultBackend.service.port.number: Invalid value: 65536: must be between 1 and 65535, inclusive",
        ]),
        (INGRESSES, {"spec/defaultBackend": {"resource": {"apiGroup": "A", "kind": "K", "name": "a/b"}}}, [
            "spec.defaultBackend.resource.apiGroup: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.defaultBackend.resource.name: Invalid value: \"a/b\": may not contain '/'",
        ]),
        (INGRESSES, {"spec/defaultBackend": {"resource": {"apiGroup": "a", "kind": "", "name": ""}}}, [
            "spec.defaultBackend.resource.kind: Required value: kind is required",
            "spec.defaultBackend.resource.name: Required value: name is required",
        ]),
        (INGRESSES, {"spec/tls": [{"hosts": ["A_"], "secretName": "B_"}]}, [
            "spec.tls[0].hosts[0]: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.tls[0].secretName: Invalid value: \"B_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (INGRESSES, {"spec/ingressClassName": "A"}, [
            "spec.ingressClassName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (INGRESSES, {"spec/rules": [{"host": "A_"}]}, [
            "spec.rules[0].host: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (CLASSES, {"spec/controller": "a.b/" + "c" * 246}, []),
        (CLASSES, {"spec/controller": "a.b/" + "c" * 247}, [
            "spec.controller: Too long: may not be more than 250 bytes",
        ]),
        (POLICIES, {"spec/ingress": [{"ports": [{"protocol": "HTTP", "port": 0}, {"port": "A_b"}, {"port": 65536}], "from": [{"podSelector": {"matchLabels": {"a b": "-"}}}, {"namespaceSelector": {"matchLabels": {"a b": "-"}}}]}]}, [
            'spec.ingress[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "TCP", "UDP", "SCTP"',
            "spec.ingress[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            'spec.ingress[0].ports[1].port: Invalid value: "A_b": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
            "spec.ingress[0].ports[2].port: Invalid value: 65536: must be between 1 and 65535, inclusive",
            "spec.ingress[0].from[0].podSelector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.ingress[0].from[0].podSelector.matchLabels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            "spec.ingress[0].from[1].namespaceSelector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.ingress[0].from[1].namespaceSelector.matchLabels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ]),
        (POLICIES, {"spec/ingress": [{"ports": [{"port": 5, "endPort": 5}]}]}, []),
        (POLICIES, {"spec/ingress": [{"ports": [{"port": 5, "endPort": 65536}]}]}, [
            "spec.ingress[0].ports[0].endPort: Invalid value: 65536: must be between 1 and 65535, inclusive",
        ]),
        (POLICIES, {"spec/podSelector": {"matchLabels": {"a b": "-"}}}, [
            "spec.podSelector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.podSelector.matchLabels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ]),
        (POLICIES, {"spec/egress": [{"to": [{"ipBlock": {"cidr": "x"}}]}]}, [
            'spec.egress[0].to[0].ipBlock.cidr: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        ]),
        (POLICIES, {"spec/egress": [{"to": [{"ipBlock": {"cidr": "10.0.0.0/8", "except": ["10.0.0.0/8", "x"]}}]}]}, [
            'spec.egress[0].to[0].ipBlock.except[0]: Invalid value: "10.0.0.0/8": must be a strict subset of `cidr`',
            'spec.egress[0].to[0].ipBlock.except[1]: Invalid value: "x": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
        ]),
        (SERVICES, {"spec/externalIPs": ["x"]}, [
            'spec.externalIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        ]),
        (SERVICES, {"spec/ports": [{"name": "a", "port": 80, "protocol": "HTTP", "appProtocol": "a b"}]}, [
            'spec.ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
            "spec.ports[0].appProtocol: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (SERVICES, {"spec/type": "LoadBalancer", "spec/externalTrafficPolicy": "Odd"}, [
            'spec.externalTrafficPolicy: Unsupported value: "Odd": supported values: "Cluster", "Local"',
        ]),
        (SERVICES, {"spec/internalTrafficPolicy": "Odd", "spec/trafficDistribution": "Odd"}, [
            'spec.internalTrafficPolicy: Unsupported value: "Odd": supported values: "Cluster", "Local"',
            'spec.trafficDistribution: Unsupported value: "Odd": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
        ]),
        (SERVICES, {"spec/ipFamilyPolicy": "Odd"}, [
            'spec.ipFamilyPolicy: Unsupported value: "Odd": supported values: "PreferDualStack", "RequireDualStack", "SingleStack"',
        ]),
        (SERVICES, {"spec/ipFamilies": ["IPv5"]}, [
            'spec.ipFamilies[0]: Unsupported value: "IPv5": supported values: "IPv4", "IPv6"',
        ]),
        (SERVICES, {"spec/sessionAffinity": "ClientIP", "spec/sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86400}}}, []),
        (SERVICES, {"spec/sessionAffinity": "ClientIP", "spec/sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 86401}}}, [
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400",
        ]),
        (SERVICES, {"spec/sessionAffinity": "ClientIP", "spec/sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}}, [
            "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0: must be greater than 0 and less than 86400",
        ]),
        (SERVICES, {"spec/sessionAffinity": "ClientIP", "spec/sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 1}}}, []),
        (ENDPOINTS, {"subsets": [{"addresses": [{"ip": "127.0.0.1", "hostname": "A", "nodeName": "B_"}], "ports": [{"port": 0, "protocol": "HTTP"}]}]}, [
            "subsets[0].addresses[0].hostname: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            "subsets[0].addresses[0].nodeName: Invalid value: \"B_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            'subsets[0].addresses[0].ip: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
            "subsets[0].ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive",
            'subsets[0].ports[0].protocol: Unsupported value: "HTTP": supported values: "SCTP", "TCP", "UDP"',
        ]),
        (ENDPOINTS, {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 1, "name": "A"}, {"port": 2}]}]}, [
            "subsets[0].ports[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            "subsets[0].ports[1].name: Required value",
        ]),
        (SLICES, {"endpoints": [{"addresses": ["127.0.0.1"]}]}, [
            'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
        ]),
        (ENDPOINTS, {"subsets": [{"addresses": [{"ip": "x", "hostname": "A"}], "ports": [{"port": 1}]}]}, [
            'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
            "subsets[0].addresses[0].hostname: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            'subsets[0].addresses[0].ip: Invalid value: "x": must be a valid IP address',
        ]),
        (POLICIES, {"spec/podSelector": {"matchExpressions": [{"key": "a", "operator": "Odd"}]}}, [
            'spec.podSelector.matchExpressions[0].operator: Invalid value: "Odd": not a valid selector operator',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_one(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert faults(resource, changes) == lines
