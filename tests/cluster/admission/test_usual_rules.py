"""Rules of every cluster: accounts, priorities, runtime and default classes, namespaces."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.admission.asking import MERGE, PODS, pod
from tests.cluster.apiserver.plane import Plane, config_map, with_plane

CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
INGRESSES = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"


async def runtime_class(plane: Plane, **more: Any) -> None:
    path = "/apis/node.k8s.io/v1/runtimeclasses"
    await plane.call("POST", path, {"metadata": {"name": "r"}, "handler": "h", **more})


async def priority_class(plane: Plane, name: str, value: int, **more: Any) -> None:
    path = "/apis/scheduling.k8s.io/v1/priorityclasses"
    await plane.call("POST", path, {"metadata": {"name": name}, "value": value, **more})


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (
            {"priorityClassName": "missing"},
            "no PriorityClass with name missing was found",
        ),
        (
            {"priorityClassName": "high", "priority": 3},
            "the integer value of priority (3) must not be provided in pod spec; priority "
            "admission controller computed 1000 from the given PriorityClass name",
        ),
        (
            {"priorityClassName": "high", "preemptionPolicy": "Never"},
            "the string value of PreemptionPolicy (Never) must not be provided in pod spec; "
            "priority admission controller computed PreemptLowerPriority from the given "
            "PriorityClass name",
        ),
        ({"runtimeClassName": "missing"}, 'pod rejected: RuntimeClass "missing" not found'),
        (
            {"runtimeClassName": "r", "overhead": {"cpu": "1"}},
            "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
        ),
        (
            {"overhead": {"cpu": "1"}},
            "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
        ),
        (
            {"runtimeClassName": "r", "nodeSelector": {"disk": "slow"}},
            "conflict: runtimeClass.scheduling.nodeSelector[disk] = fast; "
            "pod.spec.nodeSelector[disk] = slow",
        ),
        (
            {"serviceAccountName": "missing"},
            'error looking up service account default/missing: serviceaccount "missing" not found',
        ),
    ],
)
def test_a_pod_that_asks_for_what_is_not_there_is_refused(
    tmp_path: Path, spec: dict[str, Any], why: str
) -> None:
    async def run(plane: Plane) -> None:
        await priority_class(plane, "high", 1000)
        scheduling = {"nodeSelector": {"disk": "fast"}}
        overhead = {"podFixed": {"cpu": "10m"}}
        await runtime_class(plane, overhead=overhead, scheduling=scheduling)
        error = await plane.refused("POST", PODS, pod("p", **spec))
        assert error.message == f'pods "p" is forbidden: {why}'

    with_plane(tmp_path, run)


def test_a_runtime_class_gives_overhead_nodes_and_tolerations(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        toleration = {"key": "runtime", "operator": "Exists"}
        scheduling = {"nodeSelector": {"disk": "fast"}, "tolerations": [toleration]}
        overhead = {"podFixed": {"cpu": "10m"}}
        await runtime_class(plane, overhead=overhead, scheduling=scheduling)
        made = await plane.call("POST", PODS, pod("p", runtimeClassName="r"))
        assert made["spec"]["overhead"] == {"cpu": "10m"}
        assert made["spec"]["nodeSelector"] == {"disk": "fast"}
        assert toleration in made["spec"]["tolerations"]

    with_plane(tmp_path, run)


def test_a_pod_waits_for_the_account_of_a_new_namespace(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        controller = plane.plane.manager.controllers["service-account-controller"]
        await controller.stop()
        await plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "new"}})
        made = asyncio.ensure_future(plane.call("POST", "/api/v1/namespaces/new/pods", pod("p")))
        await asyncio.sleep(0)
        assert not made.done()
        controller.start()
        assert (await made)["spec"]["serviceAccountName"] == "default"

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("spec", "what"),
    [
        ({"serviceAccountName": "default"}, "reference service accounts"),
        ({"volumes": [{"name": "v", "secret": {"secretName": "s"}}]}, "reference secrets"),
    ],
)
def test_a_mirror_pod_wants_nothing_of_the_api(
    tmp_path: Path, spec: dict[str, Any], what: str
) -> None:
    async def run(plane: Plane) -> None:
        value = pod("p", nodeName="n", **spec)
        value["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
        error = await plane.refused("POST", PODS, value)
        assert error.message == f'pods "p" is forbidden: a mirror pod may not {what}'

    with_plane(tmp_path, run)


def test_an_ingress_gets_the_class_that_is_marked(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        about = {
            "name": "c",
            "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"},
        }
        body = {"metadata": about, "spec": {"controller": "example.org/c"}}
        await plane.call("POST", "/apis/networking.k8s.io/v1/ingressclasses", body)
        backend = {"service": {"name": "s", "port": {"number": 80}}}
        value = {"metadata": {"name": "i"}, "spec": {"defaultBackend": backend}}
        assert (await plane.call("POST", INGRESSES, value))["spec"]["ingressClassName"] == "c"

    with_plane(tmp_path, run)


@pytest.mark.parametrize("may_grow", [True, False])
def test_a_claim_grows_where_its_class_allows_it(tmp_path: Path, may_grow: bool) -> None:
    async def run(plane: Plane) -> None:
        key = "storageclass.kubernetes.io/is-default-class"
        about = {"name": "fast", "annotations": {key: "true"}}
        body = {"metadata": about, "provisioner": "p", "allowVolumeExpansion": may_grow}
        await plane.call("POST", "/apis/storage.k8s.io/v1/storageclasses", body)
        spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
        made = await plane.call("POST", CLAIMS, {"metadata": {"name": "c"}, "spec": spec})
        assert made["spec"]["storageClassName"] == "fast"
        bound = {"spec": {"volumeName": "v"}, "status": {"phase": "Bound"}}
        await plane.call("PATCH", f"{CLAIMS}/c", {"spec": bound["spec"]}, content_type=MERGE)
        status = {"status": bound["status"]}
        await plane.call("PATCH", f"{CLAIMS}/c/status", status, content_type=MERGE)
        more = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
        if may_grow:
            await plane.call("PATCH", f"{CLAIMS}/c", more, content_type=MERGE)
            return
        error = await plane.refused("PATCH", f"{CLAIMS}/c", more, content_type=MERGE)
        assert error.message == (
            'persistentvolumeclaims "c" is forbidden: only dynamically provisioned pvc can be '
            "resized and the storageclass that provisions the pvc must support resize"
        )

    with_plane(tmp_path, run)


def test_nothing_is_made_in_a_namespace_that_ends(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        here = "/api/v1/namespaces/ending"
        await plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "ending"}})
        held = config_map("held", finalizers=["example.org/wait"])
        await plane.call("POST", f"{here}/configmaps", held)
        await plane.call("DELETE", here)
        error = await plane.refused("POST", f"{here}/configmaps", config_map("late"))
        assert error.message == (
            'configmaps "late" is forbidden: unable to create new content in namespace ending '
            "because it is being terminated"
        )
        assert (error.details or {})["causes"][0]["reason"] == "NamespaceTerminating"
        error = await plane.refused("DELETE", "/api/v1/namespaces/default")
        assert error.message == (
            'namespaces "default" is forbidden: this namespace may not be deleted'
        )

    with_plane(tmp_path, run)
