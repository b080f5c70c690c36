"""Templates of pods, field by field: probes, environment, files, names."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import faults

TEMPLATES = "podtemplates"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (TEMPLATES, {"template/spec/containers/0/livenessProbe": {"httpGet": {"port": "A_b", "scheme": "FTP", "httpHeaders": [{"name": "a b"}]}}}, [
            'template.spec.containers[0].livenessProbe.httpGet.port: Invalid value: "A_b": must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)',
            'template.spec.containers[0].livenessProbe.httpGet.scheme: Unsupported value: "FTP": supported values: "HTTP", "HTTPS"',
            "template.spec.containers[0].livenessProbe.httpGet.httpHeaders: Invalid value: \"a b\": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
        ]),
        (TEMPLATES, {"template/spec/containers/0/readinessProbe": {"tcpSocket": {"port": 0}}}, [
            "template.spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive",
        ]),
        (TEMPLATES, {"template/spec/containers/0/readinessProbe": {"tcpSocket": {"port": "-"}, "initialDelaySeconds": -1, "timeoutSeconds": -1, "periodSeconds": -1, "successThreshold": -1, "failureThreshold": -1}}, [
            'template.spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: "-": must contain at least one letter (a-z)',
            'template.spec.containers[0].readinessProbe.tcpSocket.port: Invalid value: "-": must not begin or end with a hyphen',
            "template.spec.containers[0].readinessProbe.initialDelaySeconds: Invalid value: -1: must be greater than or equal to 0",
            "template.spec.containers[0].readinessProbe.timeoutSeconds: Invalid value: -1: must be greater than or equal to 0",
            "template.spec.containers[0].readinessProbe.periodSeconds: Invalid value: -1: must be greater than or equal to 0",
            "template.spec.containers[0].readinessProbe.successThreshold: Invalid value: -1: must be greater than or equal to 0",
            "template.spec.containers[0].readinessProbe.failureThreshold: Invalid value: -1: must be greater than or equal to 0",
        ]),
        (TEMPLATES, {"template/spec/containers/0/livenessProbe": {"tcpSocket": {"port": 1}, "terminationGracePeriodSeconds": 0}}, [
            "template.spec.containers[0].livenessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0",
        ]),
        (TEMPLATES, {"template/spec/containers/0/ports/0/hostPort": 65536}, [
            "template.spec.containers[0].ports[0].hostPort: Invalid value: 65536: must be between 1 and 65535, inclusive",
        ]),
        (TEMPLATES, {"template/spec/containers/0/ports/0/hostPort": -1}, [
            "template.spec.containers[0].ports[0].hostPort: Invalid value: -1: must be between 1 and 65535, inclusive",
        ]),
        (TEMPLATES, {"template/spec/containers/0/env/2/valueFrom/secretKeyRef": {"name": "A", "key": "a b"}}, [
            "template.spec.containers[0].env[2].valueFrom.secretKeyRef.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "template.spec.containers[0].env[2].valueFrom.secretKeyRef.key: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ]),
        (TEMPLATES, {"template/spec/containers/0/env/2/valueFrom/configMapKeyRef": {"name": "", "key": ""}}, [
            "template.spec.containers[0].env[2].valueFrom.configMapKeyRef.name: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "template.spec.containers[0].env[2].valueFrom.configMapKeyRef.key: Required value",
            'template.spec.containers[0].env[2].valueFrom: Invalid value: "": may not have more than one field specified at a time',
        ]),
        (TEMPLATES, {"template/spec/containers/0/envFrom": [{"configMapRef": {"name": "A"}, "prefix": "a=b"}, {"secretRef": {"name": ""}}]}, [
            "template.spec.containers[0].envFrom[0].prefix: Invalid value: \"a=b\": a valid environment variable name must consist only of printable ASCII characters other than '='",
            "template.spec.containers[0].envFrom[0].configMapRef.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "template.spec.containers[0].envFrom[1].secretRef.name: Required value",
        ]),
        (TEMPLATES, {"template/spec/containers/0/terminationMessagePolicy": "Odd"}, [
            'template.spec.containers[0].terminationMessagePolicy: Unsupported value: "Odd": supported values: "File", "FallbackToLogsOnError"',
        ]),
        (TEMPLATES, {"template/spec/initContainers/0/imagePullPolicy": "Odd", "template/spec/initContainers/0/ports": [{"containerPort": 1, "hostPort": 1}, {"containerPort": 2, "hostPort": 1}]}, [
            'template.spec.initContainers[0].imagePullPolicy: Unsupported value: "Odd": supported values: "Always", "IfNotPresent", "Never"',
            'template.spec.initContainers[0].ports[1].hostPort: Duplicate value: "TCP//1"',
        ]),
        (TEMPLATES, {"template/spec/initContainers/0/restartPolicy": "Odd"}, [
            'template.spec.initContainers[0].restartPolicy: Unsupported value: "Odd": supported values: "Always", "OnFailure", "Never"',
        ]),
        (TEMPLATES, {"template/spec/containers/0/restartPolicy": "Odd"}, [
            'template.spec.containers[0].restartPolicy: Unsupported value: "Odd": supported values: "Always", "OnFailure", "Never"',
        ]),
        (TEMPLATES, {"template/spec/dnsConfig": {"nameservers": ["a"], "searches": ["A_"]}}, [
            'template.spec.dnsConfig.nameservers[0]: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
            "template.spec.dnsConfig.searches[0]: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '_', '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*')",
        ]),
        (TEMPLATES, {"template/spec/dnsConfig": {"nameservers": ["1.1.1.1", "1.1.1.2", "1.1.1.3"]}}, []),
        (TEMPLATES, {"template/spec/dnsConfig": {"nameservers": ["1.1.1.1", "1.1.1.2", "1.1.1.3", "1.1.1.4"]}}, [
            'template.spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]: must not have more than 3 nameservers',
        ]),
        (TEMPLATES, {"template/spec/dnsConfig": {"options": [{"value": "1"}]}}, [
            "template.spec.dnsConfig.options[0]: Required value: must not be empty",
        ]),
        (TEMPLATES, {"template/spec/dnsConfig": {"searches": ["a"] * 32}}, []),
        (TEMPLATES, {"template/spec/dnsConfig": {"searches": ["a"] * 33}}, [
            'template.spec.dnsConfig.searches: Invalid value: ["a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a","a"]: must not have more than 32 search paths',
        ]),
        (TEMPLATES, {"template/spec/dnsConfig": {"searches": [*["a" * 63 + "." + "b" * 63 + "." + "c" * 63 + "." + "d" * 61] * 8, "e"]}}, []),
        (TEMPLATES, {"template/spec/nodeSelector": {"a b": "-"}}, [
            "template.spec.nodeSelector: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "template.spec.nodeSelector: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
        ]),
        (TEMPLATES, {"template/spec/readinessGates": [{"conditionType": "a b"}, {}]}, [
            "template.spec.readinessGates[0].conditionType: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'template.spec.readinessGates[1].conditionType: Invalid value: "": name part must be non-empty',
            "template.spec.readinessGates[1].conditionType: Invalid value: \"\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (TEMPLATES, {"template/spec/serviceAccountName": "A", "template/spec/nodeName": "B", "template/spec/priorityClassName": "C", "template/spec/runtimeClassName": "D"}, [
            "template.spec.serviceAccountName: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "template.spec.nodeName: Invalid value: \"B\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "template.spec.priorityClassName: Invalid value: \"C\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            "template.spec.runtimeClassName: Invalid value: \"D\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (TEMPLATES, {"template/spec/subdomain": "A.b", "template/spec/hostAliases": [{"ip": "x", "hostnames": ["A_"]}], "template/spec/preemptionPolicy": "Odd"}, [
            "template.spec.subdomain: Invalid value: \"A.b\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            'template.spec.hostAliases[0].ip: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
            "template.spec.hostAliases[0].hostnames: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            'template.spec.preemptionPolicy: Unsupported value: "Odd": supported values: "PreemptLowerPriority", "Never"',
        ]),
        (TEMPLATES, {"template/metadata": {"labels": {"a b": "-"}, "annotations": {"A b": "-"}}}, [
            "template.labels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "template.labels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            "template.annotations: Invalid value: \"A b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (TEMPLATES, {"template/spec/volumes/0": {"name": "data", "projected": {"sources": [{"downwardAPI": {"items": [{"path": "a", "mode": 512}]}}]}}}, [
            "template.spec.volumes[0].projected.sources[0].downwardAPI: Required value: one of fieldRef and resourceFieldRef is required",
            "template.spec.volumes[0].projected.sources[0].downwardAPI.mode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive",
            'template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (TEMPLATES, {"template/spec/volumes/0": {"name": "data", "projected": {"sources": [{"secret": {"name": "a", "items": [{"path": "../a"}]}}, {"serviceAccountToken": {"path": "t", "expirationSeconds": 599}}]}}}, [
            "template.spec.volumes[0].projected.sources[0].secret.items[0].key: Required value",
            "template.spec.volumes[0].projected.sources[0].secret.items[0].path: Invalid value: \"../a\": must not contain '..'",
            "template.spec.volumes[0].projected.sources[1].serviceAccountToken.expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes",
            'template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (TEMPLATES, {"template/spec/volumes/0": {"name": "data", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 600}}, {"serviceAccountToken": {"path": "u", "expirationSeconds": 4294967296}}]}}}, []),
        (TEMPLATES, {"template/spec/volumes/0": {"name": "data", "projected": {"sources": [{"serviceAccountToken": {"path": "u", "expirationSeconds": 4294967297}}]}}}, [
            "template.spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds",
            'template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (TEMPLATES, {"template/spec/volumes/0": {"name": "data", "secret": {"secretName": "a", "defaultMode": 511, "items": [{"key": "a", "path": "a", "mode": 0}]}}}, []),
        (TEMPLATES, {"template/spec/volumes/0": {"name": "data", "downwardAPI": {"items": [{"path": "a", "resourceFieldRef": {"resource": "limits.cpu"}}, {"path": "b", "resourceFieldRef": {"containerName": "web"}}, {"path": "c", "resourceFieldRef": {"containerName": "web", "resource": "limits.cpu", "divisor": "3"}}, {"path": "d", "fieldRef": {}}, {"path": "e", "fieldRef": {"fieldPath": "metadata.annotations['a b']"}}]}}}, [
            "template.spec.volumes[0].downwardAPI.resourceFieldRef.containerName: Required value",
            "template.spec.volumes[0].downwardAPI.resourceFieldRef.resource: Required value",
            "template.spec.volumes[0].downwardAPI.resourceFieldRef.divisor: Invalid value: \"limits.cpu\": only divisor's values 1m and 1 are supported with the cpu resource",
            "template.spec.volumes[0].downwardAPI.fieldRef.fieldPath: Required value",
            "template.spec.volumes[0].downwardAPI.fieldRef: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            'template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (TEMPLATES, {"template/spec/containers/0/env/3/valueFrom/resourceFieldRef": {"resource": "limits.memory", "divisor": "3"}}, [
            "template.spec.containers[0].env[3].valueFrom.resourceFieldRef.divisor: Invalid value: \"limits.memory\": only divisor's values 1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei are supported with the memory resource",
        ]),
        (TEMPLATES, {"template/spec/containers/0/env/3/valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a b']"}}}, [
            "template.spec.containers[0].env[3].valueFrom.fieldRef: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
        (TEMPLATES, {"template/spec/containers/0/env/3/valueFrom": {"fieldRef": {"fieldPath": "a"}, "secretKeyRef": {"name": "a", "key": "b"}}}, [
            'template.spec.containers[0].env[3].valueFrom.fieldRef.fieldPath: Invalid value: "a": error converting fieldPath: field label not supported: a',
            'template.spec.containers[0].env[3].valueFrom: Invalid value: "": may not have more than one field specified at a time',
        ]),
        (TEMPLATES, {"template/spec/containers/0/lifecycle": {"preStop": {"exec": {}}, "postStart": {"httpGet": {"port": 0}}}}, [
            "template.spec.containers[0].lifecycle.postStart.httpGet.port: Invalid value: 0: must be between 1 and 65535, inclusive",
            "template.spec.containers[0].lifecycle.preStop.exec.command: Required value",
        ]),
        (TEMPLATES, {"template/spec/containers/0/securityContext/runAsUser": -1}, [
            "template.spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive",
        ]),
        (TEMPLATES, {"template/spec/volumes/0": {"name": "data", "emptyDir": {"sizeLimit": "-1"}}}, [
            "template.spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid resource quantity",
            'template.spec.containers[0].volumeMounts[0].name: Not found: "data"',
        ]),
        (TEMPLATES, {"template/spec/volumes/0": {"name": "data", "emptyDir": {"sizeLimit": "0"}}}, []),
        (TEMPLATES, {"template/spec/containers/0/resources": {"limits": {"cpu": "-1"}}}, [
            'template.spec.containers[0].resources.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
        ]),
        (TEMPLATES, {"template/spec/containers/0/resources": {"limits": {"cpu": "0"}}}, []),
        (TEMPLATES, {"template/spec/containers/0/ports/0": {"containerPort": 1, "name": "aaaaaaaaaaaaaaa"}}, []),
        (TEMPLATES, {"template/spec/containers/0/ports/0": {"containerPort": 1, "name": "aaaaaaaaaaaaaaaa"}}, [
            'template.spec.containers[0].ports[0].name: Invalid value: "aaaaaaaaaaaaaaaa": must be no more than 15 characters',
        ]),
        (TEMPLATES, {"template/spec/volumes/0/name": "a" * 63, "template/spec/containers/0/volumeMounts": []}, []),
        (TEMPLATES, {"template/spec/volumes/0/name": "a" * 64, "template/spec/containers/0/volumeMounts": []}, [
            'template.spec.volumes[0].name: Invalid value: "' + "a" * 64 + '": must be no more than 63 characters',
        ]),
        (TEMPLATES, {"template/metadata/labels": {"a" * 63: "b" * 63}}, []),
        (TEMPLATES, {"template/metadata/labels": {"a" * 64: "b" * 64}}, [
            'template.labels: Invalid value: "' + "a" * 64 + '": name part must be no more than 63 bytes',
            'template.labels: Invalid value: "' + "b" * 64 + '": must be no more than 63 bytes',
        ]),
        (TEMPLATES, {"template/metadata/labels": {"/a": "b"}}, [
            'template.labels: Invalid value: "/a": prefix part must be non-empty',
        ]),
        (TEMPLATES, {"template/metadata/labels": {"a/": "b"}}, [
            'template.labels: Invalid value: "a/": name part must be non-empty',
            "template.labels: Invalid value: \"a/\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_one(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert faults(resource, changes) == lines
