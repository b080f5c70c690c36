"""Values of JSON as Go prints them: error messages quote them so.

Source: the Go documentation of the package fmt; sigs.k8s.io/structured-merge-diff `value/`.
"""

from __future__ import annotations

import json
import math
from decimal import Decimal
from typing import Any

LONGEST = 6
"""From this exponent on Go writes one."""
_TYPES = {
    str: "string", bool: "bool", int: "int64", float: "float64", list: "[]interface {}",
    dict: "map[string]interface {}",
}  # fmt: skip


def go(value: Any) -> str:
    """A value as Go's `%v` prints it: `map[spec:map[replicas:two]]`."""
    match value:
        case dict():
            return "map[" + " ".join(f"{name}:{go(value[name])}" for name in sorted(value)) + "]"
        case list():
            return "[" + " ".join(map(go, value)) + "]"
        case None:
            return "<nil>"
        case bool():
            return str(value).lower()
        case float():
            return _float(value)
    return str(value)


def go_type(value: Any) -> str:
    """The name of a JSON value's type in Go."""
    return _TYPES.get(type(value), "%!s(<nil>)")


def go_literal(value: Any) -> str:
    """A value as Go's `%#v` prints it."""
    match value:
        case dict():
            parts = ", ".join(f"{json.dumps(n)}:{go_literal(value[n])}" for n in sorted(value))
            return f"{_TYPES[dict]}{{{parts}}}"
        case list():
            return f"{_TYPES[list]}{{{', '.join(map(go_literal, value))}}}"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case None:
            return "interface {}(nil)"
    return go(value)


def held(value: Any) -> str:
    """As Go's `%v` prints what holds a value."""
    return f"&{{{go(value)}}}"


def held_literal(value: Any) -> str:
    """As Go's `%#v` prints what holds a value."""
    return f"&value.valueUnstructured{{Value:{go_literal(value)}}}"


def _float(value: float) -> str:
    """With an exponent from a million on, without a fraction that is 0."""
    if value and not -5 < math.floor(math.log10(abs(value))) < LONGEST:
        digits, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
        sign, number = exponent[0], exponent[1:].rjust(2, "0")
        return f"{digits}e{sign}{number}"
    return repr(value).removesuffix(".0")
