"""Lists and watches of custom resources, as the extension server of Kubernetes 1.36 answers them.

What is expected was recorded from a real one (apiextensions-apiserver 0.36.4 with etcd), which was
sent the same requests.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver.status import ApiError
from labkit.cluster.embedded.apiserver.watch.start import Watch
from tests.cluster.apiserver.plane import ADMIN, Plane, with_plane
from tests.cluster.apiserver.test_watches import Reader, watch
from tests.cluster.apiserver.trees import MERGE, TREES, serve, tree

MATCH = "resourceVersionMatch"


@pytest.mark.parametrize(
    ("verb", "query", "causes"),
    [
        (
            "list",
            {MATCH: "Foo"},
            f"[{MATCH}: Forbidden: {MATCH} is forbidden unless resourceVersion is provided, "
            f'{MATCH}: Unsupported value: "Foo": supported values: "Exact", "NotOlderThan", ""]',
        ),
        (
            "list",
            {MATCH: "Exact", "resourceVersion": "0"},
            f'{MATCH}: Forbidden: {MATCH} "exact" is forbidden for resourceVersion "0"',
        ),
        (
            "list",
            {"sendInitialEvents": "true"},
            "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list",
        ),
        (
            "watch",
            {"sendInitialEvents": "true", MATCH: "Exact"},
            f"[{MATCH}: Forbidden: sendInitialEvents requires setting {MATCH} to NotOlderThan, "
            f'{MATCH}: Unsupported value: "Exact": supported values: "NotOlderThan"]',
        ),
        (
            "watch",
            {MATCH: "NotOlderThan"},
            f"{MATCH}: Forbidden: {MATCH} is forbidden for watch unless sendInitialEvents is "
            "provided",
        ),
    ],
)
def test_options_that_cannot_be_meant_are_refused(
    tmp_path: Path, verb: str, query: dict[str, str], causes: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        if verb == "list":
            error = await plane.refused("GET", TREES, query=query)
        else:
            with pytest.raises(ApiError) as caught:
                watch(plane, TREES, **query)
            error = caught.value
        assert (error.code, error.message) == (
            422,
            f'ListOptions.meta.k8s.io "" is invalid: {causes}',
        )

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"limit": "x"}, 'strconv.ParseInt: parsing "x": invalid syntax'),
        (
            {"resourceVersion": "x"},
            'invalid resource version: resourceVersion: Invalid value: "x": '
            'strconv.ParseUint: parsing "x": invalid syntax',
        ),
    ],
)
def test_what_is_no_number_is_a_bad_request(
    tmp_path: Path, query: dict[str, str], message: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        error = await plane.refused("GET", TREES, query=query)
        assert (error.code, error.message) == (400, message)

    with_plane(tmp_path, run)


def test_a_list_of_any_revision_comes_whole_whatever_its_limit(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        for name in "abc":
            await plane.call("POST", TREES, tree(name))
        whole = await plane.call("GET", TREES, query={"resourceVersion": "0", "limit": "2"})
        assert [one["metadata"]["name"] for one in whole["items"]] == ["a", "b", "c"]
        assert whole["metadata"]["continue"] == ""
        part = await plane.call("GET", TREES, query={"limit": "2"})
        assert len(part["items"]) == 2
        assert part["metadata"]["remainingItemCount"] == 1

    with_plane(tmp_path, run)


def test_what_leaves_a_selection_is_told_as_it_last_was_in_it(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        body = tree()
        body["metadata"]["labels"] = {"w": "1"}
        await plane.call("POST", TREES, body)
        reader = watch(plane, TREES, labelSelector="w=1")
        patch: dict[str, Any] = {"metadata": {"labels": {"w": None}}, "spec": {"kind": "elm"}}
        changed = await plane.call("PATCH", f"{TREES}/t", patch, content_type=MERGE)
        await plane.until(lambda: reader.taken.count(b"\n") == 2)
        _, left = reader.read()
        value = left["object"]
        assert left["type"] == "DELETED"
        assert (value["metadata"]["labels"], value["spec"]["kind"]) == ({"w": "1"}, "oak")
        assert value["metadata"]["generation"] == 1
        assert value["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("query", "types"),
    [
        ({"allowWatchBookmarks": "true"}, ["ADDED", "BOOKMARK"]),
        ({"sendInitialEvents": "true", MATCH: "NotOlderThan"}, ["ADDED"]),
        (
            {"sendInitialEvents": "false", MATCH: "NotOlderThan", "allowWatchBookmarks": "true"},
            [],
        ),
    ],
)
def test_what_a_watch_begins_with(tmp_path: Path, query: dict[str, str], types: list[str]) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        await plane.call("POST", TREES, tree())
        reader = watch(plane, TREES, **query)
        events = reader.read()
        assert [one["type"] for one in events] == types
        if types[1:]:
            about = events[1]["object"]["metadata"]
            assert about["annotations"] == {"k8s.io/initial-events-end": "true"}
            assert "creationTimestamp" not in about

    with_plane(tmp_path, run)


def test_a_field_that_is_not_in_the_schema_cannot_be_applied(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        more = {"content_type": "application/apply-patch+yaml", "query": {"fieldManager": "one"}}
        error = await plane.refused("PATCH", f"{TREES}/t", tree(zz=1, foo=2), **more)
        assert (error.code, error.reason, error.details) == (500, "", None)
        assert error.message == (
            "failed to create typed patch object (/t; d.example.org/v1, Kind=Tree): "
            "errors:\n"
            "  .spec.foo: field not declared in schema\n"
            "  .spec.zz: field not declared in schema"
        )

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("x", "invalid syntax"),
        ("-1", "invalid syntax"),
        ("1.5", "invalid syntax"),
        ("99999999999999999999", "value out of range"),
    ],
)
def test_a_revision_that_is_no_number(tmp_path: Path, said: str, why: str) -> None:
    words = f'resourceVersion: Invalid value: "{said}": strconv.ParseUint: parsing "{said}": {why}'

    async def run(plane: Plane) -> None:
        await serve(plane)
        await plane.call("POST", TREES, tree())
        query = {"resourceVersion": said}
        for path in (f"{TREES}/t", f"{TREES}/none"):
            error = await plane.refused("GET", path, query=query)
            assert (error.code, error.reason, error.message) == (500, "", words)
        with pytest.raises(ApiError) as caught:
            watch(plane, TREES, **query)
        assert (caught.value.code, caught.value.message) == (500, words)
        error = await plane.refused("GET", TREES, query=query)
        assert (error.code, error.message) == (400, f"invalid resource version: {words}")

    with_plane(tmp_path, run)


def test_an_object_of_a_revision_that_has_not_been(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        made = await plane.call("POST", TREES, tree())
        now = plane.store.revision
        at = {"resourceVersion": made["metadata"]["resourceVersion"]}
        assert (await plane.call("GET", f"{TREES}/t", query=at)) == made
        for path in (f"{TREES}/t", f"{TREES}/none"):
            error = await plane.refused("GET", path, query={"resourceVersion": str(now + 9)})
            words = f"Timeout: Too large resource version: {now + 9}, current: {now}"
            assert (error.code, error.reason, error.message) == (504, "Timeout", words)

    with_plane(tmp_path, run)


def begin(plane: Plane, path: str, headers: dict[str, str], **query: str) -> Reader:
    """Begins a watch of a path that says what it is, and in a form."""
    asked = requests.parse("GET", path, query, headers)
    asked.user = ADMIN
    assert asked.verb == "watch"
    resource = plane.api.registry.find(asked.group, asked.version, asked.resource)
    assert resource is not None
    reader = Reader()
    Watch(plane.api, asked, resource).begin(reader)
    return reader


AS_TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}


@pytest.mark.parametrize("is_empty", [True, False])
def test_the_first_event_of_a_table_has_its_columns_and_no_other(
    tmp_path: Path, is_empty: bool
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        for name in "" if is_empty else "ab":
            await plane.call("POST", TREES, tree(name))
        readers = [begin(plane, TREES, AS_TABLE, watch="1") for _ in range(2)]
        for name in "cd":
            await plane.call("POST", TREES, tree(name))
        wanted = 2 if is_empty else 4
        await plane.until(lambda: all(one.taken.count(b"\n") == wanted for one in readers))
        late = begin(plane, TREES, AS_TABLE, watch="1", resourceVersion="1")
        for reader in (*readers, late):
            tables = [json.loads(line)["object"] for line in reader.taken.splitlines()]
            columns = [one["columnDefinitions"] for one in tables]
            assert [one["name"] for one in columns[0]] == ["Name", "Age"]
            assert columns[1:] == [None] * (wanted - 1)

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("watch/namespaces/default/trees", ["a", "b"]),
        ("watch/trees", ["a", "b"]),
        ("watch/namespaces/default/trees/b", ["b"]),
        ("watch/namespaces/other/trees", []),
    ],
)
def test_a_path_may_ask_for_a_watch(tmp_path: Path, path: str, names: list[str]) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        for name in "ab":
            await plane.call("POST", TREES, tree(name))
        reader = begin(plane, f"/apis/d.example.org/v1/{path}", {})
        assert [one["object"]["metadata"]["name"] for one in reader.read()] == names

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("method", "path", "code", "message", "details"),
    [
        (
            "DELETE",
            "t/status",
            405,
            'delete is not supported on resources of kind "trees.d.example.org"',
            {"group": "d.example.org", "kind": "trees"},
        ),
        (
            "POST",
            "t/scale",
            405,
            'create is not supported on resources of kind "trees.d.example.org"',
            {"group": "d.example.org", "kind": "trees"},
        ),
        (
            "GET",
            "t/nonesuch",
            404,
            'trees.d.example.org "t" not found',
            {"group": "d.example.org", "kind": "trees", "name": "t"},
        ),
    ],
)
def test_what_a_part_of_a_custom_resource_cannot_do(  # noqa: PLR0917
    tmp_path: Path, method: str, path: str, code: int, message: str, details: dict[str, str]
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        await plane.call("POST", TREES, tree())
        error = await plane.refused(method, f"{TREES}/{path}", tree())
        assert (error.code, error.message, error.details) == (code, message, details)

    with_plane(tmp_path, run)
