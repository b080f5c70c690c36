"""The host's end of the port ``agent``: what is said to PID 1 of a machine, and what it tells.

Knows nothing about what the words are for; ``labkit.machine.guest.agent`` lists them.
"""

from __future__ import annotations

import json
import select
import socket
import time
from collections import deque
from typing import Any

from labkit.core.errors import SystemFault, TimedOut

Event = dict[str, Any]

_LONGEST = 1 << 20
"""An event is a line; a guest that sends a longer one is not ours any more."""


class Agent:
    """PID 1 of a machine, as its host sees it.

    Args:
        sock: the host's end of the port.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._bytes = bytearray()
        self._events: deque[Event] = deque()

    def fileno(self) -> int:
        """To be polled: there is something to :meth:`read` when it can be read."""
        return self._sock.fileno()

    def tell(self, op: str, **values: object) -> None:
        """Says what is to be done.

        Raises:
            SystemFault: the machine has ended.
        """
        try:
            self._sock.sendall(json.dumps({"op": op, **values}).encode() + b"\n")
        except OSError as error:
            raise _gone() from error

    def read(self) -> list[Event]:
        """What it has told since: read once, without waiting.

        Raises:
            SystemFault: the machine has ended.
        """
        if select.select([self._sock], [], [], 0)[0]:
            self._receive()
        events, self._events = list(self._events), deque()
        return events

    def take(self, event: str, within_s: float = 0.0) -> Event | None:
        """What it has told of ``event``, if it has: read once, when it tells anything in time.

        Raises:
            SystemFault: the machine has ended, or something failed in it.
        """
        if select.select([self._sock], [], [], within_s)[0]:
            self._receive()
        return self._find(event)

    def wait_for(self, event: str, timeout_s: float) -> Event:
        """Waits until it tells of ``event``; what it tells before is kept for :meth:`read`.

        Raises:
            SystemFault: the machine has ended, or something failed in it. TimedOut: not in time.
        """
        deadline = time.monotonic() + timeout_s
        while not (told := self._find(event)):
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not select.select([self._sock], [], [], left_s)[0]:
                seen = ", ".join(str(one.get("event")) for one in self._events)
                raise TimedOut(
                    f"{event!r} from the machine", after_s=timeout_s, last_seen=seen or "nothing"
                )
            self._receive()
        return told

    def _find(self, event: str) -> Event | None:
        for told in self._events:
            if told.get("event") in (event, "error"):
                self._events.remove(told)
                if told["event"] != event:
                    raise SystemFault("use the machine", why=str(told.get("text"))[-1500:])
                return told
        return None

    def _receive(self) -> None:
        try:
            data = self._sock.recv(65536)
        except OSError:
            data = b""
        if not data or len(self._bytes) > _LONGEST:
            raise _gone()
        *lines, rest = (bytes(self._bytes) + data).split(b"\n")
        self._bytes = bytearray(rest)
        for line in filter(None, lines):
            try:
                told = json.loads(line)
            except ValueError as error:
                raise _gone("it does not speak our language any more") from error
            if isinstance(told, dict):
                self._events.append(told)


def _gone(why: str = "it has ended") -> SystemFault:
    return SystemFault("reach the machine of this notebook", why=why)
