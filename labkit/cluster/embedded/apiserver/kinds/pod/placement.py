"""Where a pod may run: node selectors, affinity, tolerations, spreading, taints.

Source: Kubernetes `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from .. import faults as f
from ..label_selectors import label_selector
from ..names import dns1123_label, dns1123_subdomain, label_value, qualified_name
from ..rules import (
    Always,
    Faults,
    Object,
    at_least,
    both,
    each,
    listed,
    named,
    named_even_empty,
    one_of,
    parts,
    required,
    struct,
)

_EFFECTS = ("NoSchedule", "PreferNoSchedule", "NoExecute")
_NAME_FIELD = "metadata.name"


# Node affinity


def _expression(value: Any, path: str, faults: Faults) -> None:
    operator, given = value.get("operator") or "", value.get("values") or []
    _values_of(operator, given, path, faults)
    name = value.get("key") or ""
    faults += [f.invalid(f"{path}.key", name, message) for message in qualified_name(name)]
    for index, text in enumerate(given):
        wrong = label_value(text or "")
        faults += [f.invalid(f"{path}.values[{index}]", text, message) for message in wrong]


def _values_of(operator: str, given: list[str], path: str, faults: Faults) -> None:
    path, operator_path = f"{path}.values", f"{path}.operator"
    if operator in ("In", "NotIn"):
        if not given:
            message = "must be specified when `operator` is 'In' or 'NotIn'"
            faults.append(f.required(path, message))
    elif operator in ("Exists", "DoesNotExist"):
        if given:
            message = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
            faults.append(f.forbidden(path, message))
    elif operator in ("Gt", "Lt"):
        if len(given) != 1:
            message = "must be specified single value when `operator` is 'Lt' or 'Gt'"
            faults.append(f.required(path, message))
    else:
        faults.append(f.invalid(operator_path, operator, "not a valid selector operator"))


def _field(value: Any, path: str, faults: Faults) -> None:
    operator, given = value.get("operator") or "", value.get("values") or []
    if operator not in ("In", "NotIn"):
        faults.append(f.invalid(f"{path}.operator", operator, "not a valid selector operator"))
    elif len(given) != 1:
        message = (
            "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
        )
        faults.append(f.required(f"{path}.values", message))
    name = value.get("key") or ""
    if name != _NAME_FIELD:
        faults.append(f.invalid(f"{path}.key", name, "not a valid field selector key"))
    for index, text in enumerate(given if name == _NAME_FIELD else ()):
        wrong = dns1123_subdomain(text or "")
        faults += [f.invalid(f"{path}.values[{index}]", text, message) for message in wrong]


_TERM = struct({"matchExpressions": each(_expression), "matchFields": each(_field)})
_SOME_TERMS = "must have at least one node selector term"
node_selector = struct({"nodeSelectorTerms": required(each(_TERM), _SOME_TERMS)})


def _weight(value: Any, path: str, faults: Faults) -> None:
    if not 1 <= (value or 0) <= 100:
        faults.append(f.invalid(path, value or 0, "must be in the range 1-100"))


_NODE = struct(
    {
        "requiredDuringSchedulingIgnoredDuringExecution": node_selector,
        "preferredDuringSchedulingIgnoredDuringExecution": each(
            struct({"weight": Always(_weight), "preference": _TERM})
        ),
    }
)


# Affinity between pods


def _namespaces(value: Any, path: str, faults: Faults) -> None:
    path = path.removesuffix("s")  # the API server names no item here
    for name in value:
        faults += [f.invalid(path, name or "", wrong) for wrong in dns1123_label(name or "")]


_TOPOLOGY = both(required(None, "can not be empty"), named_even_empty(qualified_name))
_POD_TERM = struct(
    {
        "labelSelector": label_selector,
        "namespaceSelector": label_selector,
        "namespaces": _namespaces,
        "topologyKey": _TOPOLOGY,
    }
)
_BETWEEN_PODS = struct(
    {
        "requiredDuringSchedulingIgnoredDuringExecution": each(_POD_TERM),
        "preferredDuringSchedulingIgnoredDuringExecution": each(
            struct({"weight": Always(_weight), "podAffinityTerm": _POD_TERM})
        ),
    }
)
affinity = struct(
    {"nodeAffinity": _NODE, "podAffinity": _BETWEEN_PODS, "podAntiAffinity": _BETWEEN_PODS}
)


# Taints and tolerations


def _toleration(value: Any, path: str, faults: Faults) -> None:
    name, operator = value.get("key") or "", value.get("operator") or ""
    effect, text = value.get("effect") or "", value.get("value") or ""
    _KEY(name or None, f"{path}.key", faults)
    if not name and operator != "Exists":
        message = (
            "operator must be Exists when `key` is empty, which means "
            '"match all values and all keys"'
        )
        faults.append(f.invalid(f"{path}.operator", operator, message))
    if value.get("tolerationSeconds") is not None and effect != "NoExecute":
        message = "effect must be 'NoExecute' when `tolerationSeconds` is set"
        faults.append(f.invalid(f"{path}.effect", effect, message))
    if operator in ("", "Equal"):
        if wrong := label_value(text):
            faults.append(f.invalid(f"{path}.operator", text, ";".join(wrong)))
    elif operator == "Exists":
        if text:
            message = "value must be empty when `operator` is 'Exists'"
            faults.append(f.invalid(f"{path}.operator", value, message))
    else:
        faults.append(f.not_supported(f"{path}.operator", operator, ("Equal", "Exists")))
    _EFFECT(effect or None, f"{path}.effect", faults)


_KEY = named(qualified_name)
_EFFECT = one_of(*_EFFECTS)
tolerations = each(_toleration)


def taints(value: Any, path: str, faults: Faults) -> None:
    """A node's taints: one for each key and effect."""
    seen = set()
    for taint, own_path in listed(value, path):
        _TAINT(taint, own_path, faults)
        this = (taint.get("key"), taint.get("effect"))
        if this in seen:
            message = "taints must be unique by key and effect pair"
            faults.append(f.Fault(own_path, f.Reason.DUPLICATE, message, taint))
        seen.add(this)


def _taint_value(value: Any, path: str, faults: Faults) -> None:
    if wrong := label_value(value or ""):
        faults.append(f.invalid(path, value, ";".join(wrong)))


def _taint_key(value: Any, path: str, faults: Faults) -> None:
    value = value or ""
    faults += [f.invalid(path, value, message) for message in qualified_name(value)]


_TAINT = struct(
    {
        "key": Always(_taint_key),
        "value": _taint_value,
        "effect": required(one_of(*_EFFECTS)),
    }
)


# Spreading


_ACTIONS = ("DoNotSchedule", "ScheduleAnyway")


def _skew(value: Any, path: str, faults: Faults) -> None:
    if (value or 0) <= 0:
        faults.append(f.invalid(path, value or 0, "must be greater than zero"))


def _action(value: Any, path: str, faults: Faults) -> None:
    if value not in _ACTIONS:
        faults.append(f.not_supported(path, value or "", _ACTIONS))


_SPREAD = struct(
    {
        "maxSkew": Always(_skew),
        "topologyKey": required(named(qualified_name), "can not be empty"),
        "whenUnsatisfiable": Always(_action),
        "labelSelector": label_selector,
        "minDomains": at_least(1, "must be greater than zero"),
    }
)


def spread_constraints(value: Any, path: str, faults: Faults) -> None:
    """How evenly pods are spread: no two rules for one topology and one action."""
    pairs = [(one.get("topologyKey"), one.get("whenUnsatisfiable")) for one, _ in listed(value, "")]
    for index, (constraint, own_path) in enumerate(listed(value, path)):
        _SPREAD(constraint, own_path, faults)
        this = pairs[index]
        if this in pairs[index + 1 :]:  # the first of two is the one that is refused
            pair = f"{{{this[0] or ''}, {this[1] or ''}}}"
            faults.append(f.duplicate(f"{own_path}.{{topologyKey, whenUnsatisfiable}}", pair))


def scheduling_gates(value: Any, path: str, faults: Faults) -> None:
    """What a pod waits for before it is scheduled."""
    seen = set()
    for gate, own_path in listed(value, path):
        name = gate.get("name") or ""
        wrong = qualified_name(name)
        faults += [f.invalid(own_path, name, message) for message in wrong]
        if name in seen:
            faults.append(f.duplicate(own_path, name))
        seen.add(name)


def only_added_tolerations(new: Object, old: Object, path: str, faults: Faults) -> None:
    """A pod may learn to tolerate more, and for how long; never less."""
    has = [_without_seconds(toleration) for toleration in parts(new, "tolerations")]
    for toleration in parts(old, "tolerations"):
        if _without_seconds(toleration) not in has:
            message = "existing toleration can not be modified except its tolerationSeconds"
            faults.append(f.forbidden(f"{path}.tolerations", message))
            return


def _without_seconds(toleration: Object) -> Object:
    return {name: value for name, value in toleration.items() if name != "tolerationSeconds"}


def only_removed_gates(new: Object, old: Object, path: str, faults: Faults) -> None:
    """A pod's gates are opened one by one; none is added."""
    had = [gate.get("name") for gate in parts(old, "schedulingGates")]
    for gate in parts(new, "schedulingGates"):
        if (name := gate.get("name")) not in had:
            message = f"only deletion is allowed, but found new scheduling gate '{name}'"
            faults.append(f.forbidden(f"{path}.schedulingGates", message))
