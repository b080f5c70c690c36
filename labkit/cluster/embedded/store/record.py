"""The values of the store: a key, who wrote, an object at a revision, a change.

None of them changes, so all readers share them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal, NamedTuple

import orjson

from labkit.cluster.embedded.store.frozen import FrozenDict, freeze

ChangeType = Literal["ADDED", "MODIFIED", "DELETED"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Key(NamedTuple):
    """What tells an object from all others. A tuple: it hashes and sorts in C."""

    resource: str
    """Plural and group, as in ``pods`` or ``deployments.apps``."""
    namespace: str
    """Empty for what lies in no namespace."""
    name: str

    def __str__(self) -> str:
        return "/".join(filter(None, self))


class Cause(NamedTuple):
    """Why something was written."""

    component: str
    """Who wrote, such as ``scheduler``."""
    because: int | None = None
    """The revision that it answered to, if it did."""


@dataclass(frozen=True)
class Record:
    """An object at a revision: the JSON of it, and the object when somebody asks for it.

    Attributes:
        key: which object.
        revision: of the write that made it so.
        data: its JSON, which says the revision as ``metadata.resourceVersion``.
    """

    key: Key
    revision: int
    data: bytes

    @cached_property
    def object(self) -> FrozenDict:
        """The object, frozen. Read from ``data`` once: most records are only passed on."""
        frozen: FrozenDict = freeze(orjson.loads(self.data))
        return frozen

    def copy(self) -> dict[str, Any]:
        """The object, as a copy that may be changed: quicker to have than a frozen one."""
        copied: dict[str, Any] = orjson.loads(self.data)
        return copied


Records = list[Record]
"""For classes whose method ``list`` hides the type."""


@dataclass(frozen=True)
class Change:
    """One write.

    Attributes:
        revision: its number.
        type: what it did.
        record: the object after it; after DELETED its last state, at the revision of its end.
        previous: the object before it; None for ADDED.
        cause: who wrote, and why.
        microseconds: when, since the beginning of 1970 in UTC.
    """

    revision: int
    type: ChangeType
    record: Record
    previous: Record | None
    cause: Cause
    microseconds: int

    @property
    def time(self) -> datetime:
        """When it was written, in UTC."""
        return _EPOCH + timedelta(microseconds=self.microseconds)


def encode(source: Mapping[str, Any], revision: int) -> bytes:
    """The JSON of an object at a revision. The source stays as it is.

    Raises:
        TypeError: it is not JSON.
    """
    metadata = {**(source.get("metadata") or {}), "resourceVersion": str(revision)}
    return orjson.dumps({**source, "metadata": metadata})
