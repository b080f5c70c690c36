"""LimitRanger: defaults, bounds, and the words of a refusal."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.admission.asking import LIMITS, PODS, container, limit_range, pod
from tests.cluster.apiserver.plane import Plane, with_plane

CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"


def of_containers(**lists: Any) -> dict[str, Any]:
    return limit_range({"type": "Container", **lists})


def claim(name: str, size: str) -> dict[str, Any]:
    resources = {"requests": {"storage": size}}
    return {"metadata": {"name": name},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": resources}}  # fmt: skip


def test_a_container_that_asks_for_nothing_is_given_the_defaults(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        limits = of_containers(
            default={"cpu": "500m", "memory": "256Mi"}, defaultRequest={"cpu": "100m"}
        )
        await plane.call("POST", LIMITS, limits)
        asks = container("asks", requests={"memory": "64Mi"})
        first = container("first")
        made = await plane.call("POST", PODS, pod("p", container(), asks, initContainers=[first]))
        main, other = made["spec"]["containers"]
        assert main["resources"] == {
            "requests": {"cpu": "100m", "memory": "256Mi"},
            "limits": {"cpu": "500m", "memory": "256Mi"},
        }
        assert other["resources"]["requests"] == {"cpu": "100m", "memory": "64Mi"}
        assert made["metadata"]["annotations"]["kubernetes.io/limit-ranger"] == (
            "LimitRanger plugin set: cpu, memory request for container main; "
            "cpu, memory limit for container main; cpu request for container asks; "
            "cpu, memory limit for container asks; "
            "cpu, memory request for init container first; "
            "cpu, memory limit for init container first"
        )

    with_plane(tmp_path, run)


def test_who_says_everything_is_given_nothing(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", LIMITS, of_containers(default={"cpu": "1"}))
        own = container(requests={"cpu": "1"}, limits={"cpu": "2"})
        made = await plane.call("POST", PODS, pod("p", own))
        assert made["spec"]["containers"][0]["resources"] == own["resources"]
        assert "annotations" not in made["metadata"]

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("lists", "resources", "why"),
    [
        (
            {"max": {"memory": "1Gi"}},
            {"limits": {"memory": "2Gi"}},
            "maximum memory usage per Container is 1Gi, but limit is 2Gi",
        ),
        (
            {"max": {"cpu": "1", "memory": "1Gi"}},
            {"limits": {"cpu": "2", "memory": "2Gi"}},
            "[maximum cpu usage per Container is 1, but limit is 2, "
            "maximum memory usage per Container is 1Gi, but limit is 2Gi]",
        ),
        (
            {"min": {"cpu": "200m"}},
            {"requests": {"cpu": "100m"}, "limits": {"cpu": "1"}},
            "minimum cpu usage per Container is 200m, but request is 100m",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {"requests": {"cpu": "100m"}, "limits": {"cpu": "500m"}},
            "cpu max limit to request ratio per Container is 2, but provided ratio is 5.000000",
        ),
        (
            {"maxLimitRequestRatio": {"cpu": "2"}},
            {},
            "cpu max limit to request ratio per Container is 2, but no request is specified or "
            "request is 0",
        ),
    ],
)
def test_a_container_out_of_bounds_is_refused(
    tmp_path: Path, lists: Any, resources: Any, why: str
) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", LIMITS, of_containers(**lists))
        error = await plane.refused("POST", PODS, pod("p", container(**resources)))
        assert error.message == f'pods "p" is forbidden: {why}'
        assert (error.code, error.reason) == (403, "Forbidden")

    with_plane(tmp_path, run)


def test_a_pod_is_the_sum_of_its_containers_and_its_busiest_start(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", LIMITS, limit_range({"type": "Pod", "max": {"cpu": "1"}}))
        half = container(limits={"cpu": "500m"})
        await plane.call("POST", PODS, pod("fits", half, {**half, "name": "other"}))
        three = [{**half, "name": name} for name in "abc"]
        error = await plane.refused("POST", PODS, pod("sum", *three))
        assert error.message.endswith("maximum cpu usage per Pod is 1, but limit is 1500m")
        first = container("first", limits={"cpu": "2"})
        error = await plane.refused("POST", PODS, pod("start", half, initContainers=[first]))
        assert error.message.endswith("maximum cpu usage per Pod is 1, but limit is 2")
        silent = await plane.refused("POST", PODS, pod("silent"))
        assert silent.message.endswith("maximum cpu usage per Pod is 1.  No limit is specified")

    with_plane(tmp_path, run)


def test_a_claim_has_bounds(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        bounds = {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"},
                  "max": {"storage": "2Gi"}}  # fmt: skip
        await plane.call("POST", LIMITS, limit_range(bounds))
        await plane.call("POST", CLAIMS, claim("fits", "2Gi"))
        error = await plane.refused("POST", CLAIMS, claim("big", "3Gi"))
        where = "usage per PersistentVolumeClaim is"
        assert error.message.endswith(f"maximum storage {where} 2Gi, but request is 3Gi")
        error = await plane.refused("POST", CLAIMS, claim("small", "1Mi"))
        assert error.message.endswith(f"minimum storage {where} 1Gi, but request is 1Mi")

    with_plane(tmp_path, run)


def test_a_pod_that_is_there_already_may_be_changed(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", PODS, pod("p"))
        await plane.call("POST", LIMITS, of_containers(max={"cpu": "1"}))
        body = {"metadata": {"labels": {"a": "b"}}}
        kind = "application/merge-patch+json"
        await plane.call("PATCH", f"{PODS}/p", body, content_type=kind)

    with_plane(tmp_path, run)
