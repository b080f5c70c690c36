"""Objects of a type, and patches for them, as Hypothesis makes them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from tests.cluster.patches.types import Node, by, kind, struct, values

NAMES = st.sampled_from(["a", "b", "c", "d"])
SCALARS = {
    "integer": st.integers(0, 3),
    "boolean": st.booleans(),
    "int-or-string": st.one_of(st.integers(0, 3), NAMES),
}
ANYTHING = st.recursive(
    NAMES | st.integers(0, 3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)

PART = struct(
    id=Node(), n=Node("integer"), tags=values(), deep=by("id", of=struct(id=Node(), n=Node()))
)
THING = kind(
    "lab.example",
    "v1",
    "Thing",
    spec=struct(
        size=Node("integer"),
        tags=values(),
        parts=by("id", of=PART),
        ports=by("n", "id", of=struct(n=Node("integer"), id=Node())),
        fixed=Node("map", element=Node(), map_type="atomic"),
        list=Node("list", element=Node(), list_type="atomic"),
        map=Node("map", element=Node()),
        free=Node("any"),
        inner=struct(a=Node(), b=struct(c=Node())),
    ),
    status=struct(phase=Node()),
)
"""A kind that has a field of every sort, each small enough to meet itself again."""


def values_of(type: Node) -> st.SearchStrategy[Any]:
    """Values of a type, without nulls, and without elements of one name."""
    if type.kind == "any":
        return ANYTHING
    if type.kind == "map":
        return st.dictionaries(NAMES, values_of(type.element), max_size=3)
    if type.kind == "list":
        return lists_of(type)
    if type.kind == "object":
        parts = {name: values_of(part) for name, part in type.fields.items()}
        return st.fixed_dictionaries({}, optional=parts)
    return SCALARS.get(type.kind, NAMES)


def lists_of(type: Node) -> st.SearchStrategy[list[Any]]:
    if type.list_type == "set":
        return st.lists(values_of(type.element), unique=True, max_size=3)
    if type.list_type != "map":
        return st.lists(values_of(type.element), max_size=3)
    fields = type.element.fields
    keys = {name: values_of(fields[name]) for name in type.list_keys}
    rest = {name: values_of(part) for name, part in fields.items() if name not in keys}
    element = st.fixed_dictionaries(keys, optional=rest)
    # Unique by the merge key, which is the first: a strategic patch knows no other.
    return st.lists(element, unique_by=lambda found: found[type.list_keys[0]], max_size=3)


def objects(type: Node = THING, **fixed: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Whole objects of a kind: named, with labels and what the kind has."""
    assert type.gvk is not None
    group, version, name = type.gvk
    rest = {
        field: values_of(part)
        for field, part in type.fields.items()
        if field not in ("apiVersion", "kind", "metadata")
    }
    metadata = st.fixed_dictionaries(
        {"name": st.just("x")},
        optional={
            "labels": st.dictionaries(NAMES, NAMES, max_size=3),
            "finalizers": st.lists(NAMES, unique=True, max_size=3),
        },
    )
    head = {
        "apiVersion": st.just(f"{group}/{version}".lstrip("/")),
        "kind": st.just(name),
        "metadata": metadata,
    }
    return st.fixed_dictionaries(head, optional=rest)


def configurations() -> st.SearchStrategy[dict[str, Any]]:
    """Objects to apply: they say something, and nothing that is empty, which nobody would see."""
    return objects().map(_without_empty).map(_with_a_label)


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        parts = {name: _without_empty(part) for name, part in value.items()}
        return {name: part for name, part in parts.items() if part not in ({}, [])}
    return [_without_empty(part) for part in value] if isinstance(value, list) else value


def _with_a_label(object: dict[str, Any]) -> dict[str, Any]:
    labels = {**object["metadata"].get("labels", {}), "always": "there"}
    return {**object, "metadata": {**object["metadata"], "labels": labels}}


def patches_of(type: Node) -> st.SearchStrategy[Any]:
    """Strategic merge patches: parts of objects, nulls among them, and orders to delete."""
    if type.kind == "object":
        parts = {name: st.none() | patches_of(part) for name, part in type.fields.items()}
        return st.fixed_dictionaries({}, optional=parts)
    if type.kind == "map":
        return st.dictionaries(NAMES, st.none() | values_of(type.element), max_size=3)
    if type.kind == "list" and type.patch_key:
        key = type.patch_key
        gone = st.fixed_dictionaries(
            {"$patch": st.just("delete"), key: values_of(type.element.fields[key])}
        )
        whole = patches_of(type.element)
        kept = st.builds(
            lambda k, rest: {**rest, key: k}, values_of(type.element.fields[key]), whole
        )
        return st.lists(gone | kept, unique_by=lambda element: element[key], max_size=3)
    return values_of(type)
