"""Label selectors: requirements that must all hold.

Knows nothing about text but how a selector is written out; reading is in ``parser.py``. Sources:
k8s.io/apimachinery ``pkg/labels`` and ``LabelSelectorAsSelector`` for the meaning, the Kubernetes
page "Labels and Selectors" for the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .errors import BadSelector, quoted
from .names import faults_of_key, faults_of_value

SET_BASED = frozenset({"in", "notin"})
EQUALITY = frozenset({"=", "==", "!="})
PRESENCE = frozenset({"exists", "!"})
NUMERIC = {"gt": ">", "lt": "<"}
OPERATORS = ("in", "notin", "=", "==", "!=", "gt", "lt")
"""Those with values, in the order in which messages name them."""

EXPRESSIONS = {"In": "in", "NotIn": "notin", "Exists": "exists", "DoesNotExist": "!"}
"""The operators of a ``metav1.LabelSelector``."""


@dataclass(frozen=True)
class Requirement:
    """One part of a label selector: a key, an operator and its values."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet this requirement."""
        value = labels.get(self.key)
        match self.operator:
            case "=" | "==" | "in":
                return value is not None and value in self.values
            case "!=" | "notin":
                return value is None or value not in self.values
            case "exists" | "!":
                return (value is not None) == (self.operator == "exists")
        return value is not None and self._compares(value)

    def _compares(self, value: str) -> bool:
        have, wanted = _integer(value), _integer(self.values[0])
        if have is None or wanted is None:
            return False
        return have > wanted if self.operator == "gt" else have < wanted

    def __str__(self) -> str:
        if self.operator in PRESENCE:
            return self.key if self.operator == "exists" else f"!{self.key}"
        values = ",".join(sorted(self.values))
        if self.operator in SET_BASED:
            return f"{self.key} {self.operator} ({values})"
        return f"{self.key}{NUMERIC.get(self.operator, self.operator)}{values}"


@dataclass(frozen=True)
class LabelSelector:
    """Requirements that must all hold, in the order of their keys; with none, all is selected.

    Args:
        requirements: what must hold.
        selects_nothing: true for the selector that is not there: an absent
            ``metav1.LabelSelector`` selects nothing, an empty one everything.
    """

    requirements: tuple[Requirement, ...] = ()
    selects_nothing: bool = False

    def matches(self, labels: Mapping[str, str] | None) -> bool:
        """Whether an object with these labels is selected."""
        have = labels or {}
        return not self.selects_nothing and all(need.matches(have) for need in self.requirements)

    @property
    def is_everything(self) -> bool:
        """Whether it selects whatever there is."""
        return not self.requirements and not self.selects_nothing

    @cached_property
    def equalities(self) -> dict[str, str]:
        """The labels that whatever is selected must have: what an index can be asked for.

        A key that is asked to be two things at once is here with one of them; ``matches`` says no.
        """
        return {
            need.key: need.values[0]
            for need in self.requirements
            if need.operator in ("=", "==", "in") and len(need.values) == 1
        }

    def __str__(self) -> str:
        return ",".join(map(str, self.requirements))


def requirement(key: str, operator: str, values: Iterable[str] = ()) -> Requirement:
    """A requirement that has been checked.

    Raises:
        BadSelector: the key, the number of values or a value is not possible.
    """
    made = Requirement(key, operator, tuple(values))
    faults = [f"key: {text}" for text in invalid(key, faults_of_key(key))]
    faults += _faults_of_count(made)
    for index, value in enumerate(made.values):
        if operator in NUMERIC and _integer(value) is None:
            text = "for 'Gt', 'Lt' operators, the value must be an integer"
            faults.append(f"values[{index}]: Invalid value: {quoted(value)}: {text}")
        where = f"values[{index}][{key}]"
        faults += [f"{where}: {text}" for text in invalid(value, faults_of_value(value))]
    if faults:
        raise BadSelector(faults[0] if len(faults) == 1 else f"[{', '.join(faults)}]")
    return made


def from_labels(labels: Mapping[str, str] | None) -> LabelSelector:
    """The selector of a Service or a ReplicationController: these labels, each with its value."""
    pairs = sorted((labels or {}).items())
    return LabelSelector(tuple(Requirement(key, "=", (value,)) for key, value in pairs))


def from_label_selector(selector: Mapping[str, Any] | None) -> LabelSelector:
    """The selector that a ``metav1.LabelSelector`` describes.

    Args:
        selector: ``matchLabels`` and ``matchExpressions``. None selects nothing, ``{}`` everything.

    Raises:
        BadSelector: an operator, a key or a value is not possible.
    """
    if selector is None:
        return LabelSelector(selects_nothing=True)
    labels: Mapping[str, str] = selector.get("matchLabels") or {}
    needs = [requirement(key, "=", (value,)) for key, value in labels.items()]
    needs += [_from_expression(each) for each in selector.get("matchExpressions") or ()]
    return LabelSelector(in_order(needs))


def in_order(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Requirements by key; those of one key stay as they were."""
    return tuple(sorted(requirements, key=lambda need: need.key))


def invalid(value: str, faults: list[str]) -> list[str]:
    """What an API says of a value with these faults: one text, or none."""
    return [f"Invalid value: {quoted(value)}: {'; '.join(faults)}"] if faults else []


def _from_expression(expression: Mapping[str, Any]) -> Requirement:
    operator = expression.get("operator", "")
    if operator not in EXPRESSIONS:
        raise BadSelector(f"{quoted(operator)} is not a valid label selector operator")
    return requirement(
        expression.get("key", ""), EXPRESSIONS[operator], expression.get("values") or ()
    )


def _faults_of_count(need: Requirement) -> list[str]:
    count = len(need.values)
    if need.operator in SET_BASED and not count:
        text = "for 'in', 'notin' operators, values set can't be empty"
    elif need.operator in EQUALITY and count != 1:
        text = "exact-match compatibility requires one single value"
    elif need.operator in PRESENCE and count:
        text = "values set must be empty for exists and does not exist"
    elif need.operator in NUMERIC and count != 1:
        text = "for 'Gt', 'Lt' operators, exactly one value is required"
    else:
        return []
    return [f"values: Invalid value: [{','.join(map(quoted, need.values))}]: {text}"]


def _integer(text: str) -> int | None:
    """A number as Go's ``ParseInt(…, 10, 64)`` takes it, or None."""
    value = int(text) if re.fullmatch(r"[+-]?[0-9]{1,63}", text) else None
    return value if value is not None and -(2**63) <= value < 2**63 else None
