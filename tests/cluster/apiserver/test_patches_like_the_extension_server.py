"""Patches of custom resources, as the extension server of Kubernetes 1.36 answers them.

What is expected was recorded from a real one (apiextensions-apiserver 0.36.4 with etcd), which was
sent the same requests.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from labkit.cluster.embedded.apiserver.status import ApiError
from tests.cluster.apiserver.custom import (
    JSON_PATCH,
    SPEC,
    STRICT,
    ask,
    small,
    with_spec,
)
from tests.cluster.apiserver.plane import Plane, with_plane
from tests.cluster.apiserver.trees import MERGE, TREES, serve


@pytest.mark.parametrize(
    ("kind", "patch", "why"),
    [
        (MERGE, b'{"spec":{"zz":1}}', 'unknown field "spec.zz"'),
        (MERGE, b'{"spec":{"size":1,"size":2}}', 'duplicate field "spec.size"'),
        (MERGE, b'{"metadata":{"zz":1}}', 'unknown field "metadata.zz"'),
        (
            MERGE,
            b'{"spec":{"box":{"zz":1,"yy":2}}}',
            'unknown field "spec.box.yy", unknown field "spec.box.zz"',
        ),
        (JSON_PATCH, b'[{"op":"add","path":"/spec/zz","value":1}]', 'unknown field "spec.zz"'),
        (
            JSON_PATCH,
            b'[{"op":"add","path":"/spec/size","value":1,"value":2}]',
            'json patch duplicate field "[0].value"',
        ),
        (
            JSON_PATCH,
            b'[{"op":"add","path":"/spec/size","value":1,"zz":2}]',
            'json patch unknown field "[0].zz"',
        ),
    ],
)
def test_what_a_strict_decoder_finds_in_a_patch_is_a_cause(
    tmp_path: Path, kind: str, patch: bytes, why: str
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        await plane.call("POST", TREES, small(size=1))
        with pytest.raises(ApiError) as caught:
            await ask(plane, "PATCH", f"{TREES}/t", patch, kind, **STRICT)
        error = caught.value
        (cause,) = (error.details or {})["causes"]
        assert (error.code, error.reason) == (422, "Invalid")
        assert (cause["field"], cause["reason"]) == ("patch", "FieldValueInvalid")
        assert cause["message"].endswith(f": strict decoding error: {why}")
        assert error.message == f' "" is invalid: patch: {cause["message"]}'

    with_plane(tmp_path, run)


def test_it_is_a_warning_where_nobody_says_strict_and_nothing_where_it_is_to_be_ignored(
    tmp_path: Path,
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        await plane.call("POST", TREES, small(size=1))
        patch = b'{"spec":{"size":2,"size":3,"zz":1}}'
        value, said = await ask(plane, "PATCH", f"{TREES}/t", patch, MERGE)
        assert said == ['duplicate field "spec.size"', 'unknown field "spec.zz"']
        assert value["spec"] == {"size": 3, "mode": "A"}
        ignored = {"fieldValidation": "Ignore"}
        value, said = await ask(plane, "PATCH", f"{TREES}/t", patch, MERGE, **ignored)
        assert (said, value["spec"]) == ([], {"size": 3, "mode": "A"})

    with_plane(tmp_path, run)


def test_an_object_in_a_patch_message_has_its_names_in_order_and_what_was_added_last(
    tmp_path: Path,
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        await plane.call("POST", TREES, small(size=1))
        patch = {"spec": {"box": {"zz": 1, "yy": 2}}}
        error = await plane.refused("PATCH", f"{TREES}/t", patch, query=STRICT, content_type=MERGE)
        shown = error.message.replace("\\", "")
        assert '"spec":{"mode":"A","size":1,"box":{"zz":1,"yy":2}}}' in shown
        assert shown.startswith(' "" is invalid: patch: Invalid value: "{"apiVersion":"d.example')

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("kind", "patch", "strict", "ignoring"),
    [
        (
            MERGE,
            b'{"a":1,}',
            "error decoding patch: invalid character '}' looking for beginning of object key "
            "string",
            "Invalid JSON Patch",
        ),
        (
            MERGE,
            b"[]",
            "error decoding patch: json: cannot unmarshal array into Go value of type "
            "map[string]interface {}",
            None,
        ),
        (JSON_PATCH, b"{", "error decoding patch: unexpected end of JSON input", None),
        (
            JSON_PATCH,
            b"{}",
            "error decoding patch: json: cannot unmarshal object into Go value of type "
            "[]handlers.jsonPatchOp",
            "json: cannot unmarshal object into Go value of type jsonpatch.Patch",
        ),
        (
            JSON_PATCH,
            b'[{"op":1,"path":"/a"}]',
            "error decoding patch: json: cannot unmarshal number into Go struct field "
            "jsonPatchOp.op of type string",
            None,
        ),
    ],
)
def test_what_is_no_patch_is_refused_in_the_decoders_words(
    tmp_path: Path, kind: str, patch: bytes, strict: str, ignoring: str | None
) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        await plane.call("POST", TREES, small(size=1))
        for query, words in (({}, strict), ({"fieldValidation": "Ignore"}, ignoring)):
            if words is None:
                continue
            with pytest.raises(ApiError) as caught:
                await ask(plane, "PATCH", f"{TREES}/t", patch, kind, **query)
            assert (caught.value.code, caught.value.message) == (400, words)

    with_plane(tmp_path, run)


def test_an_update_may_leave_as_it_was_what_the_schema_does_not_allow_any_more(
    tmp_path: Path,
) -> None:
    later = {
        "type": "object",
        "required": ["flag"],
        "properties": {
            **SPEC["properties"],
            "name": {"type": "string", "maxLength": 3},
            "size": {"type": "integer", "maximum": 3},
            "plain": {"type": "array", "items": {"type": "string", "enum": ["a"]}},
        },
    }

    async def run(plane: Plane) -> None:
        await serve(plane, with_spec(SPEC))
        await plane.call("POST", TREES, small(name="long name", size=50, plain=["x", "y"]))
        versions = with_spec(later)["spec"]["versions"]
        path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/trees.d.example.org"
        await plane.call("PATCH", path, {"spec": {"versions": versions}}, content_type=MERGE)
        more = {"content_type": MERGE}
        labels = {"metadata": {"labels": {"a": "b"}}}
        await plane.call("PATCH", f"{TREES}/t", labels, **more)
        error = await plane.refused("PATCH", f"{TREES}/t", {"spec": {"size": 60}}, **more)
        assert [cause["field"] for cause in (error.details or {})["causes"]] == [
            "spec.size",
            "spec.flag",
        ]
        done = await plane.call("PATCH", f"{TREES}/t", {"spec": {"flag": True}}, **more)
        assert (done["spec"]["name"], done["spec"]["size"]) == ("long name", 50)
        patch = {"spec": {"plain": ["x", "a"]}}
        error = await plane.refused("PATCH", f"{TREES}/t", patch, **more)
        assert [cause["field"] for cause in (error.details or {})["causes"]] == ["spec.plain[0]"]

    with_plane(tmp_path, run)
