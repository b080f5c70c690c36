"""What the tests of tables share: a fixed now, and a row by the names of its columns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from labkit.cluster.embedded.apiserver.kinds.tables import Cell, table_of
from labkit.cluster.embedded.store.frozen import freeze

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


def ago(**parts: float) -> str:
    """A time of the API, so long before now."""
    return (NOW - timedelta(**parts)).strftime("%Y-%m-%dT%H:%M:%SZ")


def meta(name: str = "x", **parts: Any) -> dict[str, Any]:
    """The metadata of an object that was made five minutes ago."""
    return {"name": name, "creationTimestamp": ago(minutes=5), **parts}


def printed(resource: str, **parts: Any) -> dict[str, Cell]:
    """The row of an object by column. It is frozen, as what the store gives is."""
    table = table_of(resource)
    row = table.row(freeze({"metadata": meta(), **parts}), NOW)
    return dict(zip([column.name for column in table.columns], row, strict=True))


def shown(resource: str, *columns: str, **parts: Any) -> list[Cell]:
    """Some cells of an object's row."""
    row = printed(resource, **parts)
    return [row[column] for column in columns]
