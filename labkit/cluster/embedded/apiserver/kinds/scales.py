"""The numbers that a custom resource's `scale` subresource points at.

Source: apiextensions-apiserver `pkg/registry/customresource/validator.go`, and apimachinery's
`unstructured.NestedInt64`, whose words these are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from labkit.cluster.embedded.apiserver.patches.go_values import go

from . import faults as f
from .rules import Faults, Object

_MOST = 2**31 - 1
_GO_TYPES = {
    str: "string",
    bool: "bool",
    int: "int64",
    float: "float64",
    list: "[]interface {}",
    dict: "map[string]interface {}",
}


class _Misfit(Exception):
    """Something else is there."""


def of_spec(scale: Mapping[str, Any] | None, value: Object, faults: Faults) -> None:
    """How many there are to be."""
    if scale is not None:
        _number(scale.get("specReplicasPath") or "", value, faults)


def of_status(scale: Mapping[str, Any] | None, value: Object, faults: Faults) -> None:
    """How many there are, and the selector that finds them."""
    if scale is None:
        return
    _number(scale.get("statusReplicasPath") or "", value, faults)
    if path := scale.get("labelSelectorPath"):
        try:
            _look(path, value, str)
        except _Misfit as why:
            faults.append(f.invalid(path, "", str(why)))


def _number(path: str, value: Object, faults: Faults) -> None:
    try:
        number = _look(path, value, int) or 0
    except _Misfit as why:
        faults.append(f.invalid(path, 0, str(why)))
        return
    if number < 0:
        faults.append(f.invalid(path, number, "should be a non-negative integer"))
    elif number > _MOST:
        faults.append(f.invalid(path, number, f"should be less than or equal to {_MOST}"))


def _look(path: str, value: Any, wanted: type) -> Any:
    """What is at a simple path; None where nothing is.

    Raises:
        _Misfit: it, or something on the way to it, is of another type.
    """
    gone: list[str] = []
    for name in path.removeprefix(".").split("."):
        if value is None:
            return None
        if not isinstance(value, Mapping):
            raise _misfit(path.removeprefix(".").split("."), value, dict)
        if name not in value:
            return None
        value = value[name]
        gone.append(name)
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        value = float(value)
    if type(value) is not wanted:
        raise _misfit(gone, value, wanted)
    return value


def _misfit(path: list[str], value: Any, wanted: type) -> _Misfit:
    found = next((name for one, name in _GO_TYPES.items() if isinstance(value, one)), "<nil>")
    words = f".{'.'.join(path)} accessor error: {go(value)} is of the type {found}"
    expected = _GO_TYPES[wanted].replace(" ", "")
    return _Misfit(f"{words}, expected {expected}")
