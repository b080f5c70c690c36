"""What a mutating policy's expressions gave, as JSON: an object, or the operations of a JSON patch.

Whole numbers are integers again. (An integer beyond 2^53 is a string by then, for so JSON has it.)
Source: Kubernetes' `apiserver/pkg/cel/mutation/dynamic/objects.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from labkit.cluster.embedded.apiserver.cel.language import Failed
from labkit.cluster.embedded.apiserver.cel.patch_types import OF

Object = dict[str, Any]
ROOT = "Object"


def applied_object(message: Any) -> Object:
    """The JSON of an `Object{…}`.

    Raises:
        Failed: a type in it is not named as its field is.
    """
    parts = [(one.name, value) for one, value in sorted(message.ListFields(), key=_name)]
    _refuse([fault for name, value in parts for fault in _faults(value, f"{ROOT}.{name}")])
    return {name: _json(value) for name, value in parts}


def patch_operations(messages: list[Any]) -> list[Object]:
    """The JSON of a list of `JSONPatch{…}`.

    Raises:
        Failed: a type in a value is not named as its field is.
    """
    return [_operation(one) for one in messages]


def _operation(message: Any) -> Object:
    found: Object = {"op": message.op, "path": message.path}
    given = getattr(message, "from")
    if given:
        found["from"] = given
    if message.HasField("value"):
        if own := _type_of(message.value):
            _refuse(list(_faults(message.value, own)))
        found["value"] = _json(message.value)
    return found


def _name(field_and_value: tuple[Any, Any]) -> str:
    return str(field_and_value[0].name)


def _json(value: Any) -> Any:
    kind = value.WhichOneof("kind")
    if kind == "struct_value":
        fields = value.struct_value.fields
        return {name.rpartition(OF)[2]: _json(fields[name]) for name in sorted(fields)}
    if kind == "list_value":
        return [_json(one) for one in value.list_value.values]
    if kind == "number_value":
        number = value.number_value
        return int(number) if number.is_integer() else number
    return None if kind in (None, "null_value") else getattr(value, kind)


def _type_of(value: Any) -> str:
    """The type of an object; empty for a plain map, and for an object without fields."""
    first = next(iter(value.struct_value.fields), "")
    return str(first.partition(OF)[0]) if OF in first else ""


def _faults(value: Any, expected: str) -> Iterator[str]:
    """Types that are not named as the way to them; maps and lists on it are not named."""
    kind = value.WhichOneof("kind")
    if kind == "list_value":
        for one in value.list_value.values:
            yield from _faults(one, expected)
    elif kind == "struct_value":
        own = _type_of(value)
        if own and own != expected:
            yield (
                f'unexpected type name "{own}", expected "{expected}", which matches field name '
                "path from root Object type"
            )
        for name, part in value.struct_value.fields.items():
            yield from _faults(part, f"{expected}.{name.partition(OF)[2]}" if own else expected)


def _refuse(faults: list[str]) -> None:
    if faults:
        raise Failed("type mismatch: " + "\n".join(faults))
