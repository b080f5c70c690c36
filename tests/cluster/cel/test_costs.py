"""What rules may cost: the numbers are a real server's, which was asked for each."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.cel.budget import ADVICE
from labkit.cluster.embedded.apiserver.cel.definitions import rule_faults

ROOT = "spec.validation.openAPIV3Schema"
SPEC = f"{ROOT}.properties[spec]"
RULE = f"{SPEC}.x-kubernetes-validations[0].rule"
TEXT: dict[str, Any] = {"type": "string"}
NAME = {"type": "string", "maxLength": 64}
NUMBER = {"type": "integer"}
THING = {"type": "object", "required": ["name"], "properties": {"name": NAME, "count": NUMBER}}


def many(items: Any, most: int | None = None) -> dict[str, Any]:
    limit = {} if most is None else {"maxItems": most}
    return {"type": "array", "items": items, **limit}


def by_key(values: Any, most: int | None = None) -> dict[str, Any]:
    limit = {} if most is None else {"maxProperties": most}
    return {"type": "object", "additionalProperties": values, **limit}


FIELDS = {
    "text": TEXT,
    "long": {"type": "string", "maxLength": 20_000},
    "texts": many(TEXT),
    "names": many(NAME, 500),
    "numbers": many(NUMBER, 2000),
    "things": many(THING, 1000),
    "labels": by_key(NAME, 1000),
    "grid": many(many(NUMBER, 2000), 2000),
    "flag": {"type": "boolean"},
    "port": {"x-kubernetes-int-or-string": True},
    "data": {"type": "string", "format": "byte"},
}


def told(spec: dict[str, Any], *rules: dict[str, Any]) -> list[str]:
    own = {"x-kubernetes-validations": list(rules)} if rules else {}
    schema = {"type": "object", "properties": {"spec": {"type": "object", **spec, **own}}}
    return [str(one) for one in rule_faults(schema, ROOT)]


def too_dear(factor: str, where: str = RULE, what: str = "estimated rule cost") -> str:
    return f"{where}: Forbidden: {what} exceeds budget by factor of {factor} {ADVICE}"


@pytest.mark.parametrize(
    "rule",
    [
        "self.text == self.text",
        "self.text.contains('abc')",
        "self.text.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",
        "self.texts.all(x, x.startsWith('a'))",
        "self.texts.all(x, x.size() < 3)",
        "self.names.all(x, self.names.all(y, x == y))",
        "self.things.map(x, x.count > 3, x.name + 'abc').all(y, self.names.all(z, y == z))",
        "self.labels.all(key, self.labels[key].matches('abcdefgh.*'))",
        "self.labels.transformMap(k, v, v + 'a').all(k, self.names.all(x, x == k))",
        "self.grid.all(row, row.sum() > 3)",
        "self.names.join(',').matches('^abcabcabcabc$')",
        "self.text.find('a+b+') == 'a'",
        "isURL(self.text) && url(self.text) == url(self.long)",
        "self.names.all(x, cidr(x).containsIP(self.long) && cidr(x).containsCIDR(self.long))",
        "format.dns1123Label() == format.uri()",
        "self.names.all(x, self.numbers.slice(1, 9).reverse().sum() > 3)",
        "(self.names + self.texts).all(x, x == 'abcabcabcabc')",
        "self.flag ? self.text.matches('abc') : self.long.matches('abcdefghijk')",
        "type(self.port) == string ? self.port.matches('a+') : self.port > 3",
        "self.names.all(x, {'a': x, 'b': 'c'}.all(k, self.names.exists(y, k == y)))",
        "bytes(self.text) == b'a' && string(self.data).matches('a')",
        "self.texts.exists(x, x.size() > 3) && oldSelf.texts == self.texts",
    ],
)
def test_a_rule_within_its_budget_is_taken(rule: str) -> None:
    assert told({"properties": FIELDS}, {"rule": rule}) == []


@pytest.mark.parametrize(
    ("rule", "factor"),
    [
        ("self.long.contains(self.long)", "6.4x"),
        ("self.names.all(x, self.names.exists(y, x.contains(y)))", "17.1x"),
        ("self.numbers.all(x, self.numbers.exists_one(y, x + y > 3 || x == 1))", "2.8x"),
        ("self.numbers.all(i, x, self.numbers.exists(j, y, i < j && x < y))", "4.0x"),
        ("self.things.all(x, self.things.exists_one(y, x.name == y.name))", "3.2x"),
        ("self.things.filter(x, x.count > 1).all(y, y.name.matches('^a{3,9}$'))", "more than 100x"),
        (
            "self.labels.all(key, self.labels.all(other, self.labels[key] == self.labels[other]))",
            "3.7x",
        ),
        ("self.grid.all(row, row.all(x, x > 0))", "2.0x"),
        ("self.names.all(x, x in self.texts)", "52.4x"),
        ("self.texts.isSorted()", "more than 100x"),
        ("self.long.replace('a', 'bbbb').contains(self.long.replace('ab', ''))", "25.6x"),
        (
            "self.long.split(',').all(x, x.startsWith('a') && self.numbers.all(y, y > x.size()))",
            "more than 100x",
        ),
        ("self.long.split(',', 3000).all(x, self.numbers.exists(y, y > 3))", "3.6x"),
        (
            "self.names.all(x, self.names.all(y, quantity(x).isGreaterThan(quantity(y))))",
            "1.450300x",
        ),
        ("self.names.all(x, ip(x) == ip(self.text))", "15.7x"),
        ("format.dns1123Label().validate(self.text).hasValue()", "1.006634x"),
        ("format.dns1123Label() != format.uri()", "more than 100x"),
        (
            "sets.contains(self.numbers, self.numbers)"
            " && sets.equivalent(self.numbers, self.numbers)",
            "1.200001x",
        ),
        ("self.numbers.sort() == self.numbers && self.numbers.distinct().size() == 3", "1.6x"),
        ("self.names.all(x, self.names.sort() == ['a'])", "26.3x"),
        ("self.names.all(x, lists.range(10000).all(y, y > 3))", "3.0x"),
        ("(self.flag ? self.numbers : [1, 2]).all(x, self.numbers.all(y, y > x))", "2.4x"),
        ("self.names.all(x, '%s'.format([x]) == self.text)", "15.7x"),
    ],
)
def test_a_rule_that_can_cost_too_much_is_refused(rule: str, factor: str) -> None:
    found = told({"properties": FIELDS}, {"rule": rule})
    assert found[0] == too_dear(factor)


def test_what_has_no_limit_is_as_large_as_the_largest_request() -> None:
    rule = {"rule": "self.a.all(x, self.a.all(y, x == y))"}
    for limits, factor in (({}, "more than 100x"), ({"maxItems": 2000}, "2.0x")):
        found = told({"properties": {"a": {**many(NUMBER), **limits}}}, rule)
        assert found[0] == too_dear(factor)
    assert told({"properties": {"a": many(NUMBER, 500)}}, rule) == []


def test_a_rule_is_paid_as_often_as_its_place_can_be_in_an_object() -> None:
    rule = {"x-kubernetes-validations": [{"rule": "self.name.matches('^a+$')"}]}
    where = f"{SPEC}.properties[things].items.x-kubernetes-validations[0].rule"
    thing = {**THING, **rule}
    assert told({"properties": {"things": many(thing, 1000)}}) == []
    assert told({"properties": {"things": many(thing, 500_000)}}) == [too_dear("1.400000x", where)]
    by_name = f"{SPEC}.properties[things].additionalProperties.items."
    (found,) = told({"properties": {"things": by_key(many(thing, 1000), 1000)}})
    assert found == too_dear("2.8x", f"{by_name}x-kubernetes-validations[0].rule")
    # As often as the shortest one fits into a request: `{"name":""}` and a comma.
    assert told({"properties": {"things": many(thing)}}) == []


def test_a_message_is_paid_too_and_once() -> None:
    long = {"properties": {"a": TEXT, "b": TEXT}}
    rule = {"rule": "self.a == 'a'", "messageExpression": "self.a.find(self.b)"}
    what = "estimated messageExpression cost"
    found = told(long, rule)
    assert found[0] == too_dear("more than 100x", RULE.replace(".rule", ".messageExpression"), what)


def test_all_rules_together_have_a_budget_too() -> None:
    rule = "self.numbers.all(x, self.numbers.exists(y, x + y > {}))"
    rules = [{"rule": rule.format(number)} for number in range(11)]
    properties = {"numbers": many(NUMBER, 1100)}
    assert told({"properties": properties}, *rules[:10]) == []
    part = (
        "contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 schema"
    )
    whole = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
    places = [RULE.replace("[0]", f"[{number}]") for number in range(4)]
    assert told({"properties": properties}, *rules) == [
        *(f"{one}: Forbidden: {part}" for one in places),
        too_dear("1.065526x", ROOT, whole),
    ]
