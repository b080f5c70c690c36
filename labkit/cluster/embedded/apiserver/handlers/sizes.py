"""How much a body may hold: bytes, and values, which cost a thousand times more than theirs.

One thread serves everybody. A real API server spends its time on such a body and others have other
processors, and in the end its store refuses what is larger than 1.5 MiB; here it is refused before
it is looked at. Knows nothing about requests and formats.

Source: etcd's `--max-request-bytes`; Kubernetes' `MaxRequestBodyBytes`.
"""

from __future__ import annotations

from typing import Any

from labkit.cluster.embedded.apiserver import status

LARGEST = 3 * 1024 * 1024
"""Bytes of a body; Kubernetes' own limit."""

MOST_VALUES = 100_000
"""Two for each field of an object and each element of a list. What etcd takes has fewer, at 15
bytes each."""

AS_MANY_AS = 10
"""An object in a list counts as so many values: it is merged, filled in and validated by itself."""

SMALL = 10_000
"""Bytes; less holds few values, whatever they are."""

DEEPEST = 200
"""Objects and lists within each other; our writer of JSON stops at 254."""


def demand_few(document: Any, body: bytes) -> None:
    """Refuses a document of more than :data:`MOST_VALUES`, or deeper than :data:`DEEPEST`.

    Args:
        document: what was read of the body, by a reader as fast as a body may be large.
        body: the JSON that it was read from; of most it tells by itself that they are harmless.

    Raises:
        ApiError: 400, 413.
    """
    objects, lists = body.count(b"{"), body.count(b"[")
    if objects + lists > DEEPEST and is_too_deep(document):
        raise status.bad_request("the body is nested too deeply")
    if len(body) < SMALL:
        return
    most = 2 * (body.count(b",") + objects + lists) + AS_MANY_AS * objects
    if most > MOST_VALUES and holds_too_much(document):
        raise status.too_large()


def is_too_deep(document: Any) -> bool:
    """Whether a document is deeper than :data:`DEEPEST`."""
    level = [document]
    for _ in range(DEEPEST):
        if not level:
            return False
        level = [
            part
            for value in level
            if isinstance(value, dict | list)
            for part in (value.values() if isinstance(value, dict) else value)
            if isinstance(part, dict | list)
        ]
    return bool(level)


def holds_too_much(document: Any) -> bool:
    """Whether a document has more than :data:`MOST_VALUES`, or its texts more than
    :data:`LARGEST` characters; what is in it twice counts twice, and a circle for ever.
    """
    values = characters = 0
    inner = [document]
    while inner:
        value = inner.pop()
        values += 2 * len(value)
        if isinstance(value, dict):
            characters += sum(len(name) for name in value if isinstance(name, str))
            parts: Any = value.values()
        else:
            parts = value
        if values > MOST_VALUES or characters > LARGEST:
            return True
        is_list = isinstance(value, list)
        for part in parts:
            if isinstance(part, dict | list):
                inner.append(part)
                values += AS_MANY_AS if is_list and isinstance(part, dict) else 0
            elif isinstance(part, str):
                characters += len(part)
    return characters > LARGEST
