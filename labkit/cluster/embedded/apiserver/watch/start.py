"""The beginning of a watch: what is told first, and from where on.

Source: Kubernetes API Concepts, "Efficient detection of changes", "Streaming lists".
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import options, read
from labkit.cluster.embedded.apiserver.handlers.present import Presenter
from labkit.cluster.embedded.apiserver.watch.events import END_OF_INITIAL, EventWriter, error
from labkit.cluster.embedded.apiserver.watch.hub import Hub, Sink, Watcher

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request

SHORTEST_S = 1800.0
"""How long a watch may last that says nothing: so long to twice as long, as in Kubernetes."""


class Watch:
    """A watch that was asked for, and begins when there is a sink.

    Raises:
        ApiError: 400, 406, 410, 422, 504.
    """

    def __init__(self, api: Api, request: Request, resource: Resource) -> None:
        self._api, self.hub = api, api.hub
        presenter = Presenter.for_request(request, resource)
        self.writer = EventWriter(read.selection(request, resource), presenter)
        self._wants_bookmarks = request.says("allowWatchBookmarks")
        self._since = options.revision(request) or 0
        self._is_list = self._check_initial(request)
        seconds = options.number(request, "timeoutSeconds")
        lasts = seconds if seconds else SHORTEST_S * (1 + random.random())
        self._ends_at = time.monotonic() + lasts
        if self._since > api.store.revision and not self._is_list:
            raise status.revision_too_large(self._since, api.store.revision)

    def _check_initial(self, request: Request) -> bool:
        """Whether what is there is told first, with a bookmark after it."""
        match = request.query.get("resourceVersionMatch", "")
        if "sendInitialEvents" not in request.query:
            if match:
                words = "resourceVersionMatch is forbidden for watch unless sendInitialEvents"
                self._refuse(f"{words} is provided")
            return False
        if match != read.NOT_OLDER:
            self._refuse("sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
        if not request.says("sendInitialEvents"):
            return False
        if not self._wants_bookmarks:
            self._refuse("sendInitialEvents requires allowWatchBookmarks")
        return True

    @staticmethod
    def _refuse(words: str) -> None:
        field, words = "resourceVersionMatch", f"Forbidden: {words}"
        cause = status.StatusCause("FieldValueForbidden", words, field)
        raise status.invalid("meta.k8s.io", "ListOptions", "", [cause])

    def begin(self, sink: Sink) -> Watcher | None:
        """Tells what is there, if that is asked for, and goes on with what happens.

        Returns:
            The watcher; None where it has ended already.
        """
        store, since = self._api.store, self._since
        if since == 0 or self._is_list:
            since = store.revision
            records = read.present(self._api, self.writer.chosen)
            said = self.writer.initial(records)
            if self._is_list:
                said += self.writer.bookmark(since, END_OF_INITIAL)
            if said:
                sink.write(said)
        elif since < store.compacted:
            words = f"too old resource version: {since} ({store.compacted})"
            sink.write(error(status.expired(words)))
            sink.close()
            return None
        watcher = Watcher(
            self.writer,
            sink,
            since,
            wants_bookmarks=self._wants_bookmarks,
            ends_at=self._ends_at,
        )
        self.hub.add(watcher)
        return watcher


__all__ = ["Hub", "Watch"]
