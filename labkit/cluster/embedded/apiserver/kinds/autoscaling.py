"""Horizontal pod autoscalers, in `autoscaling/v2` and in its older form `v1`.

Sources: Kubernetes `pkg/apis/autoscaling/v2/defaults.go`, `v1/defaults.go`,
`pkg/apis/autoscaling/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .kind import Kind
from .names import dns1123_label, path_segment
from .quantity import parse
from .rules import (
    Always,
    Faults,
    Object,
    at_least,
    child,
    each,
    fill_absent,
    named,
    not_negative,
    one_of,
    part,
    parts,
    required,
    struct,
)

_TYPES = ("ContainerResource", "External", "Object", "Pods", "Resource")
_UP = {"stabilizationWindowSeconds": 0, "selectPolicy": "Max"}
_UP_POLICIES = (
    {"type": "Pods", "value": 4, "periodSeconds": 15},
    {"type": "Percent", "value": 100, "periodSeconds": 15},
)
_DOWN = {"selectPolicy": "Max"}
_DOWN_POLICIES = ({"type": "Percent", "value": 100, "periodSeconds": 15},)


def _defaults(new: Object) -> None:
    spec = child(new, "spec")
    fill_absent(spec, {"minReplicas": 1})
    if new.get("apiVersion") == "autoscaling/v1":
        fill_absent(spec, {"targetCPUUtilizationPercentage": 80})
    elif not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    if (behavior := spec.get("behavior")) is not None:
        _direction(child(behavior, "scaleUp"), _UP, _UP_POLICIES)
        _direction(child(behavior, "scaleDown"), _DOWN, _DOWN_POLICIES)


def _direction(rules: Object, table: Object, policies: tuple[Object, ...]) -> None:
    fill_absent(rules, table)
    if rules.get("policies") is None:
        rules["policies"] = [dict(policy) for policy in policies]


def _replicas(spec: Any, path: str, faults: Faults) -> None:
    least, most = spec.get("minReplicas"), spec.get("maxReplicas") or 0
    at_least(1)(least, f"{path}.minReplicas", faults)
    at_least(1, "must be greater than 0")(most, f"{path}.maxReplicas", faults)
    if least is not None and most < least:
        message = "must be greater than or equal to `minReplicas`"
        faults.append(f.invalid(f"{path}.maxReplicas", most, message))


def _wakes(spec: Any, path: str, faults: Faults) -> None:
    """From nothing only what is measured outside can wake it."""
    kinds = {metric.get("type") for metric in parts(spec, "metrics")}
    if spec.get("minReplicas") == 0 and kinds.isdisjoint(("Object", "External")):
        needed = "must specify at least one Object or External metric"
        message = f"{needed} to support scaling to zero replicas"
        faults.append(f.forbidden(f"{path}.metrics", message))


# What is scaled


_REFERENCE = struct({"kind": required(named(path_segment)), "name": required(named(path_segment))})


def _api_version(value: Object, path: str, faults: Faults, *, needs_group: bool) -> None:
    version, path = value.get("apiVersion") or "", f"{path}.apiVersion"
    if version.count("/") > 1:
        faults.append(f.invalid(path, version, f"unexpected GroupVersion string: {version}"))
    elif needs_group and not version.rpartition("/")[0]:
        faults.append(f.invalid(path, version, "apiVersion must specify API group"))


def _target_ref(now: Object, was: Object | None, path: str, faults: Faults) -> None:
    """What is there already may stay, even if nobody can find its version."""
    _REFERENCE(now, path, faults)
    kind, version = now.get("kind"), now.get("apiVersion")
    if was is None or (was.get("kind"), was.get("apiVersion")) != (kind, version):
        _api_version(now, path, faults, needs_group=kind != "ReplicationController")


# What is measured

_NEEDS_SOURCE = "must populate information for the given metric source"
_TARGET_TYPES = ("Utilization", "Value", "AverageValue")


def _metric(value: Any, path: str, faults: Faults) -> None:
    kind = value.get("type") or ""
    if not kind:
        faults.append(f.required(f"{path}.type", "must specify a metric source type"))
    one_of(*_TYPES)(kind, f"{path}.type", faults)
    there = [name for name in _SOURCES if value.get(name) is not None]
    if there:
        _SOURCES[there[0]](value[there[0]], f"{path}.{there[0]}", faults)
    wanted = kind[:1].lower() + kind[1:] if kind in _TYPES else ""
    if wanted and wanted not in there:
        faults.append(f.required(f"{path}.{wanted}", _NEEDS_SOURCE))
    if not wanted:
        one_of(*_TYPES)(kind, f"{path}.type", faults)  # it is said twice there, too
    for name in there if len(there) > 1 else ():
        if name != wanted:
            message = "must populate the given metric source only"
            faults.append(f.forbidden(f"{path}.{name}", message))


def _object(value: Object, path: str, faults: Faults) -> None:
    about, own_path = value.get("describedObject") or {}, f"{path}.describedObject"
    _REFERENCE(about, own_path, faults)
    _api_version(about, own_path, faults, needs_group=False)
    target = _measured(value, path, faults)
    if target.get("value") is None and target.get("averageValue") is None:
        message = "must set either a target value or averageValue"
        faults.append(f.required(f"{path}.target.averageValue", message))


def _external(value: Object, path: str, faults: Faults) -> None:
    target = _measured(value, path, faults)
    is_set = [target.get(name) is not None for name in ("value", "averageValue")]
    if not any(is_set):
        message = "must set either a target value for metric or a per-pod target"
        faults.append(f.required(f"{path}.target.averageValue", message))
    if all(is_set):
        message = "may not set both a target value for metric and a per-pod target"
        faults.append(f.forbidden(f"{path}.target.value", message))


def _pods(value: Object, path: str, faults: Faults) -> None:
    average = _measured(value, path, faults).get("averageValue")
    if average is None:
        message = "must specify a positive target averageValue"
        faults.append(f.required(f"{path}.target.averageValue", message))


def _resource(value: Object, path: str, faults: Faults) -> None:
    if not value.get("name"):
        faults.append(f.required(f"{path}.name", "must specify a resource name"))
    _share_or_amount(value.get("target") or {}, f"{path}.target", faults)


def _container_resource(value: Object, path: str, faults: Faults) -> None:
    if not value.get("name"):
        faults.append(f.required(f"{path}.name", "must specify a resource name"))
    container = value.get("container")
    if not container:
        faults.append(f.required(f"{path}.container", "must specify a container"))
    named(dns1123_label)(container or None, f"{path}.container", faults)
    _share_or_amount(value.get("target") or {}, f"{path}.target", faults)


_SOURCES = {
    "object": _object,
    "external": _external,
    "pods": _pods,
    "resource": _resource,
    "containerResource": _container_resource,
}
"""In the order in which the API server looks at them: the first is looked into."""


def _measured(value: Object, path: str, faults: Faults) -> Object:
    """Checks which metric, and how much of it; gives the latter."""
    name = (value.get("metric") or {}).get("name")
    if not name:
        faults.append(f.required(f"{path}.metric.name", "must specify a metric name"))
    named(path_segment)(name or None, f"{path}.metric.name", faults)
    target: Object = value.get("target") or {}
    _target(target, f"{path}.target", faults)
    return target


def _target(value: Object, path: str, faults: Faults) -> None:
    kind = value.get("type") or ""
    if not kind:
        faults.append(f.required(f"{path}.type", "must specify a metric target type"))
    if kind not in _TARGET_TYPES:
        message = "must be either Utilization, Value, or AverageValue"
        faults.append(f.invalid(f"{path}.type", kind, message))
    for name in ("value", "averageValue"):
        written = value.get(name)
        if written is not None and parse(written).nano <= 0:
            faults.append(f.invalid(f"{path}.{name}", parse(written), "must be positive"))
    share = value.get("averageUtilization")
    at_least(1, "must be greater than 0")(share, f"{path}.averageUtilization", faults)


def _share_or_amount(target: Object, path: str, faults: Faults) -> None:
    _target(target, path, faults)
    share, raw = target.get("averageUtilization"), target.get("averageValue")
    if share is None and raw is None:
        message = "must set either a target raw value or a target utilization"
        faults.append(f.required(f"{path}.averageUtilization", message))
    elif share is not None and raw is not None:
        message = "may not set both a target raw value and a target utilization"
        faults.append(f.forbidden(f"{path}.averageValue", message))


# How fast it is scaled

_LONGEST_PERIOD_S, _LONGEST_WINDOW_S = 1800, 3600


def _window(value: Any, path: str, faults: Faults) -> None:
    at_least(0, "must be greater than or equal to zero")(value, path, faults)
    _at_most(_LONGEST_WINDOW_S, value, path, faults)


def _period(value: Any, path: str, faults: Faults) -> None:
    _POSITIVE(value or 0, path, faults)
    _at_most(_LONGEST_PERIOD_S, value or 0, path, faults)


def _at_most(highest: int, value: int, path: str, faults: Faults) -> None:
    if value > highest:
        faults.append(f.invalid(path, value, f"must be less than or equal to {highest}"))


def _tolerance(value: Any, path: str, faults: Faults) -> None:
    quantity = parse(value)
    if quantity.nano < 0:
        message = "must be greater than or equal to 0"
        faults.append(f.invalid(path, str(quantity), message))


_POSITIVE = at_least(1, "must be greater than zero")
_POLICY = struct(
    {
        "type": Always(lambda *said: one_of("Percent", "Pods")(said[0] or "", *said[1:])),
        "value": Always(lambda *said: _POSITIVE(said[0] or 0, *said[1:])),
        "periodSeconds": Always(_period),
    }
)
_SCALING = struct(
    {
        "stabilizationWindowSeconds": _window,
        "selectPolicy": one_of("Disabled", "Max", "Min"),
        "policies": required(each(_POLICY), "must specify at least one Policy"),
        "tolerance": _tolerance,
    }
)
_BEHAVIOR = struct({"scaleUp": _SCALING, "scaleDown": _SCALING})


def _autoscaler(new: Object, old: Object | None, faults: Faults) -> None:
    spec, path = new.get("spec") or {}, "spec"
    was = None if old is None else part(old, "spec.scaleTargetRef") or {}
    _replicas(spec, path, faults)
    _target_ref(spec.get("scaleTargetRef") or {}, was, f"{path}.scaleTargetRef", faults)
    each(_metric)(spec.get("metrics"), f"{path}.metrics", faults)
    _wakes(spec, path, faults)
    _BEHAVIOR(spec.get("behavior"), f"{path}.behavior", faults)


def _status(new: Object, old: Object, faults: Faults) -> None:
    for name in ("currentReplicas", "desiredReplicas"):
        not_negative(part(new, f"status.{name}"), f"status.{name}", faults)


AUTOSCALER = Kind(
    defaults=(_defaults,),
    create_rules=(lambda new, path, faults: _autoscaler(new, None, faults),),
    update_rules=(_autoscaler,),
    status_rules=(_status,),
    status={"desiredReplicas": 0, "currentMetrics": None},
)


def validate_scale(scale: Object) -> list[f.Fault]:
    """The `scale` subresource of a workload."""
    faults: Faults = []
    at_least(0)((scale.get("spec") or {}).get("replicas"), "spec.replicas", faults)
    return faults
