"""A patch whose values do not fit the fields of their kind, as a real server says it.

A strategic merge patch is not decoded as JSON but converted, value by value, and the words are
those of the conversion; the patch is shown as Go prints a map. Source: apimachinery
`pkg/runtime/converter.go` (fromUnstructured), apiserver `pkg/endpoints/handlers/patch.go`.
"""

from __future__ import annotations

import re

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
