from __future__ import annotations

from typing import Any

import pytest

from .printing import printed, shown

NO_STATUS = "<unknown>"


def metric(kind: str, target: dict[str, Any], current: dict[str, Any] | None) -> dict[str, Any]:
    """The parts of an autoscaler with one metric."""
    field = kind[0].lower() + kind[1:]
    spec = {"type": kind, field: {"name": "cpu", "target": target}}
    status = [] if current is None else [{"type": kind, field: {"current": current}}]
    return {"spec": {"metrics": [spec]}, "status": {"currentMetrics": status}}


@pytest.mark.parametrize(
    ("kind", "target", "current", "text"),
    [
        ("Resource", {"averageUtilization": 80}, {"averageUtilization": 50}, "cpu: 50%/80%"),
        ("Resource", {"averageUtilization": 80}, None, "cpu: <unknown>/80%"),
        ("Resource", {"averageValue": "100m"}, {"averageValue": "0.05"}, "cpu: 50m/100m"),
        ("Resource", {}, None, "cpu: <unknown>/<auto>"),
        ("ContainerResource", {"averageUtilization": 8}, {"averageUtilization": 5}, "cpu: 5%/8%"),
        ("ContainerResource", {"averageValue": "10"}, {"averageValue": "5"}, "cpu: 5/10"),
        ("Pods", {"averageValue": "100"}, {"averageValue": "50"}, "50/100"),
        ("Pods", {"averageValue": "100"}, None, "<unknown>/100"),
        ("Object", {"value": "100"}, {"value": "50"}, "50/100"),
        ("Object", {"averageValue": "100"}, {"averageValue": "50"}, "50/100 (avg)"),
        ("Object", {"averageValue": "100"}, {"value": "50"}, "<unknown>/100 (avg)"),
        ("External", {"value": "100"}, {"value": "50"}, "50/100"),
        ("External", {"value": "100"}, {}, "<nil>/100"),
        ("External", {"averageValue": "100"}, {"averageValue": "50"}, "50/100 (avg)"),
        ("Mood", {}, None, "<unknown type>"),
    ],
)
def test_an_autoscaler_says_what_it_sees_and_wants(
    kind: str, target: dict[str, Any], current: dict[str, Any] | None, text: str
) -> None:
    assert (
        printed("horizontalpodautoscalers.autoscaling", **metric(kind, target, current))["Targets"]
        == text
    )


def test_of_many_metrics_two_are_shown() -> None:
    pods = {"type": "Pods", "pods": {"target": {"averageValue": "1"}}}
    row = printed("horizontalpodautoscalers.autoscaling", spec={"metrics": [pods] * 5})
    assert row["Targets"] == "<unknown>/1, <unknown>/1 + 3 more..."


def test_an_autoscaler_says_what_it_scales() -> None:
    columns = ("Reference", "Targets", "MinPods", "MaxPods", "Replicas")
    spec: dict[str, Any] = {
        "scaleTargetRef": {"kind": "Deployment", "name": "web"},
        "maxReplicas": 10,
    }
    resource = "horizontalpodautoscalers.autoscaling"
    assert shown(resource, *columns, spec=spec) == [*("Deployment/web", "<none>", "<unset>", 10, 0)]
    spec["minReplicas"] = 2
    row = shown(resource, *columns, spec=spec, status={"currentReplicas": 4})
    assert row[2:] == ["2", 10, 4]


@pytest.mark.parametrize(
    ("spec", "cells"),
    [
        ({"minAvailable": 22}, ["22", "N/A", 5]),
        ({"maxUnavailable": "10%"}, ["N/A", "10%", 5]),
        ({"maxUnavailable": 0}, ["N/A", "0", 5]),
    ],
)
def test_a_disruption_budget_says_what_it_allows(spec: dict[str, Any], cells: list[Any]) -> None:
    columns = ("Min Available", "Max Unavailable", "Allowed Disruptions")
    status = {"disruptionsAllowed": 5}
    assert shown("poddisruptionbudgets.policy", *columns, spec=spec, status=status) == cells
