"""A patch whose values do not fit the fields of their kind, as a real server says it.

A strategic merge patch is not decoded as JSON but converted, value by value, and the words are
those of the conversion; the patch is shown as Go prints a map. Source: apimachinery
`pkg/runtime/converter.go` (fromUnstructured), apiserver `pkg/endpoints/handlers/patch.go`.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import Any

_DECODED = re.compile(r"cannot unmarshal (\w+) into Go struct field \S+ of type (\S+)")
LONGEST = 6
"""From this exponent on Go writes one."""
_KINDS = {"object": "map", "array": "slice", "bool": "bool", "string": "string"}


def as_converted(message: str) -> str:
    """What the decoder of JSON says of a value, in the words of the conversion."""
    found = _DECODED.search(message)
    if found is None:
        return message
    value, wanted = found.groups()
    is_kind = _KINDS.get(value, "int64")
    if wanted.startswith("[]"):
        return f"cannot restore slice from {is_kind}"
    if wanted.startswith("map["):
        return f"cannot restore map from {is_kind}"
    if wanted[0].isupper() or "." in wanted:
        return f"cannot restore struct from: {is_kind}"
    return f"unrecognized type: {wanted}"


def as_go_prints(value: Any) -> str:
    """A patch as Go's `%+v` has it: `map[spec:map[replicas:two]]`."""
    if isinstance(value, dict):
        parts = " ".join(f"{name}:{as_go_prints(value[name])}" for name in sorted(value))
        return f"map[{parts}]"
    if isinstance(value, list):
        return f"[{' '.join(map(as_go_prints, value))}]"
    if value is None:
        return "<nil>"
    if isinstance(value, float):
        return _float(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _float(value: float) -> str:
    """As Go's `%v` has it: with an exponent from a million on, without a fraction that is 0."""
    if value and not -5 < math.floor(math.log10(abs(value))) < LONGEST:
        digits, _, exponent = f"{Decimal(repr(value)).normalize():e}".partition("e")
        sign, number = exponent[0], exponent[1:].rjust(2, "0")
        return f"{digits}e{sign}{number}"
    return repr(value).removesuffix(".0")
