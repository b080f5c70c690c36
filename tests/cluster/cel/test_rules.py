"""Objects against the rules of their schema."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.cel.compiling import compiler
from labkit.cluster.embedded.apiserver.cel.rules import Rules
from labkit.cluster.embedded.schema import from_crd
from labkit.cluster.embedded.store.frozen import freeze
from tests.cluster.cel.test_definitions import FIELDS

KIND = ("example.org", "v1", "Tree")


def rules_of(schema: dict[str, Any]) -> Rules:
    return Rules(from_crd(schema, KIND), compiler())


def of_spec(rule: str, **more: Any) -> Rules:
    said = {"x-kubernetes-validations": [{"rule": rule, **more}]}
    spec = {"type": "object", "properties": FIELDS, **said}
    return rules_of({"type": "object", "properties": {"spec": spec}})


def said(rules: Rules, new: Any, old: Any = None) -> list[str]:
    return [str(one) for one in rules.judge(new, freeze(old)).faults]


@pytest.mark.parametrize(
    ("rule", "spec"),
    [
        ("self.replicas == 2 && self.ratio == 2.0", {"replicas": 2, "ratio": 2}),
        ("self.a__dash__b == self.__namespace__", {"a-b": "x", "namespace": "x"}),
        ("self.when == timestamp('2020-01-01T01:00:00+01:00')", {"when": "2020-01-01T00:00:00Z"}),
        ("self.__for__ == duration('5400s')", {"for": "1h30m"}),
        ("self.data == b'a'", {"data": "YQ=="}),
        ("type(self.port) == string && !has(self.replicas)", {"port": "http"}),
        ("self.grid[1][0] == 3 && size(self.tags) == 1", {"grid": [[1], [3]], "tags": ["a"]}),
        ("self.pod.metadata.name == 'a'", {"pod": {"metadata": {"name": "a", "labels": {}}}}),
        ("self.labels.exists(name, self.labels[name] == 'x')", {"labels": {"a-b": "x"}}),
    ],
)
def test_a_rule_sees_values_as_its_schema_means_them(rule: str, spec: dict[str, Any]) -> None:
    assert said(of_spec(rule), freeze({"spec": spec})) == []


@pytest.mark.parametrize(
    ("rule", "more", "expected"),
    [
        ("self.replicas > 1", {}, 'spec: Invalid value: failed rule: self.replicas > 1'),
        ("self.replicas > 1", {"message": " too few "}, 'spec: Invalid value: too few'),
        ("self.replicas > 1", {"messageExpression": "'only %d'.format([self.replicas])"},
         'spec: Invalid value: only 1'),
        ("self.replicas > 1", {"messageExpression": "self.a__dash__b", "message": "too few"},
         'spec: Invalid value: too few'),
        ("self.replicas > 1", {"reason": "FieldValueForbidden", "message": "no", "fieldPath": ".replicas"},  # noqa: E501
         "spec.replicas: Forbidden: no"),
        ("self.replicas > 1", {"reason": "FieldValueDuplicate"}, 'spec: Duplicate value'),
        ("self.a__dash__b == 'x'", {},
         'spec: Invalid value: "object": no such key: a__dash__b evaluating rule: self.a__dash__b == \'x\''),  # noqa: E501
        ("self.port > 'a'", {},
         'spec: Invalid value: "object": \'no such overload\': call arguments did not match a supported '  # noqa: E501
         "operator, function or macro signature for rule: self.port > 'a'"),
    ],
)  # fmt: skip
def test_a_broken_rule_is_told_as_it_asks_to_be(
    rule: str, more: dict[str, Any], expected: str
) -> None:
    assert said(of_spec(rule, **more), {"spec": {"replicas": 1, "port": 1}}) == [expected]


def test_a_transition_is_judged_only_where_something_was() -> None:
    rules = of_spec("self.replicas >= oldSelf.replicas", message="may not shrink")
    assert said(rules, {"spec": {"replicas": 1}}) == []
    assert said(rules, {"spec": {"replicas": 2}}, {"spec": {"replicas": 1}}) == []
    assert said(rules, {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}) == [
        "spec: Invalid value: may not shrink"
    ]


def test_what_was_may_be_optional() -> None:
    rule = "oldSelf.hasValue() ? self.replicas >= oldSelf.value().replicas : self.replicas == 1"
    rules = of_spec(rule, optionalOldSelf=True, message="no")
    assert said(rules, {"spec": {"replicas": 1}}) == []
    assert len(said(rules, {"spec": {"replicas": 2}})) == 1
    assert said(rules, {"spec": {"replicas": 2}}, {"spec": {"replicas": 1}}) == []
    assert len(said(rules, {"spec": {"replicas": 1}}, {"spec": {"replicas": 2}})) == 1


def test_elements_of_a_map_list_are_told_apart_by_their_keys() -> None:
    rule = {"rule": "self.size >= oldSelf.size", "message": "shrinks"}
    fields = {"name": {"type": "string"}, "size": {"type": "integer"}}
    item = {"type": "object", "properties": fields, "x-kubernetes-validations": [rule]}
    tools = {"type": "array", "items": item, "x-kubernetes-list-type": "map"}
    tools["x-kubernetes-list-map-keys"] = ["name"]
    rules = rules_of({"type": "object", "properties": {"tools": tools}})
    old = {"tools": [{"name": "a", "size": 3}, {"name": "b", "size": 1}]}
    new = {"tools": [{"name": "b", "size": 2}, {"name": "c", "size": 0}, {"name": "a", "size": 2}]}
    assert said(rules, new, old) == ["tools[2]: Invalid value: shrinks"]


def test_what_was_broken_before_and_is_unchanged_is_only_warned_of() -> None:
    rules = of_spec("self.replicas > 1", message="too few")
    verdict = rules.judge({"spec": {"replicas": 1}, "x": 2}, {"spec": {"replicas": 1}, "x": 1})
    assert verdict.faults == []
    assert list(map(str, verdict.warnings)) == ["spec: Invalid value: too few"]
    changed = {"spec": {"replicas": 1, "ratio": 1}}
    assert len(said(rules, changed, {"spec": {"replicas": 1}})) == 1


def test_values_that_no_rule_can_name_still_tell_objects_apart() -> None:
    rules = of_spec("self == oldSelf", message="immutable")
    old = {"spec": {"raw": {"x": 1}}}
    assert said(rules, {"spec": {"raw": {"x": 1}}}, old) == []
    assert len(said(rules, {"spec": {"raw": {"x": 2}}}, old)) == 1


@pytest.mark.parametrize(
    ("new", "is_same"),
    [
        ({"s": ["b", "a"]}, True),
        ({"s": ["a", "c"]}, False),
        ({"s": ["a"]}, False),
        ({"m": [{"k": "b"}, {"k": "a", "in": ["y", "x"]}]}, True),
        ({"m": [{"k": "b", "v": 1}, {"k": "a", "in": ["x", "y"]}]}, False),
        ({"m": []}, False),
        ({"l": ["b", "a"]}, False),
    ],
)
def test_sets_and_maps_of_lists_are_the_same_in_any_order(
    new: dict[str, Any], is_same: bool
) -> None:
    old = {"s": ["a", "b"], "m": [{"k": "a", "in": ["x", "y"]}, {"k": "b"}], "l": ["a", "b"]}
    words = {"type": "array", "items": {"type": "string"}}
    a_set = {**words, "x-kubernetes-list-type": "set"}
    fields = {"k": {"type": "string"}, "v": {"type": "integer"}, "in": a_set}
    item = {"type": "object", "required": ["k"], "properties": fields}
    a_map = {"type": "array", "items": item, "x-kubernetes-list-type": "map"}
    a_map["x-kubernetes-list-map-keys"] = ["k"]
    schema = {"type": "object", "properties": {"s": a_set, "m": a_map, "l": words}}
    schema["x-kubernetes-validations"] = [{"rule": "self == oldSelf", "message": "changed"}]
    assert (said(rules_of(schema), {**old, **new}, old) == []) is is_same


def test_rules_of_elements_and_maps_know_their_place() -> None:
    short = [{"rule": "self.size() < 3", "message": "long"}]
    text = {"type": "string", "x-kubernetes-validations": short}
    fields = {"l": {"type": "array", "items": text}}
    fields["m"] = {"type": "object", "additionalProperties": text}
    found = said(
        rules_of({"type": "object", "properties": fields}),
        {"l": ["a", "abc"], "m": {"k.x": "abcd"}},
    )
    assert found == [
        'l[1]: Invalid value: "abc": long', 'm[k.x]: Invalid value: "abcd": long',
    ]  # fmt: skip


def test_a_rule_that_runs_away_ends_the_judging() -> None:
    rule = "self.tags.all(a, self.tags.all(b, self.tags.all(c, a != 'z')))"
    (found,) = said(of_spec(rule), {"spec": {"tags": ["a"] * 100}})
    assert "no further validation rules will be run due to call cost exceeds limit" in found
