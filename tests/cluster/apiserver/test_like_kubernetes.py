"""Built-in kinds, as Kubernetes answers for them.

What is expected was recorded from a real one (1.20.2, with etcd), which was sent the same requests.
Where newer versions are known to answer otherwise, the case is as they do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.apiserver.plane import Plane, config_map, pod, with_plane
from tests.cluster.apiserver.trees import MERGE

CORE = "/api/v1/namespaces/default"


@pytest.mark.parametrize("path", [f"{CORE}/pods/p/binding", f"{CORE}/bindings"])
def test_a_pod_is_bound_once(tmp_path: Path, path: str) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", f"{CORE}/pods", pod("p"))
        about = {"name": "p", "annotations": {"k": "v"}}
        body = {"metadata": about, "target": {"kind": "Node", "name": "n"}}
        said = await plane.call("POST", path, body)
        assert (said["kind"], said["status"], said["code"]) == ("Status", "Success", 201)
        bound = await plane.call("GET", f"{CORE}/pods/p")
        assert bound["spec"]["nodeName"] == "n"
        assert bound["metadata"]["annotations"] == {"k": "v"}
        (condition,) = bound["status"]["conditions"]
        assert (condition["type"], condition["status"]) == ("PodScheduled", "True")
        error = await plane.refused("POST", path, body)
        assert (error.code, error.reason, error.message) == (
            409,
            "Conflict",
            'Operation cannot be fulfilled on pods/binding "p": '
            'pod p is already assigned to node "n"',
        )

    with_plane(tmp_path, run)


def test_a_service_is_told_where_its_load_balancer_is(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        body = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
        made = await plane.call("POST", f"{CORE}/services", body)
        found = {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}
        patch = {"status": found, "spec": {"clusterIP": "10.96.0.77"}}
        path = f"{CORE}/services/s/status"
        patched = await plane.call("PATCH", path, patch, content_type=MERGE)
        assert patched["status"]["loadBalancer"]["ingress"][0]["ip"] == "192.0.2.1"
        assert patched["spec"]["clusterIP"] == made["spec"]["clusterIP"]
        put = await plane.call("PUT", path, {**made, "status": {}, "metadata": {"name": "s"}})
        assert put["status"] == {"loadBalancer": {}}

    with_plane(tmp_path, run)
