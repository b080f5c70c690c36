"""What has changed between two pictures, in words: for those who do not see them change."""

from __future__ import annotations

from collections.abc import Iterator

from labkit.views.escape import Quiet, Volatile, clean
from labkit.views.measure import shorten_cells
from labkit.views.picture import Picture
from labkit.views.table import Table

MOST = 3
"""Changes that are told one by one; more than that nobody listens to."""


def changes(before: Picture, after: Picture, *, steady_only: bool = False) -> str:
    """One sentence for each change, in the order of the tables; empty when there is none.

    Args:
        steady_only: leave out what changes all the time, such as PIDs and byte counts.
    """
    found = [
        words
        for old, new in zip(before.tables, after.tables, strict=False)
        for words in _between(old, new, steady_only)
    ]
    left_out = len(found) - MOST
    more = [f"{left_out} more change{'s' if left_out > 1 else ''}."] if left_out > 0 else []
    return " ".join(found[:MOST] + more)


def _between(old: Table, new: Table, steady_only: bool) -> Iterator[str]:
    was, now = _by_key(old), _by_key(new)
    left_out = (Volatile,) if steady_only else (Quiet,)
    for name, row in now.items():
        if name not in was:
            yield f"{_short(name[0])}: new."
            continue
        for head, cell, other in zip(new.head, row, was[name], strict=False):
            if cell != other and not isinstance(cell, left_out):
                yield f"{_short(name[0])}, {head}: {_short(other)} → {_short(cell)}."
    yield from (f"{_short(name[0])}: gone." for name in was if name not in now)


def _short(cell: str) -> str:
    return shorten_cells(clean(cell), 40) or "nothing"


def _by_key(table: Table) -> dict[tuple[str, int], tuple[str, ...]]:
    """Rows by what names them, and by how many of that name came before.

    That is the key's cell, with the place where there is one: ``eth0 in sandbox red``.
    """
    rows: dict[tuple[str, int], tuple[str, ...]] = {}
    for row in table.rows:
        name, count = row[table.key].strip(), 0
        if table.place is not None:
            name = f"{name} in {row[table.place].strip()}"
        while (name, count) in rows:
            count += 1
        rows[name, count] = row
    return rows
