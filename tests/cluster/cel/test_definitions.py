"""Rules that a definition is refused for, in the words of a real API server."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.cel.definitions import rule_faults

ROOT = "spec.validation.openAPIV3Schema"
SPEC = f"{ROOT}.properties[spec]"
RULE = f"{SPEC}.x-kubernetes-validations[0]"
FIELDS: dict[str, Any] = {
    "replicas": {"type": "integer"},
    "ratio": {"type": "number"},
    "a-b": {"type": "string"},
    "namespace": {"type": "string"},
    "when": {"type": "string", "format": "date-time"},
    "for": {"type": "string", "format": "duration"},
    "data": {"type": "string", "format": "byte"},
    "port": {"x-kubernetes-int-or-string": True},
    "raw": {"x-kubernetes-preserve-unknown-fields": True},
    "tags": {"type": "array", "items": {"type": "string"}},
    "grid": {"type": "array", "maxItems": 9, "items": {"type": "array", "maxItems": 9, "items": {"type": "integer"}}},  # noqa: E501
    "sums": {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "integer"}}},  # noqa: E501
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "pod": {"type": "object", "x-kubernetes-embedded-resource": True,
            "x-kubernetes-preserve-unknown-fields": True},
}  # fmt: skip


def told(rule: str, **more: Any) -> list[str]:
    spec = {"type": "object", "properties": FIELDS}
    spec["x-kubernetes-validations"] = [{"rule": rule, **more}]
    schema = {"type": "object", "properties": {"spec": spec}}
    return [str(one) for one in rule_faults(schema, ROOT)]


@pytest.mark.parametrize(
    "rule",
    [
        "self.replicas > 1 && self.ratio > 1.0",
        "self.a__dash__b == 'x' && self.__namespace__ == 'y' && has(self.__for__)",
        "self.when > timestamp('2020-01-01T00:00:00Z') && self.__for__ > duration('1s')",
        "self.data == b'a'",
        "self.port == 1 || self.port == 'http'",
        "self.tags.all(one, one.startsWith('a')) && 'a' in self.tags",
        "self.grid.all(row, row.all(one, one > 0))",
        "self.sums.all(name, self.sums[name].size() < 3)",
        "self.labels.all(name, name.size() < 3 && self.labels[name] != '')",
        "self.pod.metadata.name == 'a' && self.pod.kind == 'Pod'",
        "self.replicas >= oldSelf.replicas",
        "self.?replicas.orValue(1) > 0",
    ],
)
def test_rules_about_what_a_schema_declares_compile(rule: str) -> None:
    assert told(rule) == []


def test_the_root_knows_its_name_and_no_more_of_its_metadata() -> None:
    def of_root(rule: str) -> list[str]:
        rules = [{"rule": rule}]
        schema = {"type": "object", "x-kubernetes-validations": rules}
        return [str(one) for one in rule_faults(schema, ROOT)]

    assert of_root("self.metadata.name.startsWith('a') && self.kind == 'Tree'") == []
    assert "undefined field 'labels'" in of_root("has(self.metadata.labels)")[0]


def test_an_undeclared_field_is_told_with_its_place() -> None:
    (found,) = told("self.nope > 1")
    assert found == (
        f'{RULE}.rule: Invalid value: {{"Rule":"self.nope \\u003e 1","Message":"",'
        '"MessageExpression":"","Reason":null,"FieldPath":"","OptionalOldSelf":null}: '
        "compilation failed: ERROR: <input>:1:5: undefined field 'nope'\n"
        " | self.nope > 1\n"
        " | ....^"
    )


@pytest.mark.parametrize(
    ("rule", "more", "field", "words"),
    [
        ("self.raw.x == 1", {}, "rule", "undefined field 'raw'"),
        ("self.replicas > 'a'", {}, "rule", "no matching overload for '_>_' applied to '(int, string)'"),  # noqa: E501
        ("self.ratio > 1", {}, "rule", "applied to '(double, int)'"),
        ("other", {}, "rule", "undeclared reference to 'other' (in container '')"),
        ("self.replicas", {}, "rule", "cel expression must evaluate to a bool"),
        (" ", {}, "rule", "Required value: rule is not specified"),
        ("true", {"message": " "}, "message", "must be non-empty if specified"),
        ("true", {"message": "a\nb"}, "message", "must not contain line breaks"),
        ("true\n&& true", {}, "message", "message must be specified if rule contains line breaks"),
        ("true", {"messageExpression": "1"}, "messageExpression", "messageExpression must evaluate to a string"),  # noqa: E501
        ("true", {"messageExpression": "x"}, "messageExpression", "messageExpression compilation failed: ERROR"),  # noqa: E501
        ("true", {"fieldPath": ".nope"}, "fieldPath", "must be a valid path"),
        ("true", {"reason": "Bad"}, "reason", 'Unsupported value: "Bad": supported values: "FieldValueDuplicate", '),  # noqa: E501
        ("true", {"optionalOldSelf": True}, "optionalOldSelf", "may not be set if oldSelf is not used in rule"),  # noqa: E501
        ("oldSelf.hasValue() ? self.x : true", {"optionalOldSelf": True}, "rule", "ERROR: <input>:1:26: undefined field 'x'"),  # noqa: E501
    ],
)  # fmt: skip
def test_a_rule_that_cannot_be_meant_is_refused(
    rule: str, more: dict[str, Any], field: str, words: str
) -> None:
    (found,) = told(rule, **more)
    assert found.startswith(f"{RULE}.{field}: ")
    assert words in found
    assert "*error*" not in found


def test_what_was_cannot_be_asked_where_elements_cannot_be_told_apart() -> None:
    item = {"type": "integer", "x-kubernetes-validations": [{"rule": "self >= oldSelf"}]}
    schema = {"type": "object", "properties": {"l": {"type": "array", "items": item}}}
    (found,) = [str(one) for one in rule_faults(schema, ROOT)]
    assert found.endswith(
        "oldSelf cannot be used on the uncorrelatable portion of the schema within "
        f"{ROOT}.properties[l]"
    )


@pytest.mark.parametrize(
    ("field", "rule", "said"),
    [
        (
            {"type": "integer", "default": 3},
            {"rule": "self > 5"},
            ".default: Invalid value: 3: failed rule: self > 5",
        ),
        (
            {"type": "object", "default": {"a": 1}, "properties": {"a": {"type": "integer"}}},
            {"rule": "self.a > 5", "message": "small"},
            ".default: Invalid value: small",
        ),
        (
            {"type": "object", "default": {}, "properties": {"a": {"type": "integer"}}},
            {"rule": "self.a > 5"},
            '.default: Invalid value: "object": no such key: a evaluating rule: self.a > 5',
        ),
        (
            {"type": "array", "items": {"type": "integer"}, "default": [1]},
            {"rule": "self.all(x, x > 5)"},
            ".default: Invalid value: failed rule: self.all(x, x > 5)",
        ),
        (
            {"type": "integer", "default": 7},
            {"rule": "self / 0 > 5"},
            '.default: Invalid value: "integer": division by zero evaluating rule: self / 0 > 5',
        ),
    ],
)
def test_a_default_has_to_be_what_the_rules_take(
    field: dict[str, Any], rule: dict[str, Any], said: str
) -> None:
    field = {**field, "x-kubernetes-validations": [rule]}
    schema = {"type": "object", "properties": {"spec": field}}
    assert [str(one) for one in rule_faults(schema, ROOT)] == [SPEC + said]


def test_elements_of_a_default_are_told_with_their_place() -> None:
    element = {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 5"}]}
    field = {"type": "array", "items": element, "default": [7, 1]}
    schema = {"type": "object", "properties": {"spec": field}}
    (found,) = [str(one) for one in rule_faults(schema, ROOT)]
    assert found == f"{SPEC}.default[1]: Invalid value: 1: failed rule: self > 5"
