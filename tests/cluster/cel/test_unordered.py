"""Lists of type set and map in rules: each rule was asked of a real server (1.36) too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cluster.cel.test_costs import many
from tests.cluster.cel.test_rules import rules_of, said

NUMBER: dict[str, Any] = {"type": "integer"}
SET = {**many(NUMBER), "x-kubernetes-list-type": "set"}
PARTS = {"k": {"type": "string"}, "v": NUMBER, "in": SET}
KEYED = {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}
MAP = {**many({"type": "object", "required": ["k"], "properties": PARTS}), **KEYED}
WITH_SET = {"type": "object", "properties": {"s": SET}}
FIELDS = {
    "s": SET,
    "t": SET,
    "l": many(NUMBER),
    "m": MAP,
    "ml": many(MAP),
    "ll": many(SET),
    "mm": {"type": "object", "additionalProperties": SET},
    "o": WITH_SET,
    "ol": many(WITH_SET),
}
A, B = {"k": "a", "v": 1, "in": [1, 2]}, {"k": "b", "v": 2}
OBJECT = {
    "s": [1, 2],
    "t": [2, 1],
    "l": [1, 2, 7],
    "m": [A, B],
    "ml": [[A, B], [{"k": "c", "v": 3}, {"k": "a", "v": 10}], [B, {**A, "in": [2, 1]}]],
    "ll": [[1, 2], [3]],
    "mm": {"k": [1, 2]},
    "o": {"s": [1, 2]},
    "ol": [{"s": [1, 2]}, {"s": [2, 1]}],
}


def holds(rule: str, old: Any = None) -> bool:
    """Whether a rule is met, by an answer and not by a failure."""
    own = {"x-kubernetes-validations": [{"rule": rule, "message": "no"}]}
    found = said(rules_of({"type": "object", "properties": FIELDS, **own}), OBJECT, old)
    assert found in ([], ["<nil>: Invalid value: no"])
    return not found


@pytest.mark.parametrize(
    "rule",
    [
        "self.s == [2, 1]",
        "self.s == self.t",
        "self.s + [2, 5] == [5, 1, 2]",
        "self.s + self.t == self.t",
        "(self.s + [5, 2])[2] == 5",
        "(self.s + self.s).size() == 2",
        "[1] + self.s == [1, 1, 2]",
        "self.s + self.l == [1, 2, 7]",
        "(self.ml[0] + self.ml[1]).map(e, e.v) == [10, 2, 3]",
        "(self.ml[0] + self.ml[1])[0].v == 10",
        "self.ml[0] == self.ml[2]",
        "self.ml[0] + self.ml[1] != self.ml[0]",
        "self.ml.exists(x, x == self.ml[2])",
        "self.ml[2] in self.ml.filter(x, x.size() == 2)",
        "self.ll == [[2, 1], [3]]",
        "self.ll[0] == [2, 1]",
        "self.ll.all(x, x == [3] || x == [2, 1])",
        "self.ll.exists(x, x + [9] == [9, 3])",
        "self.mm.k == [2, 1]",
        "self.mm.all(k, self.mm[k] == [2, 1])",
        "self.ol[0] == self.ol[1]",
        "self.?s.orValue([]) == [2, 1]",
        "self.s in [[2, 1]]",
        "[2, 1] in self.ll",
        "self.ll.filter(x, x.size() == 2)[0] == [2, 1]",
        "self.ll.map(x, x)[0] == [2, 1]",
        "self.m.all(e, e.?__in__.orValue([]) == [] || e.__in__ == [2, 1])",
        "self.m.exists(e, has(e.__in__) && e.__in__ == [2, 1])",
        "self.s.all(i, x, (self.s + [x])[i] == x)",
        "sets.equivalent(self.s, [2, 1])",
        "self.s + [3] + [4] + [1] == [4, 3, 2, 1]",
        "!(self.s == [2, 1]) || self.s != self.l",
        "(self.o.s == self.ol[1].s ? self.s : self.t) == [2, 1]",
    ],
)
def test_sets_and_maps_of_lists_are_merged_and_have_no_order(rule: str) -> None:
    assert holds(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "[2, 1] == self.s",
        "self.s != [2, 1]",
        "self.l + self.s == self.l + [2, 1]",
        "self.ml[0] + self.ml[1] == self.ml[1] + self.ml[0]",
        "self.ml[0] == self.ml[1]",
        "[2, 1] in [self.s]",
        "self.m.map(e, e.k) == ['b', 'a']",
    ],
)
def test_the_left_operand_decides(rule: str) -> None:
    assert not holds(rule)


@pytest.mark.parametrize(
    ("rule", "is_met"),
    [
        ("self.s == oldSelf.s && oldSelf.s[0] == 2", True),
        ("oldSelf.m == self.m && oldSelf.m[0].k == 'b'", True),
        ("oldSelf.l == self.l", False),
        ("oldSelf.s + self.s == [1, 2]", True),
    ],
)
def test_what_was_keeps_its_order_and_is_the_same_in_another(rule: str, is_met: bool) -> None:
    old = {"s": [2, 1], "m": [B, {**A, "in": [2, 1]}], "l": [2, 1, 7]}
    assert holds(rule, old) is is_met


def test_a_message_knows_them_too() -> None:
    own = {"rule": "false", "messageExpression": "self.s == [2, 1] ? 'same' : 'other'"}
    schema = {"type": "object", "properties": FIELDS, "x-kubernetes-validations": [own]}
    assert said(rules_of(schema), OBJECT) == ["<nil>: Invalid value: same"]
