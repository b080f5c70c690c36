"""Custom resources' definitions and other APIs, webhooks, requests for certificates, roles, settings."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import GONE, faults

BINDINGS = "rolebindings.rbac.authorization.k8s.io"
BUDGETS = "poddisruptionbudgets.policy"
CLAIMS = "persistentvolumeclaims"
DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
MAPS = "configmaps"
PRIORITIES = "priorityclasses.scheduling.k8s.io"
REQUESTS = "certificatesigningrequests.certificates.k8s.io"
ROLES = "clusterroles.rbac.authorization.k8s.io"
SECRETS = "secrets"
SERVERS = "apiservices.apiregistration.k8s.io"
WEBHOOKS = "validatingwebhookconfigurations.admissionregistration.k8s.io"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (MAPS, {"data": {"a b": "c"}, "binaryData": {"c d": "AA=="}}, [
            "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
            "binaryData[c d]: Invalid value: \"c d\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ]),
        (MAPS, {"data": {"a": "b" * 1048576}, "binaryData": GONE}, []),
        (MAPS, {"data": {"a": "b" * 1048577}, "binaryData": GONE}, [
            "[]: Too long: may not be more than 1048576 bytes",
        ]),
        (SECRETS, {"stringData": GONE, "data": {"a b": "AA=="}}, [
            "data[a b]: Invalid value: \"a b\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
        ]),
        (SECRETS, {"stringData": GONE, "data": {"a": "A" * 1398102 + "=="}}, []),
        (SECRETS, {"stringData": GONE, "data": {"a": "A" * 1398103 + "="}}, [
            "data: Too long: may not be more than 1048576 bytes",
        ]),
        (BUDGETS, {"spec": {"minAvailable": -1, "selector": {"matchLabels": {"a b": "-"}}, "unhealthyPodEvictionPolicy": "Odd"}}, [
            "spec.minAvailable: Invalid value: -1: must be greater than or equal to 0",
            "spec.selector.matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "spec.selector.matchLabels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            'spec.unhealthyPodEvictionPolicy: Unsupported value: "Odd": supported values: "AlwaysAllow", "IfHealthyBudget"',
        ]),
        (BUDGETS, {"spec": {"maxUnavailable": "101%", "selector": {}}}, [
            'spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%',
        ]),
        (BUDGETS, {"spec": {"maxUnavailable": "100%", "selector": {}}}, []),
        (PRIORITIES, {"value": 1000000000}, []),
        (PRIORITIES, {"value": 1000000001}, [
            "value: Forbidden: maximum allowed value of a user defined priority is 1000000000",
        ]),
        (BINDINGS, {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": ""}}, [
            "roleRef.name: Required value",
        ]),
        (BINDINGS, {"roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Odd", "name": "a/b"}, "subjects": [{"kind": "User", "name": "", "apiGroup": "rbac.authorization.k8s.io"}, {"kind": "ServiceAccount", "name": "A", "namespace": ""}, {"kind": "Odd", "name": "a"}]}, [
            'roleRef.kind: Unsupported value: "Odd": supported values: "Role", "ClusterRole"',
            "roleRef.name: Invalid value: \"a/b\": may not contain '/'",
            "subjects[0].name: Required value",
            "subjects[1].name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
            'subjects[2].kind: Unsupported value: "Odd": supported values: "ServiceAccount", "User", "Group"',
        ]),
        (ROLES, {"rules": GONE, "aggregationRule": {"clusterRoleSelectors": [{"matchLabels": {"a b": "-"}}]}}, [
            "aggregationRule.clusterRoleSelectors[0].matchLabels: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
            "aggregationRule.clusterRoleSelectors[0].matchLabels: Invalid value: \"-\": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
            'aggregationRule.clusterRoleSelectors[0]: Invalid value: "null": invalid label selector.',
        ]),
        (SERVERS, {"metadata/name": "V1.a.example.com", "spec/group": "a.example.com", "spec/version": "V1"}, [
            "spec.version: Invalid value: \"V1\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        ]),
        (SERVERS, {"metadata/name": "v1.A_", "spec/group": "A_", "spec/version": "v1"}, [
            "spec.group: Invalid value: \"A_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (SERVERS, {"metadata/name": "v1.", "spec/group": "", "spec/version": "v1"}, []),
        (SERVERS, {"spec/groupPriorityMinimum": 20000, "spec/versionPriority": 1000}, []),
        (SERVERS, {"spec/groupPriorityMinimum": 20001, "spec/versionPriority": 1001}, [
            "spec.groupPriorityMinimum: Invalid value: 20001: must be positive and less than 20000",
            "spec.versionPriority: Invalid value: 1001: must be positive and less than 1000",
        ]),
        (SERVERS, {"spec/service/port": 65536}, [
            "spec.service.port: Invalid value: 65536: port is not valid: must be between 1 and 65535, inclusive",
        ]),
        (SERVERS, {"spec/service/port": 65535}, []),
        (SERVERS, {"spec/caBundle": "AA==", "spec/insecureSkipTLSVerify": False}, []),
        (WEBHOOKS, {"webhooks/0/timeoutSeconds": 30, "webhooks/0/clientConfig": {"service": {"name": "a", "namespace": "b", "port": 65535}}}, []),
        (WEBHOOKS, {"webhooks/0/timeoutSeconds": 31, "webhooks/0/clientConfig": {"service": {"name": "a", "namespace": "b", "port": 65536}}}, [
            "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
            "webhooks[0].clientConfig.service.port: Invalid value: 65536: port is not valid: must be between 1 and 65535, inclusive",
        ]),
        (WEBHOOKS, {"webhooks/0/timeoutSeconds": 1, "webhooks/0/clientConfig": {"service": {"name": "a", "namespace": "b", "port": 1}}}, []),
        (WEBHOOKS, {"webhooks/0/timeoutSeconds": 0, "webhooks/0/clientConfig": {"service": {"name": "a", "namespace": "b", "port": 0}}}, [
            "webhooks[0].timeoutSeconds: Invalid value: 0: the timeout value must be between 1 and 30 seconds",
            "webhooks[0].clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive",
        ]),
        (REQUESTS, {"spec/signerName": "a"}, [
            "spec.signerName: Invalid value: \"a\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
        ]),
        (REQUESTS, {"spec/signerName": ""}, [
            "spec.signerName: Required value: signerName must be provided",
        ]),
        (REQUESTS, {"spec/signerName": "a/b"}, [
            'spec.signerName: Invalid value: "a": should be a domain with at least two segments separated by dots',
        ]),
        (REQUESTS, {"spec/signerName": "A.b/c"}, [
            "spec.signerName: Invalid value: \"A.b\": validating label \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ]),
        (REQUESTS, {"spec/signerName": "a.b/C_"}, [
            "spec.signerName: Invalid value: \"C_\": validating label \"C_\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (REQUESTS, {"spec/signerName": "a.b/"}, [
            "spec.signerName: Invalid value: \"\": validating label \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (REQUESTS, {"spec/signerName": "a.b/c/d"}, [
            "spec.signerName: Invalid value: \"a.b/c/d\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
        ]),
        (REQUESTS, {"spec/signerName": "a.b." + "c" * 250 + "/d"}, [
            "spec.signerName: Too long: may not be more than 253 bytes",
            'spec.signerName: Invalid value: "a.b.' + "c" * 250 + '": validating label "' + "c" * 250 + '": must be no more than 63 characters',
        ]),
        (REQUESTS, {"spec/signerName": "kubernetes.io/legacy-unknown"}, [
            'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
        ]),
        (REQUESTS, {"spec/expirationSeconds": 599}, [
            "spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)",
        ]),
        (REQUESTS, {"spec/expirationSeconds": 600}, []),
        (REQUESTS, {"spec/request": "AAAA"}, [
            'spec.request: Invalid value: "AAAA": PEM block type must be CERTIFICATE REQUEST',
        ]),
        (REQUESTS, {"spec/request": GONE}, [
            "spec.request: Invalid value: null: PEM block type must be CERTIFICATE REQUEST",
        ]),
        (REQUESTS, {"spec/usages": []}, [
            "spec.usages: Required value: usages must be provided",
        ]),
        (REQUESTS, {"spec/usages": ["client auth", "Odd", "client auth"]}, [
            'spec.usages[1]: Unsupported value: "Odd": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"',
            'spec.usages[2]: Duplicate value: "client auth"',
        ]),
        (DEFINITIONS, {"spec/versions/0/deprecationWarning": "a"}, [
            'spec.versions[0].deprecationWarning: Invalid value: "a": can only be set for deprecated versions',
        ]),
        (DEFINITIONS, {"spec/versions/0/deprecated": True, "spec/versions/0/deprecationWarning": ""}, [
            'spec.versions[0].deprecationWarning: Invalid value: "": must not be an empty string',
        ]),
        (DEFINITIONS, {"spec/versions/0/deprecated": True, "spec/versions/0/deprecationWarning": "a" * 256}, []),
        (DEFINITIONS, {"spec/versions/0/deprecated": True, "spec/versions/0/deprecationWarning": "a" * 257}, [
            'spec.versions[0].deprecationWarning: Invalid value: "' + "a" * 257 + '": must be <= 256 characters long',
        ]),
        (DEFINITIONS, {"spec/versions/0/deprecated": True, "spec/versions/0/deprecationWarning": "a\nb"}, [
            'spec.versions[0].deprecationWarning: Invalid value: "a\\nb": must only contain printable UTF-8 characters; non-printable character found at index 1',
        ]),
        (DEFINITIONS, {"spec/versions/0/deprecated": True, "spec/versions/0/deprecationWarning": "a\tb"}, [
            'spec.versions[0].deprecationWarning: Invalid value: "a\\tb": must only contain printable UTF-8 characters; non-printable character found at index 1',
        ]),
        (DEFINITIONS, {"spec/versions/0/additionalPrinterColumns": [{"name": "", "type": "", "jsonPath": ""}, {"name": "b", "type": "odd", "format": "odd", "jsonPath": "x[0]"}, {"name": "c", "type": "string", "format": "date", "jsonPath": ".x"}]}, [
            "spec.additionalPrinterColumns[0].name: Required value",
            "spec.additionalPrinterColumns[0].type: Required value: must be one of boolean,date,integer,number,string",
            "spec.additionalPrinterColumns[0].JSONPath: Required value",
            'spec.additionalPrinterColumns[1].type: Invalid value: "odd": must be one of boolean,date,integer,number,string',
            'spec.additionalPrinterColumns[1].format: Invalid value: "odd": must be one of byte,date,date-time,double,float,int32,int64,password',
            'spec.additionalPrinterColumns[1].JSONPath: Invalid value: "x[0]": must be a simple json path starting with .',
        ]),
        (DEFINITIONS, {"spec/versions/0/subresources": {"scale": {"specReplicasPath": "", "statusReplicasPath": ".a", "labelSelectorPath": ".b"}}}, [
            "spec.subresources.scale.specReplicasPath: Required value",
            'spec.subresources.scale.statusReplicasPath: Invalid value: ".a": should be a json path under .status',
            'spec.subresources.scale.labelSelectorPath: Invalid value: ".b": should be a json path under either .spec or .status',
        ]),
        (DEFINITIONS, {"spec/versions/0/subresources": {"scale": {"specReplicasPath": ".spec.a[0]", "statusReplicasPath": ".status.a", "labelSelectorPath": ".status.b"}}}, []),
        (DEFINITIONS, {"spec/names": {"plural": "a b", "singular": "C", "kind": "k l", "listKind": "-", "shortNames": ["A"], "categories": ["B"]}}, [
            'metadata.name: Invalid value: "boats.example.com": must be spec.names.plural+"."+spec.group',
            "spec.names.plural: Invalid value: \"a b\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
            "spec.names.singular: Invalid value: \"C\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
            "spec.names.kind: Invalid value: \"k l\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
            "spec.names.listKind: Invalid value: \"-\": may have mixed case, but should otherwise match: a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
            "spec.names.shortNames[0]: Invalid value: \"A\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
            "spec.names.categories[0]: Invalid value: \"B\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        ]),
        (DEFINITIONS, {"spec/conversion": {"strategy": "Odd"}}, [
            'spec.conversion.strategy: Unsupported value: "Odd": supported values: "None", "Webhook"',
        ]),
        (DEFINITIONS, {"spec/conversion": {"strategy": "None", "webhook": {"conversionReviewVersions": ["v1"]}}}, [
            "spec.conversion.conversionReviewVersions: Forbidden: should not be set when strategy is not set to Webhook",
        ]),
        (DEFINITIONS, {"spec/conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v2", "v2", "a/b"], "clientConfig": {"url": "http://a"}}}}, [
            "spec.conversion.webhookClientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]",
            'spec.conversion.conversionReviewVersions[1]: Invalid value: "v2": duplicate version',
            "spec.conversion.conversionReviewVersions[2]: Invalid value: \"a/b\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
            'spec.conversion.conversionReviewVersions: Invalid value: ["v2","v2","a/b"]: must include at least one of v1, v1beta1',
        ]),
        (DEFINITIONS, {"spec/conversion": {"strategy": "Webhook", "webhook": {"conversionReviewVersions": ["v1"]}}}, [
            "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
        ]),
        (DEFINITIONS, {"spec/conversion": {"strategy": "Webhook"}}, [
            "spec.conversion.webhookClientConfig: Required value: required when strategy is set to Webhook",
            "spec.conversion.conversionReviewVersions: Required value",
        ]),
        (DEFINITIONS, {"spec/preserveUnknownFields": True}, [
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        ]),
        (DEFINITIONS, {"spec/versions/0/name": "A"}, [
            "spec.versions[0].name: Invalid value: \"A\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
            "spec.version: Invalid value: \"A\": a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
        ]),
        (DEFINITIONS, {"spec/versions/0/storage": False}, [
            'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version',
            "status.storedVersions: Invalid value: null: must have at least one stored version",
        ]),
        (MAPS, {"metadata/annotations": {"a": "b" * 262143}}, []),
        (MAPS, {"metadata/annotations": {"a": "b" * 262144}}, [
            "metadata.annotations: Too long: may not be more than 262144 bytes",
        ]),
        (MAPS, {"metadata/finalizers": ["a"]}, [
            'metadata.finalizers[0]: Invalid value: "a": name is neither a standard finalizer name nor is it fully qualified',
        ]),
        (MAPS, {"metadata/ownerReferences": [{"apiVersion": "/v1", "kind": "A", "name": "b", "uid": "c"}, {"apiVersion": "a/", "kind": "A", "name": "b", "uid": "c"}]}, [
            'metadata.ownerReferences.apiVersion: Invalid value: "a/": version must not be empty',
        ]),
        (MAPS, {"metadata/ownerReferences": [{"apiVersion": "v1", "kind": "Event", "name": "b", "uid": "c"}]}, [
            'metadata.ownerReferences: Invalid value: {"name":"b","apiVersion":"v1","kind":"Event","uid":"c"}: /v1, Kind=Event is disallowed from being an owner',
        ]),
        (CLAIMS, {"spec/dataSource": {"kind": "", "name": "a"}}, [
            "spec.dataSource.kind: Required value",
            "spec.dataSource: Invalid value: \"\": must be 'PersistentVolumeClaim' when referencing the default apiGroup",
            "spec.dataSourceRef.kind: Required value",
            "spec.dataSourceRef: Invalid value: \"\": must be 'PersistentVolumeClaim' when referencing the default apiGroup",
        ]),
        (BUDGETS, {"spec/selector": {"matchExpressions": [{"key": "a", "operator": "Odd"}]}}, [
            'spec.selector.matchExpressions[0].operator: Invalid value: "Odd": not a valid selector operator',
        ]),
        (ROLES, {"aggregationRule": {"clusterRoleSelectors": [{"matchExpressions": [{"key": "a", "operator": "Odd"}]}]}}, [
            'aggregationRule.clusterRoleSelectors[0].matchExpressions[0].operator: Invalid value: "Odd": not a valid selector operator',
            'aggregationRule.clusterRoleSelectors[0]: Invalid value: "null": invalid label selector.',
        ]),
        (SERVERS, {"metadata/name": "a/b"}, [
            "metadata.name: Invalid value: \"a/b\": may not contain '/'",
        ]),
        (SERVERS, {"metadata/name": "A_"}, [
            'metadata.name: Invalid value: "A_": must be `spec.version+"."+spec.group`: "v1.example.com"',
        ]),
        (WEBHOOKS, {"webhooks/0/namespaceSelector": {"matchExpressions": [{"key": "a", "operator": "Odd"}]}}, [
            'webhooks[0].namespaceSelector.matchExpressions[0].operator: Invalid value: "Odd": not a valid selector operator',
        ]),
        (CLAIMS, {"spec/selector": {"matchExpressions": [{"key": "a", "operator": "Odd"}]}}, [
            'spec.selector.matchExpressions[0].operator: Invalid value: "Odd": not a valid selector operator',
        ]),
        (SERVERS, {"metadata/name": "v1.", "spec/group": "", "spec/version": "v2"}, [
            'metadata.name: Invalid value: "v1.": must be `spec.version+"."+spec.group`: "v2."',
            "spec.group: Required value: only v1 may have an empty group and it better be legacy kube",
        ]),
        (SERVERS, {"metadata/name": "A_", "spec/service": {"namespace": "a", "name": ""}}, [
            'metadata.name: Invalid value: "A_": must be `spec.version+"."+spec.group`: "v1.example.com"',
            "spec.service.name: Required value",
        ]),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_one(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert faults(resource, changes) == lines
