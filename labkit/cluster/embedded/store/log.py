"""The last changes, in memory: watchers read on from where they are.

Bounded by number and by size, whatever is written and however slow its readers are: they hold
a revision, and the log holds nothing for them. Knows nothing about the disk.
"""

from __future__ import annotations

from collections.abc import Iterator

from labkit.cluster.embedded.store.record import Change


class Log:
    """The changes after ``floor``, without a gap.

    Args:
        floor: the revision from which on changes are kept.
        max_changes: how many at most.
        max_bytes: of JSON at most. The newest change is kept, however large.
    """

    def __init__(self, floor: int, *, max_changes: int, max_bytes: int) -> None:
        self.floor = self.revision = floor
        self.bytes = 0
        self._max_changes, self._max_bytes = max_changes, max_bytes
        self._changes: dict[int, Change] = {}

    def __len__(self) -> int:
        return len(self._changes)

    def append(self, change: Change) -> None:
        """Takes in the next change; lets go of the oldest that are too much."""
        self.revision = change.revision
        self._changes[change.revision] = change
        self.bytes += _size(change)
        while len(self) > self._max_changes or (self.bytes > self._max_bytes and len(self) > 1):
            self._drop_oldest()

    def at(self, revision: int) -> Change:
        """The change of a revision above the floor."""
        return self._changes[revision]

    def after(self, revision: int) -> Iterator[Change]:
        """The changes after a revision that is not below the floor, oldest first."""
        return map(self._changes.__getitem__, range(revision + 1, self.revision + 1))

    def drop(self, revision: int) -> None:
        """Lets go of the changes up to a revision."""
        while self.floor < min(revision, self.revision):
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        self.floor += 1
        self.bytes -= _size(self._changes.pop(self.floor))


def _size(change: Change) -> int:
    """What it may keep in memory, beyond what the present keeps there anyway."""
    return len(change.record.data) + (len(change.previous.data) if change.previous else 0)
