"""The host's side of a guest's progress: what comes is judged as if a stranger had written it.

Each line is bounded, each event held to the rules of an import, what is written counted, and a
guest that asks without end waits. A line that makes no sense is answered with an error; the next
one is as good as any.

Sources: unix(7); :mod:`labkit.grading.messages`.
"""

from __future__ import annotations

import re
import socket
import time
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any

from labkit.core.errors import BadInput, LabkitError, SystemFault
from labkit.grading.events import DIGEST, FORMS, NAME
from labkit.grading.exports import EVENTS_LIMIT, SIZE_LIMIT_BYTES
from labkit.grading.messages import (
    LINE_LIMIT,
    Events,
    dump,
    error_as_json,
    event_as_json,
    event_from_json,
    load,
)

REQUESTS_PER_S, BURST = 50.0, 200
"""A notebook with all its checks on the screen asks a dozen times a second at most."""

_PREFIX = re.compile(rb"(\d{1,9} )?(.*)", re.DOTALL)
_PAGE_BYTES = LINE_LIMIT // 2
_REMEMBERED = 64
"""Answers kept for those who did not hear them; each is a count."""


def serve_events(sock: socket.socket, store: Events, *, per_s: float = REQUESTS_PER_S) -> None:
    """Answers requests until the other end has gone. May run in a thread.

    Args:
        sock: a connected stream, blocking; it stays open.
        store: where the events are kept. Closed at the end.
        per_s: how many requests are answered in a second; more wait.
    """
    service = _Service(store)
    pace = _Pace(per_s)
    try:
        for line in _lines(sock):
            match = _PREFIX.fullmatch(line)
            prefix, content = match.groups() if match else (None, line)
            pace.wait()
            sock.sendall(b"\n" + (prefix or b"") + dump(service.answer(content)) + b"\n")
    except OSError:
        return  # the machine has ended
    finally:
        store.close()


def _lines(sock: socket.socket) -> Iterator[bytes]:
    """Lines that are not empty. What is too long comes cut off, as one line: it makes no sense."""
    received, is_skipped = bytearray(), False
    while data := sock.recv(1 << 16):
        received += data
        *lines, rest = received.split(b"\n")
        for line in lines:
            if line and not is_skipped:
                yield bytes(line)
            is_skipped = False
        received = rest
        if len(received) > LINE_LIMIT:
            if not is_skipped:
                yield bytes(received[:20])
            received, is_skipped = bytearray(), True


class _Pace:
    """Lets a burst through, and after it so many a second."""

    def __init__(self, per_s: float) -> None:
        self._every_s, self._next = 1 / per_s, 0.0

    def wait(self) -> None:
        now = time.monotonic()
        self._next = max(self._next, now - BURST * self._every_s) + self._every_s
        if self._next > now:
            time.sleep(self._next - now)


class _Service:
    """Answers, and what they may still cost."""

    def __init__(self, store: Events) -> None:
        self._store = store
        self._bytes_left = SIZE_LIMIT_BYTES
        self._events_left = -1  # not counted yet
        self._answered: OrderedDict[str, dict[str, Any]] = OrderedDict()

    def answer(self, line: bytes) -> dict[str, Any]:
        """The answer to one line, an error included."""
        id = ""
        try:
            request = load(line)
            if not DIGEST.holds(request.get("id")):
                raise BadInput("a request needs an id", why=f"it should be {DIGEST.says}")
            id = request["id"]
            if id not in self._answered:
                return {"id": id, **self._do(request, len(line)), "notice": self._store.notice}
            return self._answered[id]
        except LabkitError as error:
            return {"id": id, "error": error_as_json(error)}
        except Exception as error:  # whatever it is, the next request may be a sound one
            fault = SystemFault("record progress", why=f"{type(error).__name__}: {error}"[:200])
            return {"id": id, "error": error_as_json(fault)}

    def _do(self, request: dict[str, Any], size: int) -> dict[str, Any]:
        match request:
            case {"id": id, "do": "append", "events": list(raws), **rest} if not rest:
                events = [event_from_json(raw, f"events[{at}]") for at, raw in enumerate(raws)]
                self._pay(size, len(events))
                count = self._store.append(*events)
                self._events_left -= count
                return self._remember(id, {"count": count})
            case {"id": _, "do": "append_first", "event": raw, **rest} if not rest:
                event = event_from_json(raw, "event")
                self._pay(size, 1)
                self._store.append_first(event)
                self._events_left -= 1
                return {}
            case {"id": _, "do": "read", "kind": kind, "task": task, "start": start, **rest}:
                if (
                    rest
                    or kind not in ("", *FORMS)
                    or not NAME.holds(task)
                    or type(start) is not int
                ):
                    raise BadInput("this cannot be read", why="kind, task and start must be such")
                return self._page(kind, task, max(start, 0))
        raise BadInput("this is no request", why="see labkit.grading.messages")

    def _pay(self, size: int, count: int) -> None:
        """Counts what is written: a guest cannot fill the disk, and what there is can be exported.

        Raises:
            BadInput: there is no more room.
        """
        if self._events_left < 0:
            self._events_left = max(0, EVENTS_LIMIT - len(self._store.read()))
        if count > self._events_left or size > self._bytes_left:
            raise BadInput(
                "your progress cannot grow any more",
                why=f"{EVENTS_LIMIT} events, and {SIZE_LIMIT_BYTES} bytes a machine, are the most",
                hint="What was recorded before is safe",
            )
        self._bytes_left -= size

    def _remember(self, id: str, answer: dict[str, Any]) -> dict[str, Any]:
        self._answered[id] = {"id": id, **answer, "notice": self._store.notice}
        if len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        return answer

    def _page(self, kind: str, task: str, start: int) -> dict[str, Any]:
        found = self._store.read(kind=kind, task=task)
        page: list[dict[str, Any]] = []
        size = 0
        for event in found[start:]:
            raw = event_as_json(event)
            size += len(dump(raw)) + 1
            if page and size > _PAGE_BYTES:
                break
            page.append(raw)
        end = start + len(page)
        return {"events": page, "next": end if end < len(found) else None}
