"""Fields that a JSON document says twice: a decoded object no longer shows them.

A strict decoder reports `duplicate field "spec.replicas"`; the last one counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from labkit.cluster.embedded.schema.types import Path, child


def duplicate_fields(data: bytes | str) -> list[Path]:
    """The paths of the fields that a JSON document says more than once, in its order.

    Raises:
        ValueError: it is no JSON, or nested a thousand times.
    """
    seen: list[bool] = []

    def keep(pairs: list[tuple[str, Any]]) -> Any:
        fields = dict(pairs)
        if len(fields) == len(pairs):
            return fields
        seen.append(True)
        return pairs

    try:
        value = json.loads(data, object_pairs_hook=keep)
        return list(_find(value, "")) if seen else []
    except RecursionError:
        raise ValueError("nested too deeply") from None


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
