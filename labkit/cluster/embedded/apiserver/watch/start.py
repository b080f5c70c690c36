"""The beginning of a watch: what is told first, and from where on.

Source: Kubernetes API Concepts, "Efficient detection of changes", "Streaming lists".
"""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import list_options, options, read
from labkit.cluster.embedded.apiserver.handlers.present import Presenter
from labkit.cluster.embedded.apiserver.watch.events import END_OF_INITIAL, EventWriter, error
from labkit.cluster.embedded.apiserver.watch.hub import Hub, Sink, Watcher

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request

ACCEPTED = ("application/json;stream=watch", "application/vnd.kubernetes.protobuf;stream=watch")
SHORTEST_S = 1800.0
"""How long a watch may last that says nothing: so long to twice as long, as in Kubernetes."""


class Watch:
    """A watch that was asked for, and begins when there is a sink.

    Attributes:
        warnings: what its answer warns of.

    Raises:
        ApiError: 400, 406, 410, 422, 500.
    """

    def __init__(self, api: Api, request: Request, resource: Resource) -> None:
        self._api, self.hub = api, api.hub
        self.warnings: list[str] = []
        presenter = Presenter.for_request(request, resource)
        if presenter.form.is_yaml:
            raise status.not_acceptable(ACCEPTED)
        self.writer = EventWriter(read.selection(request, resource), presenter)
        self._wants_bookmarks = request.says("allowWatchBookmarks")
        self._since = options.revision(request) or 0
        self._is_list = self._since == 0 and list_options.INITIAL not in request.query
        self._is_list |= request.says(list_options.INITIAL)
        self._has_end = self._wants_bookmarks and (
            request.says(list_options.INITIAL)
            or (self._is_list and not request.query.get("resourceVersion"))
        )
        seconds = options.number(request, "timeoutSeconds")
        lasts = seconds if seconds else SHORTEST_S * (1 + random.random())
        self._ends_at = time.monotonic() + lasts

    def begin(self, sink: Sink) -> Watcher | None:
        """Tells what is there, if that is asked for, and goes on with what happens.

        Returns:
            The watcher; None where it has ended already.
        """
        store, since = self._api.store, self._since
        is_new = True
        if self._is_list and since > store.revision:
            sink.write(error(status.revision_too_large(since, store.revision)))
            sink.close()
            return None
        if self._is_list:
            since = store.revision
            records = read.present(self._api, self.writer.chosen)
            said = self.writer.initial(records)
            if self._has_end:
                said += self.writer.bookmark(since, END_OF_INITIAL, is_first=not said)
            if said:
                sink.write(said)
                is_new = False
        elif since == 0:
            since = store.revision
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
        watcher.is_new = is_new
        self.hub.add(watcher)
        return watcher


__all__ = ["Hub", "Watch"]
