"""Lists: isSorted, sum, min, max, indexOf, lastIndexOf, and those of cel-go's own extension.

Source: Kubernetes' `apiserver/pkg/cel/library/lists.go`, cel-go's `ext/lists.go`.
"""

from __future__ import annotations

import datetime
from typing import Any

from labkit.cluster.embedded.apiserver.cel.functions import Function

COMPARABLE = ("int", "uint", "double", "bool", "duration", "timestamp", "string", "bytes")
ADDED = {"int": 0, "uint": 0, "double": 0.0, "duration": datetime.timedelta()}
LEAST, LARGEST = -(2**63), 2**63 - 1


def _is_sorted(values: list[Any]) -> bool:
    return all(values[n] <= values[n + 1] for n in range(len(values) - 1))


def _sum(values: list[Any]) -> Any:
    total = sum(values[1:], values[0]) if values else 0
    if isinstance(total, int) and not LEAST <= total <= LARGEST:
        raise ValueError("integer overflow")
    return total


def _least(values: list[Any]) -> Any:
    if not values:
        raise ValueError("min called on empty list")
    return min(values)


def _largest(values: list[Any]) -> Any:
    if not values:
        raise ValueError("max called on empty list")
    return max(values)


def _index(values: list[Any], wanted: Any) -> int:
    return values.index(wanted) if wanted in values else -1


def _last_index(values: list[Any], wanted: Any) -> int:
    return len(values) - 1 - values[::-1].index(wanted) if wanted in values else -1


def _slice(values: list[Any], start: int, end: int) -> list[Any]:
    if not 0 <= start <= end <= len(values):
        raise ValueError(f"cannot slice({start}, {end}), list is of length {len(values)}")
    return values[start:end]


def _flatten(values: list[Any]) -> list[Any]:
    return _flatten_to(values, 1)


def _flatten_to(values: list[Any], depth: int) -> list[Any]:
    if depth < 0:
        raise ValueError("level must be non-negative")
    flat: list[Any] = []
    for value in values:
        is_deeper = isinstance(value, list) and depth > 0
        flat += _flatten_to(value, depth - 1) if is_deeper else [value]
    return flat


def _distinct(values: list[Any]) -> list[Any]:
    found: list[Any] = []
    for value in values:
        if value not in found:
            found.append(value)
    return found


def _range(count: int) -> list[int]:
    if count > 10_000:
        raise ValueError("lists.range: too many numbers")
    return list(range(count))


FUNCTIONS = (
    *(Function("isSorted", (f"list({one})",), "bool", _is_sorted) for one in COMPARABLE),
    *(Function("sum", (f"list({one})",), one, _sum) for one in ADDED),
    *(Function("min", (f"list({one})",), one, _least) for one in COMPARABLE),
    *(Function("max", (f"list({one})",), one, _largest) for one in COMPARABLE),
    Function("indexOf", ("list(dyn)", "dyn"), "int", _index),
    Function("lastIndexOf", ("list(dyn)", "dyn"), "int", _last_index),
    Function("slice", ("list(dyn)", "int", "int"), "list(dyn)", _slice),
    Function("flatten", ("list(list(dyn))",), "list(dyn)", _flatten),
    Function("flatten", ("list(dyn)", "int"), "list(dyn)", _flatten_to),
    Function("distinct", ("list(dyn)",), "list(dyn)", _distinct),
    Function("reverse", ("list(dyn)",), "list(dyn)", lambda values: values[::-1]),
    Function("sort", ("list(dyn)",), "list(dyn)", sorted),
    Function("lists.range", ("int",), "list(int)", _range, is_member=False),
)
