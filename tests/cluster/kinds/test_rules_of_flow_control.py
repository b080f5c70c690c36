"""Flow schemas and levels of priority."""

# ruff: noqa: E501 -- a message is one line, as the API server says it

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.kinds.asking import GONE, faults

FLOW_SCHEMAS = "flowschemas.flowcontrol.apiserver.k8s.io"
EVERYTHING = {
    "resourceRules": [
        {
            "verbs": ["*"],
            "apiGroups": ["*"],
            "resources": ["*"],
            "clusterScope": True,
            "namespaces": ["*"],
        }
    ],
    "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}],
}
MASTERS = {"subjects": [{"kind": "Group", "group": {"name": "system:masters"}}], **EVERYTHING}
ALL = [
    {"kind": "Group", "group": {"name": f"system:{name}"}}
    for name in ("unauthenticated", "authenticated")
]
EXEMPT_SCHEMA = {
    "priorityLevelConfiguration": {"name": "exempt"},
    "matchingPrecedence": 1,
    "rules": [MASTERS],
}
CATCH_ALL_SCHEMA = {
    "priorityLevelConfiguration": {"name": "catch-all"},
    "matchingPrecedence": 10000,
    "distinguisherMethod": {"type": "ByUser"},
    "rules": [{"subjects": ALL, **EVERYTHING}],
}
CATCH_ALL_LEVEL = {
    "type": "Limited",
    "limited": {
        "nominalConcurrencyShares": 5,
        "lendablePercent": 0,
        "limitResponse": {"type": "Reject"},
    },
}
LEVELS = "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io"


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (LEVELS, {"spec/limited/limitResponse": {"type": "Queue", "queuing": {"queues": 1, "handSize": 1, "queueLengthLimit": 1}}}, []),
        (LEVELS, {"spec/limited/limitResponse": {"type": "Queue", "queuing": {"queues": 10000000, "handSize": 1, "queueLengthLimit": 1}}}, []),
        (LEVELS, {"spec/limited/limitResponse": {"type": "Queue", "queuing": {"queues": 8, "handSize": 8, "queueLengthLimit": 1}}}, []),
        (FLOW_SCHEMAS, {"spec/matchingPrecedence": 10000}, []),
        (FLOW_SCHEMAS, {"spec/matchingPrecedence": -1}, [
            "spec.matchingPrecedence: Invalid value: -1: must be a positive value",
        ]),
        (FLOW_SCHEMAS, {"spec/matchingPrecedence": 10001}, [
            "spec.matchingPrecedence: Invalid value: 10001: must not be greater than 10000",
        ]),
        (FLOW_SCHEMAS, {"spec/matchingPrecedence": 1}, [
            "spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
        ]),
        (FLOW_SCHEMAS, {"metadata/name": "exempt", "spec": EXEMPT_SCHEMA}, []),
        (FLOW_SCHEMAS, {"spec/distinguisherMethod": {"type": "Odd"}, "spec/priorityLevelConfiguration": {"name": ""}}, [
            'spec.distinguisherMethod.type: Unsupported value: {"Type":"Odd"}: supported values: "ByNamespace", "ByUser"',
            "spec.priorityLevelConfiguration.name: Required value: must reference a priority level",
        ]),
        (FLOW_SCHEMAS, {"spec/priorityLevelConfiguration": {"name": "A"}}, [
            "spec.priorityLevelConfiguration.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (FLOW_SCHEMAS, {"spec/rules": [{}]}, [
            "spec.rules[0].subjects: Required value: subjects must contain at least one value",
            "spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty",
        ]),
        (FLOW_SCHEMAS, {"spec/rules/0/subjects": [{"kind": "Odd"}, {"kind": "User"}, {"kind": "Group", "group": {"name": ""}, "user": {"name": "a"}}, {"kind": "ServiceAccount", "serviceAccount": {}, "group": {"name": "a"}}, {"kind": "User", "user": {"name": "a"}, "serviceAccount": {"name": "b"}}]}, [
            'spec.rules[0].subjects[0].kind: Unsupported value: "Odd": supported values: "Group", "ServiceAccount", "User"',
            "spec.rules[0].subjects[1].user: Required value: user is required when subject kind is 'User'",
            "spec.rules[0].subjects[2].group.name: Required value",
            "spec.rules[0].subjects[2].user: Forbidden: user is forbidden when subject kind is not 'User'",
            "spec.rules[0].subjects[3].serviceAccount.name: Required value",
            "spec.rules[0].subjects[3].serviceAccount.namespace: Required value: must specify namespace for service account",
            "spec.rules[0].subjects[3].group: Forbidden: group is forbidden when subject kind is not 'Group'",
            "spec.rules[0].subjects[4].serviceAccount: Forbidden: serviceAccount is forbidden when subject kind is not 'ServiceAccount'",
        ]),
        (FLOW_SCHEMAS, {"spec/rules/0/subjects": [{"kind": "ServiceAccount", "serviceAccount": {"name": "*", "namespace": "A"}}, {"kind": "ServiceAccount", "serviceAccount": {"name": "A", "namespace": "a"}}]}, [
            "spec.rules[0].subjects[0].serviceAccount.namespace: Invalid value: \"A\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
            "spec.rules[0].subjects[1].serviceAccount.name: Invalid value: \"A\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ]),
        (FLOW_SCHEMAS, {"spec/rules/0/resourceRules": [{"verbs": [], "apiGroups": [], "resources": [], "namespaces": []}]}, [
            "spec.rules[0].resourceRules[0].verbs: Required value: verbs must contain at least one value",
            "spec.rules[0].resourceRules[0].apiGroups: Required value: resource rules must supply at least one api group",
            "spec.rules[0].resourceRules[0].resources: Required value: resource rules must supply at least one resource",
            "spec.rules[0].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace",
        ]),
        (FLOW_SCHEMAS, {"spec/rules/0/resourceRules": [{"verbs": ["*", "get"], "apiGroups": ["*", ""], "resources": ["*", "pods"], "namespaces": ["*", "a"]}]}, [
            "spec.rules[0].resourceRules[0].verbs: Invalid value: [\"*\",\"get\"]: if '*' is present, must not specify other verbs",
            "spec.rules[0].resourceRules[0].apiGroups: Invalid value: [\"*\",\"\"]: if '*' is present, must not specify other api groups",
            "spec.rules[0].resourceRules[0].resources: Invalid value: [\"*\",\"pods\"]: if '*' is present, must not specify other resources",
            "spec.rules[0].resourceRules[0].namespaces: Invalid value: [\"*\",\"a\"]: if '*' is present, must not specify other namespaces",
        ]),
        (FLOW_SCHEMAS, {"spec/rules/0/resourceRules": [{"verbs": ["look"], "apiGroups": ["*"], "resources": ["*"], "namespaces": ["A"]}]}, [
            'spec.rules[0].resourceRules[0].verbs: Unsupported value: ["look"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"',
            "spec.rules[0].resourceRules[0].namespaces[0]: Invalid value: \"A\": each member of this list must be '*' or a DNS-1123 label; a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        ]),
        (FLOW_SCHEMAS, {"spec/rules/0/resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"], "namespaces": [], "clusterScope": True}]}, []),
        (FLOW_SCHEMAS, {"spec/rules/0/nonResourceRules": [{"verbs": ["look"], "nonResourceURLs": []}, {"verbs": [], "nonResourceURLs": ["*", "/a"]}, {"verbs": ["get"], "nonResourceURLs": ["", "a", "/a b", "/a//b", "/a*", "/*/a", "/", "/a/*"]}]}, [
            'spec.rules[0].nonResourceRules[0].verbs: Unsupported value: ["look"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"',
            "spec.rules[0].nonResourceRules[0].nonResourceURLs: Required value: nonResourceURLs must contain at least one value",
            "spec.rules[0].nonResourceRules[1].verbs: Required value: verbs must contain at least one value",
            "spec.rules[0].nonResourceRules[1].nonResourceURLs: Invalid value: [\"*\",\"/a\"]: if '*' is present, must not specify other non-resource URLs",
            'spec.rules[0].nonResourceRules[2].nonResourceURLs[0]: Invalid value: "": must not be empty',
            'spec.rules[0].nonResourceRules[2].nonResourceURLs[1]: Invalid value: "a": must start with slash',
            'spec.rules[0].nonResourceRules[2].nonResourceURLs[2]: Invalid value: "/a b": must not contain white-space',
            'spec.rules[0].nonResourceRules[2].nonResourceURLs[3]: Invalid value: "/a//b": must not contain double slash',
            'spec.rules[0].nonResourceRules[2].nonResourceURLs[4]: Invalid value: "/a*": wildcard can only do suffix matching',
            'spec.rules[0].nonResourceRules[2].nonResourceURLs[5]: Invalid value: "/*/a": wildcard can only do suffix matching',
        ]),
        (LEVELS, {"spec/type": "Odd"}, [
            'spec.type: Unsupported value: "Odd": supported values: "Exempt", "Limited"',
        ]),
        (LEVELS, {"spec/type": "Exempt"}, [
            "spec.type: Invalid value: \"Exempt\": type must be 'Exempt' if and only if name is 'exempt'",
            "spec.limited: Forbidden: must be nil if the type is not Limited",
        ]),
        (LEVELS, {"metadata/name": "exempt", "spec/type": "Exempt", "spec/limited": GONE, "spec/exempt": {"nominalConcurrencyShares": -1, "lendablePercent": 101}}, [
            "spec.exempt.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer",
            "spec.exempt.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive",
        ]),
        (LEVELS, {"spec/exempt": {}, "spec/limited": GONE}, [
            "spec.exempt: Forbidden: must be nil if the type is Limited",
            "spec.limited: Required value: must not be empty when type is Limited",
        ]),
        (LEVELS, {"spec/limited": {"nominalConcurrencyShares": -1, "lendablePercent": 101, "borrowingLimitPercent": -1, "limitResponse": {"type": "Odd"}}}, [
            "spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer",
            'spec.limited.limitResponse.type: Unsupported value: "Odd": supported values: "Queue", "Reject"',
            "spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive",
            "spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer",
        ]),
        (LEVELS, {"spec/limited": {"limitResponse": {"type": "Queue"}}}, [
            "spec.limited.limitResponse.queuing: Required value: must not be empty if limited.limitResponse.type is Limited",
        ]),
        (LEVELS, {"spec/limited": {"limitResponse": {"type": "Reject", "queuing": {}}}}, [
            "spec.limited.limitResponse.queuing: Forbidden: must be nil if limited.limitResponse.type is not Limited",
        ]),
        (LEVELS, {"spec/limited": {"limitResponse": {"type": "Queue", "queuing": {"queueLengthLimit": -1, "queues": -1, "handSize": -1}}}}, [
            "spec.limited.limitResponse.queuing.queueLengthLimit: Invalid value: -1: must be positive",
            "spec.limited.limitResponse.queuing.queues: Invalid value: -1: must be positive",
            "spec.limited.limitResponse.queuing.handSize: Invalid value: -1: must be positive",
        ]),
        (LEVELS, {"spec/limited": {"limitResponse": {"type": "Queue", "queuing": {"queues": 10000001}}}}, [
            "spec.limited.limitResponse.queuing.queues: Invalid value: 10000001: must not be greater than 10000000",
            "spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 10000001 and handSize 8 should not be greater than 60",
        ]),
        (LEVELS, {"spec/limited": {"limitResponse": {"type": "Queue", "queuing": {"queues": 4, "handSize": 5}}}}, [
            "spec.limited.limitResponse.queuing.handSize: Invalid value: 5: should not be greater than queues (4)",
        ]),
        (LEVELS, {"spec/limited": {"limitResponse": {"type": "Queue", "queuing": {"queues": 256, "handSize": 8}}}}, [
            "spec.limited.limitResponse.queuing.handSize: Invalid value: 8: required entropy bits of deckSize 256 and handSize 8 should not be greater than 60",
        ]),
        (LEVELS, {"spec/limited": {"limitResponse": {"type": "Queue", "queuing": {"queues": 128, "handSize": 8}}}}, []),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_new_one(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert faults(resource, changes) == lines


SHOWN_RULES = (
    '"ResourceRules":[{"Verbs":["*"],"APIGroups":["*"],"Resources":["*"],"ClusterScope":true,"Namespaces":["*"]}],'
    '"NonResourceRules":[{"Verbs":["*"],"NonResourceURLs":["*"]}]'
)


@pytest.mark.parametrize(
    ("resource", "changes", "lines"),
    [
        (FLOW_SCHEMAS, {"metadata/name": "catch-all", "spec": CATCH_ALL_SCHEMA}, []),
        (FLOW_SCHEMAS, {"metadata/name": "catch-all", "spec": {**CATCH_ALL_SCHEMA, "matchingPrecedence": 9000, "rules": [MASTERS]}}, [
            'spec: Invalid value: {"PriorityLevelConfiguration":{"Name":"catch-all"},"MatchingPrecedence":9000,'
            '"DistinguisherMethod":{"Type":"ByUser"},"Rules":[{"Subjects":[{"Kind":"Group","User":null,'
            '"Group":{"Name":"system:masters"},"ServiceAccount":null}],' + SHOWN_RULES + "}]}: "
            "spec of 'catch-all' must equal the fixed value",
        ]),
        (FLOW_SCHEMAS, {"metadata/name": "exempt", "spec": {**EXEMPT_SCHEMA, "rules": []}}, [
            'spec: Invalid value: {"PriorityLevelConfiguration":{"Name":"exempt"},"MatchingPrecedence":1,'
            "\"DistinguisherMethod\":null,\"Rules\":null}: spec of 'exempt' must equal the fixed value",
        ]),
        (LEVELS, {"metadata/name": "catch-all", "spec": CATCH_ALL_LEVEL}, []),
        (LEVELS, {"metadata/name": "catch-all", "spec": {"type": "Limited", "limited": {**CATCH_ALL_LEVEL["limited"], "nominalConcurrencyShares": 6}}}, [
            'spec: Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":6,"LimitResponse":{"Type":"Reject","Queuing":null},'
            "\"LendablePercent\":0,\"BorrowingLimitPercent\":null},\"Exempt\":null}: spec of 'catch-all' must equal the fixed value",
        ]),
        (LEVELS, {"metadata/name": "exempt", "spec": {"type": "Exempt", "exempt": {"nominalConcurrencyShares": 7, "lendablePercent": 50}}}, []),
        (LEVELS, {"metadata/name": "exempt", "spec": CATCH_ALL_LEVEL}, [
            "spec.type: Invalid value: \"Limited\": type must be 'Exempt' if and only if name is 'exempt'",
            'spec: Invalid value: {"Type":"Limited","Limited":{"NominalConcurrencyShares":5,"LimitResponse":{"Type":"Reject","Queuing":null},'
            "\"LendablePercent\":0,\"BorrowingLimitPercent\":null},\"Exempt\":null}: "
            "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value",
        ]),
    ],
)  # fmt: skip
def test_what_has_to_be_there_has_to_be_as_it_is(
    resource: str, changes: dict[str, Any], lines: list[str]
) -> None:
    assert faults(resource, changes) == lines
