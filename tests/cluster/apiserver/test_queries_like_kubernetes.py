"""What a request says in its query, and which revision it says, as Kubernetes answers for it.

What is expected was recorded from a real one (1.20.2, with etcd), which was sent the same requests;
where the sources of 1.36 answer otherwise, the case is as they do.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.cluster.apiserver.plane import Plane, config_map, with_plane
from tests.cluster.apiserver.trees import MERGE

MAPS = "/api/v1/namespaces/default/configmaps"
ALL = "/api/v1/configmaps"
NUMBER = "strconv.ParseInt: parsing "
REVISION = "strconv.ParseUint: parsing "
KEY = "invalid continue token: continue key is not valid"
SUPPORTED = 'supported values: "Foreground", "Background", "Orphan", "nil"'
NO_MATCH = "resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden"


def token(said: Any) -> str:
    text = said if isinstance(said, bytes) else orjson.dumps(said)
    return base64.urlsafe_b64encode(text).decode().rstrip("=")


def place(revision: Any, start: Any, version: Any = "meta.k8s.io/v1") -> str:
    return token({"v": version, "rv": revision, "start": start})


def names(found: dict[str, Any]) -> list[str]:
    return [one["metadata"]["name"] for one in found["items"]]


async def make(plane: Plane, *all_of_them: str) -> None:
    for name in all_of_them:
        await plane.call("POST", MAPS, config_map(name))


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ({"limit": "x"}, 400, f'{NUMBER}"x": invalid syntax'),
        ({"limit": ""}, 400, f'{NUMBER}"": invalid syntax'),
        ({"limit": "1_0"}, 400, f'{NUMBER}"1_0": invalid syntax'),
        ({"limit": " 1"}, 400, f'{NUMBER}" 1": invalid syntax'),
        ({"limit": 'a"b\n'}, 400, f'{NUMBER}"a\\"b\\n": invalid syntax'),
        ({"limit": str(2**63)}, 400, f'{NUMBER}"{2**63}": value out of range'),
        ({"limit": "x", "timeoutSeconds": "y"}, 400, f'{NUMBER}"y": invalid syntax'),
        ({"limit": "x", "labelSelector": "=="}, 400, f'{NUMBER}"x": invalid syntax'),
        (
            {"resourceVersion": 'a"'},
            400,
            'invalid resource version: resourceVersion: Invalid value: "a\\"": '
            f'{REVISION}"a\\"": invalid syntax',
        ),
        ({"continue": "x"}, 400, f"{KEY}: illegal base64 data at input byte 0"),
        ({"continue": "ab=c"}, 400, f"{KEY}: illegal base64 data at input byte 2"),
        (
            {"continue": token(b"zz")},
            400,
            f"{KEY}: invalid character 'z' looking for beginning of value",
        ),
        (
            {"continue": token("x")},
            400,
            f"{KEY}: json: cannot unmarshal string into Go value of type storage.continueToken",
        ),
        (
            {"continue": place("5", "a")},
            400,
            f"{KEY}: json: cannot unmarshal string into Go struct field continueToken.rv "
            "of type int64",
        ),
        (
            {"continue": place(1.5, "a")},
            400,
            f"{KEY}: json: cannot unmarshal number 1.5 into Go struct field continueToken.rv "
            "of type int64",
        ),
        (
            {"continue": place(5, "a", "v2")},
            400,
            f"{KEY}: server does not recognize this encoded version v2",
        ),
        (
            {"continue": place(0, "a")},
            400,
            f"{KEY}: incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
        ),
        (
            {"continue": place(5, "")},
            400,
            f"{KEY}: encoded start key empty (version meta.k8s.io/v1)",
        ),
        ({"continue": place(5, "../secrets/x")}, 400, f"{KEY}: ../secrets/x"),
        ({"continue": place(5, "a/")}, 400, f"{KEY}: a/"),
        (
            {"continue": place(-1, "a"), "resourceVersion": "5"},
            400,
            "specifying resource version is not allowed when using continue",
        ),
        (
            {"resourceVersionMatch": "Exact", "fieldSelector": "spec.odd=1"},
            422,
            f'ListOptions.meta.k8s.io "" is invalid: {NO_MATCH} unless resourceVersion is provided',
        ),
        (
            {"sendInitialEvents": "false"},
            422,
            'ListOptions.meta.k8s.io "" is invalid: sendInitialEvents: Forbidden: '
            "sendInitialEvents is forbidden for list",
        ),
    ],
)
def test_a_list_that_cannot_be_meant_is_refused(
    tmp_path: Path, verb: str, query: dict[str, str], code: int, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await make(plane, "a")
        error = await plane.refused(verb, MAPS, query=query)
        assert (error.code, error.message) == (code, message)
        assert names(await plane.call("GET", MAPS)) == ["a"]

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize(
    ("query", "code", "message"),
    [
        ({"limit": "x"}, 400, f'{NUMBER}"x": invalid syntax'),
        ({"timeoutSeconds": ""}, 400, f'{NUMBER}"": invalid syntax'),
        (
            {"continue": "x"},
            422,
            f'ListOptions.meta.k8s.io "" is invalid: {NO_MATCH} when continue is provided',
        ),
        (
            {"resourceVersion": "-1"},
            500,
            f'resourceVersion: Invalid value: "-1": {REVISION}"-1": invalid syntax',
        ),
    ],
)
def test_a_watch_that_cannot_be_meant_is_refused(
    tmp_path: Path, query: dict[str, str], code: int, message: str
) -> None:
    async def run(plane: Plane) -> None:
        error = await plane.refused("GET", MAPS, query={"watch": "1", **query})
        assert (error.code, error.message) == (code, message)

    with_plane(tmp_path, run, is_bare=True)


def test_a_list_goes_on_with_what_is_there_now(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make(plane, "a", "b", "c", "d")
        for path, start in ((MAPS, "b\0"), (ALL, "default/b\0")):
            found = await plane.call("GET", path, query={"continue": place(-1, start)})
            assert names(found) == ["c", "d"]
        found = await plane.call("GET", MAPS, query={"continue": place(-1, "b"), "limit": "2"})
        assert names(found) == ["b", "c"]
        assert found["metadata"]["remainingItemCount"] == 1
        one = {"continue": "x", "fieldSelector": "metadata.name=a"}
        assert names(await plane.call("GET", MAPS, query=one)) == ["a"]
        error = await plane.refused("GET", MAPS, query={"continue": place(10**6, "b")})
        assert (error.code, error.reason) == (504, "Timeout")

    with_plane(tmp_path, run, is_bare=True)


def test_a_list_of_the_past_is_told_how_to_go_on(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make(plane, "a", "b", "c")
        plane.store.compact(plane.store.revision)
        error = await plane.refused("GET", MAPS, query={"continue": place(1, "a\0")})
        assert (error.code, error.reason) == (410, "Expired")
        assert error.message.startswith(
            "The provided continue parameter is too old to display a consistent list result. "
            "You can start a new list without the continue parameter, or use the continue token"
        )
        again = error.to_status()["metadata"]["continue"]
        assert names(await plane.call("GET", MAPS, query={"continue": again})) == ["b", "c"]
        for match in ({"resourceVersionMatch": "Exact"}, {"limit": "2"}):
            error = await plane.refused("GET", MAPS, query={"resourceVersion": "1", **match})
            assert (error.code, error.message) == (
                410,
                "The resourceVersion for the provided list is too old.",
            )

    with_plane(tmp_path, run, is_bare=True)


def test_so_many_of_a_collection_are_deleted(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make(plane, "a", "b", "c", "d")
        found = await plane.call("DELETE", MAPS, query={"limit": "2"})
        assert names(found) == ["a", "b"]
        assert found["metadata"]["remainingItemCount"] == 2
        assert names(await plane.call("GET", MAPS)) == ["c", "d"]
        rest = {"continue": place(-1, "c\0")}
        assert names(await plane.call("DELETE", MAPS, query=rest)) == ["d"]
        error = await plane.refused("DELETE", MAPS, query={"uid": "u"})
        assert (error.code, error.reason) == (409, "Conflict")
        assert names(await plane.call("GET", MAPS)) == ["c"]

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize("said", ["x", "-1", "1.5", 'a"b', "9" * 23])
def test_a_revision_that_is_none_is_not_changed(tmp_path: Path, said: str) -> None:
    async def run(plane: Plane) -> None:
        await make(plane, "a")
        body = {"metadata": {"name": "a", "resourceVersion": said}, "data": {"k": "v"}}
        why = "value out of range" if said.isdigit() else "invalid syntax"
        quoted = orjson.dumps(said).decode()
        for verb, more in (("PUT", {}), ("PATCH", {"content_type": MERGE})):
            error = await plane.refused(verb, f"{MAPS}/a", body, **more)
            assert (error.code, error.reason) == (500, "")
            assert error.message == f"{REVISION}{quoted}: {why}"

    with_plane(tmp_path, run, is_bare=True)


def test_a_revision_is_a_number(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make(plane, "a")
        for zero in ("0", "00", ""):
            body = {"metadata": {"name": "a", "resourceVersion": zero}, "data": {"k": f"v{zero}"}}
            found = await plane.call("PUT", f"{MAPS}/a", body)
        now = found["metadata"]["resourceVersion"]
        body = {"metadata": {"name": "a", "resourceVersion": f"0{now}"}, "data": {"k": "w"}}
        assert (await plane.call("PUT", f"{MAPS}/a", body))["data"] == {"k": "w"}

    with_plane(tmp_path, run, is_bare=True)


def test_what_is_new_has_no_revision(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        body = {"metadata": {"name": "a", "resourceVersion": "7"}}
        await plane.call("POST", MAPS, body, query={"dryRun": "All"})
        error = await plane.refused("POST", MAPS, body)
        assert (error.code, error.reason, error.message) == (
            500,
            "",
            "resourceVersion should not be set on objects to be created",
        )
        for name, said in (("a", "0"), ("b", "x")):
            body = {"metadata": {"name": name, "resourceVersion": said}}
            await plane.call("POST", MAPS, body)
        assert names(await plane.call("GET", MAPS)) == ["a", "b"]

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize(
    ("query", "body", "code", "message"),
    [
        ({"gracePeriodSeconds": ""}, None, 400, f'{NUMBER}"": invalid syntax'),
        ({"gracePeriodSeconds": "9" * 20}, None, 400, f'{NUMBER}"{"9" * 20}": value out of range'),
        (
            {"propagationPolicy": "x", "dryRun": "y", "gracePeriodSeconds": "z"},
            None,
            400,
            f'{NUMBER}"z": invalid syntax',
        ),
        (
            {"propagationPolicy": ""},
            None,
            422,
            'DeleteOptions.meta.k8s.io "" is invalid: propagationPolicy: '
            f'Unsupported value: "": {SUPPORTED}',
        ),
        (
            {"propagationPolicy": 'a"b', "orphanDependents": ""},
            None,
            422,
            'DeleteOptions.meta.k8s.io "" is invalid: [propagationPolicy: Invalid value: "a\\"b": '
            "orphanDependents and deletionPropagation cannot be both set, propagationPolicy: "
            f'Unsupported value: "a\\"b": {SUPPORTED}]',
        ),
        (
            {},
            {"dryRun": ["All", "x"]},
            422,
            'DeleteOptions.meta.k8s.io "" is invalid: dryRun: '
            'Unsupported value: ["All","x"]: supported values: "All"',
        ),
        (
            {},
            {"gracePeriodSeconds": "x"},
            400,
            "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds "
            "of type int64",
        ),
        (
            {},
            {"preconditions": "x"},
            400,
            "json: cannot unmarshal string into Go struct field DeleteOptions.preconditions "
            "of type v1.Preconditions",
        ),
        (
            {},
            {"kind": "Foo"},
            400,
            'no kind "Foo" is registered for version "meta.k8s.io/v1" in scheme '
            '"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"',
        ),
        (
            {},
            {"kind": "Status", "apiVersion": "v1"},
            400,
            "converting (v1.Status) to (v1.DeleteOptions): unknown conversion",
        ),
    ],
)
def test_a_deletion_that_cannot_be_meant_is_refused(
    tmp_path: Path, query: dict[str, str], body: Any, code: int, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await make(plane, "a")
        for path in (f"{MAPS}/a", f"{MAPS}/none", MAPS):
            error = await plane.refused("DELETE", path, body, query=query)
            assert (error.code, error.message) == (code, message)
        assert names(await plane.call("GET", MAPS)) == ["a"]

    with_plane(tmp_path, run, is_bare=True)


def test_a_deletion_says_which_object_it_means(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await make(plane, "a")
        one = f"{MAPS}/a"
        there = (await plane.call("GET", one))["metadata"]
        by_uid = 'Operation cannot be fulfilled on ConfigMap "a": the UID in the precondition ({}) '
        by_uid += f"does not match the UID in record ({there['uid']}). "
        by_uid += "The object might have been deleted and then recreated"
        error = await plane.refused("DELETE", one, query={"uid": "u"})
        assert (error.code, error.message) == (409, by_uid.format("u"))
        error = await plane.refused("DELETE", one, {"preconditions": {"uid": ""}})
        assert (error.code, error.message) == (409, by_uid.format(""))
        error = await plane.refused("DELETE", one, query={"resourceVersion": "x"})
        assert (error.code, error.message) == (
            409,
            'Operation cannot be fulfilled on ConfigMap "a": the ResourceVersion in the '
            f"precondition (x) does not match the ResourceVersion in record "
            f"({there['resourceVersion']}). The object might have been modified",
        )
        await plane.call("DELETE", one, {"dryRun": ["All"]}, query={"uid": "u"})
        said = {"uid": there["uid"], "resourceVersion": there["resourceVersion"]}
        assert (await plane.call("DELETE", one, query=said))["status"] == "Success"

    with_plane(tmp_path, run, is_bare=True)
