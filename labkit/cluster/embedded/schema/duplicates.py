"""Fields that a JSON document says twice: a decoded object no longer shows them.

A strict decoder reports `duplicate field "spec.replicas"`; the last one counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import orjson

from labkit.cluster.embedded.schema.types import Path, child

_NAME_ENDS = b'":'
"""In a text that may stand, too, but never where it is not sent."""
_BLANKS = b" \t\r\n"
_SPELT_OUT = b"u0022"
"""Another spelling of a quote within a text."""


def duplicate_fields(data: bytes) -> list[Path]:
    """The paths of the fields that a JSON document says more than once, in its order.

    Raises:
        ValueError: it is no JSON, or nested a thousand times.
    """
    return _read_twice(data) if _may_be_twice(data) else []


def _may_be_twice(data: bytes) -> bool:
    """Whether fewer names are left when it is decoded: nearly never, and this is quick."""
    try:
        left = orjson.dumps(orjson.loads(data)).count(_NAME_ENDS)
    except (ValueError, TypeError):
        return True  # too deep for this way
    return _SPELT_OUT in data or data.translate(None, _BLANKS).count(_NAME_ENDS) != left


def _read_twice(data: bytes) -> list[Path]:
    seen: list[bool] = []

    def keep(pairs: list[tuple[str, Any]]) -> Any:
        fields = dict(pairs)
        if len(fields) == len(pairs):
            return fields
        seen.append(True)
        return pairs

    try:
        value = json.loads(data.decode(errors="replace"), object_pairs_hook=keep)
        return list(map(_whole, _find(value, ""))) if seen else []
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _whole(path: Path) -> Path:
    """Without halves of surrogate pairs, as Go reads them."""
    return path.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _find(value: Any, path: Path) -> Iterator[Path]:
    """An object that has a name twice is a list of pairs here; JSON's own lists have no pairs."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _find(part, child(path, name))
    elif isinstance(value, list) and value and isinstance(value[0], tuple):
        names: set[str] = set()
        for name, part in value:
            if name in names:
                yield child(path, name)
            names.add(name)
            yield from _find(part, child(path, name))
    elif isinstance(value, list):
        for index, part in enumerate(value):
            yield from _find(part, f"{path}[{index}]")
