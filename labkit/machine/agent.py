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

    def wait_for(self, event: str, timeout_s: float) -> Event:
        """Waits until it tells of ``event``; what it tells before is kept for :meth:`read`.

        Raises:
            SystemFault: the machine has ended, or something failed in it. TimedOut: not in time.
        """
        deadline = time.monotonic() + timeout_s
        seen: list[str] = []
        waiting: deque[Event] = deque()
        while True:
            while self._events:
                told = self._events.popleft()
                if told.get("event") == event:
                    self._events.extendleft(reversed(waiting))
                    return told
                if told.get("event") == "error":
                    raise SystemFault("use the machine", why=str(told.get("text"))[-1500:])
                seen.append(str(told.get("event")))
                waiting.append(told)
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not select.select([self._sock], [], [], left_s)[0]:
                last = ", ".join(seen) or "nothing"
                raise TimedOut(f"{event!r} from the machine", after_s=timeout_s, last_seen=last)
            self._receive()

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
