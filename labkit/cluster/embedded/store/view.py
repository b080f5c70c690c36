"""The store as it was at a revision.

Where memory holds all that came after, the present is unwound: each key that changed since is as it
was before the first of those changes. Older revisions are read from the disk.
"""

from __future__ import annotations

from collections.abc import Mapping

from labkit.cluster.embedded.store.index import Index, terms_of, terms_wanted
from labkit.cluster.embedded.store.past import Past
from labkit.cluster.embedded.store.record import Key, Record, Records


class View:
    """What ``get`` and ``list`` of the store said when ``revision`` was its last.

    Both raise Compacted once the revision is gone. Of a forgetful resource that is soon: as soon as
    the changes since then are no longer all in memory.
    """

    def __init__(self, revision: int, index: Index, past: Past) -> None:
        self.revision = revision
        self._index, self._past = index, past

    def get(self, key: Key) -> Record | None:
        """The record of a key then; None if there was none.

        Raises:
            Compacted: the revision is gone.
        """
        self._past.check(self.revision, key.resource)
        if self.revision < self._past.log.floor:
            return self._past.history.get(key, self.revision)
        for change in self._past.log.after(self.revision):
            if change.record.key == key:
                return change.previous
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
        """The records of a resource then, by namespace and name. See ``Store.list``.

        Raises:
            Compacted: the revision is gone.
        """
        self._past.check(self.revision, resource)
        if self.revision < self._past.log.floor:
            records = self._past.history.list(resource, namespace, self.revision)
        else:
            records = self._unwound(resource, namespace)
        wanted = terms_wanted(labels, owner, node)
        if not wanted:
            return records
        return [record for record in records if wanted <= terms_of(record.object)]

    def _unwound(self, resource: str, namespace: str | None) -> Records:
        changed: dict[Key, Record | None] = {}
        for change in self._past.log.after(self.revision):
            key = change.record.key
            if key.resource == resource and namespace in (None, key.namespace):
                changed.setdefault(key, change.previous)
        now = self._index.list(resource, namespace, frozenset())
        if not changed:
            return now
        then = [record for record in now if record.key not in changed]
        then += filter(None, changed.values())
        return sorted(then, key=lambda record: record.key)
