"""Changes and endings of built-in kinds, as Kubernetes answers for them.

What is expected was recorded from a real one (1.20.2, with etcd), which was sent the same requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.apiserver.plane import Plane, config_map, pod, with_plane
from tests.cluster.apiserver.test_watches import watch
from tests.cluster.apiserver.trees import MERGE
from tests.cluster.kinds.samples import REQUEST

CORE = "/api/v1/namespaces/default"
MAPS = f"{CORE}/configmaps"
JSON, STRATEGIC = "application/json-patch+json", "application/strategic-merge-patch+json"
APPLY = "application/apply-patch+yaml"
OTHER_NAMESPACE = (
    "the namespace of the provided object does not match the namespace sent on the request"
)
NAMELESS = "the name of the object (m based on URL) was undeterminable: name must be provided"


@pytest.mark.parametrize(
    ("kind", "patch", "message"),
    [
        (MERGE, {"metadata": {"namespace": "other"}}, OTHER_NAMESPACE),
        (JSON, [{"op": "replace", "path": "/metadata/namespace", "value": "other"}],
         OTHER_NAMESPACE),
        (JSON, [{"op": "remove", "path": "/metadata"}], NAMELESS),
        (STRATEGIC, {"$patch": "replace", "data": {"n": "2"}}, NAMELESS),
        (STRATEGIC, "x",
         "json: cannot unmarshal string into Go value of type map[string]interface {}"),
    ],
)  # fmt: skip
def test_a_patch_leaves_an_object_in_its_place(
    tmp_path: Path, kind: str, patch: Any, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", MAPS, config_map("m"))
        error = await plane.refused("PATCH", f"{MAPS}/m", patch, content_type=kind)
        assert (error.code, error.message) == (400, message)

    with_plane(tmp_path, run, is_bare=True)


def test_a_patch_leaves_an_object_of_its_kind(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", MAPS, config_map("m"))
        patch = {"kind": "Other"}
        error = await plane.refused("PATCH", f"{MAPS}/m", patch, content_type=MERGE)
        assert (error.code, error.reason) == (422, "Invalid")
        ((field, message),) = [
            (one["field"], one["message"]) for one in (error.details or {})["causes"]
        ]
        assert field == "patch"
        assert message.endswith(
            'no kind "Other" is registered for version "v1" in scheme '
            '"pkg/api/legacyscheme/scheme.go:30"'
        )

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize(
    ("applied", "message"),
    [
        ({"apiVersion": "v2", "kind": "ConfigMap", "metadata": {"name": "m"}},
         "Incorrect version specified in apply patch. Specified patch version: v2, expected: v1"),
        ({"kind": "ConfigMap", "metadata": {"name": "m"}},
         "Incorrect version specified in apply patch. Specified patch version: , expected: v1"),
        ({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"}}, NAMELESS),
    ],
)  # fmt: skip
def test_what_is_applied_says_what_it_is(
    tmp_path: Path, applied: dict[str, Any], message: str
) -> None:
    async def run(plane: Plane) -> None:
        error = await plane.refused(
            "PATCH", f"{MAPS}/m", applied, content_type=APPLY, query={"fieldManager": "me"}
        )
        assert (error.code, error.message) == (400, message)

    with_plane(tmp_path, run, is_bare=True)


def test_a_pod_that_no_node_has_ends_in_two_steps(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        reader = watch(plane, f"{CORE}/pods", resourceVersion=str(plane.store.revision))
        await plane.call("POST", f"{CORE}/pods", pod("p"))
        gone = await plane.call("DELETE", f"{CORE}/pods/p", query={"gracePeriodSeconds": "10"})
        assert gone["metadata"]["deletionGracePeriodSeconds"] == 0
        assert gone["metadata"]["deletionTimestamp"]
        await plane.until(lambda: reader.taken.count(b"\n") == 3)
        events = reader.read()
        assert [one["type"] for one in events] == ["ADDED", "MODIFIED", "DELETED"]
        is_marked = ["deletionTimestamp" in one["object"]["metadata"] for one in events]
        assert is_marked == [False, True, True]

    with_plane(tmp_path, run)


def test_how_long_an_ending_takes_is_not_patched(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", f"{CORE}/pods", pod("p", nodeName="n"))
        await plane.call("DELETE", f"{CORE}/pods/p", query={"gracePeriodSeconds": "20"})
        patch = {"metadata": {"deletionGracePeriodSeconds": 100}}
        error = await plane.refused("PATCH", f"{CORE}/pods/p", patch, content_type=MERGE)
        assert (error.code, error.message) == (
            422,
            'Pod "p" is invalid: metadata.deletionGracePeriodSeconds: Invalid value: 100: '
            "field is immutable",
        )
        nothing = {"metadata": {"deletionTimestamp": None, "deletionGracePeriodSeconds": None}}
        kept = await plane.call("PATCH", f"{CORE}/pods/p", nothing, content_type=MERGE)
        assert kept["metadata"]["deletionGracePeriodSeconds"] == 20

    with_plane(tmp_path, run)


def test_a_status_that_says_no_class_of_service_keeps_it(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", f"{CORE}/pods", pod("p"))
        body = {**pod("p"), "status": {"phase": "Running"}}
        said = await plane.call("PUT", f"{CORE}/pods/p/status", body)
        assert (said["status"]["phase"], said["status"]["qosClass"]) == ("Running", "BestEffort")

    with_plane(tmp_path, run)


REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests"
YES = {"type": "Approved", "status": "True"}


@pytest.mark.parametrize(
    ("part", "conditions", "why"),
    [
        ("approval", [YES, {"type": "Denied", "status": "True"}],
         'status.conditions[1].type: Invalid value: "Denied": '
         "Approved and Denied conditions are mutually exclusive"),
        ("approval", [],
         'status.conditions: Forbidden: updates may not remove a condition of type "Approved"'),
        ("approval", [{"type": "Approved", "status": "False"}],
         'status.conditions[0].status: Unsupported value: "False": supported values: "True"'),
        ("approval", [YES, YES], 'status.conditions[1].type: Duplicate value: "Approved"'),
        ("status", [YES, {"type": "Denied", "status": "True"}],
         '[status.conditions[1].type: Invalid value: "Denied": '
         "Approved and Denied conditions are mutually exclusive, "
         'status.conditions: Forbidden: updates may not add a condition of type "Denied"]'),
        ("approval", [YES, {"type": "", "status": ""}],
         "[status.conditions[1].type: Required value, status.conditions[1].status: "
         "Required value]"),
    ],
)  # fmt: skip
def test_an_approval_is_said_once(
    tmp_path: Path, part: str, conditions: list[Any], why: str
) -> None:
    async def run(plane: Plane) -> None:
        spec = {"request": REQUEST, "signerName": "example.com/none", "usages": ["client auth"]}
        await plane.call("POST", REQUESTS, {"metadata": {"name": "r"}, "spec": spec})
        approved = {"status": {"conditions": [YES]}}
        path = f"{REQUESTS}/r"
        await plane.call("PATCH", f"{path}/approval", approved, content_type=MERGE)
        patch = {"status": {"conditions": conditions}}
        error = await plane.refused("PATCH", f"{path}/{part}", patch, content_type=MERGE)
        assert (error.code, error.message) == (
            422, f'CertificateSigningRequest.certificates.k8s.io "r" is invalid: {why}',
        )  # fmt: skip

    with_plane(tmp_path, run, is_bare=True)


def test_who_is_owned_by_something_unheard_of_stays(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        owner = {"apiVersion": "v1", "kind": "Nothing", "name": "o", "uid": "u"}
        absent = {"apiVersion": "v1", "kind": "Secret", "name": "o", "uid": "u"}
        await plane.call("POST", MAPS, config_map("kept", ownerReferences=[owner]))
        await plane.call("POST", MAPS, config_map("gone", ownerReferences=[absent]))
        await plane.until(
            lambda: [one.key.name for one in plane.store.list("configmaps", owner="u")] == ["kept"]
        )

    with_plane(tmp_path, run)
