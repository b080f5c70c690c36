"""Who is told what: all watches of this server.

Those who watch the same objects in the same form are a *group*: what happens is put into words
once, and the same bytes go to each. A watcher that does not read costs nothing: it is left where
it is, and told from the store's history when it reads again. Under load, changes are told in
batches.

Knows nothing about HTTP: a watcher is a `Sink` that takes bytes.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from typing import TYPE_CHECKING, Protocol

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.watch import events
from labkit.cluster.embedded.store import Compacted

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.watch.events import EventWriter
    from labkit.cluster.embedded.store import Change, Store

MUCH = 256 * 1024
"""Bytes that may wait for a reader before it is left behind."""
BOOKMARK_EVERY_S = 60.0
LOOK_EVERY_S = 0.25
"""How often those left behind are looked at, and deadlines."""
SHARE = 2
"""Telling may take one part in so many of the time: when it takes long, it is done less often."""


class Sink(Protocol):
    """Where a watcher's bytes go."""

    def write(self, data: bytes) -> None:
        """Takes bytes without waiting."""

    def waiting(self) -> int:
        """How many bytes have not been read yet."""

    def close(self) -> None:
        """Ends the watch."""


class Watcher:
    """One watch.

    Args:
        writer: whose events, and in which form.
        sink: where they go.
        since: the revision up to which it knows all.
        wants_bookmarks: whether it is told from time to time how far it is.
        ends_at: by `time.monotonic()`.
    """

    def __init__(
        self, writer: EventWriter, sink: Sink, since: int, *, wants_bookmarks: bool, ends_at: float
    ) -> None:
        self.writer, self.sink, self.ends_at = writer, sink, ends_at
        self.behind: int | None = since
        self.is_new = True  # whether it has been told nothing yet
        self.wants_bookmarks = wants_bookmarks
        self.next_bookmark = time.monotonic() + BOOKMARK_EVERY_S

    @property
    def group(self) -> tuple[object, ...]:
        """Watchers of one group get the same bytes."""
        chosen = self.writer.chosen
        return (self.writer.presenter.key, chosen.namespace, chosen.labels, chosen.fields)


class Hub:
    """All watches.

    Args:
        store: what happens there is told.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._revision = store, store.revision
        self._groups: dict[str, dict[tuple[object, ...], set[Watcher]]] = defaultdict(dict)
        self._all: set[Watcher] = set()
        self._planned: asyncio.TimerHandle | None = None
        self._rest_until = 0.0
        self._unsubscribe = store.subscribe(self._plan)
        self._looking: asyncio.Task[None] | None = None

    def add(self, watcher: Watcher) -> None:
        """Tells a watcher from now on; what it has missed first."""
        if self._planned:  # so that what it knows already is not told twice
            self._planned.cancel()
            self._tell()
        resource = watcher.writer.chosen.resource.storage
        self._groups[resource].setdefault(watcher.group, set()).add(watcher)
        self._all.add(watcher)
        self._catch_up(watcher)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())

    def remove(self, watcher: Watcher) -> None:
        """Tells it nothing more. Again is no fault."""
        groups = self._groups[watcher.writer.chosen.resource.storage]
        members = groups.get(watcher.group)
        if members is not None:
            members.discard(watcher)
            if not members:
                del groups[watcher.group]
        self._all.discard(watcher)

    def end(self, resource: str) -> None:
        """Ends all watches of a resource that is no longer served."""
        for watcher in [one for group in self._groups[resource].values() for one in group]:
            self._close(watcher)

    def close(self) -> None:
        """Ends every watch."""
        self._unsubscribe()
        if self._planned:
            self._planned.cancel()
        if self._looking:
            self._looking.cancel()
        for watcher in list(self._all):
            self._close(watcher)

    def __len__(self) -> int:
        return len(self._all)

    def _plan(self) -> None:
        if self._planned is None:
            loop = asyncio.get_running_loop()
            self._planned = loop.call_at(max(loop.time(), self._rest_until), self._tell)

    def _tell(self) -> None:
        self._planned = None
        loop = asyncio.get_running_loop()
        began = loop.time()
        happened: dict[str, list[Change]] = defaultdict(list)
        for change in self._store.changes(since=self._revision):
            happened[change.record.key.resource].append(change)
            self._revision = change.revision
        for resource, changes in happened.items():
            for members in list(self._groups[resource].values()):
                self._tell_group(members, changes)
        now = loop.time()
        self._rest_until = now + (now - began) * (SHARE - 1)

    def _tell_group(self, members: set[Watcher], changes: list[Change]) -> None:
        said: bytes | None = None
        for watcher in list(members):
            if watcher.behind is not None:
                continue
            if watcher.sink.waiting() > MUCH:
                watcher.behind = changes[0].revision - 1
                continue
            if watcher.is_new and watcher.writer.has_first:
                self._tell_one(watcher, changes)
                continue
            if said is None:
                said = watcher.writer.changes(changes)
            if said:
                watcher.sink.write(said)
                watcher.is_new = False

    def _tell_one(self, watcher: Watcher, changes: list[Change]) -> None:
        said = watcher.writer.changes(changes, is_first=watcher.is_new)
        if said:  # nothing at all would be the end of the answer
            watcher.sink.write(said)
            watcher.is_new = False

    def _catch_up(self, watcher: Watcher) -> None:
        """Tells from history, a piece at a time, until it is up with the others or full again."""
        while watcher.behind is not None and watcher.sink.waiting() <= MUCH:
            if watcher.behind > self._revision:
                return  # it waits for a revision that has not been yet
            try:
                piece = self._piece(watcher)
            except Compacted as gone:
                words = f"too old resource version: {watcher.behind} ({gone.compacted})"
                watcher.sink.write(events.error(status.expired(words)))
                self._close(watcher)
                return
            if piece:
                self._tell_one(watcher, piece)
                watcher.behind = piece[-1].revision
            if not piece or watcher.behind >= self._revision:
                watcher.behind = None

    def _piece(self, watcher: Watcher) -> list[Change]:
        chosen = watcher.writer.chosen
        piece: list[Change] = []
        assert watcher.behind is not None
        for change in self._store.changes(
            chosen.resource.storage, chosen.namespace, since=watcher.behind, until=self._revision
        ):
            piece.append(change)
            if len(piece) == 100:
                break
        return piece

    async def _look(self) -> None:
        while self._all:
            await asyncio.sleep(LOOK_EVERY_S)
            now = time.monotonic()
            for watcher in list(self._all):
                if now >= watcher.ends_at:
                    self._close(watcher)
                elif watcher.behind is not None:
                    self._catch_up(watcher)
                elif watcher.wants_bookmarks and now >= watcher.next_bookmark:
                    said = watcher.writer.bookmark(self._revision, is_first=watcher.is_new)
                    watcher.sink.write(said)
                    watcher.is_new = False
                    watcher.next_bookmark = now + BOOKMARK_EVERY_S

    def _close(self, watcher: Watcher) -> None:
        self.remove(watcher)
        watcher.sink.close()
