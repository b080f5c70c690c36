"""Built-in kinds, as Kubernetes answers for them.

What is expected was recorded from a real one (1.20.2, with etcd), which was sent the same requests.
Where newer versions are known to answer otherwise, the case is as they do.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver.handlers import dispatch
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from tests.cluster.apiserver.plane import ADMIN, Plane, config_map, pod, with_plane
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


GONE = "11111111-1111-1111-1111-111111111111"
MAPS = f"{CORE}/configmaps"
QUALIFIED = "Operation cannot be fulfilled on"
STORAGE = "StorageError: invalid object, Code: 4, Key: /registry"
NO_KIND = 'no kind "Wrong" is registered for version "v1" in scheme '
CHANGED = "The object might have been"


@pytest.mark.parametrize(
    ("asked", "body", "code", "message"),
    [
        (f"PUT {CORE}/pods/p/binding", None, 405,
         "the server does not allow this method on the requested resource"),
        (f"POST {CORE}/pods/p/binding",
         {"metadata": {"name": "q"}, "target": {"name": "n"}}, 400,
         "name in URL does not match name in Binding object"),
        (f"POST {CORE}/pods/p/binding", {"target": "n"}, 400,
         'Binding in version "v1" cannot be handled as a Binding: json: cannot unmarshal string '
         "into Go struct field Binding.target of type v1.ObjectReference"),
        (f"POST {CORE}/bindings/p", {}, 404,
         "the server could not find the requested resource"),
        (f"POST {CORE}/pods/p/eviction", {"metadata": {"name": "q"}}, 400,
         "name in URL does not match name in Eviction object"),
        (f"PUT {MAPS}", {"metadata": {"name": "m"}}, 405,
         "the server does not allow this method on the requested resource"),
        ("PATCH /api/v1/configmaps", {}, 405,
         "the server does not allow this method on the requested resource"),
        (f"PUT {MAPS}/m", {"kind": "Wrong", "metadata": {"name": "m"}}, 400,
         f'Wrong in version "v1" cannot be handled as a ConfigMap: {NO_KIND}'
         '"pkg/api/legacyscheme/scheme.go:30"'),
        (f"PUT {MAPS}/m", {"apiVersion": "wrong/v1", "metadata": {"name": "m"}}, 400,
         'ConfigMap in version "v1" cannot be handled as a ConfigMap: no kind "ConfigMap" is '
         'registered for version "wrong/v1" in scheme "pkg/api/legacyscheme/scheme.go:30"'),
        (f"POST {MAPS}", {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "m"}}, 400,
         'Secret in version "v1" cannot be handled as a ConfigMap: '
         "converting (v1.Secret) to (core.ConfigMap): unknown conversion"),
        ("POST /apis/authorization.k8s.io/v1/subjectaccessreviews", {"spec": {"user": "u"}}, 422,
         '.authorization.k8s.io "" is invalid: spec.resourceAttributes: '
         "Invalid value: null: exactly one of nonResourceAttributes or resourceAttributes must be "
         "specified"),
        ("POST /apis/storage.k8s.io/v1/volumeattachments",
         {"metadata": {"name": "a"}, "spec": {"attacher": "x/y", "nodeName": "n",
          "source": {"persistentVolumeName": "v"}}}, 422,
         'VolumeAttachment.storage.k8s.io "a" is invalid: spec.attacher: Invalid value: "x/y": '
         "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
         "'-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', "
         "regex used for validation is "
         r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"),
        (f"PUT {MAPS}/none", {"metadata": {"name": "none", "uid": GONE}}, 404,
         'configmaps "none" not found'),
        (f"PUT {CORE}/endpoints/none", {"metadata": {"name": "none", "uid": GONE}}, 409,
         f'{QUALIFIED} endpoints "none": {STORAGE}/services/endpoints/default/none, '
         "ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: "
         f"{GONE}, UID in object meta: "),
        (f"PUT {CORE}/resourcequotas/none", {"metadata": {"name": "none"}}, 404,
         'resourcequotas "none" not found'),
        ("PUT /api/v1/nodes/none", {"metadata": {"name": "none"}}, 404,
         'nodes "none" not found'),
        (f"DELETE {MAPS}/m", {"preconditions": {"resourceVersion": "1"}}, 409,
         f'{QUALIFIED} ConfigMap "m": the ResourceVersion in the precondition (1) does not match '
         f"the ResourceVersion in record (REVISION). {CHANGED} modified"),
        (f"DELETE {MAPS}/m", {"preconditions": {"uid": GONE}}, 409,
         f'{QUALIFIED} ConfigMap "m": the UID in the precondition ({GONE}) does not match the '
         f"UID in record (UID). {CHANGED} deleted and then recreated"),
        ("GET /apis/apps/v1/namespaces/default/deployments/d/scale", None, 404,
         'deployments/scale.apps "d" not found'),
        (f"GET {CORE}/replicationcontrollers/d/scale", None, 404,
         'replicationcontrollers/scale.autoscaling "d" not found'),
        ("PUT /api/v1/namespaces/default/finalize",
         {"metadata": {"name": "default"}, "spec": {"finalizers": ["bad"]}}, 422,
         'Namespace "default" is invalid: spec.finalizers[0]: Invalid value: "bad": '
         "name is neither a standard finalizer name nor is it fully qualified"),
    ],
)  # fmt: skip
def test_what_is_not_there_or_not_meant_is_refused(
    tmp_path: Path, asked: str, body: Any, code: int, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", f"{CORE}/pods", pod("p"))
        about = (await plane.call("POST", MAPS, config_map("m")))["metadata"]
        error = await plane.refused(*asked.split(), body)
        said = message.replace("REVISION", about["resourceVersion"])
        said = said.replace("(UID)", f"({about['uid']})")
        assert (error.code, error.message) == (code, said)
        assert await plane.call("GET", f"{CORE}/pods/p")

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("query", "field", "cause"),
    [
        ({"tailLines": "-1"}, "tailLines",
         "Invalid value: -1: must be greater than or equal to 0"),
        ({"limitBytes": "0"}, "limitBytes", "Invalid value: 0: must be greater than 0"),
        ({"sinceSeconds": "0"}, "sinceSeconds", "Invalid value: 0: must be greater than 0"),
        ({"sinceSeconds": "1", "sinceTime": "2020-01-01T00:00:00Z"}, "[]",
         "Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified"),
    ],
)  # fmt: skip
def test_what_nobody_can_log_is_refused(
    tmp_path: Path, query: dict[str, str], field: str, cause: str
) -> None:
    async def run(plane: Plane) -> None:
        error = await plane.refused("GET", f"{CORE}/pods/none/log", query=query)
        assert (error.code, error.message) == (
            422, f'PodLogOptions "none" is invalid: {field}: {cause}',
        )  # fmt: skip

    with_plane(tmp_path, run, is_bare=True)


def test_a_csi_driver_is_changed_at_a_revision(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        drivers = "/apis/storage.k8s.io/v1/csidrivers"
        body = {"metadata": {"name": "d"}, "spec": {"attachRequired": False}}
        await plane.call("POST", drivers, body)
        error = await plane.refused("PUT", f"{drivers}/d", body)
        assert (error.code, error.message) == (
            422,
            'csidrivers.storage.k8s.io "d" is invalid: metadata.resourceVersion: '
            "Invalid value: 0: must be specified for an update",
        )

    with_plane(tmp_path, run, is_bare=True)


def test_what_is_in_a_list_does_not_say_its_kind_again(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        made = await plane.call("POST", MAPS, config_map("m"))
        found = await plane.call("GET", MAPS, query={"fieldSelector": "metadata.name=m"})
        assert (found["kind"], found["apiVersion"]) == ("ConfigMapList", "v1")
        says = {"kind": "ConfigMap", "apiVersion": "v1"}
        assert [says | one for one in found["items"]] == [made]
        assert set(found["items"][0]) == {"metadata", "data"}

    with_plane(tmp_path, run, is_bare=True)


def test_a_revision_that_has_not_been_is_not_got(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", MAPS, config_map("m"))
        error = await plane.refused("GET", f"{MAPS}/m", query={"resourceVersion": "99999"})
        assert (error.code, error.reason) == (504, "Timeout")
        assert error.message.startswith("Timeout: Too large resource version: 99999, current: ")

    with_plane(tmp_path, run, is_bare=True)


def test_an_autoscaler_of_the_first_version_says_its_numbers(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        path = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "d"}
        spec = {"maxReplicas": 3, "scaleTargetRef": target}
        made = await plane.call("POST", path, {"metadata": {"name": "a"}, "spec": spec})
        assert made["status"] == {"currentReplicas": 0, "desiredReplicas": 0}
        accept = {"Accept": "application/json;as=Table;g=meta.k8s.io;v=v1"}
        asked = requests.parse("GET", f"{path}/a", {}, accept)
        asked.user = ADMIN
        answer = await dispatch.handle(plane.api, asked)
        assert isinstance(answer, Answer)
        table = orjson.loads(answer.body)
        assert table["rows"][0]["cells"][:3] == ["a", "Deployment/d", "cpu: <unknown>/80%"]

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize(("plural", "is_changed"), [("replicasets", True), ("deployments", False)])
def test_a_status_may_come_with_labels(tmp_path: Path, plural: str, is_changed: bool) -> None:
    async def run(plane: Plane) -> None:
        path = f"/apis/apps/v1/namespaces/default/{plural}"
        labels = {"app": "a"}
        template = {"metadata": {"labels": labels}, "spec": pod("x")["spec"]}
        spec = {"replicas": 0, "selector": {"matchLabels": labels}, "template": template}
        await plane.call("POST", path, {"metadata": {"name": "a"}, "spec": spec})
        patch = {"metadata": {"labels": {"st": "1"}}, "status": {"replicas": 1}}
        said = await plane.call("PATCH", f"{path}/a/status", patch, content_type=MERGE)
        assert said["status"]["replicas"] == 1
        assert ("labels" in said["metadata"]) == is_changed

    with_plane(tmp_path, run)


def test_a_namespace_ends_at_a_revision_and_without_a_wait(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "n"}})
        body = {"preconditions": {"resourceVersion": "1"}}
        error = await plane.refused("DELETE", "/api/v1/namespaces/n", body)
        assert (error.code, error.message) == (
            409,
            'Operation cannot be fulfilled on namespaces "n": Precondition failed: '
            "ResourceVersion in precondition: 1, ResourceVersion in object meta: 2",
        )
        ending = await plane.call("DELETE", "/api/v1/namespaces/n")
        assert "deletionTimestamp" in ending["metadata"]
        assert "deletionGracePeriodSeconds" not in ending["metadata"]

    with_plane(tmp_path, run, is_bare=True)
