"""JSON Patch and JSON Merge Patch."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver.patches import BadPatch, json_patch, merge_patch
from labkit.cluster.embedded.apiserver.patches.errors import REJECTED
from labkit.cluster.embedded.store.frozen import freeze

NAMES = st.sampled_from(["a", "b", "c"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
PATCHES = st.dictionaries(NAMES, JSON, max_size=3)
OBJECTS = PATCHES.map(lambda value: merge_patch({}, value))


@pytest.mark.parametrize(
    ("object", "patch", "result"),
    [
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": "b"}, {"a": {"c": 1}}, {"a": {"c": 1}}),
        ({"a": {"b": 1}}, {"a": "c"}, {"a": "c"}),
        ({"a": {"b": 1}}, {"a": {"b": None, "c": {"d": None}}}, {"a": {"c": {}}}),
        ({}, {}, {}),
    ],
)
def test_a_merge_patch_removes_nulls_and_merges_maps(
    object: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]
) -> None:
    assert merge_patch(object, patch) == result


@given(OBJECTS, PATCHES)
def test_a_merge_patch_applied_twice_is_applied_once(
    object: dict[str, Any], patch: dict[str, Any]
) -> None:
    once = merge_patch(object, patch)
    assert merge_patch(once, patch) == once


@given(OBJECTS, PATCHES)
def test_what_a_merge_patch_says_is_so_afterwards(
    object: dict[str, Any], patch: dict[str, Any]
) -> None:
    result = merge_patch(object, patch)
    assert result.keys() == (object.keys() | patch.keys()) - {
        name for name, value in patch.items() if value is None
    }
    for name in object.keys() - patch.keys():
        assert result[name] == object[name]


@given(OBJECTS, PATCHES)
def test_a_merge_patch_changes_neither_object_nor_patch(
    object: dict[str, Any], patch: dict[str, Any]
) -> None:
    before = deepcopy((object, patch))
    result = merge_patch(freeze(object), freeze(patch))
    result["new"] = 1
    assert (object, patch) == before


@pytest.mark.parametrize("patch", ["x", 3, None, ["x"]])
def test_a_merge_patch_is_an_object(patch: Any) -> None:
    with pytest.raises(BadPatch) as caught:
        merge_patch({}, patch)
    assert (caught.value.code, caught.value.message) == (400, "Invalid JSON Patch")


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        ({}, 400, "json: cannot unmarshal object into Go value of type jsonpatch.Patch"),
        ([1], 400, "json: cannot unmarshal number into Go value of type jsonpatch.Operation"),
        ([{"op": "remove", "path": "/z"}], 422, REJECTED),
        ([{"op": "test", "path": "/a", "value": 2}], 422, REJECTED),
        ([{"op": "frob", "path": "/a"}], 422, REJECTED),
        ([{"op": "add", "path": 3, "value": 2}], 422, REJECTED),
        ([{"op": "replace", "path": 3, "value": 2}], 422, REJECTED),
        ([{"op": "copy", "path": "/b"}], 422, REJECTED),
        ([{"op": "test", "path": 3}], 422, REJECTED),
        ([{"op": "remove", "path": "/a/-7"}], 422, REJECTED),
        ([{"op": "add", "path": "/a/b/c", "value": 2}], 422, REJECTED),
        ([{"op": "replace", "path": "", "value": "no object"}], 422, REJECTED),
        ([{"op": "add", "path": "", "value": {"b": 2}}], 422, REJECTED),
        ([{"op": "copy", "from": "", "path": "/b"}], 422, REJECTED),
        (
            [{"op": "test", "path": "/a", "value": 1}] * 10_001,
            413,
            "Request entity too large: The allowed maximum operations in a JSON patch is 10000, "
            "got 10001",
        ),
    ],
)
def test_a_bad_json_patch_gets_the_servers_code_and_words(
    patch: Any, code: int, message: str
) -> None:
    with pytest.raises(BadPatch) as caught:
        json_patch({"a": 1}, patch)
    assert (caught.value.code, caught.value.message) == (code, message)


@pytest.mark.parametrize(
    ("operation", "result"),
    [
        ({"op": "replace", "path": "/list/-1/a", "value": 9}, [{"a": 1}, {"a": 9}]),
        ({"op": "remove", "path": "/list/-2"}, [{"a": 2}]),
        ({"op": "copy", "from": "/list/-1", "path": "/list/-"}, [{"a": 1}, {"a": 2}, {"a": 2}]),
    ],
)
def test_places_count_from_the_end_if_they_are_negative(operation: Any, result: Any) -> None:
    assert json_patch({"list": [{"a": 1}, {"a": 2}]}, [operation]) == {"list": result}


def test_a_json_patch_that_fails_says_why_to_those_who_look() -> None:
    with pytest.raises(BadPatch) as caught:
        json_patch({"a": 1}, [{"op": "remove", "path": "/z"}])
    assert "'z'" in caught.value.why


def test_a_json_patch_changes_neither_object_nor_patch() -> None:
    object = freeze({"a": {"b": [1]}})
    patch = freeze([{"op": "add", "path": "/a/c", "value": {"d": 1}}])
    result = json_patch(object, patch)
    result["a"]["c"]["d"] = 2
    result["a"]["b"].append(2)
    assert object == {"a": {"b": [1]}}
    assert patch[0]["value"] == {"d": 1}
