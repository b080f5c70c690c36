"""The past, from memory and disk as one: changes across their border, and what is gone of either.

A reader is a revision. It is read on from the disk until it has come to what memory holds, and from
the disk again if memory moves on while it is away. Knows nothing about writing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from labkit.cluster.embedded.store.errors import Compacted
from labkit.cluster.embedded.store.history import History
from labkit.cluster.embedded.store.log import Log
from labkit.cluster.embedded.store.record import Change


class Past:
    """All changes that are kept.

    Args:
        log: those in memory.
        history: those on disk.
        forgetful: resources whose changes are in memory only.
    """

    def __init__(self, log: Log, history: History, forgetful: frozenset[str]) -> None:
        self.log, self.history, self._forgetful = log, history, forgetful

    @property
    def compacted(self) -> int:
        """The earliest revision that can be read, and that changes can be read after."""
        return min(self.history.compacted, self.log.floor)

    def check(self, revision: int, resource: str | None = None) -> None:
        """Raises Compacted if a revision is gone, of a resource that may be forgetful."""
        kept = self.log.floor if resource in self._forgetful else self.compacted
        if revision < kept:
            raise Compacted(revision, kept)

    def changes(self, resource: str | None, since: int, until: int) -> Iterator[Change]:
        """The changes after ``since`` up to ``until``, which is not in the future.

        Raises:
            Compacted: they are gone; on the way, when they go meanwhile.
        """
        while since < until:
            if since >= self.log.floor:
                since += 1
                change = self.log.at(since)
                if resource in (None, change.record.key.resource):
                    yield change
            else:
                self.check(since, resource)
                batch, since = self._from_disk(resource, since, until)
                yield from batch

    def _from_disk(
        self, resource: str | None, since: int, until: int
    ) -> tuple[Sequence[Change], int]:
        """Some changes, and the revision up to which there are no others."""
        border = min(until, self.log.floor)
        batch = self.history.changes(resource, since, border)
        return batch, batch[-1].revision if batch else border
