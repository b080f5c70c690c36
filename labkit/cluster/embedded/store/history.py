"""The past, on disk: each change before it is acknowledged, old ones until they are too much.

Compaction to a revision removes what is of no use from there on: the states that were replaced up
to it, and the ends of objects. The states that were present then stay, however old they are, so
each later revision can be read exactly.

Of a forgetful resource there is one row an object, which moves on with each write: it has no past,
and no reader of changes sees it here. Knows nothing about indexes and watchers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import orjson

from labkit.cluster.embedded.store import rows
from labkit.cluster.embedded.store.database import connect, damaged, told, transaction
from labkit.cluster.embedded.store.record import Change, Key, Record, Records

_KEEP = 15 / 16
"""How much of the allowance a compaction leaves: little at a time, so that no write waits long."""

_BATCH = 256
"""Changes read at a time: no reader holds the file for long."""


class History:
    """The changes in a file.

    Args:
        path: the file, which is there.
        forgetful: resources of which only the last state is kept.
        max_bytes: of replaced states and ended objects, at most.

    Raises:
        LabkitError: the file is damaged, or not ours.
    """

    def __init__(self, path: Path, *, forgetful: frozenset[str], max_bytes: int) -> None:
        self._path, self._forgetful, self._max_bytes = path, forgetful, max_bytes
        self.compacted = self.revision = self.bytes = 0
        self._connection = connect(path)
        try:
            with told(path):
                self._read_state()
        except BaseException:
            self._connection.close()
            raise

    def append(self, change: Change) -> None:
        """Writes a change. Once this returns, no end of this process loses it."""
        with told(self._path):
            if change.record.key.resource in self._forgetful:
                self._move_on(change)
            else:
                self._connection.execute(rows.INSERT, rows.to_row(change, is_forgetful=False))
                self.bytes += rows.freed_by(change)
        self.revision = change.revision

    def compact_excess(self) -> None:
        """Lets go of the oldest past if there is more than is allowed."""
        if self.bytes > self._max_bytes:
            self.compact(self._revision_that_frees(self.bytes - int(self._max_bytes * _KEEP)))

    def compact(self, revision: int) -> None:
        """Lets go of the past before a revision, which is not in the future."""
        if revision <= self.compacted:
            return
        reach = (self.compacted, revision)
        state = "UPDATE state SET compacted = ?, revision = ?"
        with told(self._path):
            freed = self._connection.execute(rows.FREED_IN_ALL, reach).fetchone()[0]
            with transaction(self._connection) as execute:
                execute(rows.DELETE_REPLACED, reach)
                execute(rows.DELETE_ENDED, reach)
                execute(state, (revision, self.revision))
        self.compacted = revision
        self.bytes -= freed

    def present(self) -> Records:
        """The last record of each key, in order."""
        return self._records(rows.PRESENT)

    def get(self, key: Key, revision: int) -> Record | None:
        """The record of a key as it was at a revision."""
        with told(self._path):
            row = self._connection.execute(rows.GET, (*key, revision)).fetchone()
        return Record(key, *row[:2]) if row and row[2] != "DELETED" else None

    def list(self, resource: str, namespace: str | None, revision: int) -> Records:
        """The records of a resource, of one namespace or of all, as they were at a revision."""
        if namespace is None:
            return self._records(rows.LIST_ALL, resource, revision)
        return self._records(rows.LIST, resource, revision, namespace)

    def changes(self, resource: str | None, since: int, until: int) -> Sequence[Change]:
        """The next changes after ``since`` up to ``until``: some, or none if there is none."""
        values = (since, until, resource, resource, _BATCH)
        with told(self._path):
            return [rows.to_change(row) for row in self._connection.execute(rows.CHANGES, values)]

    def close(self) -> None:
        """Closes the file. Nothing waits to be written."""
        self._connection.close()

    def _move_on(self, change: Change) -> None:
        """A forgetful object's row becomes its next state; an ended object has none."""
        before = change.previous
        if before is None:
            self._connection.execute(rows.INSERT, rows.to_row(change, is_forgetful=True))
        elif change.type == "DELETED":
            with transaction(self._connection) as execute:
                execute("DELETE FROM changes WHERE revision = ?", (before.revision,))
                execute("UPDATE state SET revision = ?", (change.revision,))
        else:
            written = (change.revision, change.type, *change.cause, change.microseconds)
            self._connection.execute(rows.MOVE_ON, (*written, change.record.data, before.revision))

    def _read_state(self) -> None:
        state = self._connection.execute("SELECT * FROM state").fetchone()
        if state is None:
            raise damaged(self._path, "its state is missing")
        self.compacted, least, forgetful = state
        last = self._connection.execute("SELECT max(revision) FROM changes").fetchone()[0]
        self.revision = max(least, last or 0)
        if set(orjson.loads(forgetful)) != self._forgetful:
            self._forget()
        reach = (self.compacted, self.revision)
        self.bytes = self._connection.execute(rows.FREED_IN_ALL, reach).fetchone()[0]

    def _forget(self) -> None:
        """Other resources are forgetful than before: the past of neither can be told any more."""
        self.compact(self.revision)
        names = sorted(self._forgetful)
        with transaction(self._connection) as execute:
            execute("UPDATE changes SET is_forgetful = 0, previous = NULL")
            for name in names:
                execute("UPDATE changes SET is_forgetful = 1 WHERE resource = ?", (name,))
            execute("UPDATE state SET forgetful = ?", (orjson.dumps(names).decode(),))

    def _revision_that_frees(self, wanted: int) -> int:
        """The earliest revision to compact to so that this many bytes are freed."""
        with told(self._path):
            reach = (self.compacted, self.revision)
            for revision, freed in self._connection.execute(rows.FREED, reach):
                wanted -= freed
                if wanted <= 0:
                    return int(revision)
        return self.revision

    def _records(self, query: str, *values: object) -> Records:
        with told(self._path):
            found = self._connection.execute(query, values)
            return [Record(Key(*names), revision, data) for *names, revision, data in found]
