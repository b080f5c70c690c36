"""The door of a machine: a unix socket in its session's folder, for terminals in it.

Whoever comes is told about the machine, in a line of JSON. Then come lines of theirs (``op``):
``open`` (they get the host's end of the port ``terminal``, SCM_RIGHTS, with ``opened``; or
``refused``), ``run`` and ``resize``, as PID 1 knows them. What PID 1 tells of the command comes
back. One has the terminal at a time; when they go, what runs on it ends.

Its owner's loop is never held up: who does not read what they are told is sent away, and what a
machine does not take at once is not said to it.

Sources: unix(7) (SCM_RIGHTS, SO_PEERCRED), epoll(7).
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from labkit.core.errors import LabkitError
from labkit.machine.agent import Agent, Event
from labkit.machine.unix_socket import listen

NAME = "door"

_CHUNK = 65536
_LONGEST = 32 << 10
"""Of a line. It fits into a socket that can be written at all (a quarter of 212,992 bytes)."""

_MOST = 8
"""Visitors at a time: one in the terminal, and some that look."""

_LARGEST_SIZE = 0xFFFF
"""Of a terminal: rows and columns have 16 bits."""

_TOLD = ("started", "ended", "error")
"""What PID 1 tells of a command."""

_IN_USE = "another terminal is open in this machine"


@dataclass
class _Visitor:
    sock: socket.socket
    line: bytearray = field(default_factory=bytearray)


class Door:
    """A socket that answers as long as its owner calls :meth:`serve`.

    Args:
        folder: where it is; its mode is 0700.
        agent: PID 1 of the machine.
        terminal: the host's end of the port.
        about: what every visitor is told.
        env: variables that every command gets: the notebook's.
    """

    def __init__(
        self,
        folder: Path,
        agent: Agent,
        terminal: socket.socket,
        about: Mapping[str, Any],
        env: Mapping[str, str],
    ) -> None:
        self._agent, self._terminal, self._about = agent, terminal, dict(about)
        self._env = dict(env)
        self._visitors: dict[int, _Visitor] = {}
        self._holder: _Visitor | None = None
        self._is_running = False
        self._listener = listen(folder, NAME, _MOST)
        self._poll = select.epoll()
        self._poll.register(self._listener, select.EPOLLIN)

    def fileno(self) -> int:
        """Can be read when somebody is at the door."""
        return self._poll.fileno()

    def serve(self) -> None:
        """Sees to who has come and to what they said, without waiting."""
        for fd, _ in self._poll.poll(0):
            if fd == self._listener.fileno():
                self._welcome()
            elif visitor := self._visitors.get(fd):
                self._hear(visitor)

    def tell(self, event: Event) -> None:
        """Passes on what PID 1 tells of the command in the terminal."""
        if event.get("event") not in _TOLD:
            return
        if event["event"] != "started":
            self._is_running = False
        if self._holder:
            self._say(self._holder, **event)
        else:
            self._forget_output()

    def notice(self, text: str) -> None:
        """Tells whoever has the terminal what the machine's user should know."""
        if self._holder:
            self._say(self._holder, event="notice", text=text)

    def close(self) -> None:
        """Sends everybody away. Safe to call twice."""
        for visitor in list(self._visitors.values()):
            visitor.sock.close()
        self._visitors.clear()
        self._listener.close()
        self._poll.close()

    # -- visitors ----------------------------------------------------------------------------------

    def _welcome(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:  # they have gone, or no descriptor is left
            return
        sock.setblocking(False)
        if _user_of(sock) != os.getuid() or len(self._visitors) >= _MOST:
            sock.close()
            return
        visitor = self._visitors[sock.fileno()] = _Visitor(sock)
        self._poll.register(sock, select.EPOLLIN)
        self._say(visitor, event="machine", **self._about)

    def _hear(self, visitor: _Visitor) -> None:
        try:
            data = visitor.sock.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        *lines, rest = (bytes(visitor.line) + data).split(b"\n")
        visitor.line = bytearray(rest)
        if not data or max(map(len, (*lines, rest))) > _LONGEST:
            self._send_away(visitor)
            return
        for line in lines:
            if visitor.sock.fileno() >= 0:
                self._do(visitor, _read(line))

    def _do(self, visitor: _Visitor, asked: Event) -> None:
        does: dict[object, Callable[[_Visitor, Event], None]] = {
            "open": self._open, "run": self._run, "resize": self._resize
        }  # fmt: skip
        op = asked.get("op")
        do = does.get(op) if isinstance(op, str) else None
        if do is None:
            self._refuse(visitor, "this is not said at the door of a machine")
        elif do != self._open and visitor is not self._holder:
            self._refuse(visitor, "the terminal is somebody else's, or was not opened")
        else:
            do(visitor, asked)

    def _open(self, visitor: _Visitor, _: Event) -> None:
        if self._holder or self._is_running:
            self._refuse(visitor, _IN_USE)
            return
        self._forget_output()
        self._holder = visitor
        line = json.dumps({"event": "opened"}).encode() + b"\n"
        try:
            socket.send_fds(visitor.sock, [line], [self._terminal.fileno()])
        except OSError:
            self._send_away(visitor)

    def _run(self, visitor: _Visitor, asked: Event) -> None:
        if self._is_running:
            self._refuse(visitor, "a command runs in it")
        elif not _is_run(asked):
            self._refuse(visitor, "the command cannot be understood")
        elif not self._pass_on({**asked, "env": {**self._env, **asked["env"]}}):
            self._refuse(visitor, "the machine does not listen now")
        else:
            self._is_running = True

    def _resize(self, _: _Visitor, asked: Event) -> None:
        size = {name: asked.get(name) for name in ("rows", "columns")}
        if _are_sizes(list(size.values())):
            self._pass_on({"op": "resize", **size})

    def _pass_on(self, asked: Event) -> bool:
        """Says it to PID 1, when that takes it at once."""
        if not select.select([], [self._agent], [], 0)[1]:
            return False
        with contextlib.suppress(LabkitError):  # it has ended: its owner will hear so
            self._agent.tell(**asked)
        return True

    def _send_away(self, visitor: _Visitor) -> None:
        fd = visitor.sock.fileno()
        if fd < 0:
            return
        self._poll.unregister(fd)
        del self._visitors[fd]
        visitor.sock.close()
        if visitor is not self._holder:
            return
        self._holder = None
        if self._is_running:  # until PID 1 says that it has ended
            with contextlib.suppress(LabkitError):
                self._agent.tell("hangup")

    def _refuse(self, visitor: _Visitor, why: str) -> None:
        self._say(visitor, event="refused", why=why)

    def _say(self, visitor: _Visitor, **values: Any) -> None:
        line = json.dumps(values).encode() + b"\n"
        try:
            is_said = visitor.sock.send(line) == len(line)
        except OSError:
            is_said = False
        if not is_said:
            self._send_away(visitor)

    def _forget_output(self) -> None:
        """What a command wrote for somebody who has gone is not for the next one."""
        with contextlib.suppress(OSError):
            while self._terminal.recv(_CHUNK, socket.MSG_DONTWAIT):
                pass


def _user_of(sock: socket.socket) -> int:
    _, uid, _ = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(uid)


def _read(line: bytes) -> Event:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _is_run(asked: Event) -> bool:
    argv, env, size = asked.get("argv"), asked.get("env"), asked.get("size")
    is_command = isinstance(argv, list) and argv and all(isinstance(word, str) for word in argv)
    is_env = isinstance(env, dict) and all(isinstance(value, str) for value in env.values())
    is_size = size is None or (isinstance(size, list) and len(size) == 2 and _are_sizes(size))
    is_whole = isinstance(asked.get("cwd"), str) and isinstance(asked.get("id"), int)
    known = {"op", "id", "argv", "env", "cwd", "size"}
    return bool(is_command and is_env and is_size and is_whole and set(asked) == known)


def _are_sizes(values: list[Any]) -> bool:
    return all(type(value) is int and 0 <= value <= _LARGEST_SIZE for value in values)
