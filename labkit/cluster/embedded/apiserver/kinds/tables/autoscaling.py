"""The tables of what changes or guards numbers of pods: autoscalers, disruption budgets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from .quantities import canonical_quantity
from .table import AGE, NAME, Cell, Column, Object, Table, age_of, name_of
from .text import NONE, UNSET, spec_and_status
from .times import UNKNOWN

METRICS_SHOWN = 2

SOURCES = {
    "External": "external",
    "Pods": "pods",
    "Object": "object",
    "Resource": "resource",
    "ContainerResource": "containerResource",
}
"""The type of a metric, and the field that describes it."""


def _autoscaler(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    target = spec.get("scaleTargetRef") or {}
    least = spec.get("minReplicas")
    return [
        name_of(object),
        f"{target.get('kind') or ''}/{target.get('name') or ''}",
        format_metrics(
            spec.get("metrics") or _of_first_version(spec), status.get("currentMetrics") or ()
        ),
        UNSET if least is None else str(least),
        spec.get("maxReplicas") or 0,
        status.get("currentReplicas") or 0,
        age_of(object, now),
    ]


def _of_first_version(spec: Object) -> list[Object]:
    """The one metric that `autoscaling/v1` knows."""
    percent = spec.get("targetCPUUtilizationPercentage")
    if percent is None:
        return []
    target = {"type": "Utilization", "averageUtilization": percent}
    return [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def format_metrics(specs: Sequence[Object], statuses: Sequence[Object]) -> str:
    """What an autoscaler sees and wants: ``cpu: 12%/80%, 3/10``."""
    if not specs:
        return NONE
    listed = [
        _metric(spec, statuses[index] if index < len(statuses) else {})
        for index, spec in enumerate(specs)
    ]
    more = len(listed) - METRICS_SHOWN
    shown = ", ".join(listed[:METRICS_SHOWN])
    return f"{shown} + {more} more..." if more > 0 else shown


def _metric(spec: Object, status: Object) -> str:
    kind = SOURCES.get(spec.get("type") or "")
    if not kind:
        return "<unknown type>"
    source, seen = spec.get(kind) or {}, status.get(kind)
    target = source.get("target") or {}
    current = None if seen is None else seen.get("current") or {}
    if kind in ("resource", "containerResource"):
        return f"{source.get('name') or ''}: {_of_resource(target, current)}"
    if kind == "pods":
        return f"{_seen(current, 'averageValue')}/{_value(target, 'averageValue')}"
    if target.get("averageValue") is not None:
        has_average = current is not None and current.get("averageValue") is not None
        average = _seen(current if has_average else None, "averageValue")
        return f"{average}/{_value(target, 'averageValue')} (avg)"
    return f"{_seen(current, 'value')}/{_value(target, 'value')}"


def _of_resource(target: Object, current: Object | None) -> str:
    if target.get("averageValue") is not None:
        return f"{_seen(current, 'averageValue')}/{_value(target, 'averageValue')}"
    have, wanted = (current or {}).get("averageUtilization"), target.get("averageUtilization")
    return f"{_percent(have, UNKNOWN)}/{_percent(wanted, '<auto>')}"


def _percent(value: Any, otherwise: str) -> str:
    return otherwise if value is None else f"{value}%"


def _seen(current: Object | None, part: str) -> str:
    return UNKNOWN if current is None else _value(current, part)


def _value(amounts: Object, part: str) -> str:
    value = amounts.get(part)
    # An absent quantity is a nil pointer here, and Go prints that one so.
    return "<nil>" if value is None else canonical_quantity(value)


def _disruption_budget(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    bounds = (spec.get("minAvailable"), spec.get("maxUnavailable"))
    return [
        name_of(object),
        *("N/A" if bound is None else str(bound) for bound in bounds),
        status.get("disruptionsAllowed") or 0,
        age_of(object, now),
    ]


def _scale(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    numbers = (spec.get("replicas") or 0, status.get("replicas") or 0)
    return [name_of(object), *numbers, age_of(object, now)]


_HPA = "autoscaling.v2.HorizontalPodAutoscaler"

TABLES = {
    "horizontalpodautoscalers.autoscaling": Table(
        (
            NAME,
            Column("Reference", field=f"{_HPA}Spec.scaleTargetRef"),
            Column("Targets", field=f"{_HPA}Spec.metrics"),
            Column("MinPods", field=f"{_HPA}Spec.minReplicas"),
            Column("MaxPods", field=f"{_HPA}Spec.maxReplicas"),
            Column("Replicas", field=f"{_HPA}Status.currentReplicas"),
            AGE,
        ),
        _autoscaler,
    ),
    "scales": Table(  # of what has replicas; no resource is called so
        (
            Column("Name", field="meta.v1.ObjectMeta.name"),
            Column("Desired", "integer", field="autoscaling.v1.ScaleSpec.replicas"),
            Column("Available", "integer", field="autoscaling.v1.ScaleStatus.replicas"),
            AGE,
        ),
        _scale,
    ),
    "poddisruptionbudgets.policy": Table(
        (
            NAME,
            Column("Min Available", description="How many pods must stay available, at least."),
            Column("Max Unavailable", description="How many pods may be unavailable, at most."),
            Column(
                "Allowed Disruptions",
                "integer",
                description="How many pods may be disrupted at this time.",
            ),
            AGE,
        ),
        _disruption_budget,
    ),
}
