"""Claims, volumes and nodes as admission and the controllers beside it keep them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.store import Key
from tests.cluster.apiserver.plane import Plane, pod, with_plane
from tests.cluster.apiserver.trees import MERGE

CORE = "/api/v1/namespaces/default"
CLAIMS, PODS = f"{CORE}/persistentvolumeclaims", f"{CORE}/pods"
VOLUMES, NODES = "/api/v1/persistentvolumes", "/api/v1/nodes"
OF_CLAIMS, OF_VOLUMES = "kubernetes.io/pvc-protection", "kubernetes.io/pv-protection"
NOT_READY = {"key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"}


def claim(name: str, **about: Any) -> dict[str, Any]:
    resources = {"requests": {"storage": "1Gi"}}
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": resources}
    return {"metadata": {"name": name, **about}, "spec": spec}


def volume(name: str) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": "1Gi"}}
    return {"metadata": {"name": name}, "spec": {**spec, "hostPath": {"path": "/none"}}}


def user(name: str, **spec: Any) -> dict[str, Any]:
    """A pod with the claim `data` among its volumes."""
    source = {"persistentVolumeClaim": {"claimName": "data"}}
    return pod(name, volumes=[{"name": "data", **source}], **spec)


async def ended(plane: Plane, where: str, body: dict[str, Any]) -> None:
    """Makes something that nobody uses, and deletes it: by then, what was deleted before it has
    been looked at."""
    name = body["metadata"]["name"]
    await plane.call("POST", where, body)
    await plane.call("DELETE", f"{where}/{name}")
    namespace = "default" if "namespaces" in where else ""
    key = Key(where.rpartition("/")[2], namespace, name)
    await plane.until(lambda: plane.store.get(key) is None)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({}, [OF_CLAIMS]),
        ({"finalizers": ["example.com/x"]}, ["example.com/x", OF_CLAIMS]),
        ({"finalizers": [OF_CLAIMS]}, [OF_CLAIMS]),
    ],
)
def test_a_new_claim_is_held(tmp_path: Path, given: Any, kept: list[str]) -> None:
    async def run(plane: Plane) -> None:
        made = await plane.call("POST", CLAIMS, claim("data", **given))
        assert made["metadata"]["finalizers"] == kept

    with_plane(tmp_path, run, is_bare=True)


def test_a_claim_that_nobody_uses_goes_at_once(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", CLAIMS, claim("data"))
        await plane.call("POST", PODS, user("waits"))  # it is on no node
        ending = await plane.call("DELETE", f"{CLAIMS}/data")
        assert ending["metadata"]["deletionTimestamp"]
        key = Key("persistentvolumeclaims", "default", "data")
        await plane.until(lambda: plane.store.get(key) is None)

    with_plane(tmp_path, run)


def test_a_claim_stays_until_the_pod_that_has_it_is_gone(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", CLAIMS, claim("data"))
        await plane.call("POST", PODS, user("runs", nodeName="n"))
        await plane.call("DELETE", f"{CLAIMS}/data")
        await ended(plane, CLAIMS, claim("other"))
        about = (await plane.call("GET", f"{CLAIMS}/data"))["metadata"]
        assert (about["finalizers"], "deletionTimestamp" in about) == ([OF_CLAIMS], True)
        await plane.call("DELETE", f"{PODS}/runs", {"gracePeriodSeconds": 0})
        key = Key("persistentvolumeclaims", "default", "data")
        await plane.until(lambda: plane.store.get(key) is None)

    with_plane(tmp_path, run)


def test_a_claim_that_is_there_to_stay_is_held_again(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", CLAIMS, claim("data"))
        patch = {"metadata": {"finalizers": None}}
        await plane.call("PATCH", f"{CLAIMS}/data", patch, content_type=MERGE)

        def finalizers() -> Any:
            record = plane.store.get(Key("persistentvolumeclaims", "default", "data"))
            return record and record.object["metadata"].get("finalizers")

        await plane.until(lambda: finalizers() == [OF_CLAIMS])

    with_plane(tmp_path, run)


def test_a_volume_stays_while_it_is_bound(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        made = await plane.call("POST", VOLUMES, volume("v"))
        assert made["metadata"]["finalizers"] == [OF_VOLUMES]
        where = f"{VOLUMES}/v/status"
        await plane.call("PATCH", where, {"status": {"phase": "Bound"}}, content_type=MERGE)
        await plane.call("DELETE", f"{VOLUMES}/v")
        await ended(plane, VOLUMES, volume("other"))
        about = (await plane.call("GET", f"{VOLUMES}/v"))["metadata"]
        assert (about["finalizers"], "deletionTimestamp" in about) == ([OF_VOLUMES], True)
        await plane.call("PATCH", where, {"status": {"phase": "Released"}}, content_type=MERGE)
        await plane.until(lambda: plane.store.get(Key("persistentvolumes", "", "v")) is None)

    with_plane(tmp_path, run)


def test_a_namespace_goes_with_the_claims_in_it(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "other"}})
        await plane.call("POST", CLAIMS.replace("default", "other"), claim("data"))
        await plane.call("DELETE", "/api/v1/namespaces/other")
        await plane.until(lambda: plane.store.get(Key("namespaces", "", "other")) is None)

    with_plane(tmp_path, run)


def taints(plane: Plane, name: str) -> list[dict[str, Any]]:
    """A node's taints, without the time at which they came."""
    record = plane.store.get(Key("nodes", "", name))
    assert record is not None
    found = record.object["spec"].get("taints") or ()
    return [{part: one[part] for part in ("key", "effect")} for one in found]


@pytest.mark.parametrize("given", [[], [NOT_READY], [{**NOT_READY, "effect": "NoExecute"}]])
def test_a_new_node_takes_no_pods_yet(tmp_path: Path, given: Any) -> None:
    async def run(plane: Plane) -> None:
        body = {"metadata": {"name": "n"}, "spec": {"taints": given}}
        made = await plane.call("POST", NODES, body)
        others = [one for one in given if one != NOT_READY]
        assert made["spec"]["taints"] == [*others, NOT_READY]

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize(
    ("condition", "state", "taint"),
    [
        ("Ready", "True", None),
        ("Ready", "False", "not-ready"),
        ("Ready", "Unknown", "unreachable"),
        ("MemoryPressure", "True", "memory-pressure"),
        ("DiskPressure", "True", "disk-pressure"),
        ("PIDPressure", "True", "pid-pressure"),
        ("NetworkUnavailable", "True", "network-unavailable"),
        ("NetworkUnavailable", "False", None),
    ],
)
def test_a_nodes_conditions_become_taints(
    tmp_path: Path, condition: str, state: str, taint: str | None
) -> None:
    async def run(plane: Plane) -> None:
        own = {"key": "example.com/own", "effect": "NoSchedule"}
        await plane.call("POST", NODES, {"metadata": {"name": "n"}, "spec": {"taints": [own]}})
        conditions = [{"type": condition, "status": state}]
        patch = {"status": {"conditions": conditions}}
        await plane.call("PATCH", f"{NODES}/n/status", patch, content_type=MERGE)
        wanted = [own]
        if taint:
            wanted.append({"key": f"node.kubernetes.io/{taint}", "effect": "NoSchedule"})
        await plane.until(lambda: taints(plane, "n") == wanted)

    with_plane(tmp_path, run)


def test_a_cordoned_node_has_a_taint_as_long(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", NODES, {"metadata": {"name": "n"}})
        cordoned = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
        for said, wanted in ((True, [cordoned]), (None, [])):
            patch = {"spec": {"unschedulable": said}}
            await plane.call("PATCH", f"{NODES}/n", patch, content_type=MERGE)
            await plane.until(lambda wanted=wanted: taints(plane, "n") == wanted)  # type: ignore[misc]

    with_plane(tmp_path, run)
