"""Rules that depend on how an object is written: in which version, and with what left empty."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cluster.apiserver.plane import Plane, with_plane

NEW = "/apis/events.k8s.io/v1/namespaces/default/events"
OLD = "/api/v1/namespaces/default/events"
SCALERS = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers"


def event(**more: Any) -> dict[str, Any]:
    about = {"kind": "Pod", "name": "p", "namespace": "default"}
    return {
        "metadata": {"name": "e"}, "eventTime": "2026-01-01T00:00:00.000000Z", "type": "Normal",
        "reportingController": "a.com/b", "reportingInstance": "i", "action": "A", "reason": "R",
        "regarding": about, **more,
    }  # fmt: skip


async def causes(plane: Plane, method: str, path: str, body: Any) -> list[tuple[str, str]]:
    said = (await plane.refused(method, path, body)).details or {}
    return [(one["field"], one["message"]) for one in said["causes"]]


def test_an_event_has_the_rules_of_the_version_it_is_written_in(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        body = event(eventTime=None, type="Odd")
        assert await causes(plane, "POST", NEW, body) == [
            ("eventTime", "Required value"),
            ("type", 'Invalid value: "": has invalid value: Odd'),
        ]
        made = await plane.call("POST", NEW, event())
        changed = {**made, "note": "other"}
        assert await causes(plane, "PUT", f"{NEW}/e", changed) == [
            ("message", 'Invalid value: "other": field is immutable'),
        ]
        old = await plane.call("GET", f"{OLD}/e")
        assert (await plane.call("PUT", f"{OLD}/e", {**old, "message": "other"}))[
            "message"
        ] == "other"
        old = {"metadata": {"name": "o"}, "involvedObject": event()["regarding"], "type": "Odd"}
        assert (await plane.call("POST", OLD, old))["type"] == "Odd"

    with_plane(tmp_path, run)


def test_no_policy_is_not_the_usual_policy(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"}
        behavior: dict[str, Any] = {"scaleUp": {"policies": []}}
        spec = {"maxReplicas": 3, "scaleTargetRef": target, "behavior": behavior}
        body = {"metadata": {"name": "s"}, "spec": spec}
        assert await causes(plane, "POST", SCALERS, body) == [
            (
                "spec.behavior.scaleUp.policies",
                "Required value: must specify at least one Policy",
            ),
        ]
        del behavior["scaleUp"]["policies"]
        made = await plane.call("POST", SCALERS, body)
        assert len(made["spec"]["behavior"]["scaleUp"]["policies"]) == 2

    with_plane(tmp_path, run)


def test_an_amount_may_be_a_number_and_is_kept_as_a_string(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        limit = {"type": "Container", "max": {"cpu": 2, "memory": 1024}}
        path = "/api/v1/namespaces/default/limitranges"
        made = await plane.call(
            "POST", path, {"metadata": {"name": "l"}, "spec": {"limits": [limit]}}
        )
        assert made["spec"]["limits"][0]["max"] == {"cpu": "2", "memory": "1024"}
        room = {"metadata": {"name": "c"}, "storageClassName": "fast", "capacity": 2048}
        path = "/apis/storage.k8s.io/v1/namespaces/default/csistoragecapacities"
        assert (await plane.call("POST", path, room))["capacity"] == "2048"

    with_plane(tmp_path, run)
