"""Strategic merge patches: laws that hold for every one, and the codes of errors."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from labkit.cluster.embedded.apiserver.patches import BadPatch, strategic_merge_patch
from labkit.cluster.embedded.apiserver.patches.errors import REJECTED
from labkit.cluster.embedded.store.frozen import freeze
from tests.cluster.patches.generating import THING, objects, patches_of
from tests.cluster.patches.types import POD

CONTAINERS = [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]


def patched(patch: Any, **spec: Any) -> Any:
    return strategic_merge_patch(POD, {"spec": spec}, patch)["spec"]


@given(objects(), patches_of(THING.fields["spec"]))
def test_a_patch_applied_twice_is_applied_once(object: Any, patch: Any) -> None:
    once = strategic_merge_patch(THING, object, {"spec": patch})
    assert strategic_merge_patch(THING, once, {"spec": patch}) == once


@given(objects())
def test_an_object_is_a_patch_that_leaves_it_as_it_is(object: Any) -> None:
    assert strategic_merge_patch(THING, object, object) == object


@given(objects(), patches_of(THING.fields["spec"]))
def test_neither_object_nor_patch_is_changed(object: Any, patch: Any) -> None:
    before = deepcopy((object, patch))
    result = strategic_merge_patch(THING, freeze(object), freeze({"spec": patch}))
    result["spec"] = {}
    assert (object, patch) == before


@given(objects(), patches_of(THING.fields["spec"]))
def test_no_order_of_a_patch_is_stored(object: Any, patch: Any) -> None:
    assert "$" not in str(strategic_merge_patch(THING, object, {"spec": patch}))


def test_elements_of_the_live_list_keep_their_places_among_ordered_ones() -> None:
    order = {"$setElementOrder/containers": [{"name": "d"}, {"name": "b"}]}
    result = patched({"spec": order}, containers=[{"name": name} for name in "abcd"])
    # a and c, which the patch does not know, come before d as they did.
    assert [container["name"] for container in result["containers"]] == ["a", "c", "d", "b"]


def test_a_field_without_a_type_is_replaced() -> None:
    assert patched({"spec": {"unheard": [2]}}, unheard=[1]) == {"unheard": [2]}


@pytest.mark.parametrize(
    ("patch", "code", "message"),
    [
        ({"$retainKeys": [{}]}, 400, "invalid patch format of retainKeys"),
        ({"$retainKeys": 3}, 400, "invalid patch format of retainKeys"),
        ({"$setElementOrder": []}, 400, "invalid patch format of setElementOrder list"),
        ({"$deleteFromPrimitiveList": []}, 400, "invalid patch format of primitive list"),
        ({"containers": [["x"]]}, 422, REJECTED),
        (
            {"containers": [{"image": "x"}]},
            500,
            "map: map[image:x] does not contain declared merge key: name",
        ),
        (
            {"containers": [{"name": "a", "$patch": "frob"}]},
            500,
            "unknown patch type: frob in map: map[$patch:frob name:a]",
        ),
    ],
)
def test_a_bad_patch_gets_the_servers_code_and_words(patch: Any, code: int, message: str) -> None:
    with pytest.raises(BadPatch) as caught:
        patched({"spec": patch}, containers=CONTAINERS)
    assert (caught.value.code, caught.value.message) == (code, message)


@pytest.mark.parametrize("patch", [[], "x", None])
def test_a_patch_is_an_object(patch: Any) -> None:
    with pytest.raises(BadPatch) as caught:
        strategic_merge_patch(POD, {}, patch)
    assert caught.value.code == 400
