"""What a guest and its host say of events: JSON, a request or an answer a line.

::

    → 7 {"id": "0f…", "do": "append", "events": [{…, "is_foreign": false}, …]}
    → 7 {"id": "1e…", "do": "append_first", "event": {…}}
    → 7 {"id": "2d…", "do": "read", "kind": "", "task": "", "start": 0}
    ← 7 {"id": "0f…", "count": 1, "notice": ""}
    ← 7 {"id": "2d…", "events": […], "next": 500, "notice": ""}     next: null at the end
    ← 7 {"id": "1e…", "error": {"type": "Blocked", "what": "…", "why": "…", "hint": "…"}}

The number is who asks: a multiplexer puts it there, and the answer goes back with it. Whoever has
a stream alone leaves it out. Each message begins with the end of a line, too: what somebody could
not finish before it is a line of its own then, and makes no sense; empty lines mean nothing. An id
is drawn for each request and kept when the request is repeated.

Knows nothing about sockets. Source: RFC 8259 (JSON).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from labkit.core.errors import BadInput, Blocked, LabkitError, SystemFault, TimedOut
from labkit.grading.events import Event, clean, read_event

LINE_LIMIT = 1 << 20
"""Bytes of a line. The largest event has 44 KB, an ordinary one 200 bytes."""

_ERRORS = {kind.__name__: kind for kind in (BadInput, Blocked, SystemFault, TimedOut)}


class Events(Protocol):
    """Where events are kept: a file, or the host."""

    @property
    def path(self) -> Path:
        """The file, or the socket."""

    @property
    def notice(self) -> str:
        """What the learner should know, such as that the file was damaged; else empty."""

    def append(self, *events: Event) -> int:
        """Writes events, all or none but those that are there; returns how many were added."""

    def append_first(self, event: Event) -> None:
        """Writes an event unless there is one of its kind that is not foreign."""

    def read(self, *, kind: str = "", task: str = "") -> list[Event]:
        """The events in the order in which they were written, of one kind or task if given."""

    def close(self) -> None:
        """Lets go; the store opens again when it is next used."""


def dump(message: Mapping[str, Any]) -> bytes:
    """A message as a line, without its end."""
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")


def load(line: bytes) -> dict[str, Any]:
    """A message from a line, whoever wrote it.

    Raises:
        BadInput: it is none.
    """
    try:
        found = json.loads(line, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise BadInput("this is no message", why=str(error)[:200]) from error
    if not isinstance(found, dict):
        raise BadInput("this is no message", why="it is no JSON object")
    return found


def event_as_json(event: Event) -> dict[str, Any]:
    """An event, and whether it is foreign: an export leaves that out, for all of its are."""
    return event.as_json() | {"is_foreign": event.is_foreign}


def event_from_json(raw: object, where: str) -> Event:
    """An event from a message, held to the same rules as one from an export.

    Raises:
        BadInput: it has not the form of an event.
    """
    if not isinstance(raw, dict) or not isinstance(raw.get("is_foreign"), bool):
        raise BadInput(f"{where} is no event", why="it must be an object that says is_foreign")
    parts = {name: value for name, value in raw.items() if name != "is_foreign"}
    return read_event(parts, where=where, is_foreign=raw["is_foreign"])


def error_as_json(error: LabkitError) -> dict[str, Any]:
    """An error as an answer."""
    kind = next((name for name, one in _ERRORS.items() if isinstance(error, one)), "SystemFault")
    words = {name: getattr(error, name) for name in ("what", "why", "hint")}
    return {"type": kind, **words, "errno": getattr(error, "errno", 0)}


def error_from_json(raw: object) -> LabkitError:
    """The error that an answer tells of: of the same class, in the same words."""
    said = raw if isinstance(raw, dict) else {}
    kind = _ERRORS.get(str(said.get("type")), SystemFault)
    error = kind.__new__(kind)
    words = [clean(str(said.get(name, ""))) for name in ("what", "why", "hint")]
    LabkitError.__init__(error, words[0] or "the host refuses", why=words[1], hint=words[2])
    for name, value in (("errno", said.get("errno", 0)), ("last_seen", ""), ("capability", "")):
        setattr(error, name, value)
    return error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return made
