"""What is said of rules that do not compile: recorded from a real server (1.36), word by word."""

from __future__ import annotations

import re
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.cel.definitions import rule_faults

ROOT = "spec.validation.openAPIV3Schema"
NUMBER: dict[str, Any] = {"type": "integer"}
TEXT = {"type": "string"}
WITH_NUMBER = {"type": "object", "properties": {"x": NUMBER}}
FIELDS: dict[str, Any] = {
    "s": TEXT,
    "i": NUMBER,
    "l": {"type": "array", "items": TEXT},
    "o": {"type": "object", "properties": {"x": NUMBER, "y": WITH_NUMBER}},
    "ol": {"type": "array", "items": WITH_NUMBER},
    "m": {"type": "object", "additionalProperties": WITH_NUMBER},
    "ios": {"x-kubernetes-int-or-string": True},
}


def schema_of(rule: str) -> dict[str, Any]:
    own = {"x-kubernetes-validations": [{"rule": rule}]}
    spec = {"type": "object", "properties": FIELDS, **own}
    return {"type": "object", "properties": {"spec": spec}}


def said(rule: str) -> list[str]:
    """What is said, with no number of its own in the names of types."""
    schema = schema_of(rule)
    (fault,) = rule_faults(schema, ROOT)
    assert ": compilation failed: " in fault.message
    text = fault.message.partition(": compilation failed: ")[2]
    return re.sub(r"selfType\d+", "selfType", text).split("\n")


@pytest.mark.parametrize(
    ("rule", "column", "words"),
    [
        ("self.s.matches('(')", 16, "invalid matches argument"),
        ("self.s.matches('a+') && self.s.matches('[')", 40, "invalid matches argument"),
        ("duration('1h') > duration('5')", 27, "invalid duration argument"),
        ("timestamp('x') == timestamp('2020-01-01T00:00:00Z')", 11, "invalid timestamp argument"),
        ("[1, 'a'].size() > 1", 5, "expected type 'int' but found 'string'"),
        ("{'a': 1, 'b': 'c'}.size() > 1", 15, "expected type 'int' but found 'string'"),
        ("{'a': 1, 2: 3}.size() > 1", 10, "expected type 'string' but found 'int'"),
        ("[self.ios, 1].size() > 1", 12, "expected type 'dyn' but found 'int'"),
        ("self.l.x == 1", 7, "type 'list(string)' does not support field selection"),
        ("has(self.s.x)", 4, "type 'string' does not support field selection"),
        ("has(self)", 5, "invalid argument to has() macro"),
        (
            "self.l.sum() > 1",
            11,
            "found no matching overload for 'sum' applied to 'list(string).()'",
        ),
        (
            "self.s.startsWith(1)",
            18,
            "found no matching overload for 'startsWith' applied to 'string.(int)'",
        ),
        ("self == 1", 6, "found no matching overload for '_==_' applied to '(selfType, int)'"),
        (
            "self.o.y == self.o",
            10,
            "found no matching overload for '_==_' applied to '(selfType.o.y, selfType.o)'",
        ),
        (
            "self.ol == 1",
            9,
            "found no matching overload for '_==_' applied to '(list(selfType.ol.@idx), int)'",
        ),
        (
            "self.m['a'] == 1",
            13,
            "found no matching overload for '_==_' applied to '(selfType.m.@elem, int)'",
        ),
        ("self.s == null", 8, "found no matching overload for '_==_' applied to '(string, null)'"),
        ("ip('1') == 1", 9, "found no matching overload for '_==_' applied to '(net.IP, int)'"),
        ("self.s && true", 5, "expected type 'bool' but found 'string'"),
        ("self.l.all(x, x)", 15, "expected type 'bool' but found 'string'"),
        (
            "authorizer.path('/').check('get').allowed()",
            1,
            "undeclared reference to 'authorizer' (in container '')",
        ),
        (
            "self.o.all(x, x == 'a')",
            5,
            "expression of type 'selfType.o' cannot be range of a comprehension "
            "(must be list, map, or dynamic)",
        ),
    ],
)
def test_a_rule_that_does_not_compile_is_told_as_in_kubernetes(
    rule: str, column: int, words: str
) -> None:
    caret = "." * (column - 1) + "^"
    assert said(rule) == [f"ERROR: <input>:1:{column}: {words}", f" | {rule}", f" | {caret}"]


def test_faults_are_told_in_their_order() -> None:
    found = [line for line in said("cel.bind(x, self.i, x > 1)") if line.startswith("ERROR")]
    assert [line.split(" ")[1] for line in found] == [
        f"<input>:1:{column}:" for column in (1, 9, 10, 21)
    ]


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("matches(self.s, '*')", "missing argument to repetition operator: `*`"),
        ("self.s.find('(') == ''", "missing closing ): `(`"),
    ],
)
def test_a_pattern_that_only_the_program_looks_at_is_refused_too(rule: str, why: str) -> None:
    schema = schema_of(rule)
    (fault,) = rule_faults(schema, ROOT)
    assert fault.message.endswith(f": program instantiation failed: error parsing regexp: {why}")


def test_a_list_of_what_is_formatted_may_have_everything() -> None:
    rule = "'%s %d'.format(['a', 1]) == 'a 1' && duration('1h5m') > duration('0')"
    assert rule_faults(schema_of(rule), ROOT) == []
