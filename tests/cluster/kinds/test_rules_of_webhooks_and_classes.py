"""Webhook configurations, classes of ingress, endpoints, requests for certificates."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import faults, update_faults

REQUESTS = "certificatesigningrequests.certificates.k8s.io"
ENDPOINTS = "endpoints"
SLICES = "endpointslices.discovery.k8s.io"
INGRESS_CLASSES = "ingressclasses.networking.k8s.io"
MUTATING_HOOKS = "mutatingwebhookconfigurations.admissionregistration.k8s.io"
HOOKS = "validatingwebhookconfigurations.admissionregistration.k8s.io"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (HOOKS, {"webhooks/0/rules/0/operations": ["CREATE", "*"], "webhooks/0/rules/0/apiGroups": ["", "*"], "webhooks/0/rules/0/apiVersions": ["v1", "*"]}, [
            "webhooks[0].rules[0].operations: Invalid value: [\"CREATE\",\"*\"]: if '*' is present, must not specify other operations",
            "webhooks[0].rules[0].apiGroups: Invalid value: [\"\",\"*\"]: if '*' is present, must not specify other API groups",
            "webhooks[0].rules[0].apiVersions: Invalid value: [\"v1\",\"*\"]: if '*' is present, must not specify other API versions",
        ]),
        (HOOKS, {"webhooks/0/rules/0/operations": [], "webhooks/0/rules/0/apiGroups": [], "webhooks/0/rules/0/apiVersions": [], "webhooks/0/rules/0/resources": []}, [
            "webhooks[0].rules[0].operations: Required value",
            "webhooks[0].rules[0].apiGroups: Required value",
            "webhooks[0].rules[0].apiVersions: Required value",
            "webhooks[0].rules[0].resources: Required value",
        ]),
        (HOOKS, {"webhooks/0/rules/0/operations": ["READ"], "webhooks/0/rules/0/apiVersions": [""], "webhooks/0/rules/0/resources": [""], "webhooks/0/rules/0/scope": "Odd"}, [
            'webhooks[0].rules[0].operations[0]: Unsupported value: "READ": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
            "webhooks[0].rules[0].apiVersions[0]: Required value",
            "webhooks[0].rules[0].resources[0]: Required value",
            'webhooks[0].rules[0].scope: Unsupported value: "Odd": supported values: "*", "Cluster", "Namespaced"',
        ]),
        (HOOKS, {"webhooks/0/rules/0/resources": ["pods/*", "pods/status"]}, [
            "webhooks[0].rules[0].resources[1]: Invalid value: \"pods/status\": if 'pods/*' is present, must not specify pods/status",
        ]),
        (HOOKS, {"webhooks/0/rules/0/resources": ["*/status", "pods/status"]}, [
            "webhooks[0].rules[0].resources[1]: Invalid value: \"pods/status\": if '*/status' is present, must not specify pods/status",
        ]),
        (HOOKS, {"webhooks/0/rules/0/resources": ["*/*", "pods"]}, [
            "webhooks[0].rules[0].resources: Invalid value: [\"*/*\",\"pods\"]: if '*/*' is present, must not specify other resources",
        ]),
        (HOOKS, {"webhooks/0/rules/0/resources": ["*", "pods"]}, [
            "webhooks[0].rules[0].resources: Invalid value: [\"*\",\"pods\"]: if '*' is present, must not specify other resources without subresources",
        ]),
        (HOOKS, {"webhooks/0/rules/0/resources": ["*", "pods/status"]}, []),
        (HOOKS, {"webhooks/0/clientConfig": {"service": {}}}, [
            "webhooks[0].clientConfig.service.name: Required value",
            "webhooks[0].clientConfig.service.namespace: Required value",
        ]),
        (HOOKS, {"webhooks/0/clientConfig": {"service": {"name": "a", "namespace": "", "port": 0}}}, [
            "webhooks[0].clientConfig.service.name: Required value",
            "webhooks[0].clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive",
        ]),
        (HOOKS, {"webhooks/0/clientConfig": {"service": {"name": "a", "namespace": "b", "port": 65536, "path": "//"}}}, [
            "webhooks[0].clientConfig.service.port: Invalid value: 65536: port is not valid: must be between 1 and 65535, inclusive",
            'webhooks[0].clientConfig.service.path: Invalid value: "//": segment[0] may not be empty',
        ]),
        (HOOKS, {"webhooks/0/clientConfig": {"service": {"name": "a", "namespace": "b", "path": "a//B/"}}}, [
            "webhooks[0].clientConfig.service.path: Invalid value: \"a//B/\": must start with a '/'",
            'webhooks[0].clientConfig.service.path: Invalid value: "a//B/": segment[0] may not be empty',
            'webhooks[0].clientConfig.service.path: Invalid value: "a//B/": segment[1] may not be empty',
            "webhooks[0].clientConfig.service.path: Invalid value: \"a//B/\": segment[2]: a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (HOOKS, {"webhooks/0/clientConfig": {"service": {"name": "a", "namespace": "b", "path": "/"}, "url": "https://a"}}, [
            "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
        ]),
        (HOOKS, {"webhooks/0/clientConfig": {"service": {"name": "a", "namespace": "b", "path": "/a/b/"}}}, []),
        (HOOKS, {"webhooks/0/clientConfig": {"url": "ftp://u:p@?q=1#f"}}, [
            "webhooks[0].clientConfig.url: Invalid value: \"ftp\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
            'webhooks[0].clientConfig.url: Invalid value: "": host must be specified; desired format: https://host[/path]',
            'webhooks[0].clientConfig.url: Invalid value: "u:p": user information is not permitted in the URL',
            'webhooks[0].clientConfig.url: Invalid value: "f": fragments are not permitted in the URL',
            'webhooks[0].clientConfig.url: Invalid value: "q=1": query parameters are not permitted in the URL',
        ]),
        (HOOKS, {"webhooks/0/name": ""}, [
            "webhooks[0].name: Required value",
        ]),
        (HOOKS, {"webhooks/0/name": "A.b.c"}, [
            "webhooks[0].name: Invalid value: \"A.b.c\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (HOOKS, {"webhooks/0/sideEffects": "Some", "webhooks/0/matchPolicy": "Odd", "webhooks/0/timeoutSeconds": 0, "webhooks/0/namespaceSelector": {"matchLabels": {"a b": "c"}}, "webhooks/0/objectSelector": {"matchLabels": {"a b": "c"}}}, [
            'webhooks[0].matchPolicy: Unsupported value: "Odd": supported values: "Equivalent", "Exact"',
            'webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
            "webhooks[0].timeoutSeconds: Invalid value: 0: the timeout value must be between 1 and 30 seconds",
            "webhooks[0].namespaceSelector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "webhooks[0].objectSelector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (HOOKS, {"webhooks/0/admissionReviewVersions": ["v2", "v2", "A"]}, [
            'webhooks[0].admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
            "webhooks[0].admissionReviewVersions[2]: Invalid value: \"A\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
            'webhooks[0].admissionReviewVersions: Invalid value: ["v2","v2","A"]: must include at least one of v1, v1beta1',
        ]),
        (MUTATING_HOOKS, {"webhooks/0/reinvocationPolicy": "Often"}, [
            'webhooks[0].reinvocationPolicy: Unsupported value: "Often": supported values: "IfNeeded", "Never"',
        ]),
        (INGRESS_CLASSES, {"spec/controller": "a/"}, [
            'spec.controller: Invalid value: "a/": must be a domain-prefixed path (such as "acme.io/foo")',
        ]),
        (INGRESS_CLASSES, {"spec/controller": "A/b"}, [
            "spec.controller: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (INGRESS_CLASSES, {"spec/controller": "a/b c"}, [
            "spec.controller: Invalid value: \"b c\": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')",
        ]),
        (INGRESS_CLASSES, {"spec/controller": "a/" + "b" * 249}, [
            "spec.controller: Too long: may not be more than 250 bytes",
        ]),
        (INGRESS_CLASSES, {"spec/parameters": {}}, [
            "spec.parameters.kind: Required value: kind is required",
            "spec.parameters.name: Required value: name is required",
        ]),
        (INGRESS_CLASSES, {"spec/parameters": {"apiGroup": "A", "kind": "a/b", "name": "..", "scope": "Odd"}}, [
            "spec.parameters.apiGroup: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "spec.parameters.kind: Invalid value: \"a/b\": may not contain '/'",
            "spec.parameters.name: Invalid value: \"..\": may not be '..'",
            'spec.parameters.scope: Unsupported value: "Odd": supported values: "Cluster", "Namespace"',
        ]),
        (INGRESS_CLASSES, {"spec/parameters": {"kind": "K", "name": "n", "scope": "Cluster", "namespace": ""}}, [
            "spec.parameters.namespace: Forbidden: `parameters.scope` is set to 'Cluster'",
        ]),
        (INGRESS_CLASSES, {"spec/parameters": {"kind": "K", "name": "n", "scope": "Namespace"}}, [
            "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
        ]),
        (INGRESS_CLASSES, {"spec/parameters": {"kind": "K", "name": "n", "scope": "Namespace", "namespace": "A"}}, [
            "spec.parameters.namespace: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ]),
        (SLICES, {"addressType": "IPv6"}, [
            'endpoints[0].addresses[0]: Invalid value: "10.1.0.4": must be an IPv6 address',
        ]),
        (SLICES, {"addressType": "FQDN", "endpoints": [{"addresses": ["", "a", "a.b.", "A.b", "a." + "b" * 64]}]}, [
            "endpoints[0].addresses[0]: Required value",
            'endpoints[0].addresses[1]: Invalid value: "a": should be a domain with at least two segments separated by dots',
            "endpoints[0].addresses[3]: Invalid value: \"A.b\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            'endpoints[0].addresses[4]: Invalid value: "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb": must be no more than 63 characters',
        ]),
        (SLICES, {"endpoints": [{"addresses": ["x"]}]}, [
            'endpoints[0].addresses[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        ]),
        (SLICES, {"endpoints": [{"addresses": []}]}, [
            "endpoints[0].addresses: Required value: must contain at least 1 address",
        ]),
        (SLICES, {"endpoints": [{"addresses": ["10.0.0.1"], "nodeName": "A", "hostname": "B", "deprecatedTopology": {"a b": "c"}}]}, [
            "endpoints[0].nodeName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "endpoints[0].deprecatedTopology: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "endpoints[0].hostname: Invalid value: \"B\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ]),
        (SLICES, {"endpoints": [{"addresses": ["10.0.0.1"], "hints": {"forZones": [{"name": "a b"}, {"name": "c"}, {"name": "c"}], "forNodes": [{"name": "A"}]}}]}, [
            "endpoints[0].hints.forZones[0].name: Invalid value: \"a b\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            'endpoints[0].hints.forZones[2].name: Duplicate value: "c"',
            "endpoints[0].hints.forNodes[0].name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (SLICES, {"endpoints": [{"addresses": ["10.0.0.1"], "hints": {"forZones": [{"name": "a"}] * 9}}]}, [
            "endpoints[0].hints.forZones: Too many: 9: must have at most 8 items",
        ]),
        (SLICES, {"endpoints": [{"addresses": ["10.0.0.1"], "deprecatedTopology": {f"k{n}": "v" for n in range(17)}}]}, [
            "endpoints[0].deprecatedTopology: Too many: 17: must have at most 16 items",
        ]),
        (SLICES, {"endpoints": [{"addresses": ["10.0.0.1"]}] * 1001}, [
            "endpoints: Too many: 1001: must have at most 1000 items",
        ]),
        (SLICES, {"endpoints": [{"addresses": ["10.0.0.1"] * 101}]}, [
            "endpoints[0].addresses: Too many: 101: must have at most 100 items",
        ]),
        (SLICES, {"ports": [{"name": "A", "protocol": "ODD", "appProtocol": "a b"}, {"name": "A", "protocol": "TCP"}]}, [
            "ports[0].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            'ports[0].protocol: Unsupported value: "ODD": supported values: "SCTP", "TCP", "UDP"',
            "ports[0].appProtocol: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "ports[1].name: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            'ports[1].name: Duplicate value: "A"',
        ]),
        (SLICES, {"ports": [{"name": f"p{n}", "protocol": "TCP"} for n in range(20001)]}, [
            "ports: Too many: 20001: must have at most 20000 items",
        ]),
        (ENDPOINTS, {"subsets": [{"addresses": [{"ip": "10.0.0.1"}], "ports": [{"port": 80, "appProtocol": "a b"}]}]}, [
            "subsets[0].ports[0].appProtocol: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (REQUESTS, {"spec/usages": []}, [
            "spec.usages: Required value: usages must be provided",
        ]),
        (REQUESTS, {"spec/usages": ["client auth", "odd", "client auth"]}, [
            'spec.usages[1]: Unsupported value: "odd": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"',
            'spec.usages[2]: Duplicate value: "client auth"',
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
        (INGRESS_CLASSES, {"spec/controller": "a/b", "spec/parameters": {}}, {}, [
            'spec.controller: Invalid value: "a/b": field is immutable',
            "spec.parameters.kind: Required value: kind is required",
            "spec.parameters.name: Required value: name is required",
        ]),
        (SLICES, {"addressType": "FQDN"}, {}, [
            'addressType: Invalid value: "FQDN": field is immutable',
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_change(
    resource: str, changes: dict[str, Any], before: dict[str, Any], lines: list[str]
) -> None:
    assert update_faults(resource, changes, before) == lines
