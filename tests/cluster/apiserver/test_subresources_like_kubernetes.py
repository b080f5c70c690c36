"""Parts of built-in kinds that have an address of their own, as Kubernetes answers for them.

What is expected was recorded from a real one (1.20.2, with etcd), which was sent the same requests;
what changed since is as the sources of the version that is served have it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from labkit.cluster.embedded.apiserver.request import parse
from tests.cluster.apiserver.plane import ADMIN, Plane, pod, with_plane
from tests.cluster.apiserver.trees import MERGE

CORE = "/api/v1/namespaces/default"
PODS = f"{CORE}/pods"
ATTACHMENTS = "/apis/storage.k8s.io/v1/volumeattachments"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
JOBS = "/apis/batch/v1/namespaces/default/jobs"


@pytest.mark.parametrize(
    ("before", "said", "one", "several"),
    [
        ({}, {"podIP": "10.0.0.1"}, "10.0.0.1", ["10.0.0.1"]),
        ({}, {"podIPs": [{"ip": "10.0.0.1"}, {"ip": "fd00::1"}]}, "10.0.0.1",
         ["10.0.0.1", "fd00::1"]),
        ({}, {"podIP": "10.0.0.3", "podIPs": [{"ip": "10.0.0.2"}]}, "10.0.0.3", ["10.0.0.3"]),
        ({"podIP": "10.0.0.1"}, {"podIP": None}, "10.0.0.1", ["10.0.0.1"]),
        ({"podIP": "10.0.0.1"}, {"podIP": None, "podIPs": None}, None, None),
    ],
)  # fmt: skip
def test_the_one_address_of_a_pod_is_the_first_of_all(
    tmp_path: Path, before: Any, said: Any, one: Any, several: Any
) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", PODS, pod("p"))
        for part in (before, said):
            patch = {"status": part}
            await plane.call("PATCH", f"{PODS}/p/status", patch, content_type=MERGE)
        found = (await plane.call("GET", f"{PODS}/p"))["status"]
        addresses = found.get("podIPs")
        assert found.get("podIP") == one
        assert (addresses and [address["ip"] for address in addresses]) == several

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({}, "target.name: Required value"),
        ({"kind": "Pod", "name": "n"},
         'target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>"'),
        ({"kind": "Pod"},
         '[target.kind: Unsupported value: "Pod": supported values: "Node", "<empty>", '
         "target.name: Required value]"),
    ],
)  # fmt: skip
def test_a_pod_is_bound_to_a_node_that_has_a_name(
    tmp_path: Path, target: Any, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", PODS, pod("p"))
        body = {"metadata": {"name": "p"}, "target": target}
        error = await plane.refused("POST", f"{PODS}/p/binding", body)
        assert (error.code, error.reason, error.message) == (500, "", message)

    with_plane(tmp_path, run)


def test_a_binding_is_for_the_revision_that_it_says(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        made = await plane.call("POST", PODS, pod("p"))
        revision = made["metadata"]["resourceVersion"]
        about = {"name": "p", "resourceVersion": "1"}
        body: Any = {"metadata": about, "target": {"kind": "Node", "name": "n"}}
        error = await plane.refused("POST", f"{PODS}/p/binding", body)
        assert (error.code, error.reason) == (409, "Conflict")
        about["resourceVersion"] = revision
        await plane.call("POST", f"{PODS}/p/binding", body)
        assert (await plane.call("GET", f"{PODS}/p"))["spec"]["nodeName"] == "n"

    with_plane(tmp_path, run)


@pytest.mark.parametrize("part", ["log", "exec", "attach", "portforward"])
def test_the_node_of_a_pod_has_to_be_there_and_to_have_an_address(
    tmp_path: Path, part: str
) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", PODS, pod("p", nodeName="n"))
        error = await plane.refused("GET", f"{PODS}/p/{part}")
        assert (error.code, error.message) == (404, 'pods "n" not found')
        assert error.details == {"name": "n", "kind": "pods"}
        await plane.call("POST", "/api/v1/nodes", {"metadata": {"name": "n"}})
        error = await plane.refused("GET", f"{PODS}/p/{part}")
        words = "no preferred addresses found; known addresses: []"
        assert (error.code, error.reason, error.message) == (500, "", words)

    with_plane(tmp_path, run)


@pytest.mark.parametrize("spec", [{}, {"nodeName": "n"}])
def test_a_pod_without_an_address_has_nothing_behind_its_proxy(tmp_path: Path, spec: Any) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", PODS, pod("p", **spec))
        error = await plane.refused("GET", f"{PODS}/p/proxy/x")
        assert (error.code, error.message) == (400, "address not allowed")

    with_plane(tmp_path, run)


def test_the_status_of_an_attachment_leaves_its_metadata(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        source = {"persistentVolumeName": "v"}
        spec = {"attacher": "example.com", "nodeName": "n", "source": source}
        about = {"name": "a", "labels": {"l": "1"}, "annotations": {"a": "1"}}
        await plane.call("POST", ATTACHMENTS, {"metadata": about, "spec": spec})
        patch = {
            "metadata": {"labels": {"l": "2"}, "annotations": {"a": "2"}, "finalizers": ["x.y/z"]},
            "status": {"attached": True},
        }
        where = f"{ATTACHMENTS}/a/status"
        found = await plane.call("PATCH", where, patch, content_type=MERGE)
        kept = [found["metadata"].get(name) for name in ("labels", "annotations", "finalizers")]
        assert kept == [{"l": "1"}, {"a": "1"}, None]
        assert found["status"]["attached"] is True

    with_plane(tmp_path, run, is_bare=True)


def test_a_token_is_bound_to_a_pod_of_its_account_whichever_pod_that_is(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", PODS, pod("p", serviceAccountName="default"))
        await plane.call("POST", f"{CORE}/serviceaccounts", {"metadata": {"name": "other"}})
        reference = {"kind": "Pod", "apiVersion": "v1", "name": "p", "uid": "x"}
        body = {"spec": {"boundObjectRef": reference}}
        error = await plane.refused("POST", f"{CORE}/serviceaccounts/other/token", body)
        words = 'cannot bind token for serviceaccount "other" to pod running with different '
        assert (error.code, error.message) == (400, f"{words}serviceaccount name.")

    with_plane(tmp_path, run)


def test_a_job_keeps_the_selector_that_is_made_for_it(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        template = pod("x", restartPolicy="Never")
        body: Any = {"metadata": {"name": "j"}, "spec": {"template": {"spec": template["spec"]}}}
        made = await plane.call("POST", JOBS, body)
        patch: Any = {"spec": {"selector": {"matchLabels": {"x": "y"}}}}
        error = await plane.refused("PATCH", f"{JOBS}/j", patch, content_type=MERGE)
        causes = [(one["field"], one["message"]) for one in (error.details or {})["causes"]]
        uid = made["metadata"]["uid"]
        selector = f'{{"matchLabels":{{"batch.kubernetes.io/controller-uid":"{uid}","x":"y"}}}}'
        assert causes[0] == (
            "spec.selector", f"Invalid value: {selector}: `selector` not auto-generated"
        )  # fmt: skip
        assert [field for field, _ in causes[1:]] == [
            "spec.template.metadata.labels", "spec.selector",
        ]  # fmt: skip

    with_plane(tmp_path, run, is_bare=True)


def test_a_new_job_has_no_label_that_is_made_for_another(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        template: Any = {"metadata": {"labels": {"job-name": "other"}}}
        template["spec"] = pod("x", restartPolicy="Never")["spec"]
        body = {"metadata": {"name": "j"}, "spec": {"template": template}}
        error = await plane.refused("POST", JOBS, body)
        causes = (error.details or {})["causes"]
        assert [one["field"] for one in causes] == ["spec.template.metadata.labels[job-name]"]
        assert causes[0]["message"].endswith(": must be 'j'")

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize(
    ("expected", "what"),
    [({"uid": "x"}, "UID in precondition: x, UID"),
     ({"resourceVersion": "1"}, "ResourceVersion in precondition: 1, ResourceVersion")],
)  # fmt: skip
def test_a_definition_that_is_not_meant_stays(tmp_path: Path, expected: Any, what: str) -> None:
    async def run(plane: Plane) -> None:
        schema = {"openAPIV3Schema": {"type": "object"}}
        version = {"name": "v1", "served": True, "storage": True, "schema": schema}
        spec = {
            "group": "example.com", "scope": "Cluster", "versions": [version],
            "names": {"plural": "robots", "kind": "Robot"},
        }  # fmt: skip
        body = {"metadata": {"name": "robots.example.com"}, "spec": spec}
        await plane.call("POST", DEFINITIONS, body)
        where = f"{DEFINITIONS}/robots.example.com"
        about = (await plane.call("GET", where))["metadata"]
        error = await plane.refused("DELETE", where, {"preconditions": expected})
        found = about["uid" if "uid" in expected else "resourceVersion"]
        assert (error.code, error.message) == (
            409,
            "Operation cannot be fulfilled on customresourcedefinitions.apiextensions.k8s.io "
            f'"robots.example.com": Precondition failed: {what} in object meta: {found}',
        )
        assert "deletionTimestamp" not in (await plane.call("GET", where))["metadata"]

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize("kind", ["Wrong", "Secret"])
def test_what_is_no_definition_is_known_to_nobody_there(tmp_path: Path, kind: str) -> None:
    async def run(plane: Plane) -> None:
        body = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}}
        error = await plane.refused("POST", DEFINITIONS, body)
        assert (error.code, error.message) == (
            400,
            f'{kind} in version "v1" cannot be handled as a CustomResourceDefinition: no kind '
            f'"{kind}" is registered for version "v1" in scheme '
            '"k8s.io/apiextensions-apiserver/pkg/apiserver/apiserver.go:55"',
        )

    with_plane(tmp_path, run, is_bare=True)


def test_a_scale_is_printed_with_its_numbers(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("x")["spec"]}
        spec = {"replicas": 3, "selector": {"matchLabels": {"a": "b"}}, "template": template}
        await plane.call("POST", DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": spec})
        headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
        request = parse("GET", f"{DEPLOYMENTS}/web/scale", {}, headers, b"")
        request.user = ADMIN
        answer = await plane.api.handle(request)
        assert isinstance(answer, Answer)
        table = json.loads(answer.body)
        columns = [(one["name"], one["type"]) for one in table["columnDefinitions"]]
        assert columns == [
            ("Name", "string"), ("Desired", "integer"), ("Available", "integer"), ("Age", "string")
        ]  # fmt: skip
        assert table["rows"][0]["cells"][:3] == ["web", 3, 0]

    with_plane(tmp_path, run, is_bare=True)


def test_a_namespaces_finalizers_are_written_with_its_labels(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        about = {"name": "n", "labels": {"a": "1"}}
        await plane.call("POST", "/api/v1/namespaces", {"metadata": about})
        body = {"metadata": {"name": "n", "labels": {"b": "2"}}, "spec": {"finalizers": ["x.y/z"]}}
        found = await plane.call("PUT", "/api/v1/namespaces/n/finalize", body)
        assert found["spec"] == {"finalizers": ["x.y/z"]}
        assert found["status"] == {"phase": "Active"}
        assert found["metadata"]["labels"] == {"b": "2", "kubernetes.io/metadata.name": "n"}
        assert found["metadata"]["uid"]

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_a_binding_is_nowhere_to_be_found(tmp_path: Path, method: str) -> None:
    async def run(plane: Plane) -> None:
        error = await plane.refused(method, f"{CORE}/bindings/x", {})
        words = "the server could not find the requested resource"
        assert (error.code, error.reason, error.message) == (404, "NotFound", words)

    with_plane(tmp_path, run, is_bare=True)


def test_what_is_applied_says_its_kind(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        body = {"apiVersion": "apps/v1", "metadata": {"name": "web"}}
        kind = "application/apply-patch+yaml"
        where, query = f"{DEPLOYMENTS}/web", {"fieldManager": "me"}
        error = await plane.refused("PATCH", where, body, content_type=kind, query=query)
        assert (error.code, error.reason, error.message) == (
            500,
            "",
            "failed to create typed patch object (/web; apps/v1, Kind=): no corresponding type "
            "for apps/v1, Kind=",
        )

    with_plane(tmp_path, run, is_bare=True)
