"""A number that grows when a role or a binding changes, and stays when anything else does.

A store counts every write, and most writes are of pods. So the changes since the last look are
looked through: each of them once, whatever is asked in between. Knows nothing about roles.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from labkit.cluster.embedded.apiserver.authorization.policy import RESOURCES


class _Key(Protocol):
    @property
    def resource(self) -> str: ...


class _Record(Protocol):
    @property
    def key(self) -> _Key: ...


class _Change(Protocol):
    @property
    def record(self) -> _Record: ...


class Counted(Protocol):
    """A store that counts its writes and tells them."""

    @property
    def revision(self) -> int:
        """The number of the last write."""

    @property
    def compacted(self) -> int:
        """Up to which number writes can no longer be told."""

    def changes(
        self, resource: str | None = None, namespace: str | None = None, since: int = 0
    ) -> Iterable[_Change]:
        """The writes after a number, oldest first."""


class Generation:
    """The revision at which a role or a binding was last seen to change; call it to know it."""

    def __init__(self, store: Counted) -> None:
        self._store = store
        self._looked = self._changed = store.revision

    def __call__(self) -> int:
        """The number, up to date."""
        revision = self._store.revision
        if revision != self._looked:
            if self._has_changed():
                self._changed = revision
            self._looked = revision
        return self._changed

    def _has_changed(self) -> bool:
        if self._looked < self._store.compacted:  # what was written since cannot be told
            return True
        changes = self._store.changes(since=self._looked)
        return any(change.record.key.resource in RESOURCES for change in changes)
