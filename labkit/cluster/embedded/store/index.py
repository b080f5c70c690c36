"""The present: the last record of each key, and which keys have a label, an owner, a node.

An index answers as a scan over all objects would, in the order of namespace and name. Knows nothing
about the past.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from labkit.cluster.embedded.store.record import Key, Record, Records

Term = tuple[str, str, str]
"""Something that objects are looked for by: what it is, its name, its value."""
NO_TERMS: frozenset[Term] = frozenset()
ANY = ""
"""Whatever resource."""
Place = tuple[str, Term | None]


def terms_of(source: Mapping[str, Any]) -> frozenset[Term]:
    """What an object can be found by: its labels, the uids of its owners, its node."""
    metadata = source.get("metadata") or {}
    terms = [("label", name, value) for name, value in (metadata.get("labels") or {}).items()]
    for owner in metadata.get("ownerReferences") or ():
        if uid := owner.get("uid"):
            terms.append(("owner", "", uid))
    spec = source.get("spec")
    if isinstance(spec, dict) and (node := spec.get("nodeName")):
        terms.append(("node", "", node))
    return frozenset(terms)


def terms_wanted(
    labels: Mapping[str, str] | None, owner: str | None, node: str | None
) -> frozenset[Term]:
    """What an object must have to be in a list of these labels, this owner and this node."""
    if labels is None and owner is None and node is None:
        return NO_TERMS
    terms = [("label", name, value) for name, value in (labels or {}).items()]
    if owner is not None:
        terms.append(("owner", "", owner))
    if node is not None:
        terms.append(("node", "", node))
    return frozenset(terms)


class Index:
    """The last record of each key."""

    def __init__(self) -> None:
        self.records: dict[Key, Record] = {}
        self._terms: dict[Key, frozenset[Term]] = {}
        self._keys: dict[Place, list[Key]] = {}
        """The sorted keys of a resource, and of those of its objects that have a term."""

    def put(self, record: Record, terms: frozenset[Term]) -> None:
        """Takes in a record, new or in place of an older one of its key."""
        key = record.key
        if key not in self.records:
            self._insert(key, (None,))
        before = self._terms.get(key, frozenset())
        if terms != before:
            self._remove(key, before - terms)
            self._insert(key, terms - before)
        self._terms[key] = terms
        self.records[key] = record

    def remove(self, key: Key) -> None:
        """Takes a key out, which is there."""
        del self.records[key]
        self._remove(key, (None, *self._terms.pop(key)))

    def list(self, resource: str, namespace: str | None, terms: frozenset[Term]) -> Records:
        """The records of a resource, of one namespace or of all, that have all of the terms."""
        if not terms:
            keys = self._keys.get((resource, None))
            if keys is None:  # of most kinds that are looked for at each write there are none
                return []
        else:
            keys = min((self._keys.get((resource, term), []) for term in terms), key=len)
        if namespace is not None:
            keys = _of_namespace(keys, resource, namespace)
        if len(terms) > 1:
            keys = [key for key in keys if terms <= self._terms[key]]
        return [self.records[key] for key in keys]

    def owned_by(self, uid: str) -> Records:
        """The records of whatever resource that an object owns."""
        return [self.records[key] for key in self._keys.get((ANY, ("owner", "", uid)), ())]

    def _insert(self, key: Key, terms: Iterable[Term | None]) -> None:
        for place in _places(key.resource, terms):
            insort(self._keys.setdefault(place, []), key)

    def _remove(self, key: Key, terms: Iterable[Term | None]) -> None:
        for place in _places(key.resource, terms):
            keys = self._keys[place]
            del keys[bisect_left(keys, key)]
            if not keys:
                del self._keys[place]


def _places(resource: str, terms: Iterable[Term | None]) -> Iterator[Place]:
    """Where a key is noted: with its resource, and of an owner with those of all resources."""
    for term in terms:
        yield resource, term
        if term is not None and term[0] == "owner":
            yield ANY, term


def _of_namespace(keys: list[Key], resource: str, namespace: str) -> list[Key]:
    first = bisect_left(keys, Key(resource, namespace, ""))
    next_namespace = namespace + "\0"  # no string lies between the two
    return keys[first : bisect_left(keys, Key(resource, next_namespace, ""), first)]
