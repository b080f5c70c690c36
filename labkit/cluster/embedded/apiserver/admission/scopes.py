"""Scopes of a quota: which objects it counts.

Only pods have any: a quota with a scope counts nothing else. Source: Kubernetes
`pkg/quota/v1/evaluator/core/pods.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from labkit.cluster.embedded.apiserver.kinds.pod.resources import qos_class
from labkit.cluster.embedded.apiserver.selectors import from_label_selector

Object = dict[str, Any]


def of_quota(quota: Object) -> list[Object]:
    """The scopes of a quota, as requirements: each has a scopeName and an operator."""
    spec = quota.get("spec") or {}
    plain = [{"scopeName": name, "operator": "Exists"} for name in spec.get("scopes") or ()]
    return plain + list((spec.get("scopeSelector") or {}).get("matchExpressions") or ())


def all_match(requirements: list[Object], storage: str, value: Object) -> bool:
    """Whether an object is in all of these scopes."""
    return all(storage == "pods" and _matches(one, value.get("spec") or {}) for one in requirements)


def _matches(requirement: Object, spec: Object) -> bool:
    name = requirement["scopeName"]
    if name == "PriorityClass":
        return _is_of_class(requirement, spec)
    return name in SCOPES and SCOPES[name](spec)


def _is_of_class(requirement: Object, spec: Object) -> bool:
    name = spec.get("priorityClassName")
    if requirement["operator"] == "Exists":
        return bool(name)
    expression = {"key": "PriorityClass", "operator": requirement["operator"]}
    expression |= {"values": requirement["values"]} if requirement.get("values") else {}
    selector = from_label_selector({"matchExpressions": [expression]})
    return selector.matches({"PriorityClass": name} if name else {})


def _has_deadline(spec: Object) -> bool:
    return spec.get("activeDeadlineSeconds") is not None


def _is_best_effort(spec: Object) -> bool:
    return qos_class(spec) == "BestEffort"


def _looks_elsewhere(spec: Object) -> bool:
    """Whether a pod wants to be near, or away from, pods of other namespaces."""
    return any(term.get("namespaces") or term.get("namespaceSelector") is not None
               for term in _terms(spec.get("affinity") or {}))  # fmt: skip


def _terms(affinity: Object) -> Iterator[Object]:
    for kind in ("podAffinity", "podAntiAffinity"):
        said = affinity.get(kind) or {}
        yield from said.get("requiredDuringSchedulingIgnoredDuringExecution") or ()
        for one in said.get("preferredDuringSchedulingIgnoredDuringExecution") or ():
            yield one.get("podAffinityTerm") or {}


SCOPES: dict[str, Callable[[Object], bool]] = {
    "Terminating": _has_deadline,
    "NotTerminating": lambda spec: not _has_deadline(spec),
    "BestEffort": _is_best_effort,
    "NotBestEffort": lambda spec: not _is_best_effort(spec),
    "CrossNamespacePodAffinity": _looks_elsewhere,
}
