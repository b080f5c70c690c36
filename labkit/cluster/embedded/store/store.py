"""The store: every object at every revision; what the rest of the control plane calls.

A write is on the disk (``history``) before it is in memory (``index``, ``log``) and before anybody
is woken: whoever sees it may rely on it. A write that fails has changed nothing. Nothing here
awaits, so in a program of one thread each call is atomic. Knows nothing about what objects mean,
save for their labels, owners and node.

Sources: the revisions and compaction of etcd's API (etcd.io/docs, "API guarantees"), which
Kubernetes' resourceVersion stands on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

import orjson

from labkit.cluster.embedded.store.database import told
from labkit.cluster.embedded.store.errors import AlreadyExists, Conflict, NotFound
from labkit.cluster.embedded.store.folder import Folder
from labkit.cluster.embedded.store.history import History
from labkit.cluster.embedded.store.index import Index, Term, terms_of, terms_wanted
from labkit.cluster.embedded.store.log import Log
from labkit.cluster.embedded.store.past import Past
from labkit.cluster.embedded.store.record import (
    Cause,
    Change,
    ChangeType,
    Key,
    Record,
    Records,
    encode,
)
from labkit.cluster.embedded.store.view import View
from labkit.core.errors import BadInput

HISTORY_BYTES = 256 << 20
"""On disk: a hundred thousand changes of objects of 2 KB, a day of a busy lab."""

RECENT_CHANGES, RECENT_BYTES = 4096, 8 << 20
"""In memory: minutes of a busy cluster. Objects that were looked at take six times their JSON."""

_logger = logging.getLogger(__name__)


class Store:
    """Every object at every revision. For one thread at a time; a context manager.

    Args:
        folder: where everything is kept, and is found again; made when it is not there.
            None: a temporary folder, gone at ``close()``.
        forgetful: resources without a past, such as leases: the last state is kept, and changes
            can be read while they are in memory. Where they differ from those of the last time,
            the past up to now is compacted away.
        max_history_bytes: of the past, on disk; the oldest is compacted away.
        recent_changes: how many changes memory holds.
        recent_bytes: of JSON in those changes.

    Raises:
        Blocked: another process has the folder, or it cannot be used, or its file is not ours.
        SystemFault: its file is damaged.
    """

    def __init__(
        self,
        folder: Path | str | None = None,
        *,
        forgetful: Collection[str] = (),
        max_history_bytes: int = HISTORY_BYTES,
        recent_changes: int = RECENT_CHANGES,
        recent_bytes: int = RECENT_BYTES,
    ) -> None:
        self._index = Index()
        self._wakes: dict[object, Callable[[], None]] = {}
        self._folder = Folder(folder)
        try:
            forgets = frozenset(forgetful)
            self._history = self._restore(forgets, max_history_bytes)
        except BaseException:
            self._folder.close()
            raise
        floor = self._history.revision
        self._log = Log(floor, max_changes=recent_changes, max_bytes=recent_bytes)
        self._past = Past(self._log, self._history, forgets)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def folder(self) -> Path:
        """Where everything is kept."""
        return self._folder.path

    @property
    def revision(self) -> int:
        """The last write's; 0 before the first."""
        return self._log.revision

    @property
    def compacted(self) -> int:
        """The earliest revision that can be read, and that changes can be read after."""
        return self._past.compacted

    def get(self, key: Key) -> Record | None:
        """The record of a key; None if there is none."""
        return self._index.records.get(key)

    def list(
        self,
        resource: str,
        namespace: str | None = None,
        *,
        labels: Mapping[str, str] | None = None,
        owner: str | None = None,
        node: str | None = None,
    ) -> Records:
        """The records of a resource, by namespace and name, as of ``revision``.

        Args:
            resource: as in keys.
            namespace: only of this one; None: of all.
            labels: only with all of these.
            owner: only with an ownerReference to this uid.
            node: only with this ``spec.nodeName``.
        """
        return self._index.list(resource, namespace, terms_wanted(labels, owner, node))

    def dependents(self, uid: str) -> Records:
        """The records of whatever resource with an ownerReference to this uid."""
        return self._index.owned_by(uid)

    def create(self, key: Key, object: Mapping[str, Any], cause: Cause) -> Record:
        """Writes a new object. What is given stays as it is, here and in ``update``.

        Raises:
            AlreadyExists: there is one of this key.
            TypeError: it is not JSON.
            SystemFault: it cannot be written; nothing has changed.
        """
        if (existing := self.get(key)) is not None:
            raise AlreadyExists(key, existing.revision)
        return self._write("ADDED", key, object, None, cause)

    def update(
        self, key: Key, object: Mapping[str, Any], cause: Cause, expected: int | None = None
    ) -> Record:
        """Writes the next state of an object.

        Args:
            key: which object.
            object: the whole of it.
            cause: who writes, and why.
            expected: the revision of the object that the caller has seen; None: whichever.

        Raises:
            NotFound: there is none of this key.
            Conflict: it is not at the revision expected.
            TypeError: it is not JSON.
            SystemFault: it cannot be written; nothing has changed.
        """
        previous = self._expect(key, expected)
        return self._write("MODIFIED", key, object, previous, cause)

    def delete(self, key: Key, cause: Cause, expected: int | None = None) -> Record:
        """Ends an object.

        Returns:
            Its last state, at the revision of its end.

        Raises:
            NotFound: there is none of this key.
            Conflict: it is not at the revision expected.
            SystemFault: it cannot be written; nothing has changed.
        """
        previous = self._expect(key, expected)
        return self._write("DELETED", key, previous.copy(), previous, cause)

    def changes(
        self,
        resource: str | None = None,
        namespace: str | None = None,
        since: int = 0,
        until: int | None = None,
    ) -> Iterator[Change]:
        """The changes after ``since``, oldest first. None of a forgetful resource that memory lost.

        Args:
            resource: only of this one.
            namespace: only of this one.
            since: the last revision that the reader knows.
            until: the last one to read; None: the last one now.

        Raises:
            Compacted: changes after ``since`` are gone. Also on the way, when they go meanwhile.
        """
        self._past.check(since, resource)
        end = self.revision if until is None else min(until, self.revision)
        return (
            change
            for change in self._past.changes(resource, since, end)
            if namespace in (None, change.record.key.namespace)
        )

    def at(self, revision: int) -> View:
        """The store as it was when ``revision`` was the last.

        Raises:
            Compacted: it is gone.
            BadInput: it is still to come.
        """
        self._expect_past(revision)
        self._past.check(revision)
        return View(revision, self._index, self._past)

    def subscribe(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Calls ``wake`` after each write, until the function that is returned is called.

        It should do little: the writer waits for it. If it raises, that is logged.
        """
        token = object()
        self._wakes[token] = wake

        def unsubscribe() -> None:
            self._wakes.pop(token, None)

        return unsubscribe

    def compact(self, revision: int) -> None:
        """Lets go of everything before a revision, save for what was present then.

        Raises:
            BadInput: it is still to come.
            SystemFault: it cannot be written; nothing has changed.
        """
        self._expect_past(revision)
        self._history.compact(revision)
        self._log.drop(revision)

    def close(self) -> None:
        """Closes the files. May be called again; the present can still be read."""
        self._history.close()
        self._folder.close()

    def _restore(self, forgetful: frozenset[str], max_bytes: int) -> History:
        file = self._folder.database
        history = History(file, forgetful=forgetful, max_bytes=max_bytes)
        try:
            with told(file):
                for record in history.present():
                    self._index.put(record, terms_of(orjson.loads(record.data)))
        except BaseException:
            history.close()
            raise
        return history

    def _expect(self, key: Key, expected: int | None) -> Record:
        record = self.get(key)
        if record is None:
            raise NotFound(key, self.revision)
        if expected is not None and expected != record.revision:
            raise Conflict(key, expected, record.revision)
        return record

    def _write(
        self,
        kind: ChangeType,
        key: Key,
        source: Mapping[str, Any],
        previous: Record | None,
        cause: Cause,
    ) -> Record:
        self._history.compact_excess()
        revision = self.revision + 1
        record = Record(key, revision, encode(source, revision))
        terms = terms_of(source)
        change = Change(revision, kind, record, previous, cause, time.time_ns() // 1000)
        self._history.append(change)
        self._apply(change, terms)
        self._wake()
        return record

    def _apply(self, change: Change, terms: frozenset[Term]) -> None:
        if change.type == "DELETED":
            self._index.remove(change.record.key)
        else:
            self._index.put(change.record, terms)
        self._log.append(change)

    def _wake(self) -> None:
        for token in tuple(self._wakes):
            try:
                if (wake := self._wakes.get(token)) is not None:  # an earlier one may have ended it
                    wake()
            except Exception:
                _logger.exception("what was to be told of a write has failed")

    def _expect_past(self, revision: int) -> None:
        if revision > self.revision:
            raise BadInput(
                f"there is no revision {revision} yet", why=f"the last one is {self.revision}"
            )
