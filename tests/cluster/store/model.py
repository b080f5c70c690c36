"""A store that is as simple as can be: a dict, and a list of all changes that there ever were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import orjson

from labkit.cluster.embedded.store import Cause, Change, Key, Record

Object = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """One write, as the model keeps it."""

    revision: int
    type: str
    key: Key
    object: Object
    previous: Object | None
    cause: Cause


@dataclass
class Model:
    """Every object, and every change."""

    objects: dict[Key, Object] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)

    @property
    def revision(self) -> int:
        return len(self.written)

    def write(self, kind: str, key: Key, source: Object, cause: Cause) -> Written:
        revision = self.revision + 1
        metadata = {**source.get("metadata", {}), "resourceVersion": str(revision)}
        change = Written(
            revision,
            kind,
            key,
            {**source, "metadata": metadata},
            self.objects.get(key),
            cause,
        )
        self.written.append(change)
        apply(self.objects, change)
        return change

    def at(self, revision: int) -> dict[Key, Object]:
        objects: dict[Key, Object] = {}
        for change in self.written[:revision]:
            apply(objects, change)
        return objects


def apply(objects: dict[Key, Object], change: Written) -> None:
    if change.type == "DELETED":
        del objects[change.key]
    else:
        objects[change.key] = change.object


def scan(
    objects: dict[Key, Object],
    resource: str,
    namespace: str | None = None,
    *,
    labels: dict[str, str] | None = None,
    owner: str | None = None,
    node: str | None = None,
) -> list[tuple[Key, Object]]:
    """What a list must be: every object is looked at."""

    def is_meant(key: Key, source: Object) -> bool:
        metadata = source["metadata"]
        uids = [each["uid"] for each in metadata.get("ownerReferences", [])]
        return (
            key.resource == resource
            and (namespace is None or key.namespace == namespace)
            and (labels or {}).items() <= metadata.get("labels", {}).items()
            and (owner is None or owner in uids)
            and (node is None or source.get("spec", {}).get("nodeName") == node)
        )

    return [(key, objects[key]) for key in sorted(objects) if is_meant(key, objects[key])]


def plain(records: Iterable[Record]) -> list[tuple[Key, Object]]:
    """Records as the model has them; each says the same in all of its ways."""
    found = []
    for record in records:
        source = orjson.loads(record.data)
        assert record.object == source
        assert source["metadata"]["resourceVersion"] == str(record.revision)
        found.append((record.key, source))
    return found


def told(change: Change) -> Written:
    """A change as the model has it."""
    [(key, source)] = plain([change.record])
    assert change.record.revision == change.revision
    before = plain([change.previous])[0] if change.previous else None
    assert before is None or before[0] == key
    previous = before[1] if before else None
    return Written(change.revision, change.type, key, source, previous, change.cause)
