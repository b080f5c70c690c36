"""Horizontal pod autoscalers, in `autoscaling/v2` and in its older form `v1`.

Sources: Kubernetes `pkg/apis/autoscaling/v2/defaults.go`, `v1/defaults.go`,
`pkg/apis/autoscaling/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .kind import Kind
from .names import path_segment
from .quantity import parse
from .rules import (
    Faults,
    Object,
    at_least,
    child,
    each,
    fill_absent,
    named,
    one_of,
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


_REFERENCE = struct({"kind": required(named(path_segment)), "name": required(named(path_segment))})


def _metric(value: Any, path: str, faults: Faults) -> None:
    kind = value.get("type") or ""
    if not kind:
        faults.append(f.required(f"{path}.type", "must specify a metric source type"))
    if kind not in _TYPES:
        faults.append(f.not_supported(f"{path}.type", kind, _TYPES))
        return
    fields = {one: one[0].lower() + one[1:] for one in _TYPES}
    wanted = fields[kind]
    if value.get(wanted) is None:
        message = "must populate information for the given metric source"
        faults.append(f.required(f"{path}.{wanted}", message))
    else:
        _source(kind, value[wanted], f"{path}.{wanted}", faults)
    for name in fields.values():
        if name != wanted and value.get(name) is not None:
            message = "must populate the given metric source only"
            faults.append(f.forbidden(f"{path}.{name}", message))


def _source(kind: str, value: Object, path: str, faults: Faults) -> None:
    target = value.get("target") or {}
    _target(target, f"{path}.target", faults)
    if kind in ("Resource", "ContainerResource"):
        if not value.get("name"):
            faults.append(f.required(f"{path}.name", "must specify a resource name"))
        _one_target(target, f"{path}.target", faults)
    elif not (value.get("metric") or {}).get("name"):
        faults.append(f.required(f"{path}.metric.name"))


def _target(value: Object, path: str, faults: Faults) -> None:
    kind = value.get("type") or ""
    if not kind:
        faults.append(f.required(f"{path}.type", "must specify a metric target type"))
    if kind not in ("Utilization", "Value", "AverageValue"):
        message = "must be either Utilization, Value, or AverageValue"
        faults.append(f.invalid(f"{path}.type", kind, message))
    for name in ("value", "averageValue"):
        written = value.get(name)
        if written is not None and parse(written).nano <= 0:
            faults.append(f.invalid(f"{path}.{name}", parse(written), "must be positive"))
    share = value.get("averageUtilization")
    at_least(1, "must be greater than 0")(share, f"{path}.averageUtilization", faults)


def _one_target(target: Object, path: str, faults: Faults) -> None:
    share, raw = target.get("averageUtilization"), target.get("averageValue")
    if share is None and raw is None:
        message = "must set either a target raw value or a target utilization"
        faults.append(f.required(f"{path}.averageUtilization", message))
    elif share is not None and raw is not None:
        message = "may not set both a target raw value and a target utilization"
        faults.append(f.forbidden(f"{path}.averageValue", message))


def _window(value: Any, path: str, faults: Faults) -> None:
    if value is not None and not 0 <= value <= 3600:
        message = (
            "must be greater than or equal to zero"
            if value < 0
            else "must be less than or equal to 3600"
        )
        faults.append(f.invalid(path, value, message))


_POSITIVE = at_least(1, "must be greater than zero")
_SCALING = struct(
    {
        "stabilizationWindowSeconds": _window,
        "selectPolicy": one_of("Disabled", "Max", "Min"),
        "policies": required(
            each(
                struct(
                    {
                        "type": required(one_of("Percent", "Pods")),
                        "value": _POSITIVE,
                        "periodSeconds": _POSITIVE,
                    }
                )
            ),
            "must specify at least one Policy",
        ),
    }
)

AUTOSCALER = Kind(
    defaults=(_defaults,),
    rules=(
        struct(
            {
                "spec": struct(
                    {
                        "scaleTargetRef": required(_REFERENCE),
                        "metrics": each(_metric),
                        "behavior": struct({"scaleUp": _SCALING, "scaleDown": _SCALING}),
                    },
                    _replicas,
                    _wakes,
                )
            }
        ),
    ),
    status={"desiredReplicas": 0, "currentMetrics": None},
)


def validate_scale(scale: Object) -> list[f.Fault]:
    """The `scale` subresource of a workload."""
    faults: Faults = []
    at_least(0)((scale.get("spec") or {}).get("replicas"), "spec.replicas", faults)
    return faults
