"""The store: every object at every revision. See docs/embedded-cluster.md."""

from labkit.cluster.embedded.store.errors import (
    AlreadyExists,
    Compacted,
    Conflict,
    NotFound,
    StoreError,
)
from labkit.cluster.embedded.store.frozen import freeze, thaw
from labkit.cluster.embedded.store.record import Cause, Change, Key, Record
from labkit.cluster.embedded.store.store import Store
from labkit.cluster.embedded.store.view import View

__all__ = [
    "AlreadyExists",
    "Cause",
    "Change",
    "Compacted",
    "Conflict",
    "Key",
    "NotFound",
    "Record",
    "Store",
    "StoreError",
    "View",
    "freeze",
    "thaw",
]
