"""The defaults that a schema has itself.

Those that Kubernetes' Go code sets are in `apiserver/kinds`.

Source: apiextensions-apiserver's pkg/apiserver/schema/defaulting, version 1.36.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.cluster.embedded.schema.nulls import drop_nulls
from labkit.cluster.embedded.schema.types import Type

WAYS = "ways to defaults"


def set_defaults(type_: Type, value: Any) -> None:
    """Sets the defaults of fields that are absent or null, in place. Once is enough.

    A null that has no default and must not be one goes, as Go's decoder has it.
    """
    drop_nulls(type_, value)
    _set(type_, value)


def fill_defaults(type_: Type, value: Any) -> None:
    """The same where nulls are to stay: after what was sent has been decoded, they are meant."""
    _set(type_, value)


def _set(type_: Type, value: Any) -> None:
    if isinstance(value, dict):
        if type_.kind == "object":
            _set_in_object(type_, value)
        elif type_.kind == "map" and type_.element and _leads_to_defaults(type_.element):
            _set_in_elements(type_.element, value, value.items())
    elif isinstance(value, list) and type_.element and _leads_to_defaults(type_.element):
        _set_in_elements(type_.element, value, enumerate(value))


def _set_in_object(type_: Type, value: dict[str, Any]) -> None:
    for name, field in _ways(type_).items():
        part = value.get(name)
        if part is None and field.default is not None and not (name in value and field.nullable):
            part = value[name] = _copy(field.default)
        if part is not None:
            _set(field, part)


def _set_in_elements(element: Type, holder: Any, parts: Any) -> None:
    for key, part in parts:
        if part is None and element.default is not None and not element.nullable:
            holder[key] = _copy(element.default)
        _set(element, holder[key])


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _copy(part) for name, part in value.items()}
    return [_copy(part) for part in value] if isinstance(value, list) else value


def _ways(type_: Type) -> Mapping[str, Type]:
    """The fields that have a default or lead to one: the others need no looking into."""
    ways: Mapping[str, Type] | None = type_.memo.get(WAYS)
    if ways is None:
        type_.memo[WAYS] = type_.fields  # for a type within itself: to look into more is no fault
        ways = {name: field for name, field in type_.fields.items() if _leads_to_defaults(field)}
        type_.memo[WAYS] = ways
    return ways


def _leads_to_defaults(type_: Type | None) -> bool:
    """Whether a default is here or below."""
    while type_ is not None:
        if type_.default is not None:
            return True
        if type_.kind == "object":
            return bool(_ways(type_))
        type_ = type_.element if type_.kind in ("list", "map") else None
    return False
