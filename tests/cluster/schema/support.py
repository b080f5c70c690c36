"""Objects to test with: a pod as people write them, a custom kind, and any object of a type."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from labkit.cluster.embedded.schema import Type, builtin, from_crd

POD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "web", "labels": {"app": "web"}},
    "spec": {
        "nodeSelector": {"disk": "ssd"},
        "containers": [
            {
                "name": "web",
                "image": "nginx:1",
                "ports": [{"containerPort": 80, "name": "http"}],
                "env": [{"name": "A", "value": "1"}],
                "resources": {"requests": {"cpu": "100m", "memory": 1024}},
                "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
            },
            {"name": "side", "image": "busybox", "args": ["sleep", "1"]},
        ],
        "volumes": [{"name": "v", "emptyDir": {}}],
    },
}

WIDGET_SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "A widget.",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "description": "What is wanted.",
            "required": ["size"],
            "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": 9, "description": "How big."},
                "ratio": {"type": "number", "multipleOf": 0.5},
                "color": {"type": "string", "enum": ["red", "blue"], "default": "red"},
                "code": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 4},
                "when": {"type": "string", "format": "date-time"},
                "port": {"x-kubernetes-int-or-string": True},
                "maybe": {"type": "string", "nullable": True, "default": "yes"},
                "labels": {
                    "type": "object",
                    "maxProperties": 2,
                    "additionalProperties": {"type": "string"},
                },
                "tags": {
                    "type": "array",
                    "minItems": 1,
                    "x-kubernetes-list-type": "set",
                    "items": {"type": "string"},
                },
                "parts": {
                    "type": "array",
                    "maxItems": 2,
                    "x-kubernetes-list-type": "map",
                    "x-kubernetes-list-map-keys": ["name"],
                    "items": {
                        "type": "object",
                        "required": ["name"],
                        "properties": {
                            "name": {"type": "string"},
                            "side": {"type": "string", "default": "left"},
                        },
                    },
                },
                "free": {
                    "type": "object",
                    "x-kubernetes-preserve-unknown-fields": True,
                    "properties": {"known": {"type": "object", "properties": {}}},
                },
                "inner": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "x-kubernetes-preserve-unknown-fields": True,
                },
            },
        },
    },
}

WIDGET_KIND = ("example.com", "v1", "Widget")


def pod() -> dict[str, Any]:
    """A pod that may be changed."""
    return copy.deepcopy(POD)


def pod_type() -> Type:
    """What pods look like."""
    return kind("", "v1", "Pod")


def kind(group: str, version: str, name: str) -> Type:
    """What the objects of a kind that is built in look like."""
    found = builtin().kind(group, version, name)
    assert found is not None
    return found


def widget_type() -> Type:
    """What widgets look like: a CRD's kind."""
    return from_crd(WIDGET_SCHEMA, WIDGET_KIND)


def widget(**spec: Any) -> dict[str, Any]:
    """A widget of size 1, or of another spec."""
    return {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": {"size": 1, **spec},
    }


NAMES = st.text("abcdef", min_size=1, max_size=3)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | NAMES,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=4,
)
"""Any JSON, small."""

SCALARS: dict[str, st.SearchStrategy[Any]] = {
    "string": NAMES,
    "integer": st.integers(-9, 9),
    "number": st.integers(-9, 9) | st.sampled_from([0.5, -2.5]),
    "boolean": st.booleans(),
    "int-or-string": NAMES | st.integers(0, 99),
    "quantity": st.sampled_from(["1", "100m", "1.5Gi", "-3e2", 4, 0.5]),
    "any": ANYTHING,
}
FORMATS: dict[str, st.SearchStrategy[Any]] = {
    "date-time": st.just("2026-01-02T03:04:05Z"),
    "micro-time": st.just("2026-01-02T03:04:05.678901Z"),
    "byte": st.sampled_from(["", "YWJj"]),
}


@st.composite
def values(draw: st.DrawFn, type_: Type, depth: int = 5, fields: int = 3) -> Any:
    """A value that its type allows, as far as the kinds of its parts go: small ones."""
    if type_.kind == "object":
        names = sorted(type_.fields) if depth > 0 else []
        chosen = st.lists(st.sampled_from(names), max_size=fields, unique=True)
        wanted = dict.fromkeys([*type_.required, *(draw(chosen) if names else ())])
        return {name: draw(values(type_.fields[name], depth - 1)) for name in wanted}
    if type_.kind == "map" and type_.element:
        return draw(st.dictionaries(NAMES, values(type_.element, depth - 1), max_size=2))
    if type_.kind == "list" and type_.element:
        return draw(st.lists(values(type_.element, depth - 1), max_size=2))
    return draw(FORMATS[type_.format] if type_.format in FORMATS else SCALARS[type_.kind])


@st.composite
def spoiled(draw: st.DrawFn, type_: Type) -> Any:
    """An object of a type, somewhere in which fields and values are that it does not have."""
    value = draw(values(type_))
    for _ in range(draw(st.integers(0, 3))):
        holder = value
        while inner := [part for part in _parts(holder) if isinstance(part, (dict, list)) and part]:
            if draw(st.booleans()):
                break
            holder = draw(st.sampled_from(inner))
        name = draw(
            st.sampled_from(["zz", "zzz"]) | st.sampled_from(sorted(holder) or ["zz"])
            if isinstance(holder, dict)
            else st.integers(0, max(len(holder) - 1, 0))
        )
        if isinstance(holder, dict) or holder:
            holder[name] = draw(ANYTHING)
    return value


def _parts(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value
