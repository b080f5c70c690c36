"""Rows of the table of changes: how they are asked for, and what they say.

A state is written once, in the row of the change that made it; ``previous`` names the row of the
state before. Knows nothing about when rows are written and when they go.
"""

from __future__ import annotations

from typing import Any

from labkit.cluster.embedded.store.record import Cause, Change, Key, Record

ROW_BYTES = 200
"""What a row takes besides the JSON, about: its other columns, and its place in the index."""

_JSON = "CAST({}.data AS BLOB)"
_SIZE = f"(length({_JSON}) + {ROW_BYTES})"
_WITH_PREVIOUS = "FROM changes c LEFT JOIN changes p ON p.revision = c.previous"

INSERT = "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS TEXT))"

MOVE_ON = (
    "UPDATE changes SET revision = ?, type = ?, component = ?, because = ?, microseconds = ?,"
    " data = CAST(? AS TEXT) WHERE revision = ?"
)

CHANGES = (
    "SELECT c.revision, c.type, c.resource, c.namespace, c.name, c.previous, c.component,"
    f" c.because, c.microseconds, {_JSON.format('c')}, {_JSON.format('p')} {_WITH_PREVIOUS}"
    " WHERE c.revision > ? AND c.revision <= ? AND NOT c.is_forgetful"
    " AND (? IS NULL OR c.resource = ?) ORDER BY c.revision LIMIT ?"
)

GET = (
    f"SELECT c.revision, {_JSON.format('c')}, c.type FROM changes c"
    " WHERE resource = ? AND namespace = ? AND name = ? AND revision <= ?"
    " ORDER BY revision DESC LIMIT 1"
)

_LAST = (
    f"SELECT c.resource, c.namespace, c.name, c.revision, {_JSON.format('c')}"
    " FROM (SELECT max(revision) AS last FROM changes{} GROUP BY resource, namespace, name)"
    " JOIN changes c ON c.revision = last WHERE c.type <> 'DELETED'"
    " ORDER BY c.resource, c.namespace, c.name"
)
PRESENT = _LAST.format("")
LIST_ALL = _LAST.format(" WHERE resource = ? AND revision <= ?")
LIST = _LAST.format(" WHERE resource = ? AND revision <= ? AND namespace = ?")

_FREED = (
    f"coalesce({_SIZE.format('p')}, 0)"
    f" + CASE c.type WHEN 'DELETED' THEN {_SIZE.format('c')} ELSE 0 END"
)
_REACH = f"{_WITH_PREVIOUS} WHERE c.revision > ? AND c.revision <= ? AND NOT c.is_forgetful"
FREED = f"SELECT c.revision, {_FREED} {_REACH} ORDER BY c.revision"
FREED_IN_ALL = f"SELECT CAST(total({_FREED}) AS INTEGER) {_REACH}"
"""How much a compaction from one revision to another frees."""

DELETE_REPLACED = (
    "DELETE FROM changes WHERE revision IN (SELECT previous FROM changes"
    " WHERE revision > ? AND revision <= ?)"
)
DELETE_ENDED = "DELETE FROM changes WHERE revision > ? AND revision <= ? AND type = 'DELETED'"


def freed_by(change: Change) -> int:
    """How much a compaction frees for a change: the state that it replaced, and an end itself."""
    gone = (change.previous, change.record if change.type == "DELETED" else None)
    return sum(len(record.data) + ROW_BYTES for record in gone if record)


def to_row(change: Change, *, is_forgetful: bool) -> tuple[Any, ...]:
    """The values for ``INSERT``."""
    previous = None if is_forgetful or not change.previous else change.previous.revision
    return (
        change.revision,
        change.type,
        *change.record.key,
        previous,
        *change.cause,
        change.microseconds,
        is_forgetful,
        change.record.data,
    )


def to_change(row: tuple[Any, ...]) -> Change:
    """The change that a row of ``CHANGES`` tells."""
    revision, kind, *names, before, component, because, microseconds, data, data_before = row
    key = Key(*names)
    return Change(
        revision,
        kind,
        Record(key, revision, data),
        None if before is None else Record(key, before, data_before),
        Cause(component, because),
        microseconds,
    )
