"""ResourceQuota: what is refused, in which words, and what the status comes to."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.status import ApiError
from labkit.cluster.embedded.store import Key
from tests.cluster.admission.asking import MERGE, PODS, QUOTAS, container, pod, quota
from tests.cluster.apiserver.plane import Plane, config_map, with_plane

SERVICES = "/api/v1/namespaces/default/services"
CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"


def used(plane: Plane, name: str = "q") -> dict[str, str]:
    record = plane.store.get(Key("resourcequotas", "default", name))
    assert record is not None
    found: dict[str, str] = record.object.get("status", {}).get("used", {})
    return found


async def make_quota(plane: Plane, hard: dict[str, str], **spec: Any) -> None:
    await plane.call("POST", QUOTAS, quota("q", hard, **spec))
    await plane.until(lambda: used(plane).keys() == hard.keys())


def test_what_is_more_than_a_quota_is_refused(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make_quota(plane, {"pods": "2"})
        for name in "ab":
            await plane.call("POST", PODS, pod(name))
        error = await plane.refused("POST", PODS, pod("c"))
        assert (error.code, error.reason) == (403, "Forbidden")
        assert error.message == (
            'pods "c" is forbidden: exceeded quota: q, '
            "requested: pods=1, used: pods=2, limited: pods=2"
        )

    with_plane(tmp_path, run)


def test_a_quota_is_charged_before_anybody_looks(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make_quota(plane, {"pods": "5", "requests.cpu": "2"})
        await plane.call("POST", PODS, pod("a", container(requests={"cpu": "300m"})))
        assert used(plane) == {"pods": "1", "requests.cpu": "300m"}

    with_plane(tmp_path, run)


def test_a_burst_never_exceeds_a_quota(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make_quota(plane, {"pods": "7"})

        async def attempt(number: int) -> bool:
            try:
                await plane.call("POST", PODS, pod(f"p{number}"))
            except ApiError:
                return False
            return True

        done = await asyncio.gather(*(attempt(number) for number in range(30)))
        assert sum(done) == len(plane.store.list("pods", "default")) == 7
        assert used(plane) == {"pods": "7"}

    with_plane(tmp_path, run)


def test_a_quota_of_cpu_wants_every_container_to_say(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make_quota(plane, {"limits.cpu": "2", "requests.memory": "1Gi"})
        error = await plane.refused("POST", PODS, pod("p", container("a"), container("b")))
        assert error.message == (
            'pods "p" is forbidden: failed quota: q: '
            "must specify limits.cpu for: a,b; requests.memory for: a,b"
        )

    with_plane(tmp_path, run)


def test_several_amounts_are_said_in_order_and_only_those_exceeded(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        hard = {"requests.memory": "1Gi", "requests.cpu": "1", "pods": "10"}
        await make_quota(plane, hard)
        half = container(requests={"cpu": "600m", "memory": "768Mi"})
        await plane.call("POST", PODS, pod("a", half))
        error = await plane.refused("POST", PODS, pod("b", half))
        assert error.message == (
            'pods "b" is forbidden: exceeded quota: q, '
            "requested: requests.cpu=600m,requests.memory=768Mi, "
            "used: requests.cpu=600m,requests.memory=768Mi, "
            "limited: requests.cpu=1,requests.memory=1Gi"
        )

    with_plane(tmp_path, run)


def test_what_ends_is_given_back(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make_quota(plane, {"pods": "1", "count/pods": "2"})
        await plane.call("POST", PODS, pod("a"))
        done = {"status": {"phase": "Succeeded"}}
        await plane.call("PATCH", f"{PODS}/a/status", done, content_type=MERGE)
        await plane.until(lambda: used(plane) == {"pods": "0", "count/pods": "1"})
        await plane.call("POST", PODS, pod("b"))
        await plane.call("DELETE", f"{PODS}/a")
        await plane.until(lambda: used(plane) == {"pods": "1", "count/pods": "1"})

    with_plane(tmp_path, run)


def test_a_dry_run_and_a_name_that_is_taken_cost_nothing(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make_quota(plane, {"pods": "2"})
        await plane.call("POST", PODS, pod("a"), query={"dryRun": "All"})
        assert used(plane) == {"pods": "0"}
        await plane.call("POST", PODS, pod("a"))
        error = await plane.refused("POST", PODS, pod("a"))
        assert error.reason == "AlreadyExists"
        assert used(plane) == {"pods": "1"}

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("scope", "inside", "outside"),
    [
        ("Terminating", {"activeDeadlineSeconds": 5}, {}),
        ("NotTerminating", {}, {"activeDeadlineSeconds": 5}),
        ("BestEffort", {}, {"containers": [container(requests={"cpu": "1m"})]}),
        ("NotBestEffort", {"containers": [container(requests={"cpu": "1m"})]}, {}),
    ],
)
def test_a_scope_says_which_pods_count(
    tmp_path: Path, scope: str, inside: dict[str, Any], outside: dict[str, Any]
) -> None:
    async def run(plane: Plane) -> None:
        await make_quota(plane, {"pods": "1"}, scopes=[scope])
        for number, spec in enumerate((outside, inside, outside)):
            await plane.call(
                "POST", PODS, pod(f"p{number}") | {"spec": {**pod("")["spec"], **spec}}
            )
        assert used(plane) == {"pods": "1"}
        value = pod("more") | {"spec": {**pod("")["spec"], **inside}}
        assert "exceeded quota: q" in (await plane.refused("POST", PODS, value)).message

    with_plane(tmp_path, run)


def test_a_scope_selector_means_classes_of_priority(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        body = {"metadata": {"name": "high"}, "value": 1000}
        await plane.call("POST", "/apis/scheduling.k8s.io/v1/priorityclasses", body)
        high = {"scopeName": "PriorityClass", "operator": "In", "values": ["high"]}
        await make_quota(plane, {"pods": "0"}, scopeSelector={"matchExpressions": [high]})
        await plane.call("POST", PODS, pod("low"))
        error = await plane.refused("POST", PODS, pod("high", priorityClassName="high"))
        assert "exceeded quota: q" in error.message

    with_plane(tmp_path, run)


def test_services_count_by_their_type_and_a_change_of_it_is_charged(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make_quota(plane, {"services": "5", "services.nodeports": "2"})
        spec = {"ports": [{"port": 80, "name": "a"}, {"port": 81, "name": "b"}]}
        await plane.call("POST", SERVICES, {"metadata": {"name": "s"}, "spec": spec})
        more = {**spec, "type": "NodePort"}
        await plane.call("PATCH", f"{SERVICES}/s", {"spec": more}, content_type=MERGE)
        await plane.until(lambda: used(plane)["services.nodeports"] == "2")
        error = await plane.refused("POST", SERVICES, {"metadata": {"name": "t"}, "spec": more})
        assert error.message == (
            'services "t" is forbidden: exceeded quota: q, requested: services.nodeports=2, '
            "used: services.nodeports=2, limited: services.nodeports=2"
        )

    with_plane(tmp_path, run)


def test_claims_count_by_size_and_by_class(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        of_class = "fast.storageclass.storage.k8s.io/requests.storage"
        await make_quota(plane, {"requests.storage": "3Gi", of_class: "1Gi"})

        def claim(name: str, size: str, of: str) -> dict[str, Any]:
            resources = {"requests": {"storage": size}}
            spec = {"accessModes": ["ReadWriteOnce"], "resources": resources}
            return {"metadata": {"name": name}, "spec": {**spec, "storageClassName": of}}

        await plane.call("POST", CLAIMS, claim("a", "1Gi", "fast"))
        await plane.call("POST", CLAIMS, claim("b", "2Gi", "slow"))
        assert used(plane) == {"requests.storage": "3Gi", of_class: "1Gi"}
        error = await plane.refused("POST", CLAIMS, claim("c", "1Gi", "fast"))
        assert f"requested: {of_class}=1Gi,requests.storage=1Gi" in error.message

    with_plane(tmp_path, run)


def test_anything_can_be_counted(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        maps = "/api/v1/namespaces/default/configmaps"
        there = len(plane.store.list("configmaps", "default"))
        hard = {"configmaps": str(there + 1), "count/roles.rbac.authorization.k8s.io": "1"}
        await make_quota(plane, hard)
        await plane.call("POST", maps, config_map("a"))
        error = await plane.refused("POST", maps, config_map("b"))
        assert f"requested: configmaps=1, used: configmaps={there + 1}" in error.message
        roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles"
        await plane.call("POST", roles, {"metadata": {"name": "r"}, "rules": []})
        error = await plane.refused("POST", roles, {"metadata": {"name": "s"}, "rules": []})
        assert "count/roles.rbac.authorization.k8s.io=1" in error.message

    with_plane(tmp_path, run)
