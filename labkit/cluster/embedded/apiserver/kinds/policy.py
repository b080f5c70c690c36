"""Bounds: quotas, limit ranges, disruption budgets, priorities.

Sources: Kubernetes `pkg/apis/core/validation/validation.go`, `pkg/apis/policy/validation`,
`pkg/apis/scheduling/validation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf
from typing import Any

from . import faults as f
from .int_or_percent import at_most_all, int_or_percent
from .kind import Kind
from .label_selectors import label_selector
from .names import qualified_name
from .pod.resources import (
    canonical_list,
    container_resource_name,
    is_standard_for_quota,
    may_overcommit,
    quantity_value,
    quota_resource_name,
    resource_name,
)
from .quantity import Quantity, parse
from .rules import (
    Faults,
    Object,
    fill_absent,
    immutable,
    items,
    one_of,
    parts,
    required,
    struct,
)

# Quotas

_SCOPES = (
    "BestEffort", "CrossNamespacePodAffinity", "NotBestEffort", "NotTerminating", "PriorityClass",
    "Terminating", "VolumeAttributesClass",
)  # fmt: skip
_EXISTS_ONLY = frozenset(_SCOPES) - {"PriorityClass", "VolumeAttributesClass"}
_OPPOSITES = ({"BestEffort", "NotBestEffort"}, {"Terminating", "NotTerminating"})
_OF_PODS = frozenset(
    {
        "pods", "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory",
        "requests.ephemeral-storage", "limits.cpu", "limits.memory", "limits.ephemeral-storage",
    }
)  # fmt: skip
_OF_SCOPE = {
    **dict.fromkeys(_SCOPES, _OF_PODS),
    "BestEffort": frozenset({"pods"}),
    "VolumeAttributesClass": frozenset({"persistentvolumeclaims", "requests.storage"}),
}


def _quota_defaults(new: Object) -> None:
    canonical_list(new.get("spec"), "hard")
    canonical_list(new.get("status"), "hard", "used")


def _hard(value: Any, path: str, faults: Faults) -> None:
    for name, written in (value or {}).items():
        quota_resource_name(name, f"{path}[{name}]", faults)
        quantity_value(name, written, f"{path}[{name}]", faults)


def _not_for(scope: str, spec: Object) -> Iterator[str]:
    """The resources that such a scope cannot bound."""
    bounded = _OF_SCOPE.get(scope)
    for name in sorted(spec.get("hard") or ()):
        if bounded is not None and name not in bounded and is_standard_for_quota(name):
            yield name


def _scopes(spec: Any, path: str, faults: Faults) -> None:
    scopes, own_path = spec.get("scopes") or [], f"{path}.scopes"
    for scope in scopes:
        if scope not in _SCOPES:
            faults.append(f.invalid(own_path, scopes, "unsupported scope"))
        for _ in _not_for(scope, spec):
            faults.append(f.invalid(own_path, scopes, "unsupported scope applied to resource"))
    _no_opposites(scopes, own_path, scopes, faults)


def _no_opposites(scopes: list[str], path: str, shown: Any, faults: Faults) -> None:
    for pair in _OPPOSITES:
        if pair <= set(scopes):
            faults.append(f.invalid(path, shown, "conflicting scopes"))


def _scope_selector(spec: Any, path: str, faults: Faults) -> None:
    path, selector = f"{path}.scopeSelector.matchExpressions", spec.get("scopeSelector") or {}
    requirements = list(parts(selector, "matchExpressions"))
    for requirement in requirements:
        scope, operator = requirement.get("scopeName"), requirement.get("operator")
        if scope not in _SCOPES:
            faults.append(f.invalid(f"{path}.scopeName", scope, "unsupported scope"))
        for _ in _not_for(scope, spec):
            message = "unsupported scope applied to resource"
            faults.append(f.invalid(path, _shown_selector(requirements), message))
        if scope in _EXISTS_ONLY and operator != "Exists":
            faults.append(f.invalid(f"{path}.operator", operator, _ONLY_EXISTS))
        _scope_values(operator, requirement.get("values") or [], path, faults)
    names = [one.get("scopeName") for one in requirements]
    _no_opposites(names, path, spec.get("scopes"), faults)


def _shown_selector(requirements: list[Object]) -> f.InOrder:
    shown = [
        f.InOrder(
            ScopeName=one.get("scopeName") or "",
            Operator=one.get("operator") or "",
            Values=one.get("values"),
        )
        for one in requirements
    ]
    return f.InOrder(MatchExpressions=shown)


def _scope_values(operator: Any, given: list[str], path: str, faults: Faults) -> None:
    if operator in ("In", "NotIn"):
        if not given:
            message = f"must be at least one value when `operator` is 'In' or 'NotIn' {_FOR}"
            faults.append(f.required(f"{path}.values", message))
    elif operator in ("Exists", "DoesNotExist"):
        if given:
            message = f"must be no value when `operator` is 'Exist' or 'DoesNotExist' {_FOR}"
            faults.append(f.invalid(f"{path}.values", given, message))
    else:
        faults.append(f.invalid(f"{path}.operator", operator, "not a valid selector operator"))


_FOR = "for scope selector"
_ONLY_EXISTS = (
    "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, "
    "ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, "
    "ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity"
)


def _scopes_stay(new: Object, old: Object, faults: Faults) -> None:
    now, was = ((one.get("spec") or {}).get("scopes") or [] for one in (new, old))
    if set(now) != set(was):
        faults.append(f.invalid("spec.scopes", now or None, "field is immutable"))


RESOURCE_QUOTA = Kind(
    defaults=(_quota_defaults,),
    rules=(struct({"spec": struct({"hard": _hard}, _scopes, _scope_selector)}),),
    update_rules=(_scopes_stay,),
    rules_first=True,
    status={},
)


# Limit ranges

_LISTS = ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")
_TYPES = ("Pod", "Container", "PersistentVolumeClaim")


def _limit_range_defaults(new: Object) -> None:
    for limit in parts((new.get("spec") or {}), "limits"):
        canonical_list(limit, *_LISTS)
        if limit.get("type") == "Container":
            _container_limit_defaults(limit)


def _container_limit_defaults(limit: Object) -> None:
    """The most is what is given; what is given, or the least, is what is asked."""
    given = {**(limit.get("max") or {}), **(limit.get("default") or {})}
    asked = {**(limit.get("min") or {}), **given, **(limit.get("defaultRequest") or {})}
    for name, value in (("default", given), ("defaultRequest", asked)):
        if value and value != limit.get(name):
            limit[name] = value


def _limit(limit: Any, path: str, seen: set[str], faults: Faults) -> None:
    kind = limit.get("type") or ""
    wrong = qualified_name(kind)
    faults += [f.invalid(f"{path}.type", kind, message) for message in wrong]
    if not wrong and "/" not in kind and kind not in _TYPES:
        message = "must be a standard limit type or fully qualified"
        faults.append(f.invalid(f"{path}.type", kind, message))
    if kind in seen:
        faults.append(f.duplicate(f"{path}.type", kind))
    seen.add(kind)
    check = container_resource_name if kind in ("Pod", "Container") else resource_name
    amounts: dict[str, dict[str, Quantity]] = {}
    for list_name in _LISTS:
        written = limit.get(list_name) or {}
        if list_name == "maxLimitRequestRatio" and kind == "PersistentVolumeClaim":
            _some_bound(amounts.get("storage", {}), path, faults)
        if written and kind == "Pod" and list_name.startswith("default"):
            message = "may not be specified when `type` is 'Pod'"
            faults.append(f.forbidden(f"{path}.{list_name}", message))
            continue
        for name, text in written.items():
            check(name, f"{path}.{list_name}[{name}]", faults)
            amounts.setdefault(name, {})[list_name] = parse(text)
    for name, said in amounts.items():
        _orders(name, said, path, faults)


def _some_bound(said: Mapping[str, Quantity], path: str, faults: Faults) -> None:
    if not said.keys() & {"min", "max"}:
        message = "either minimum or maximum storage value is required, but neither was provided"
        faults.append(f.required(f"{path}.limits", message))


_CALLED = {
    "min": "min value",
    "max": "max value",
    "default": "default value",
    "defaultRequest": "default request value",
}
_ORDERS = (
    # what is not greater, than what; where the fault is, and which of the two it shows
    ("min", "max", "min", "min"),
    ("min", "defaultRequest", "defaultRequest", "defaultRequest"),
    ("defaultRequest", "max", "defaultRequest", "defaultRequest"),
    ("defaultRequest", "default", "defaultRequest", "defaultRequest"),
    ("min", "default", "default", "min"),
    ("default", "max", "default", "max"),
)


def _orders(name: str, said: Mapping[str, Quantity], path: str, faults: Faults) -> None:
    for less, greater, at, shown in _ORDERS:
        if less in said and greater in said and said[greater] < said[less]:
            called = _CALLED[greater]
            if (less, greater) == ("defaultRequest", "default"):
                called = "default limit value"
            message = f"{_CALLED[less]} {said[less]} is greater than {called} {said[greater]}"
            faults.append(f.invalid(f"{path}.{at}[{name}]", said[shown], message))
    ratio, own_path = said.get("maxLimitRequestRatio"), f"{path}.maxLimitRequestRatio[{name}]"
    if ratio is not None and ratio < parse("1"):
        faults.append(f.invalid(own_path, ratio, f"ratio {ratio} is less than 1"))
    if ratio is not None and "min" in said and "max" in said:
        wanted, possible = _ratios(ratio, said["min"], said["max"])
        if wanted > possible:
            message = f"ratio {ratio} is greater than max/min = {possible:.6f}"
            faults.append(f.invalid(own_path, ratio, message))
    given, asked = said.get("default"), said.get("defaultRequest")
    if not may_overcommit(name) and given is not None and asked is not None and given != asked:
        message = f"default value {given} must equal to defaultRequest value {asked} in {name}"
        faults.append(f.invalid(f"{path}.defaultRequest[{name}]", asked, message))


def _ratios(ratio: Quantity, least: Quantity, most: Quantity) -> tuple[float, float]:
    """What is asked for and what is possible: in thousandths, where that many can be counted."""
    if max(ratio.value, least.value, most.value) < _MOST_WITH_THOUSANDTHS:
        asked, below, above = ratio.milli / 1000, least.milli, most.milli
    else:
        asked, below, above = float(ratio.value), least.value, most.value
    return asked, above / below if below else inf


_MOST_WITH_THOUSANDTHS = (2**63 - 1) // 1000


def _limits(new: Any, path: str, faults: Faults) -> None:
    seen: set[str] = set()
    for limit, own_path in items(new.get("spec") or {}, "limits", "spec"):
        _limit(limit, own_path, seen, faults)


LIMIT_RANGE = Kind(defaults=(_limit_range_defaults,), rules=(_limits,))


# Disruption budgets


def _budget(spec: Any, path: str, faults: Faults) -> None:
    least, most = spec.get("minAvailable"), spec.get("maxUnavailable")
    if least is not None and most is not None:
        message = "minAvailable and maxUnavailable cannot be both set"
        shown = f.InOrder(
            MinAvailable=least,
            Selector=spec.get("selector"),
            MaxUnavailable=most,
            UnhealthyPodEvictionPolicy=spec.get("unhealthyPodEvictionPolicy"),
        )
        faults.append(f.invalid(path, shown, message))
    for name, value in (("minAvailable", least), ("maxUnavailable", most)):
        if value is not None:
            int_or_percent(value, f"{path}.{name}", faults)
            at_most_all(value, f"{path}.{name}", faults)
    label_selector(spec.get("selector"), f"{path}.selector", faults)
    policy = spec.get("unhealthyPodEvictionPolicy")
    supported = ("AlwaysAllow", "IfHealthyBudget")
    one_of(*supported)(policy, f"{path}.unhealthyPodEvictionPolicy", faults)


DISRUPTION_BUDGET = Kind(
    rules=(struct({"spec": _budget}),),
    status={
        "disruptionsAllowed": 0,
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "expectedPods": 0,
    },
    generation_of=("spec",),
)


# Priorities

_SYSTEM = "system-"
_SYSTEM_CLASSES = {"system-node-critical": 2000001000, "system-cluster-critical": 2000000000}
_HIGHEST = 1000000000


def _priority_defaults(new: Object) -> None:
    fill_absent(new, {"preemptionPolicy": "PreemptLowerPriority", "value": 0})


def _priority(new: Any, path: str, faults: Faults) -> None:
    name, value = new["metadata"].get("name") or "", new.get("value") or 0
    if name.startswith(_SYSTEM):
        if wrong := _not_system(name, value, is_default=bool(new.get("globalDefault"))):
            message = (
                f"priority class names with '{_SYSTEM}' prefix are reserved for system use only. "
                f"error: {wrong}"
            )
            faults.append(f.forbidden("metadata.name", message))
    elif value > _HIGHEST:
        message = f"maximum allowed value of a user defined priority is {_HIGHEST}"
        faults.append(f.forbidden("value", message))
    policies = one_of("PreemptLowerPriority", "Never")
    required(policies)(new.get("preemptionPolicy"), "preemptionPolicy", faults)


def _not_system(name: str, value: int, *, is_default: bool) -> str:
    if name not in _SYSTEM_CLASSES:
        return f"{name} is not a known system priority class"
    wanted = _SYSTEM_CLASSES[name]
    if value != wanted:
        return f"value of {name} PriorityClass must be {wanted}"
    return f"globalDefault of {name} PriorityClass must be false" if is_default else ""


def _priority_stays(new: Object, old: Object, faults: Faults) -> None:
    if (new.get("value") or 0) != (old.get("value") or 0):
        faults.append(f.forbidden("value", "may not be changed in an update."))


def _first_generation(new: Object) -> None:
    new["metadata"]["generation"] = 1


PRIORITY_CLASS = Kind(
    is_namespaced=False,
    defaults=(_priority_defaults,),
    rules=(_priority,),
    update_rules=(_priority_stays, immutable("preemptionPolicy")),
    is_revalidated=False,
    on_create=(_first_generation,),
)
