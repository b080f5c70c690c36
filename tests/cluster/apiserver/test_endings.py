"""How things end: at once, gracefully, after their finalizers, with or without their dependents."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.store import Key
from tests.cluster.apiserver.plane import Plane, config_map, pod, with_plane

HERE = "/api/v1/namespaces/default/configmaps"
PODS = "/api/v1/namespaces/default/pods"
MERGE = "application/merge-patch+json"


def options(policy: str) -> dict[str, Any]:
    return {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": policy}


def owned(name: str, owner: dict[str, Any], **more: Any) -> dict[str, Any]:
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": owner["metadata"]["name"],
                 "uid": owner["metadata"]["uid"], **more}  # fmt: skip
    return config_map(name, ownerReferences=[reference])


def is_there(plane: Plane, name: str) -> bool:
    return plane.store.get(Key("configmaps", "default", name)) is not None


def test_an_object_without_finalizers_is_gone_at_once(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        made = await plane.call("POST", HERE, config_map("c"))
        answer = await plane.call("DELETE", f"{HERE}/c")
        assert answer["status"] == "Success"
        assert answer["details"] == {
            "name": "c", "kind": "configmaps", "uid": made["metadata"]["uid"],
        }  # fmt: skip
        assert (await plane.refused("GET", f"{HERE}/c")).code == 404

    with_plane(tmp_path, run)


def test_a_finalizer_holds_an_object_until_it_is_taken_away(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", HERE, config_map("c", finalizers=["example.org/wait"]))
        marked = await plane.call("DELETE", f"{HERE}/c")
        assert marked["metadata"]["deletionTimestamp"]
        again = await plane.call("DELETE", f"{HERE}/c")
        assert again["metadata"]["resourceVersion"] == marked["metadata"]["resourceVersion"]
        body = {"metadata": {"finalizers": None}}
        await plane.call("PATCH", f"{HERE}/c", body, content_type=MERGE)
        assert not is_there(plane, "c")

    with_plane(tmp_path, run)


def test_a_marked_object_takes_no_new_finalizer(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", HERE, config_map("c", finalizers=["example.org/wait"]))
        await plane.call("DELETE", f"{HERE}/c")
        body = {"metadata": {"finalizers": ["example.org/wait", "example.org/more"]}}
        error = await plane.refused("PATCH", f"{HERE}/c", body, content_type=MERGE)
        assert error.code == 422
        assert "no new finalizers can be added if the object is being deleted" in error.message

    with_plane(tmp_path, run)


def test_preconditions_name_the_object_that_is_meant(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", HERE, config_map("c"))
        body = {"preconditions": {"uid": "somebody-else"}}
        error = await plane.refused("DELETE", f"{HERE}/c", body)
        assert (error.code, error.reason) == (409, "Conflict")
        assert is_there(plane, "c")

    with_plane(tmp_path, run)


def test_a_pod_without_a_node_goes_at_once_and_one_on_a_node_is_given_time(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", PODS, pod("free"))
        await plane.call("DELETE", f"{PODS}/free")
        assert (await plane.refused("GET", f"{PODS}/free")).code == 404
        await plane.call("POST", PODS, pod("bound", nodeName="n1"))
        ending = await plane.call("DELETE", f"{PODS}/bound")
        assert ending["metadata"]["deletionGracePeriodSeconds"] == 30
        sooner = await plane.call("DELETE", f"{PODS}/bound", {"gracePeriodSeconds": 5})
        assert sooner["metadata"]["deletionGracePeriodSeconds"] == 5
        await plane.call("DELETE", f"{PODS}/bound", {"gracePeriodSeconds": 0})
        assert (await plane.refused("GET", f"{PODS}/bound")).code == 404

    with_plane(tmp_path, run)


def test_in_the_background_dependents_follow_their_owner(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        owner = await plane.call("POST", HERE, config_map("owner"))
        await plane.call("POST", HERE, owned("child", owner))
        await plane.call("DELETE", f"{HERE}/owner", options("Background"))
        assert not is_there(plane, "owner")
        await plane.until(lambda: not is_there(plane, "child"))

    with_plane(tmp_path, run)


def test_in_the_foreground_the_owner_waits_for_those_that_block_it(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        owner = await plane.call("POST", HERE, config_map("owner"))
        child = owned("child", owner, blockOwnerDeletion=True)
        child["metadata"]["finalizers"] = ["example.org/wait"]
        await plane.call("POST", HERE, child)
        marked = await plane.call("DELETE", f"{HERE}/owner", options("Foreground"))
        assert marked["metadata"]["finalizers"] == ["foregroundDeletion"]
        key = Key("configmaps", "default", "child")
        await plane.until(lambda: "deletionTimestamp" in _metadata(plane, key))
        assert is_there(plane, "owner")
        body = {"metadata": {"finalizers": None}}
        await plane.call("PATCH", f"{HERE}/child", body, content_type=MERGE)
        await plane.until(lambda: not is_there(plane, "owner"))

    with_plane(tmp_path, run)


def test_orphans_lose_their_owner_and_stay(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        owner = await plane.call("POST", HERE, config_map("owner"))
        await plane.call("POST", HERE, owned("child", owner))
        await plane.call("DELETE", f"{HERE}/owner", options("Orphan"))
        await plane.until(lambda: not is_there(plane, "owner"))
        child = await plane.call("GET", f"{HERE}/child")
        assert "ownerReferences" not in child["metadata"]

    with_plane(tmp_path, run)


@pytest.mark.parametrize("path", ["/api/v1/{}/replicationcontrollers", "/apis/batch/v1/{}/jobs"])
@pytest.mark.parametrize("policy", ["", "Background"])
def test_what_is_older_than_the_collector_leaves_its_pods(
    tmp_path: Path, path: str, policy: str
) -> None:
    async def run(plane: Plane) -> None:
        where = path.format("namespaces/default")
        template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("p")["spec"]}
        if "jobs" in path:
            template["spec"] |= {"restartPolicy": "Never"}
        owner = await plane.call(
            "POST", where, {"metadata": {"name": "owner"}, "spec": {"template": template}}
        )
        about = {"apiVersion": owner["apiVersion"], "kind": owner["kind"]}
        await plane.call("POST", HERE, owned("child", owner, **about))
        await plane.call("DELETE", f"{where}/owner", options(policy) if policy else None)
        if policy:
            await plane.until(lambda: not is_there(plane, "child"))
            return
        resource = "jobs.batch" if "jobs" in path else "replicationcontrollers"
        key = Key(resource, "default", "owner")
        await plane.until(lambda: plane.store.get(key) is None)
        child = await plane.call("GET", f"{HERE}/child")
        assert "ownerReferences" not in child["metadata"]

    with_plane(tmp_path, run)


def test_an_object_whose_owner_never_was_is_collected(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        nobody = {"metadata": {"name": "nobody", "uid": "11111111-1111-1111-1111-111111111111"}}
        await plane.call("POST", HERE, owned("child", nobody))
        await plane.until(lambda: not is_there(plane, "child"))

    with_plane(tmp_path, run)


def test_an_object_with_another_owner_stays(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        first = await plane.call("POST", HERE, config_map("first"))
        second = await plane.call("POST", HERE, config_map("second"))
        child = owned("child", first)
        child["metadata"]["ownerReferences"] += owned("", second)["metadata"]["ownerReferences"]
        await plane.call("POST", HERE, child)
        await plane.call("DELETE", f"{HERE}/first", options("Background"))
        key = Key("configmaps", "default", "child")
        await plane.until(lambda: len(_metadata(plane, key)["ownerReferences"]) == 1)
        assert _metadata(plane, key)["ownerReferences"][0]["name"] == "second"

    with_plane(tmp_path, run)


def test_a_namespace_is_emptied_before_it_is_gone(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
        there = "/api/v1/namespaces/n/configmaps"
        await plane.call("POST", there, config_map("held", finalizers=["example.org/wait"]))
        await plane.call("POST", there, config_map("free"))
        marked = await plane.call("DELETE", "/api/v1/namespaces/n")
        assert marked["status"]["phase"] == "Terminating"
        await plane.until(lambda: len(plane.store.list("configmaps", "n")) == 1)
        error = await plane.refused("POST", there, config_map("late"))
        assert error.code == 403
        assert "because it is being terminated" in error.message
        body = {"metadata": {"finalizers": None}}
        await plane.call("PATCH", f"{there}/held", body, content_type=MERGE)
        await plane.until(lambda: plane.store.get(Key("namespaces", "", "n")) is None)

    with_plane(tmp_path, run)


@pytest.mark.parametrize("name", ["default", "kube-system"])
def test_a_namespace_that_a_cluster_needs_cannot_be_deleted(tmp_path: Path, name: str) -> None:
    async def run(plane: Plane) -> None:
        error = await plane.refused("DELETE", f"/api/v1/namespaces/{name}")
        assert (error.code, "this namespace may not be deleted" in error.message) == (403, True)

    with_plane(tmp_path, run)


def test_a_collection_is_deleted_by_its_labels(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        for name, label in (("a", "1"), ("b", "1"), ("c", "2")):
            await plane.call("POST", HERE, config_map(name, labels={"tier": label}))
        gone = await plane.call("DELETE", HERE, query={"labelSelector": "tier=1"})
        assert [one["metadata"]["name"] for one in gone["items"]] == ["a", "b"]
        assert [is_there(plane, name) for name in "abc"] == [False, False, True]

    with_plane(tmp_path, run)


def test_a_dry_run_ends_nothing(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", HERE, config_map("c"))
        before = plane.store.revision
        await plane.call("DELETE", f"{HERE}/c", query={"dryRun": "All"})
        assert (plane.store.revision, is_there(plane, "c")) == (before, True)

    with_plane(tmp_path, run)


def _metadata(plane: Plane, key: Key) -> dict[str, Any]:
    record = plane.store.get(key)
    return record.object["metadata"] if record else {}
