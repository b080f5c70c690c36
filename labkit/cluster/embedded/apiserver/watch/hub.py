"""Who is told what: all watches of this server.

When something has happened, all who watch it are *due*, and are told a few at a time: between them
other requests have their turn, and who comes late in a round is told what has happened meanwhile,
too. Those who watch the same objects in the same form are a *group*: for them it is put into words
once. A watcher that does not read costs nothing: it is left where it is, and told from the store's
history when it reads again.

Knows nothing about HTTP: a watcher is a `Sink` that takes bytes.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from itertools import islice
from typing import TYPE_CHECKING, Protocol
from weakref import WeakValueDictionary

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.watch import events
from labkit.cluster.embedded.store import Compacted

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.watch.events import EventWriter
    from labkit.cluster.embedded.store import Store

MUCH = 256 * 1024
"""Bytes that may wait for a reader before it is left behind."""
BOOKMARK_EVERY_S = 60.0
LOOK_EVERY_S = 0.25
"""How often those left behind are looked at, and deadlines."""
AT_ONCE = 50
"""How many are told in one go: it takes a millisecond or two, for which all others wait."""
REST = 0.25
"""After each go, in parts of the time that it took: who is told less often is told more at once."""
PIECE = 100
"""How many changes one is told in one go."""


class Sink(Protocol):
    """Where a watcher's bytes go."""

    def write(self, data: bytes) -> None:
        """Takes bytes without waiting."""

    def waiting(self) -> int:
        """How many bytes have not been read yet."""

    def close(self) -> None:
        """Ends the watch."""


class Group:
    """Watchers of one resource that are told the same, in the same bytes."""

    __slots__ = ("__weakref__",)


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
        self.writer, self.sink, self.since, self.ends_at = writer, sink, since, ends_at
        self.is_new = True  # whether it has been told nothing yet
        self.wants_bookmarks = wants_bookmarks
        self.next_bookmark = time.monotonic() + BOOKMARK_EVERY_S
        self.group = Group()

    @property
    def resource(self) -> str:
        """What it watches, as the store's keys have it."""
        return self.writer.chosen.resource.storage

    @property
    def what(self) -> tuple[object, ...]:
        """What is told, and in which form: the same for all of a group."""
        chosen, form = self.writer.chosen, self.writer.presenter.key
        return (self.resource, form, chosen.namespace, chosen.labels, chosen.fields)


class Hub:
    """All watches. What has happened is noted for whom it concerns; they are told by turns.

    Args:
        store: what happens there is told.
    """

    def __init__(self, store: Store) -> None:
        self._store, self._revision = store, store.revision
        self._watchers: dict[str, dict[Watcher, None]] = defaultdict(dict)
        """By resource. Who is neither due nor left behind knows all up to `_revision`."""
        self._groups: WeakValueDictionary[tuple[object, ...], Group] = WeakValueDictionary()
        self._due: dict[Watcher, None] = {}
        """Whose turn comes, the first one next."""
        self._behind: dict[Watcher, None] = {}
        """Who is not told: it does not read, or waits for a revision that is still to come."""
        self._planned: asyncio.TimerHandle | None = None
        self._rest_until = 0.0
        self._unsubscribe = store.subscribe(self._plan)
        self._looking: asyncio.Task[None] | None = None

    def add(self, watcher: Watcher) -> None:
        """Tells a watcher from now on; what it has missed first."""
        self._note()  # so that what it knows already is not told twice
        watcher.group = self._groups.setdefault(watcher.what, watcher.group)
        self._watchers[watcher.resource][watcher] = None
        self._tell_one(watcher, {})
        if self._due:
            self._plan()
        if self._looking is None or self._looking.done():
            self._looking = asyncio.get_running_loop().create_task(self._look())

    def remove(self, watcher: Watcher) -> None:
        """Tells it nothing more. Again is no fault."""
        for all_of_them in (self._watchers[watcher.resource], self._due, self._behind):
            all_of_them.pop(watcher, None)

    def end(self, resource: str) -> None:
        """Ends all watches of a resource that is no longer served."""
        for watcher in list(self._watchers[resource]):
            self._close(watcher)

    def close(self) -> None:
        """Ends every watch."""
        self._unsubscribe()
        if self._planned:
            self._planned.cancel()
        if self._looking:
            self._looking.cancel()
        for watcher in self._all():
            self._close(watcher)

    def __len__(self) -> int:
        return sum(map(len, self._watchers.values()))

    @property
    def has_told_all(self) -> bool:
        """Whether every watcher has been told everything."""
        return not self._due and not self._behind and self._revision == self._store.revision

    def _all(self) -> list[Watcher]:
        return [one for watchers in self._watchers.values() for one in watchers]

    def _plan(self) -> None:
        if self._planned is None:
            loop = asyncio.get_running_loop()
            self._planned = loop.call_at(max(loop.time(), self._rest_until), self._tell_some)

    def _note(self) -> None:
        """Makes those due who watch what has happened since this was last done."""
        before, self._revision = self._revision, self._store.revision
        try:
            changes = self._store.changes(since=before)
            resources = {change.record.key.resource for change in changes}
        except Compacted:  # nobody can say what it was: each hears that it is too late
            resources = set(self._watchers)
        for resource in resources:
            for watcher in self._watchers.get(resource, ()):
                if watcher not in self._due and watcher not in self._behind:
                    watcher.since = before
                    self._due[watcher] = None

    def _tell_some(self) -> None:
        self._planned, loop = None, asyncio.get_running_loop()
        began = loop.time()
        self._note()
        said: dict[object, tuple[bytes, int]] = {}
        for watcher in list(islice(self._due, AT_ONCE)):
            del self._due[watcher]
            self._tell_one(watcher, said)
        now = loop.time()
        self._rest_until = now + (now - began) * REST
        if self._due:
            self._plan()

    def _tell_one(self, watcher: Watcher, said: dict[object, tuple[bytes, int]]) -> None:
        """Tells one what it does not know, or the first piece of it.

        Args:
            said: what others of its group were told who knew as much, and up to which revision.
        """
        is_first = watcher.is_new and watcher.writer.has_first
        what = (watcher.group, watcher.since, is_first)
        if watcher.sink.waiting() > MUCH or watcher.since > self._revision:
            self._behind[watcher] = None
            return
        if what not in said:
            try:
                said[what] = self._words(watcher, is_first=is_first)
            except Compacted as gone:
                words = f"too old resource version: {watcher.since} ({gone.compacted})"
                watcher.sink.write(events.error(status.expired(words)))
                self._close(watcher)
                return
        words_, watcher.since = said[what]
        if words_:
            watcher.sink.write(words_)
            watcher.is_new = False
        if watcher.since < self._revision:
            self._due[watcher] = None

    def _words(self, watcher: Watcher, *, is_first: bool) -> tuple[bytes, int]:
        """What happened after what one knows, put into words; and the revision it knows then."""
        chosen = watcher.writer.chosen
        changes = self._store.changes(
            chosen.resource.storage, chosen.namespace, since=watcher.since, until=self._revision
        )
        piece = list(islice(changes, PIECE))
        until = piece[-1].revision if len(piece) == PIECE else self._revision
        return watcher.writer.changes(piece, is_first=is_first), until

    async def _look(self) -> None:
        while len(self):
            await asyncio.sleep(LOOK_EVERY_S)
            now = time.monotonic()
            for watcher in self._all():
                if now >= watcher.ends_at:
                    self._close(watcher)
                elif watcher in self._behind:
                    del self._behind[watcher]
                    self._tell_one(watcher, {})
                elif self._wants_bookmark(watcher, now):
                    said = watcher.writer.bookmark(self._revision, is_first=watcher.is_new)
                    watcher.sink.write(said)
                    watcher.is_new = False
                    watcher.next_bookmark = now + BOOKMARK_EVERY_S
            if self._due:
                self._plan()

    def _wants_bookmark(self, watcher: Watcher, now: float) -> bool:
        is_time = watcher.wants_bookmarks and now >= watcher.next_bookmark
        return is_time and watcher not in self._due  # who is due does not know all

    def _close(self, watcher: Watcher) -> None:
        self.remove(watcher)
        watcher.sink.close()
