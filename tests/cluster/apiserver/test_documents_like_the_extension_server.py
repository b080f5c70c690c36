"""Documents that are read with care, as the extension server of Kubernetes 1.36 reads them.

What is expected was recorded from a real one (apiextensions-apiserver 0.36.4 with etcd), which was
sent the same requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from labkit.cluster.embedded.apiserver import request as requests
from tests.cluster.apiserver.custom import APPLY, JSON_PATCH, SPEC, ask, small, with_spec
from tests.cluster.apiserver.plane import ADMIN, Plane, with_plane
from tests.cluster.apiserver.trees import MERGE, TREES, serve

JSON, YAML = "application/json", "application/yaml"
HEAD = b'"apiVersion":"d.example.org/v1","kind":"Tree","metadata":{"name":"b"}'
TREE_IN_V1 = 'Tree in version "v1" cannot be handled as a Tree: '
NO_ROOM = "json: cannot unmarshal number 1e400 into Go value of type float64"
UNRECOGNIZED = "the object provided is unrecognized (must be of type Tree): "
APPLIED = {"fieldManager": "one", "force": "true"}


@pytest.mark.parametrize(
    ("method", "kind", "body", "said"),
    [
        ("POST", JSON, b'{%b,"spec":{"size":1e400}}' % HEAD, (400, TREE_IN_V1 + NO_ROOM)),
        ("POST", JSON, b'{"a":1e400}', (400, TREE_IN_V1 + NO_ROOM)),
        ("PATCH", MERGE, b'{"a":1e400}', (400, f"error decoding patch: {NO_ROOM}")),
        (
            "PATCH",
            JSON_PATCH,
            b'{"a":1e400}',
            (
                400,
                "error decoding patch: json: cannot unmarshal object into Go value of type "
                "[]handlers.jsonPatchOp",
            ),
        ),
        (
            "POST",
            JSON,
            rb'{"a":"\ud800"}',
            (
                400,
                UNRECOGNIZED + r"""Object 'Kind' is missing in '{"a":"\ud800"}' ({"a":"\ud800"})""",
            ),
        ),
        (
            "POST",
            YAML,
            b"a: .inf",
            (400, f"{UNRECOGNIZED}json: unsupported value: +Inf (613a202e696e66)"),
        ),
        (
            "POST",
            YAML,
            b"a: -.inf",
            (400, f"{UNRECOGNIZED}json: unsupported value: -Inf (613a202d2e696e66)"),
        ),
        (
            "PATCH",
            APPLY,
            b"a: .nan",
            (
                400,
                "error decoding YAML: error converting YAML to JSON: json: unsupported value: NaN",
            ),
        ),
        (
            "POST",
            "text/yaml",
            b"a: 1",
            (
                415,
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json, application/yaml, application/vnd.kubernetes.protobuf",
            ),
        ),
        (
            "POST",
            JSON,
            b'{"apiVersion":"d.example.org/v1","kind":"Tree","metadata":{"uid":1}}',
            (
                400,
                f"{TREE_IN_V1}json: cannot unmarshal number into Go struct field ObjectMeta.uid of "
                "type types.UID",
            ),
        ),
        (
            "PATCH",
            MERGE,
            b'{"apiVersion":null}',
            (
                500,
                "Internal error occurred: Object 'apiVersion' is missing in 'object has no "
                "apiVersion field'",
            ),
        ),
        (
            "PATCH",
            APPLY,
            b'{"apiVersion":"d.example.org/v1","kind":"Tree","metadata":{"managedFields":[]}}',
            (400, "metadata.managedFields must be nil"),
        ),
        (
            "PATCH",
            APPLY,
            b'{"apiVersion":"d.example.org/v1","kind":"Tree","metadata":{"name":1}}',
            (
                500,
                "failed to create typed patch object (/; d.example.org/v1, Kind=Tree): "
                ".metadata.name: expected string, got &value.valueUnstructured{Value:1}",
            ),
        ),
    ],
)
def test_what_has_no_room_or_no_kind_is_refused(
    tmp_path: Path, method: str, kind: str, body: bytes, said: tuple[int, str]
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        await plane.call("POST", TREES, small())
        path = TREES if method == "POST" else f"{TREES}/t"
        query = APPLIED if kind == APPLY else {}
        asked = requests.parse(method, path, query, {"Content-Type": kind}, body)
        asked.user = ADMIN
        answer: Any = await plane.api.handle(asked)
        found = plane_says(answer.body)
        assert (answer.code, found["message"]) == said
        assert found.get("details") != {}

    with_plane(tmp_path, run)


def plane_says(body: bytes) -> dict[str, Any]:
    """A Status."""
    found: dict[str, Any] = orjson.loads(body)
    return found


@pytest.mark.parametrize("kind", ["", None])
def test_a_patch_that_takes_the_kind_away_is_refused(tmp_path: Path, kind: str | None) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        await plane.call("POST", TREES, small())
        body = {"kind": kind}
        error = await plane.refused("PATCH", f"{TREES}/t", body, content_type=MERGE)
        assert error.code == 422
        assert error.message.startswith(' "" is invalid: patch: Invalid value: "{')
        assert "Object 'Kind' is missing in '{\"" in error.message

    with_plane(tmp_path, run)


def test_halves_of_pairs_and_bytes_that_are_no_text_are_replaced(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        body = rb'{%b,"spec":{"name":"\ud800x","plain":["' % HEAD + b'\xff"]}}'
        made, _ = await ask(plane, "POST", TREES, body, JSON)
        assert made["spec"]["name"] == "\ufffdx"
        assert made["spec"]["plain"] == ["\ufffd"]

    with_plane(tmp_path, run)


def test_whole_numbers_with_a_fraction_are_applied_as_whole_ones(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        body = b'{%b,"spec":{"size":1.0,"inner":{"x":[1e2,1.5]}}}' % HEAD
        made, _ = await ask(plane, "PATCH", f"{TREES}/b", body, APPLY, **APPLIED)
        assert (made["spec"]["size"], made["spec"]["inner"]) == (1, {"x": [100, 1.5]})
        assert type(made["spec"]["size"]) is int

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            b"x",
            "couldn't get version/kind; json parse error: invalid character 'x' looking for "
            "beginning of value",
        ),
        (
            b'{"kind":"X","apiVersion":"v1"}',
            'no kind "X" is registered for version "v1" in scheme '
            '"k8s.io/apimachinery/pkg/apis/meta/internalversion/scheme/register.go:27"',
        ),
        (
            b'{"gracePeriodSeconds":"x"}',
            "json: cannot unmarshal string into Go struct field DeleteOptions.gracePeriodSeconds "
            "of type int64",
        ),
    ],
)
def test_options_of_a_deletion_that_cannot_be_read(
    tmp_path: Path, body: bytes, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        await plane.call("POST", TREES, small())
        asked = requests.parse("DELETE", f"{TREES}/t", {}, {"Content-Type": JSON}, body)
        asked.user = ADMIN
        answer: Any = await plane.api.handle(asked)
        assert (answer.code, plane_says(answer.body)["message"]) == (400, message)

    with_plane(tmp_path, run)


def test_causes_in_metadata_are_found_twice_where_a_custom_resource_changes(
    tmp_path: Path,
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        await plane.call("POST", TREES, small())
        body = {"metadata": {"uid": "b"}}
        error = await plane.refused("PATCH", f"{TREES}/t", body, content_type=MERGE)
        words = 'metadata.uid: Invalid value: "b": field is immutable'
        assert error.message == f'Tree.d.example.org "t" is invalid: {words}'
        assert error.details is not None
        assert [one["field"] for one in error.details["causes"]] == ["metadata.uid"] * 2

    with_plane(tmp_path, run)
