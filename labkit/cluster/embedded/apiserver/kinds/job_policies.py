"""When a job gives up, and when it is done before all its pods are.

Source: Kubernetes `pkg/apis/batch/validation/validation.go`.
"""

from __future__ import annotations

import re
from typing import Any

from . import faults as f
from .names import qualified_name
from .rules import Faults, Object, items, listed, named_even_empty, not_negative, one_of, parts

_MOST_RULES, _MOST_CONDITIONS, _MOST_CODES = 20, 20, 255
_INDEXES_LIMIT = 64 * 1024
_ACTIONS = ("Count", "FailIndex", "FailJob", "Ignore")
_OPERATORS = ("In", "NotIn")
_STATUSES = ("False", "True", "Unknown")


def failure_defaults(spec: Object) -> None:
    """In place: a condition of a pod is looked for as one that holds."""
    for rule in parts(spec.get("podFailurePolicy") or {}, "rules"):
        for pattern in parts(rule, "onPodConditions"):
            if not pattern.get("status"):
                pattern["status"] = "True"


def _choice(value: Any, path: str, supported: tuple[str, ...], faults: Faults) -> None:
    if not value:
        valid = " ".join(map(f.shown, supported))
        faults.append(f.required(path, f"valid values: [{valid}]"))
    else:
        one_of(*supported)(value, path, faults)


def failure_policy(spec: Object, path: str, faults: Faults) -> None:
    """What is done about a pod that failed: the first rule that matches says it."""
    policy = spec.get("podFailurePolicy")
    if policy is None:
        return
    path, rules = f"{path}.podFailurePolicy.rules", policy.get("rules") or ()
    if len(rules) > _MOST_RULES:
        faults.append(f.too_many(path, len(rules), _MOST_RULES))
    template = (spec.get("template") or {}).get("spec") or {}
    names = {
        one.get("name")
        for name in ("containers", "initContainers")
        for one in parts(template, name)
    }
    for rule, own_path in listed(rules, path):
        _failure_rule(rule, own_path, spec, names, faults)


def _failure_rule(rule: Object, path: str, spec: Object, names: set[Any], faults: Faults) -> None:
    action, codes, conditions = (
        rule.get(name) for name in ("action", "onExitCodes", "onPodConditions")
    )
    if action == "FailIndex" and spec.get("backoffLimitPerIndex") is None:
        message = "requires the backoffLimitPerIndex to be set"
        faults.append(f.invalid(f"{path}.action", action, message))
    _choice(action, f"{path}.action", _ACTIONS, faults)
    if codes is not None:
        _exit_codes(codes, f"{path}.onExitCodes", names, faults)
    if conditions:
        _conditions(conditions, f"{path}.onPodConditions", faults)
    if codes is not None and conditions:
        message = "specifying both OnExitCodes and OnPodConditions is not supported"
        faults.append(f.invalid(path, f.UNSAID, message))
    if codes is None and not conditions:
        message = "specifying one of OnExitCodes and OnPodConditions is required"
        faults.append(f.invalid(path, f.UNSAID, message))


def _conditions(value: Any, path: str, faults: Faults) -> None:
    if len(value) > _MOST_CONDITIONS:
        faults.append(f.too_many(path, len(value), _MOST_CONDITIONS))
    for pattern, own_path in listed(value, path):
        named_even_empty(qualified_name)(pattern.get("type"), f"{own_path}.type", faults)
        _choice(pattern.get("status"), f"{own_path}.status", _STATUSES, faults)


def _exit_codes(value: Object, path: str, names: set[Any], faults: Faults) -> None:
    operator, container = value.get("operator"), value.get("containerName")
    _choice(operator, f"{path}.operator", _OPERATORS, faults)
    if container is not None and container not in names:
        message = "must be one of the container or initContainer names in the pod template"
        faults.append(f.invalid(f"{path}.containerName", container, message))
    codes, path = value.get("values") or [], f"{path}.values"
    if not codes:
        faults.append(f.invalid(path, value.get("values"), "at least one value is required"))
    elif len(codes) > _MOST_CODES:
        faults.append(f.too_many(path, len(codes), _MOST_CODES))
    for index, code in enumerate(codes):
        if operator == "In" and code == 0:
            message = "must not be 0 for the In operator"
            faults.append(f.invalid(f"{path}[{index}]", code, message))
        if code in codes[:index]:
            faults.append(f.duplicate(f"{path}[{index}]", code))
    if list(codes) != sorted(codes):
        faults.append(f.invalid(path, codes, "must be ordered"))


# Success


def success_policy(spec: Object, path: str, faults: Faults) -> None:
    """Which of its indexes a job needs, or how many of them."""
    policy, path = spec.get("successPolicy"), f"{path}.successPolicy"
    if policy is None:
        return
    if spec.get("completionMode") != "Indexed":
        shown = f.InOrder(Rules=[_shown(rule) for rule in parts(policy, "rules")])
        faults.append(f.invalid(path, shown, "requires indexed completion mode"))
        return
    rules = policy.get("rules") or ()
    if not rules:
        message = "at least one rules must be specified when the successPolicy is specified"
        faults.append(f.required(f"{path}.rules", message))
    if len(rules) > _MOST_RULES:
        faults.append(f.too_many(f"{path}.rules", len(rules), _MOST_RULES))
    for rule, own_path in items(policy, "rules", path):
        _success_rule(rule, own_path, spec.get("completions") or 0, faults)


def _shown(rule: Object) -> f.InOrder:
    indexes, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    return f.InOrder(SucceededIndexes=indexes, SucceededCount=count)


def _success_rule(rule: Object, path: str, completions: int, faults: Faults) -> None:
    indexes, count = rule.get("succeededIndexes"), rule.get("succeededCount")
    if indexes is None and count is None:
        message = "at least one of succeededCount or succeededIndexes must be specified"
        faults.append(f.required(path, message))
    total = 0
    if indexes is not None:
        own_path = f"{path}.succeededIndexes"
        if len(indexes) > _INDEXES_LIMIT:
            faults.append(f.too_long(own_path, _INDEXES_LIMIT))
        try:
            total = _count(indexes, completions)
        except ValueError as error:
            message = f"error parsing succeededIndexes: {error}"
            faults.append(f.invalid(own_path, indexes, message))
    if count is not None:
        own_path = f"{path}.succeededCount"
        not_negative(count, own_path, faults)
        most = "must be less than or equal to"
        if count > completions:
            message = f"{most} {completions} (the number of specified completions)"
            faults.append(f.invalid(own_path, count, message))
        if indexes is not None and count > total:
            where = "the number of indexes in the specified succeededIndexes field"
            faults.append(f.invalid(own_path, count, f"{most} {total} ({where})"))


def _count(indexes: str, completions: int) -> int:
    """How many indexes `0,2-4` says; ValueError if it says none that there are, or twice."""
    total, last = 0, -1
    for interval in indexes.split(",") if indexes else ():
        ends = interval.split("-")
        if len(ends) > 2:
            raise ValueError(
                f"the fragment {f.shown(interval)} violates the requirement that an index interval "
                "can have at most two parts separated by '-'"
            )
        first, *rest = (_index(end, completions) for end in ends)
        end = rest[0] if rest else first
        if rest and first >= end:
            raise ValueError(f"non-increasing order, previous: {first}, current: {end}")
        if last >= first:
            raise ValueError(f"non-increasing order, previous: {last}, current: {first}")
        total, last = total + end - first + 1, end
    return total


def _index(text: str, completions: int) -> int:
    if not re.fullmatch("[-+]?[0-9]+", text):
        raise ValueError(f"cannot convert string to integer for index: {f.shown(text)}")
    if int(text) >= completions:
        raise ValueError(f"too large index: {f.shown(text)}")
    return int(text)
