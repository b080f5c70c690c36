"""A learner's events, kept by somebody else: in a machine, by its host.

What :class:`labkit.grading.database.EventStore` does, over a unix socket. After a lost connection,
or a silence, the request is repeated: an event has an id, so it is written once.

Sources: unix(7).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput, LabkitError, TimedOut
from labkit.grading.events import Event
from labkit.grading.messages import (
    LINE_LIMIT,
    dump,
    error_from_json,
    event_as_json,
    event_from_json,
    load,
)

DEADLINE_S = 30.0
"""For one request, repeats included: the host itself waits ten seconds for its disk's lock."""
_TRY_S = 12.0
"""For one answer; then the connection is given up: it may be of a machine that was resumed."""
_BATCH_BYTES = LINE_LIMIT // 2
_BETWEEN_S = 0.05


class RemoteEventStore:
    """The events that the other end of a socket keeps. Safe to use from threads and after a fork.

    Args:
        path: the unix socket.
        deadline_s: how long one request may take, in seconds.

    Every method may raise what the store there raises, and :class:`TimedOut`.
    """

    def __init__(self, path: Path, *, deadline_s: float = DEADLINE_S) -> None:
        self.path, self.notice = path.absolute(), ""
        self._deadline_s = deadline_s
        self._lock = threading.RLock()
        self._line: _Line | None = None

    def append(self, *events: Event) -> int:
        """Writes events. Those whose id is there already are left out.

        All or none where they fit into one message (half a megabyte); else in several, in order.

        Returns:
            How many were added; they are on the host's disk.
        """
        return sum(
            int(self._ask("append", events=batch).get("count", 0)) for batch in _batches(events)
        )

    def append_first(self, event: Event) -> None:
        """Writes an event unless there is one of its kind that is not foreign."""
        self._ask("append_first", event=event_as_json(event))

    def read(self, *, kind: str = "", task: str = "") -> list[Event]:
        """The events in the order in which they were written, of one kind or task if given."""
        found: list[Event] = []
        start: object = 0
        while isinstance(start, int):
            answer = self._ask("read", kind=kind, task=task, start=start)
            found += [event_from_json(raw, "an answer") for raw in answer["events"]]
            start = answer.get("next")
        return found

    def close(self) -> None:
        """Closes the connection; it is made again when next used."""
        with self._lock:
            if self._line:
                self._line.close()
            self._line = None

    def __del__(self) -> None:
        with contextlib.suppress(Exception):
            self.close()

    def _ask(self, do: str, **more: Any) -> dict[str, Any]:
        id = secrets.token_hex(8)
        line = dump({"id": id, "do": do, **more})
        with self._lock:
            answer = self._answer(id, line)
            self.notice = str(answer.get("notice", ""))
        if "error" in answer:
            raise error_from_json(answer["error"])
        return answer

    def _answer(self, id: str, line: bytes) -> dict[str, Any]:
        until = time.monotonic() + self._deadline_s
        while True:
            try:
                return self._try(id, line, min(until, time.monotonic() + _TRY_S))
            except (OSError, BadInput) as error:
                self.close()
                seen = getattr(error, "strerror", None) or str(error) or "no answer"
                if time.monotonic() + _BETWEEN_S > until:
                    raise self._silence(seen) from error
                time.sleep(_BETWEEN_S)
            except BaseException:
                self.close()  # its answer may still come, and would be taken for the next one's
                raise

    def _try(self, id: str, line: bytes, until: float) -> dict[str, Any]:
        if self._line is None or self._line.owner != os.getpid():
            self._line = _Line(self.path, until)
        self._line.write(line, until)
        while True:
            answer = load(self._line.read(until))
            if answer.get("id") == id:
                return answer

    def _silence(self, seen: str) -> LabkitError:
        return TimedOut(
            "recording your progress",
            after_s=self._deadline_s,
            last_seen=f"{self.path}: {seen}",
            hint="What was recorded before is safe. Restart the kernel, and try again",
        )


class _Line:
    """A connection that carries lines."""

    def __init__(self, path: Path, until: float) -> None:
        self.owner = os.getpid()
        self._received = bytearray()
        self._sock = socket.socket(socket.AF_UNIX)
        try:
            self._sock.settimeout(_left(until))
            self._sock.connect(str(path))
        except BaseException:
            self._sock.close()
            raise

    def write(self, line: bytes, until: float) -> None:
        self._sock.settimeout(_left(until))
        # The end of a line that somebody before could not finish.
        self._sock.sendall(b"\n" + line + b"\n")

    def read(self, until: float) -> bytes:
        while (end := self._received.find(b"\n")) < 0:
            self._sock.settimeout(_left(until))
            data = self._sock.recv(1 << 16)
            if not data:
                raise ConnectionError("the other end has closed")
            self._received += data
            if len(self._received) > 2 * LINE_LIMIT:
                raise ConnectionError("an answer without an end")
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line if line else self.read(until)

    def close(self) -> None:
        self._sock.close()


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("no answer")
    return left


def _batches(events: Sequence[Event]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for event in events:
        raw = event_as_json(event)
        length = len(dump(raw)) + 1
        if batch and size + length > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(raw)
        size += length
    if batch:
        yield batch
