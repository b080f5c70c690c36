"""Objects of one kind in two versions: an event, an autoscaler.

One version is stored; the other is made of it when asked for, and read back into it. Knows nothing
about requests. Sources: `pkg/apis/core/v1` and `pkg/apis/events/v1` conversion, `autoscaling/v1`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple

Object = dict[str, Any]


class Conversion(NamedTuple):
    """Between the version that is stored and another.

    Attributes:
        stored: the version that is stored: group, version.
        shown: from the stored one; the object it is given stays as it is.
        read: back again.
    """

    stored: tuple[str, str]
    shown: Callable[[Object], Object]
    read: Callable[[Object], Object]


EVENT_FIELDS = {
    "involvedObject": "regarding",
    "message": "note",
    "source": "deprecatedSource",
    "firstTimestamp": "deprecatedFirstTimestamp",
    "lastTimestamp": "deprecatedLastTimestamp",
    "count": "deprecatedCount",
    "reportingComponent": "reportingController",
}
"""Of core/v1, and what events.k8s.io/v1 calls them."""


def _renamed(value: Object, api_version: str, names: dict[str, str]) -> Object:
    new = {names.get(name, name): part for name, part in value.items()}
    return new | {"apiVersion": api_version}


def _event_shown(value: Object) -> Object:
    return _renamed(value, "events.k8s.io/v1", EVENT_FIELDS)


def _event_read(value: Object) -> Object:
    back = {new: old for old, new in EVENT_FIELDS.items()}
    return _renamed(value, "v1", back)


METRICS = "autoscaling.alpha.kubernetes.io/metrics"
BEHAVIOR = "autoscaling.alpha.kubernetes.io/behavior"


def _autoscaler_shown(value: Object) -> Object:
    """v2 in the words of v1: the processor's target is a number, all else an annotation."""
    spec, about = dict(value.get("spec") or {}), dict(value["metadata"])
    metrics, behavior = list(spec.pop("metrics", None) or ()), spec.pop("behavior", None)
    notes = dict(about.get("annotations") or {})
    for metric in metrics:
        percent = _processor_percent(metric)
        if percent is not None:
            spec["targetCPUUtilizationPercentage"] = percent
            metrics.remove(metric)
            break
    if metrics:
        notes[METRICS] = json.dumps(metrics)
    if behavior:
        notes[BEHAVIOR] = json.dumps(behavior)
    if notes:
        about["annotations"] = notes
    status = {"currentReplicas": 0, "desiredReplicas": 0, **(value.get("status") or {})}
    for name in ("currentMetrics", "conditions"):
        status.pop(name, None)
    new = {**value, "apiVersion": "autoscaling/v1", "metadata": about, "spec": spec}
    return new | {"status": status} if "status" in value else new


def _processor_percent(metric: Object) -> Any:
    resource = metric.get("resource") or {}
    if metric.get("type") != "Resource" or resource.get("name") != "cpu":
        return None
    return (resource.get("target") or {}).get("averageUtilization")


def _autoscaler_read(value: Object) -> Object:
    spec, about = dict(value.get("spec") or {}), dict(value.get("metadata") or {})
    percent = spec.pop("targetCPUUtilizationPercentage", None)
    notes = dict(about.get("annotations") or {})
    metrics = json.loads(notes.pop(METRICS, "[]"))
    if percent is not None:
        target = {"type": "Utilization", "averageUtilization": percent}
        metrics.insert(0, {"type": "Resource", "resource": {"name": "cpu", "target": target}})
    if metrics:
        spec["metrics"] = metrics
    if BEHAVIOR in notes:
        spec["behavior"] = json.loads(notes.pop(BEHAVIOR))
    about.pop("annotations", None)
    if notes:
        about["annotations"] = notes
    return {**value, "apiVersion": "autoscaling/v2", "metadata": about, "spec": spec}


CONVERSIONS = {
    ("events.k8s.io", "v1", "events"): Conversion(("", "v1"), _event_shown, _event_read),
    ("autoscaling", "v1", "horizontalpodautoscalers"): Conversion(
        ("autoscaling", "v2"), _autoscaler_shown, _autoscaler_read
    ),
}


def conversion(group: str, version: str, plural: str) -> Conversion | None:
    """How objects of a version are converted; None where they are stored as they are."""
    return CONVERSIONS.get((group, version, plural))
