"""An object against the rules of its schema (`x-kubernetes-validations`).

A rule sees the value at its place as `self`, and what was there as `oldSelf`. A rule that names
`oldSelf` is asked only where there was something, unless it says `optionalOldSelf`. What an update
leaves as it was is not refused for a rule that it broke before: the client is warned (ratcheting).

Sources: apiextensions-apiserver's `pkg/apiserver/schema/cel/validation.go`, and its strategy for
custom resources, version 1.36.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from labkit.cluster.embedded.apiserver.cel.compiling import UNCOMPILED, Compiler, Rule
from labkit.cluster.embedded.apiserver.cel.language import Failed
from labkit.cluster.embedded.apiserver.cel.messages import message_of
from labkit.cluster.embedded.apiserver.cel.values import to_value
from labkit.cluster.embedded.apiserver.kinds.faults import shown
from labkit.cluster.embedded.schema import Type
from labkit.cluster.embedded.schema.types import Fault, child, show

MOST_S = 1.0
"""For all rules of one object; what Kubernetes' budget comes to."""
NO_MORE = "no further validation rules will be run"
OUT_OF_BUDGET = f"validation failed due to running out of cost budget, {NO_MORE}"
ROOT = "<nil>"
"""The path of the object itself, as a real server says it."""
TYPE_NAMES = {"map": "object", "list": "array", "int-or-string": "", "any": ""}
WORDS = {
    "FieldValueInvalid": "Invalid value: {value}: {detail}",
    "FieldValueForbidden": "Forbidden: {detail}",
    "FieldValueRequired": "Required value: {detail}",
    "FieldValueDuplicate": "Duplicate value: {value}",
}
"""What is said of a value that breaks a rule; objects and lists are not shown."""
HOLDERS = frozenset({"object", "map", "list"})


@dataclass(slots=True)
class Node:
    """One place of a schema that has rules, or has some below it."""

    type: Type
    rules: list[Rule]
    fields: dict[str, Node]
    element: Node | None


@dataclass(frozen=True, slots=True)
class Before:
    """What was at a place.

    Attributes:
        value: None where nothing was, or nothing that can be told to be the same.
        is_same: whether it is what is there now, or is within something that is.
    """

    value: Any = None
    is_same: bool = False


NOTHING_BEFORE = Before()


@dataclass(slots=True)
class Verdict:
    """What the rules say against an object, and what they only warn of."""

    faults: list[Fault] = field(default_factory=list)
    warnings: list[Fault] = field(default_factory=list)


class TooLong(Exception):
    """No further rules are asked."""


class Rules:
    """The rules of one schema.

    Args:
        type_: of the kind's root.
        compiler: of all schemas.
    """

    def __init__(self, type_: Type, compiler: Compiler) -> None:
        self._root = _node(type_, compiler)

    def judge(self, new: Any, old: Any = None) -> Verdict:
        """What they say.

        Args:
            new: an object that its schema takes.
            old: what it takes the place of, if anything.
        """
        verdict = Verdict()
        if self._root is not None:
            judged = _Judged(verdict, time.monotonic() + MOST_S)
            with suppress(TooLong):
                judged.look(self._root, new, Before(old, new == old), "")
        return verdict


def _node(type_: Type, compiler: Compiler) -> Node | None:
    if not type_.is_custom:
        return None
    rules = compiler.rules(type_) if type_.validations else []
    below = {name: _node(part, compiler) for name, part in type_.fields.items()}
    fields = {name: node for name, node in below.items() if node is not None}
    element = _node(type_.element, compiler) if type_.element is not None else None
    if not rules and not fields and element is None:
        return None
    return Node(type_, rules, fields, element)


@dataclass(slots=True)
class _Judged:
    """One object that is looked at."""

    verdict: Verdict
    deadline: float

    def look(self, node: Node, value: Any, before: Before, path: str) -> None:
        """At one place, and at those below it."""
        if value is None:
            return
        if node.rules:
            self._ask(node, value, before, path)
        for below, part, was, where in _below(node, value, before, path):
            self.look(below, part, was, where)

    def _ask(self, node: Node, value: Any, before: Before, path: str) -> None:
        variables = {"self": to_value(node.type, value)}
        has_old = before.value is not None
        if has_old and any(rule.uses_old for rule in node.rules):
            variables["oldSelf"] = to_value(node.type, before.value)
        kind = show(TYPE_NAMES.get(node.type.kind, node.type.kind))
        for rule in node.rules:
            if time.monotonic() > self.deadline:
                self._add(path, f"Invalid value: {kind}: {OUT_OF_BUDGET}")
                raise TooLong
            if rule.uses_old and not has_old and not rule.is_old_optional:
                continue
            try:
                is_met = rule.evaluate(variables, has_old=has_old) is True
            except Failed as error:
                self._failed(rule, error, path, kind)
                continue
            if not is_met:
                self._broken(rule, variables, before, path, _shown(node.type, value))

    def _failed(self, rule: Rule, error: Failed, path: str, kind: str) -> None:
        """A rule without an answer."""
        said = f"{error} evaluating rule: {rule.label}"
        if error.is_over_budget:
            said = f"'{error}': {NO_MORE} due to call cost exceeds limit for rule: {rule.label}"
        elif str(error).startswith(UNCOMPILED):
            said = str(error)
        elif str(error).startswith("no such overload"):
            words = "call arguments did not match a supported operator, function or macro signature"
            said = f"'{error}': {words} for rule: {rule.label}"
        self._add(path, f"Invalid value: {kind}: {said}")
        if error.is_over_budget:
            raise TooLong

    def _broken(
        self, rule: Rule, variables: Mapping[str, Any], before: Before, path: str, value: str
    ) -> None:
        where = child(path, rule.field_path) if rule.field_path else path
        detail = message_of(rule.message, variables) or rule.default_message
        text = WORDS[rule.reason].replace(": {value}", value).replace("{detail}", detail)
        if before.is_same and not rule.uses_old:
            self.verdict.warnings.append(Fault(where or ROOT, text, rule.reason))
        else:
            self._add(where, text, rule.reason)

    def _add(self, path: str, text: str, reason: str = "FieldValueInvalid") -> None:
        self.verdict.faults.append(Fault(path or ROOT, text, reason))


def _shown(type_: Type, value: Any) -> str:
    return "" if type_.kind in HOLDERS else f": {shown(value)}"


Below = tuple[Node, Any, Before, str]


def _below(node: Node, value: Any, before: Before, path: str) -> Iterator[Below]:
    """The places below one, with what was there."""
    if isinstance(value, dict):
        was = before.value if isinstance(before.value, dict) else {}
        for name, part in value.items():
            below = node.element or node.fields.get(name)
            if below is None:
                continue
            where = f"{path}[{name}]" if node.element else child(path, name)
            yield below, part, _before(was.get(name), part, before), where
    elif isinstance(value, list) and node.element is not None:
        was_by_key = _by_key(node.type, before.value)
        for index, part in enumerate(value):
            old = was_by_key.get(_key(node.type, part)) if was_by_key else None
            yield node.element, part, _before(old, part, before), f"{path}[{index}]"


def _before(old: Any, new: Any, above: Before) -> Before:
    if old is None:
        return Before(None, above.is_same)
    return Before(old, old == new)


def _by_key(type_: Type, old: Any) -> dict[str, Any]:
    """Elements of a list of type map, by what tells them apart; of other lists none can be told."""
    if type_.list_type != "map" or not isinstance(old, list):
        return {}
    return {_key(type_, one): one for one in old}


def _key(type_: Type, element: Any) -> str:
    return show([element.get(name) for name in type_.list_keys]) if type_.list_keys else ""
