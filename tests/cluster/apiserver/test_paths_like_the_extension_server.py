"""Paths and methods that nobody serves, as the extension server of Kubernetes 1.36 answers them.

What is expected was recorded from a real one (apiextensions-apiserver 0.36.4 with etcd), which was
sent the same requests; for built-in groups, whose paths are routes, it is what they always said.
"""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from tests.cluster.apiserver.plane import ADMIN, Plane, with_plane
from tests.cluster.apiserver.trees import DEFINITIONS, TREES, definition, serve, tree

VERSION = "/apis/d.example.org/v1"
NO_PAGE = b"404 page not found\n"


async def answered(plane: Plane, method: str, path: str, body: bytes = b"{}") -> Answer:
    """The whole answer to a request."""
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    asked = requests.parse(method, path, {}, {"Content-Type": kind}, body)
    asked.user = ADMIN
    answer = await plane.api.handle(asked)
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/apis/none.example.org/v1/trees"),
        ("GET", "/apis/d.example.org/v9/trees"),
        ("GET", f"{VERSION}/nothings"),
        ("POST", f"{VERSION}/namespaces/default/nothings/a"),
        ("POST", f"{VERSION}/trees"),
        ("DELETE", f"{VERSION}/trees"),
        ("GET", f"{VERSION}/trees/t"),
        ("GET", f"{VERSION}//trees"),
        ("GET", f"{VERSION}/watch/namespaces/default"),
        ("GET", f"{VERSION}/namespaces/default/groves"),
        ("PATCH", f"{VERSION}/namespaces/default/groves/g"),
        ("GET", "/apis/apps/v9/deployments"),
        ("POST", "/nowhere"),
    ],
)
def test_a_path_that_nobody_serves_is_no_page(tmp_path: Path, method: str, path: str) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        of_cluster = definition("groves", "Grove")
        of_cluster["spec"]["scope"] = "Cluster"
        await plane.call("POST", DEFINITIONS, of_cluster)
        await plane.until(lambda: bool(plane.api.registry.find("d.example.org", "v1", "groves")))
        answer = await answered(plane, method, path)
        assert (answer.code, answer.body) == (404, NO_PAGE)
        assert answer.content_type == "text/plain; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("method", "path", "code", "message"),
    [
        ("PUT", TREES, 400, "name must be provided"),
        ("PATCH", TREES, 400, "name must be provided"),
        (
            "TRACE",
            TREES,
            405,
            ' is not supported on resources of kind "trees.d.example.org"',
        ),
        (
            "POST",
            f"{TREES}/t/status",
            405,
            'create is not supported on resources of kind "trees.d.example.org"',
        ),
        ("GET", f"{TREES}/t/none", 404, 'trees.d.example.org "t" not found'),
        (
            "GET",
            "/api/v1/nothings",
            404,
            "the server could not find the requested resource",
        ),
        (
            "PUT",
            "/api/v1/namespaces/default/configmaps",
            405,
            "the server does not allow this method on the requested resource",
        ),
        (
            "POST",
            "/api/v1/namespaces/default/configmaps/a",
            405,
            "the server does not allow this method on the requested resource",
        ),
        (
            "HEAD",
            "/api/v1/namespaces/default/configmaps",
            405,
            "the server does not allow this method on the requested resource",
        ),
        (
            "POST",
            "/api/v1/watch/configmaps",
            405,
            "the server does not allow this method on the requested resource",
        ),
        (
            "POST",
            "/apis/apps/v1",
            405,
            "the server does not allow this method on the requested resource",
        ),
    ],
)
def test_a_method_that_is_not_served_is_refused(
    tmp_path: Path, method: str, path: str, code: int, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        error = await plane.refused(method, path, {}, content_type="application/merge-patch+json")
        assert (error.code, error.message) == (code, message)

    with_plane(tmp_path, run)


def test_a_watch_of_nothing_is_no_request(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        answer = await answered(plane, "GET", f"{VERSION}/watch")
        assert (answer.code, answer.body.decode()) == (
            500,
            f'Internal Server Error: "{VERSION}/watch": failed to create RequestInfo: unable to '
            f"determine kind and namespace from url, {VERSION}/watch\n",
        )

    with_plane(tmp_path, run, is_bare=True)


def test_what_comes_after_a_name_is_not_looked_at(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        made = await plane.call("POST", f"{TREES}/other", tree())
        assert made["metadata"]["name"] == "t"
        assert (await plane.call("GET", f"{TREES}/t/status/x"))["spec"] == {"kind": "oak"}
        found = await plane.call("GET", f"{VERSION}/namespaces//trees")
        assert [one["metadata"]["name"] for one in found["items"]] == ["t"]

    with_plane(tmp_path, run)


def test_a_group_tells_of_itself_to_any_method(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        for path, kind in ((VERSION, "APIResourceList"), ("/apis/d.example.org", "APIGroup")):
            for method in ("POST", "DELETE", "PATCH"):
                answer = await answered(plane, method, path)
                assert (answer.code, orjson.loads(answer.body)["kind"]) == (200, kind)

    with_plane(tmp_path, run)
