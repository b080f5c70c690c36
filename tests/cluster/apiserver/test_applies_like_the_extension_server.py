"""Server-side apply of custom resources, as the extension server of Kubernetes 1.36 answers it.

What is expected was recorded from a real one (apiextensions-apiserver 0.36.4 with etcd), which was
sent the same requests.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.apiserver.custom import (
    APPLY,
    SPEC,
    small,
    with_spec,
)
from tests.cluster.apiserver.plane import Plane, with_plane
from tests.cluster.apiserver.trees import TREES, serve, tree


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"size": "x"}, ".spec.size: expected numeric (int or float), got string"),
        ({"size": True}, ".spec.size: expected numeric (int or float), got bool"),
        ({"size": []}, ".spec.size: expected numeric (int or float), got []interface {}"),
        ({"name": 1}, ".spec.name: expected string, got &value.valueUnstructured{Value:1}"),
        ({"flag": "true"}, ".spec.flag: expected boolean, got &{true}"),
        ({"tags": "x"}, ".spec.tags: expected map, got &{x}"),
        ({"plain": {}}, ".spec.plain: expected list, got &{map[]}"),
        (
            {"set": [None]},
            ".spec.set: element 0: associative list without keys has an element that's an "
            "explicit null",
        ),
        (
            {"ports": [None]},
            ".spec.ports: element 0: associative list with keys may not have a null element",
        ),
        ({"set": ["a", "a"]}, '.spec.set: duplicate entries for key [="a"]'),
    ],
)
def test_an_apply_of_wrong_types_is_no_typed_patch(
    tmp_path: Path, spec: dict[str, Any], words: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        more = {"content_type": APPLY, "query": {"fieldManager": "one"}}
        error = await plane.refused("PATCH", f"{TREES}/t", small(**spec), **more)
        assert (error.code, error.reason) == (500, "")
        beginning = "failed to create typed patch object (/t; d.example.org/v1, Kind=Tree): "
        assert error.message == beginning + words

    with_plane(tmp_path, run)


def test_a_text_with_a_format_may_be_any_scalar_to_an_apply_and_is_judged_by_its_schema(
    tmp_path: Path,
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        more = {"content_type": APPLY, "query": {"fieldManager": "one"}}
        error = await plane.refused("PATCH", f"{TREES}/t", small(when=1), **more)
        assert (error.code, error.message) == (
            422,
            'Tree.d.example.org "t" is invalid: spec.when: Invalid value: "int64": '
            'spec.when in body must be of type date-time: "int64"',
        )

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("before", "after", "null"),
    [
        ({"tags": {"a": "1"}}, {"tags": {}}, ("spec.tags", "object")),
        ({"box": {"a": 1}}, {"box": {}}, ("spec.box", "object")),
        ({"inner": {"p": 1}}, {"inner": {}}, ("spec.inner", "object")),
        ({"size": 1}, {"size": None}, ("spec.size", "integer")),
        ({"tags": {"a": "1"}}, {"tags": {"a": None}}, ("spec.tags.a", "string")),
    ],
)
def test_what_an_apply_empties_is_null_which_the_schema_does_not_allow(
    tmp_path: Path, before: dict[str, Any], after: dict[str, Any], null: tuple[str, str]
) -> None:
    path, kind = null

    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        more = {"content_type": APPLY, "query": {"fieldManager": "one"}}
        await plane.call("PATCH", f"{TREES}/t", small(**before), **more)
        error = await plane.refused("PATCH", f"{TREES}/t", small(**after), **more)
        words = f'{path}: Invalid value: "null": {path} in body must be of type {kind}: "null"'
        assert (error.code, error.message) == (
            422,
            f'Tree.d.example.org "t" is invalid: {words}',
        )
        kept = await plane.call("PATCH", f"{TREES}/t", small(name="x"), **more)
        assert kept["spec"] == {"mode": "A", "name": "x"}

    with_plane(tmp_path, run)


def test_a_null_that_may_be_is_kept_and_managed(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        inner = {"x": None, "y": {"z": None}}
        made = await plane.call("POST", TREES, small(nul=None, size=None, inner=inner, tags={}))
        assert made["spec"] == {"nul": None, "inner": inner, "tags": {}, "mode": "A"}
        (entry,) = made["metadata"]["managedFields"]
        assert entry["fieldsV1"]["f:spec"] == {
            ".": {},
            "f:inner": {".": {}, "f:x": {}, "f:y": {".": {}, "f:z": {}}},
            "f:mode": {},
            "f:nul": {},
            "f:tags": {},
        }
        more = {"content_type": APPLY, "query": {"fieldManager": "one"}}
        body = {**small(nul=None), "metadata": {"name": "u"}}
        made = await plane.call("PATCH", f"{TREES}/u", body, **more)
        assert made["spec"] == {"nul": None, "mode": "A"}
        (entry,) = made["metadata"]["managedFields"]
        assert entry["fieldsV1"] == {"f:spec": {"f:nul": {}}}

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"apiVersion": "x/v1"}, "x/v1, Kind=Tree"),
        ({"apiVersion": ""}, "/, Kind=Tree"),
        ({"kind": "Bush"}, "d.example.org/v1, Kind=Bush"),
        ({"kind": 1}, "d.example.org/v1, Kind="),
        ({"apiVersion": "a/b/c"}, "/, Kind="),
    ],
)
def test_an_apply_of_another_kind_is_refused(
    tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        more = {"content_type": APPLY, "query": {"fieldManager": "one"}}
        error = await plane.refused("PATCH", f"{TREES}/t", tree() | changes, **more)
        assert (error.code, error.message) == (400, f"invalid object type: {said}")

    with_plane(tmp_path, run)
