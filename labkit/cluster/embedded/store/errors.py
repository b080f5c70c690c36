"""What the store refuses, and with which key and revisions.

They are answers for the caller's code, not messages for a reader, so they stand apart from the
tree of ``labkit.core.errors``: a folder that cannot be used is told by errors of that tree.
"""

from __future__ import annotations

from labkit.cluster.embedded.store.record import Key


class StoreError(Exception):
    """What the store refuses. Nothing has changed."""


class AlreadyExists(StoreError):
    """There is an object of this key; ``revision`` is its last change."""

    def __init__(self, key: Key, revision: int) -> None:
        super().__init__(f"{key} exists already, at revision {revision}")
        self.key, self.revision = key, revision


class NotFound(StoreError):
    """There is no object of this key at ``revision``."""

    def __init__(self, key: Key, revision: int) -> None:
        super().__init__(f"there is no {key} at revision {revision}")
        self.key, self.revision = key, revision


class Conflict(StoreError):
    """The object is not at the revision that the caller has seen.

    Attributes:
        expected: what the caller has seen.
        actual: the object's last change.
    """

    def __init__(self, key: Key, expected: int, actual: int) -> None:
        super().__init__(f"{key} is at revision {actual}, not at {expected}")
        self.key, self.expected, self.actual = key, expected, actual


class Compacted(StoreError):
    """The past before ``compacted`` is not kept any more, and ``revision`` lies there."""

    def __init__(self, revision: int, compacted: int) -> None:
        super().__init__(f"revision {revision} is gone: the past is kept from {compacted} on")
        self.revision, self.compacted = revision, compacted
