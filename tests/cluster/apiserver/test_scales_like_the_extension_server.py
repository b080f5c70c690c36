"""Scales of custom resources, as the extension server of Kubernetes 1.36 answers for them.

What is expected was recorded from a real one (apiextensions-apiserver 0.36.4 with etcd), which was
sent the same requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver.status import ApiError
from tests.cluster.apiserver.custom import STRICT, ask
from tests.cluster.apiserver.plane import ADMIN, Plane, with_plane
from tests.cluster.apiserver.trees import MERGE, TREES, serve, tree

SCALE = f"{TREES}/t/scale"
JSON = "application/json"
HEAD = b'{"apiVersion":"autoscaling/v1","kind":"Scale","metadata":{"name":"t"},'


async def planted(plane: Plane) -> None:
    await serve(plane)
    await plane.call("POST", TREES, tree(replicas=2))


@pytest.mark.parametrize(
    ("method", "kind", "body", "words"),
    [
        (
            "PUT",
            JSON,
            HEAD + b'"spec":{"replicas":4,"zz":1},"bogus":1}',
            ['unknown field "spec.zz"', 'unknown field "bogus"'],
        ),
        (
            "PUT",
            JSON,
            HEAD + b'"spec":{"replicas":5,"replicas":4}}',
            ['duplicate field "spec.replicas"'],
        ),
        ("PATCH", MERGE, b'{"spec":{"replicas":4,"zz":1}}', ['unknown field "spec.zz"']),
        (
            "PATCH",
            MERGE,
            b'{"spec":{"replicas":5,"replicas":4}}',
            ['duplicate field "spec.replicas"'],
        ),
    ],
)
def test_fields_that_nobody_knows_are_warned_of_or_refused(
    tmp_path: Path, method: str, kind: str, body: bytes, words: list[str]
) -> None:
    async def run(plane: Plane) -> None:
        await planted(plane)
        with pytest.raises(ApiError) as caught:
            await ask(plane, method, SCALE, body, kind, **STRICT)
        why = f"strict decoding error: {', '.join(words)}"
        if method == "PUT":  # who serves it cannot say why
            why = "no kind is registered for the type v1.Scale in scheme "
        assert caught.value.code == (400 if method == "PUT" else 422)
        assert why in caught.value.message
        value, warnings = await ask(plane, method, SCALE, body, kind)
        assert (value["spec"], warnings) == ({"replicas": 4}, words)

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("patch", "code", "words"),
    [
        (
            {"spec": {"replicas": "x"}},
            422,
            "json: cannot unmarshal string into Go struct field ScaleSpec.spec.replicas of type "
            "int32",
        ),
        (
            {"spec": "x"},
            422,
            "json: cannot unmarshal string into Go struct field Scale.spec of type v1.ScaleSpec",
        ),
        ({"metadata": {"name": "b"}}, 400, "(b) does not match the name on the URL (t)"),
    ],
)
def test_a_patch_that_makes_no_scale_is_refused(
    tmp_path: Path, patch: Any, code: int, words: str
) -> None:
    async def run(plane: Plane) -> None:
        await planted(plane)
        error = await plane.refused("PATCH", SCALE, patch, content_type=MERGE)
        assert error.code == code
        assert error.message.endswith(words)

    with_plane(tmp_path, run)


def test_who_scales_is_seen_without_a_time(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await planted(plane)
        await plane.call("PATCH", SCALE, {"spec": {"replicas": 3}}, content_type=MERGE)
        made = await plane.call("GET", f"{TREES}/t")
        times = {
            one.get("subresource", ""): "time" in one for one in made["metadata"]["managedFields"]
        }
        assert times == {"": True, "scale": False}

    with_plane(tmp_path, run)


def test_what_says_no_number_has_no_scale_to_show(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        await plane.call("POST", TREES, tree())
        error = await plane.refused("GET", SCALE)
        assert (error.code, error.message) == (
            500,
            'Internal error occurred: the spec replicas field ".spec.replicas" does not exist',
        )
        done = await plane.call("PATCH", SCALE, {"spec": {"replicas": 2}}, content_type=MERGE)
        assert done["spec"] == {"replicas": 2}

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    "said",
    [
        {"spec": {"replicas": "x"}},
        {"kind": "X"},
        {"apiVersion": "autoscaling/v2"},
        {"spec": {"replicas": 2**31}},
    ],
)
def test_what_is_no_scale_is_refused_in_few_words(tmp_path: Path, said: Any) -> None:
    async def run(plane: Plane) -> None:
        await planted(plane)
        body = {"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "t"}, **said}
        error = await plane.refused("PUT", SCALE, body)
        assert (error.code, error.reason, error.message) == (
            400,
            "BadRequest",
            "no kind is registered for the type v1.Scale in scheme "
            '"k8s.io/apiextensions-apiserver/pkg/apiserver/customresource_handler.go:781"',
        )

    with_plane(tmp_path, run)


def test_a_scale_stays_one(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await planted(plane)
        error = await plane.refused("PATCH", SCALE, {"kind": "X"}, content_type=MERGE)
        assert error.code == 422
        assert error.message.endswith(
            'no kind "X" is registered for version "autoscaling/v1" in scheme '
            '"k8s.io/client-go/scale/util.go:146"'
        )

    with_plane(tmp_path, run)


def test_a_scale_is_given_in_yaml(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await planted(plane)
        asked = requests.parse("GET", SCALE, {}, {"Accept": "application/yaml"})
        asked.user = ADMIN
        answer: Any = await plane.api.handle(asked)
        assert answer.content_type == "application/yaml"
        assert answer.body.startswith(b"apiVersion: autoscaling/v1\nkind: Scale\n")

    with_plane(tmp_path, run)


def test_a_scale_is_a_row_of_a_table_of_its_own(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await planted(plane)
        asked = requests.parse("GET", SCALE, {}, {"Accept": f"{JSON};as=Table;v=v1;g=meta.k8s.io"})
        asked.user = ADMIN
        table = await answered(plane, asked)
        columns = [(one["name"], one["type"]) for one in table["columnDefinitions"]]
        numbers = [("Desired", "integer"), ("Available", "integer")]
        assert columns == [("Name", "string"), *numbers, ("Age", "date")]
        (row,) = table["rows"]
        assert row["cells"][:3] == ["t", 2, 0]
        assert row["object"]["kind"] == "PartialObjectMetadata"

    with_plane(tmp_path, run)


async def answered(plane: Plane, asked: requests.Request) -> Any:
    answer: Any = await plane.api.handle(asked)
    assert answer.code == 200
    return orjson.loads(answer.body)


def test_nobody_applies_a_scale(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await planted(plane)
        body = HEAD + b'"spec":{"replicas":4}}'
        kind = "application/apply-patch+yaml"
        with pytest.raises(ApiError) as caught:
            await ask(plane, "PATCH", SCALE, body, kind, fieldManager="one")
        assert (caught.value.code, caught.value.message) == (
            500,
            "failed to create manager for existing fields: failed to convert live object "
            "(/; autoscaling/v1, Kind=Scale) to proper version: request to convert CR to an "
            "invalid group/version: autoscaling/v1",
        )
        with pytest.raises(ApiError) as caught:
            await ask(plane, "PATCH", SCALE, b'{"spec":{}}', kind, fieldManager="one")
        assert (caught.value.code, caught.value.message) == (
            400,
            "invalid object type: /, Kind=",
        )

    with_plane(tmp_path, run)
