"""Watch events: what a change is to whoever watches a selection, in the form that it asked for.

An object that comes to match is ADDED, one that no longer does is DELETED, whatever it was to
others. Knows nothing about connections.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import orjson

from labkit.cluster.embedded.apiserver.handlers.present import Presenter

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.handlers.read import Selection
    from labkit.cluster.embedded.apiserver.status import ApiError
    from labkit.cluster.embedded.store import Change, Record

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"
END_OF_INITIAL = {"k8s.io/initial-events-end": "true"}


class EventWriter:
    """Events of one selection in one form.

    Args:
        chosen: which objects.
        presenter: in which form.
    """

    def __init__(self, chosen: Selection, presenter: Presenter) -> None:
        self.chosen, self.presenter = chosen, presenter
        self._later = presenter.without_columns()

    @property
    def has_first(self) -> bool:
        """Whether the first event of a watch differs from the others: a table's has the columns."""
        return self._later is not self.presenter

    def changes(self, changes: Iterable[Change], *, is_first: bool = False) -> bytes:
        """What these changes are to a watcher, one line each; nothing where none is of interest.

        Args:
            changes: the oldest first.
            is_first: whether the watcher has been told nothing yet.
        """
        said: list[bytes] = []
        for change in changes:
            presenter = self.presenter if is_first and not said else self._later
            if line := self._change(change, presenter):
                said.append(line)
        return b"".join(said)

    def initial(self, records: Iterable[Record]) -> bytes:
        """Events for what is there already, the first of which begin a watch."""
        presenter, lines = self.presenter, []
        for one in records:
            lines.append(_line(ADDED, presenter.one(one)))
            presenter = self._later
        return b"".join(lines)

    def bookmark(
        self, revision: int, annotations: dict[str, str] | None = None, *, is_first: bool = False
    ) -> bytes:
        """How far a watcher has been told everything."""
        resource = self.presenter.resource
        about: dict[str, Any] = {"resourceVersion": str(revision)}
        if annotations:
            about["annotations"] = annotations
        value = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": about}
        presenter = self.presenter if is_first else self._later
        return _line("BOOKMARK", presenter.of_object(value))

    def _change(self, change: Change, presenter: Presenter) -> bytes | None:
        namespace = self.chosen.namespace
        if namespace and change.record.key.namespace != namespace:
            return None
        kind = change.type if self.chosen.is_all else self._seen(change)
        if kind == DELETED != change.type and change.previous is not None:
            before = _as_it_was(change.previous, change.revision)
            return _line(kind, presenter.written(before))
        return _line(kind, presenter.one(change.record)) if kind else None

    def _seen(self, change: Change) -> str:
        is_there = change.type != DELETED and self.chosen.matches(change.record.object)
        previous = change.previous
        was_there = previous is not None and self.chosen.matches(previous.object)
        if is_there:
            return MODIFIED if was_there else ADDED
        return DELETED if was_there else ""


def _as_it_was(previous: Record, revision: int) -> dict[str, Any]:
    """What leaves a selection is told as it last was in it, at the revision of its leaving."""
    about = {**previous.object["metadata"], "resourceVersion": str(revision)}
    return {**previous.object, "metadata": about}


def error(fault: ApiError) -> bytes:
    """An ERROR event; a watch ends with it."""
    return _line("ERROR", orjson.dumps(fault.to_status()))


def _line(kind: str, value: bytes) -> bytes:
    return b'{"type":"%b","object":%b}\n' % (kind.encode(), value)
