"""Fields that a type does not have: finding them, and leaving them out.

One walk serves both, so that what is left out is what was found. Paths are as Go's strict decoder
has them: `spec.containers[0].imagee`; a key of a map is a field. Sources: sigs.k8s.io/json, and
apiextensions-apiserver's pkg/apiserver/schema/pruning, version 1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.cluster.embedded.schema.types import Path, Type, join

NESTED = "nested"


def unknown_fields(type_: Type, value: Any) -> list[Path]:
    """The paths of the fields that a type does not have, in the order of the object."""
    return _find(type_, value) or []


def prune(type_: Type, value: Any) -> Any:
    """The value without the fields that its type does not have; nothing is changed in place.

    Where there are none, the value itself is the answer.
    """
    if not _find(type_, value):
        return value
    return _pruned(type_, value)


def _find(type_: Type, value: Any) -> list[Path] | None:
    """The paths below a value, or None: nearly always there are none."""
    if isinstance(value, dict):
        if type_.kind == "map":
            return _find_in_map(type_, value)
        return _find_in_object(type_, value) if type_.kind == "object" else None
    if isinstance(value, list) and type_.kind == "list":
        return _find_in_list(type_, value)
    return None


def _find_in_object(type_: Type, value: dict[str, Any]) -> list[Path] | None:
    nested = type_.memo.get(NESTED)
    if nested is None:
        nested = type_.memo[NESTED] = _nested_fields(type_)
    fields = type_.fields
    found: list[Path] | None = None
    for name, part in value.items():
        inner = nested.get(name)
        if inner is not None:
            below = _find(inner, part)
            if below:
                found = found or []
                found += [join(name, path) for path in below]
        elif name not in fields and not type_.preserves_unknown:
            found = found or []
            found.append(name)
    return found


def _find_in_map(type_: Type, value: dict[str, Any]) -> list[Path] | None:
    element = type_.element
    if element is None or not _is_nested(element):
        return None
    return [
        join(name, path) for name, part in value.items() for path in _find(element, part) or ()
    ] or None


def _find_in_list(type_: Type, value: list[Any]) -> list[Path] | None:
    element = type_.element
    if element is None or not _is_nested(element):
        return None
    found: list[Path] | None = None
    for index, part in enumerate(value):
        below = _find(element, part)
        if below:
            found = found or []
            found += [join(f"[{index}]", path) for path in below]
    return found


def _nested_fields(type_: Type) -> Mapping[str, Type]:
    """The fields that may hold an object, somewhere: the others need no looking into."""
    return {name: field for name, field in type_.fields.items() if _is_nested(field)}


def _is_nested(type_: Type | None) -> bool:
    while type_ is not None and type_.kind in ("list", "map"):
        type_ = type_.element
    return type_ is not None and type_.kind == "object"


def _pruned(type_: Type, value: Any) -> Any:
    if isinstance(value, dict) and type_.kind == "object":
        fields = type_.fields
        return {
            name: _pruned(fields[name], part) if name in fields else part
            for name, part in value.items()
            if name in fields or type_.preserves_unknown
        }
    if isinstance(value, dict) and type_.kind == "map" and type_.element:
        return {name: _pruned(type_.element, part) for name, part in value.items()}
    if isinstance(value, list) and type_.kind == "list" and type_.element:
        return [_pruned(type_.element, part) for part in value]
    return value
