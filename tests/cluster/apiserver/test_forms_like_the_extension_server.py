"""Forms of answers, parts of lists and revisions, as the extension server of Kubernetes 1.36 has
them.

What is expected was recorded from a real one (apiextensions-apiserver 0.36.4 with etcd), which was
sent the same requests.
"""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import orjson
import pytest

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from labkit.cluster.embedded.apiserver.watch.start import Watch
from tests.cluster.apiserver.plane import ADMIN, Plane, config_map, with_plane
from tests.cluster.apiserver.trees import MERGE, SCHEMA, TREES, definition, serve, tree

MAPS = "/api/v1/namespaces/default/configmaps"
META = "as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
META_LIST = "as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


async def answered(
    plane: Plane, method: str, path: str, accept: str, body: bytes = b"", **query: str
) -> Answer:
    """The whole answer to a request for a form."""
    headers = {"Accept": accept, "Content-Type": "application/json"}
    asked = requests.parse(method, path, query, headers, body)
    asked.user = ADMIN
    answer = await plane.api.handle(asked)
    assert isinstance(answer, Answer)
    return answer


@pytest.mark.parametrize(
    ("path", "form", "code", "message"),
    [
        (
            TREES,
            META,
            406,
            "you requested PartialObjectMetadata, but the requested object is a list "
            "(*unstructured.UnstructuredList)",
        ),
        (
            MAPS,
            META,
            406,
            "you requested PartialObjectMetadata, but the requested object is a list "
            "(*core.ConfigMapList)",
        ),
        (f"{TREES}/t", META_LIST, 500, "content is not a list"),
        (
            f"{MAPS}/a",
            META_LIST,
            406,
            "you requested PartialObjectMetadataList, but the requested object is not a list "
            "(*core.ConfigMap)",
        ),
        (f"{TREES}/none", META_LIST, 404, 'trees.d.example.org "none" not found'),
    ],
)
def test_metadata_of_one_is_not_that_of_many(
    tmp_path: Path, path: str, form: str, code: int, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        await plane.call("POST", TREES, tree())
        await plane.call("POST", MAPS, config_map("a"))
        answer = await answered(plane, "GET", path, f"application/json;{form}")
        assert (answer.code, orjson.loads(answer.body)["message"]) == (code, message)

    with_plane(tmp_path, run)


def test_yaml_quotes_as_kubernetes_does(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        data = {"a": "2020-01-01", "b": "y", "c": "1e3", "d": "x: y", "e": "1\n2\n", "f": "plain"}
        await plane.call("POST", MAPS, config_map("a") | {"data": data})
        text = (await answered(plane, "GET", f"{MAPS}/a", "application/yaml")).body.decode()
        assert text[text.index("data:") : text.index("kind:")] == (
            'data:\n  a: "2020-01-01"\n  b: "y"\n  c: "1e3"\n  d: \'x: y\'\n  e: |\n    1\n    2\n'
            "  f: plain\n"
        )
        assert '\n  creationTimestamp: "20' in text

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize(
    ("method", "path", "accept", "beginning"),
    [
        (
            "GET",
            f"{MAPS}/none",
            "application/yaml",
            ("application/yaml", b"apiVersion: v1\ncode: 4"),
        ),
        (
            "DELETE",
            f"{MAPS}/a",
            "application/yaml",
            ("application/yaml", b"apiVersion: v1\ndetails:\n  kind: configmaps\n  name: a\n"),
        ),
        (
            "GET",
            f"{MAPS}/none",
            "application/yaml;as=Table;g=meta.k8s.io;v=v1",
            ("application/json", b'{"kind":"Status"'),
        ),
    ],
)
def test_a_status_is_given_in_yaml_where_that_is_taken(
    tmp_path: Path, method: str, path: str, accept: str, beginning: tuple[str, bytes]
) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", MAPS, config_map("a"))
        answer = await answered(plane, method, path, accept)
        form, start = beginning
        assert answer.content_type == form
        assert answer.body.startswith(start)

    with_plane(tmp_path, run, is_bare=True)


def token(**said: Any) -> str:
    """A token that says so."""
    return base64.urlsafe_b64encode(orjson.dumps(said)).decode().rstrip("=")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("x", ": illegal base64 data at input byte 0"),
        ("abcd=", ": illegal base64 data at input byte 4"),
        ("YQ", ": invalid character 'a' looking for beginning of value"),
        (
            "W10",
            ": json: cannot unmarshal array into Go value of type storage.continueToken",
        ),
        (
            token(v="meta.k8s.io/v1", rv="1"),
            ": json: cannot unmarshal string into Go struct field continueToken.rv of type int64",
        ),
        (token(v="v2"), ": server does not recognize this encoded version v2"),
        (
            token(v="meta.k8s.io/v1"),
            ": incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
        ),
        (
            token(v="meta.k8s.io/v1", rv=1),
            ": encoded start key empty (version meta.k8s.io/v1)",
        ),
        (token(v="meta.k8s.io/v1", rv=1, start="../a"), ": ../a"),
    ],
)
def test_a_token_that_is_none_is_refused(tmp_path: Path, said: str, why: str) -> None:
    async def run(plane: Plane) -> None:
        error = await plane.refused("GET", MAPS, query={"continue": said, "limit": "1"})
        words = f"invalid continue token: continue key is not valid{why}"
        assert (error.code, error.message) == (400, words)

    with_plane(tmp_path, run, is_bare=True)


def test_a_part_of_a_list_is_of_the_revision_that_it_names(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        made = await plane.call("POST", MAPS, config_map("a"))
        await plane.call("POST", MAPS, config_map("b"))
        query = {"resourceVersion": made["metadata"]["resourceVersion"], "limit": "1"}
        found = await plane.call("GET", MAPS, query=query)
        assert [one["metadata"]["name"] for one in found["items"]] == ["a"]
        assert found["metadata"] == {"resourceVersion": query["resourceVersion"]}

    with_plane(tmp_path, run, is_bare=True)


def test_of_a_collection_as_many_go_as_a_limit_says(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        for name in "abc":
            await plane.call("POST", MAPS, config_map(name))
        found = await plane.call("DELETE", MAPS, query={"limit": "2"})
        assert [one["metadata"]["name"] for one in found["items"]] == ["a", "b"]
        assert found["metadata"]["remainingItemCount"] == 1
        assert [one.key.name for one in plane.store.list("configmaps")] == ["c"]

    with_plane(tmp_path, run, is_bare=True)


@pytest.mark.parametrize("path", [MAPS, TREES])
@pytest.mark.parametrize(
    ("method", "revision", "message"),
    [
        ("PUT", "x", 'strconv.ParseUint: parsing "x": invalid syntax'),
        ("PATCH", "-1", 'strconv.ParseUint: parsing "-1": invalid syntax'),
        ("PUT", str(2**64), f'strconv.ParseUint: parsing "{2**64}": value out of range'),
        ("POST", "5", "resourceVersion should not be set on objects to be created"),
    ],
)
def test_a_revision_that_cannot_be_is_an_error_of_the_server(
    tmp_path: Path, path: str, method: str, revision: str, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        sent: dict[str, Any] = config_map("t") if path == MAPS else tree()
        await plane.call("POST", path, sent)
        sent["metadata"]["resourceVersion"] = revision
        if method == "POST":
            sent["metadata"]["name"] = "other"
        where = path if method == "POST" else f"{path}/t"
        more = {"content_type": MERGE} if method == "PATCH" else {}
        error = await plane.refused(method, where, sent, **more)
        assert (error.code, error.reason, error.message) == (500, "", message)

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("path", "kept_at"),
    [
        (TREES, "/registry/d.example.org/trees/default/t"),
        (MAPS, "/registry/configmaps/default/t"),
        ("/api/v1/namespaces/default/services", "/registry/services/specs/default/t"),
    ],
)
def test_another_uid_is_refused_in_the_words_of_storage(
    tmp_path: Path, path: str, kept_at: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        sent: dict[str, Any] = tree() if path == TREES else {"metadata": {"name": "t"}}
        if path.endswith("services"):
            sent["spec"] = {"ports": [{"port": 80}]}
        made = await plane.call("POST", path, sent)
        uid = made["metadata"]["uid"]
        made["metadata"]["uid"] = "x"
        error = await plane.refused("PUT", f"{path}/t", made)
        assert error.code == 409
        assert error.message.endswith(
            f'"t": StorageError: invalid object, Code: 4, Key: {kept_at}, ResourceVersion: 0, '
            "AdditionalErrorMsg: Precondition failed: UID in precondition: x, "
            f"UID in object meta: {uid}"
        )

    with_plane(tmp_path, run)


def two_versions() -> dict[str, Any]:
    """Of trees in two versions, of which the one that is not stored says more."""
    body = definition()
    other = {"type": "object", "properties": {"extra": {"type": "string", "default": "e"}}}
    second = {
        "name": "v2",
        "served": True,
        "storage": False,
        "deprecated": True,
        "schema": {"openAPIV3Schema": {**SCHEMA, "properties": {"spec": other}}},
    }
    stored = {**SCHEMA["properties"]["spec"]["properties"]}
    stored["mode"] = {"type": "string", "default": "A"}
    spec = {"type": "object", "properties": stored}
    first = body["spec"]["versions"][0]
    first["schema"] = {
        "openAPIV3Schema": {**SCHEMA, "properties": {**SCHEMA["properties"], "spec": spec}}
    }
    body["spec"]["versions"] = [first, second]
    return body


def test_what_is_stored_is_filled_in_by_the_schema_of_its_version(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, two_versions())
        second = TREES.replace("v1", "v2")
        sent = tree() | {"apiVersion": "d.example.org/v2", "spec": {}}
        assert (await plane.call("POST", second, sent))["spec"] == {}
        assert (await plane.call("GET", f"{second}/t"))["spec"] == {}
        assert (await plane.call("GET", f"{TREES}/t"))["spec"] == {"mode": "A"}

    with_plane(tmp_path, run)


def test_a_watch_of_a_deprecated_version_warns_of_it(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, two_versions())
        for version, warnings in (("v1", []), ("v2", ["d.example.org/v2 Tree is deprecated"])):
            asked = requests.parse("GET", TREES.replace("v1", version), {"watch": "1"}, {})
            asked.user = ADMIN
            answer = await plane.api.handle(asked)
            assert isinstance(answer, Watch)
            assert answer.warnings == warnings

    with_plane(tmp_path, run)
