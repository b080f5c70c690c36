"""Sums that are kept: what the objects of a resource use in a namespace, and what changed since.

Counted once, and from then on brought up to date by the store's changes: to make a pod costs the
same beside ten others and beside a thousand. What a pod on its way out uses depends on the time,
and is counted each time. Knows nothing about quotas but their scopes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from labkit.cluster.embedded.apiserver.admission import amounts, scopes
from labkit.cluster.embedded.apiserver.admission.amounts import Amounts
from labkit.cluster.embedded.apiserver.admission.usage import NOTHING, OF_KIND, storage_of, usage
from labkit.cluster.embedded.apiserver.kinds.quantity import Format, Quantity
from labkit.cluster.embedded.store import Compacted

if TYPE_CHECKING:
    from labkit.cluster.embedded.store import Key, Record, Store

Object = dict[str, Any]

MOST_BEHIND = 2_000
"""Changes of the whole cluster; to read more takes longer than to count a namespace anew."""


MOST_TALLIES = 200
"""The oldest goes then: its namespace, or its quota, may have gone."""


class Tally:
    """What the objects of one resource in one namespace use.

    Args:
        store: where they are.
        storage: the resource.
        namespace: theirs.
        requirements: scopes that they have to be in.
    """

    def __init__(
        self, store: Store, storage: str, namespace: str, requirements: list[Object]
    ) -> None:
        self._store, self._storage, self._namespace = store, storage, namespace
        self._requirements = requirements
        self._reads = storage in OF_KIND or bool(requirements)
        self._revision = 0
        self._own: dict[Key, Amounts] = {}
        self._ending: dict[Key, Record] = {}
        self._nano: Counter[str] = Counter()
        self._formats = _Formats()
        self._count()

    def used(self, names: Iterable[str]) -> Amounts:
        """What is used now.

        Args:
            names: those that are asked for.
        """
        self._catch_up()
        ending = [self._usage(record) for record in self._ending.values()]
        return {name: self._sum(name, ending) for name in names}

    def _sum(self, name: str, ending: list[Amounts]) -> Quantity:
        total = self._nano[name]
        formats = {one for one, count in self._formats[name].items() if count}
        for own in ending:
            if name in own and own[name].nano:
                total += own[name].nano
                formats.add(own[name].format)
        if not formats:
            return NOTHING
        if len(formats) == 1:
            return Quantity(total, formats.pop())
        return self._in_order(name)

    def _in_order(self, name: str) -> Quantity:
        """Written in several ways: as the first of them is."""
        total = NOTHING
        for record in self._store.list(self._storage, self._namespace):
            own = self._own.get(record.key) or self._usage(record)
            if name in own:
                total = amounts.plus(total, own[name])
        return total

    def _catch_up(self) -> None:
        revision = self._store.revision
        if revision - self._revision > MOST_BEHIND:
            self._count()
            return
        try:
            for change in self._store.changes(self._storage, self._namespace, self._revision):
                self._forget(change.record.key)
                if change.type != "DELETED":
                    self._take(change.record)
        except Compacted:
            self._count()
        self._revision = revision

    def _count(self) -> None:
        self._revision = self._store.revision
        self._own, self._ending = {}, {}
        self._nano, self._formats = Counter(), _Formats()
        for record in self._store.list(self._storage, self._namespace):
            self._take(record)

    def _take(self, record: Record) -> None:
        if self._storage == "pods" and record.object["metadata"].get("deletionTimestamp"):
            self._ending[record.key] = record
            return
        own = self._own[record.key] = self._usage(record)
        self._add(own, 1)

    def _forget(self, key: Key) -> None:
        self._ending.pop(key, None)
        if own := self._own.pop(key, None):
            self._add(own, -1)

    def _add(self, own: Amounts, times: int) -> None:
        for name, amount in own.items():
            if amount.nano:
                self._nano[name] += times * amount.nano
                self._formats[name][amount.format] += times

    def _usage(self, record: Record) -> Amounts:
        value = record.object if self._reads else {}
        if self._requirements and not scopes.all_match(self._requirements, self._storage, value):
            return {}
        return usage(self._storage, value)


class _Formats(dict[str, "Counter[Format]"]):
    """How often each way to write is used, by name."""

    def __missing__(self, name: str) -> Counter[Format]:
        made: Counter[Format] = Counter()
        self[name] = made
        return made


class Ledger:
    """The tallies of a store, each made when it is first asked for."""

    def __init__(self) -> None:
        self._tallies: dict[tuple[str, str, str], Tally] = {}

    def used(self, store: Store, quota: Object, names: Iterable[str]) -> Amounts:
        """What is used of a quota now.

        Args:
            store: where objects are; always the same.
            quota: whose scopes say which objects count.
            names: those of the quota that are asked for; others are not in the answer.
        """
        by_storage: dict[str, list[str]] = {}
        for name in names:
            if storage := storage_of(name):
                by_storage.setdefault(storage, []).append(name)
        found: Amounts = {}
        for storage, wanted in by_storage.items():
            found |= self._tally(store, storage, quota).used(wanted)
        return found

    def _tally(self, store: Store, storage: str, quota: Object) -> Tally:
        namespace, requirements = quota["metadata"]["namespace"], scopes.of_quota(quota)
        key = storage, namespace, orjson.dumps(requirements).decode()
        if key not in self._tallies:
            if len(self._tallies) >= MOST_TALLIES:
                del self._tallies[next(iter(self._tallies))]
            self._tallies[key] = Tally(store, storage, namespace, requirements)
        return self._tallies[key]
