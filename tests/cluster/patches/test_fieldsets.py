"""Sets of fields: what is true of sets of paths is true of them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver.patches.fieldsets import (
    FieldSet,
    difference,
    intersection,
    paths,
    union,
)

PATHS = st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(tuple)
SETS = st.frozensets(PATHS, max_size=6)


def fields(members: frozenset[tuple[str, ...]]) -> FieldSet:
    """A set of paths as fieldsV1, its names sorted."""
    root: dict[str, Any] = {}
    for path in sorted(members):
        here = root
        for name in path:
            here = here.setdefault("f:" + name, {})
        here["."] = {}
    return tidy(root)


def tidy(node: dict[str, Any]) -> dict[str, Any]:
    if node == {".": {}}:
        return {}
    return {name: tidy(node[name]) for name in sorted(node)}


@pytest.mark.parametrize(
    ("operation", "of_paths"),
    [
        (union, frozenset.union),
        (difference, frozenset.difference),
        (intersection, frozenset.intersection),
    ],
)
@given(one=SETS, other=SETS)
def test_an_operation_does_what_it_does_with_paths(
    operation: Callable[[FieldSet, FieldSet], FieldSet],
    of_paths: Callable[..., frozenset[tuple[str, ...]]],
    one: frozenset[tuple[str, ...]],
    other: frozenset[tuple[str, ...]],
) -> None:
    left, right = fields(one), fields(other)
    before = deepcopy((left, right))
    assert operation(left, right) == fields(of_paths(one, other))
    assert (left, right) == before


@given(SETS, SETS)
def test_names_stay_sorted(
    one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]
) -> None:
    for operation in (union, difference):
        result = operation(fields(one), fields(other))
        assert str(result) == str(tidy(result))


@given(SETS, SETS)
def test_what_changes_nothing_returns_the_set_itself(
    one: frozenset[tuple[str, ...]], other: frozenset[tuple[str, ...]]
) -> None:
    if one >= other:
        left = fields(one)
        assert union(left, fields(other)) is left
    if not one & other:
        left = fields(one)
        assert difference(left, fields(other)) is left


def test_a_set_that_a_client_wrote_with_dots_everywhere_is_the_same_set() -> None:
    written = {"f:a": {".": {}}, "f:b": {".": {}, "f:c": {".": {}}}}
    assert difference(written, {"f:b": {"f:c": {}}}) == {"f:a": {".": {}}, "f:b": {}}
    assert difference(written, {"f:a": {}, "f:b": {"f:c": {}}}) == {"f:b": {}}
    assert union({"f:a": {}}, {"f:a": {".": {}}}) == {"f:a": {}}
    assert list(paths(written)) == [".a", ".b", ".b.c"]


def test_paths_are_shown_as_kubernetes_shows_them() -> None:
    shown = {
        "f:metadata": {"f:finalizers": {'v:"x/a"': {}}, "f:labels": {"f:app.example/x": {}}},
        "f:spec": {
            "f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}}},
            "f:ports": {'k:{"port":80,"protocol":"TCP"}': {"f:name": {}}},
            "f:list": {"i:2": {}},
        },
    }
    assert list(paths(shown)) == [
        '.metadata.finalizers[="x/a"]',
        ".metadata.labels.app.example/x",
        '.spec.containers[name="web"]',
        '.spec.containers[name="web"].image',
        ".spec.list[2]",
        '.spec.ports[port=80,protocol="TCP"].name',
    ]
