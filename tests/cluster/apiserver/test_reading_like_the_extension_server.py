"""Lists and watches of custom resources, as the extension server of Kubernetes 1.36 answers them.

What is expected was recorded from a real one (apiextensions-apiserver 0.36.4 with etcd), which was
sent the same requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.status import ApiError
from tests.cluster.apiserver.plane import Plane, with_plane
from tests.cluster.apiserver.test_watches import watch
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
            "failed to create typed patch object (default/t; d.example.org/v1, Kind=Tree): "
            "errors:\n"
            "  .spec.foo: field not declared in schema\n"
            "  .spec.zz: field not declared in schema"
        )

    with_plane(tmp_path, run)
