"""The session's end of the helper: starts it when first needed, asks, and reads the answers.

Safe for threads: one request at a time. Knows nothing about what a request means.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput, Blocked, SystemFault
from labkit.core.session import Session, current_session
from labkit.sandbox.cgroups import Place
from labkit.sandbox.helper import wire
from labkit.sandbox.helper.wire import Message

_BOOT = Path(__file__).parent / "helper" / "boot.py"

_HELP = {
    1: "cgroup v1 cannot be handed to a user: run the lab as root, or on a machine with cgroup v2",
    2: "Have groups delegated to you: `systemd-run --user --scope -p Delegate=yes labkit lab`, "
    "or run the lab as root",
}
"""cgroup version to what would help a user without groups."""


class Refusal(Exception):
    """The helper could not do a step: ``step`` and ``errno`` say which and why."""

    def __init__(self, step: str, errno: int) -> None:
        super().__init__(step)
        self.step, self.errno = step, errno


class Client:
    """A helper and the socket to it.

    Args:
        session: the session that owns what the helper makes.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self._lock = threading.Lock()
        self._places: dict[str, Place] | None = None
        self._start()
        session.on_close(self.close)

    def _start(self) -> None:
        (self.session.folder / "stage").mkdir(exist_ok=True)
        self._sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        command = [sys.executable, "-I", "-S", str(_BOOT), str(theirs.fileno())]
        command += [str(self.session.folder), str(os.getpid())]
        self._process = subprocess.Popen(
            command,
            # The lock goes along: the session counts as alive until the helper has cleaned up.
            pass_fds=[theirs.fileno(), self.session.lock_fd],
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
        )
        theirs.close()

    def places(self) -> dict[str, Place]:
        """For each controller, where this user may make cgroups."""
        if self._places is None:
            reply, _ = self.ask({"op": "hello"})
            self._places = {name: Place(*place) for name, place in reply["places"].items()}
        return self._places

    def check_limits(self, limits: Iterable[str]) -> None:
        """Raises :class:`Blocked` when one of ``limits`` cannot be set by this user here."""
        for name in limits:
            place = self.places()[name.partition(".")[0]]
            if not place.base:
                raise Blocked(
                    f"{name} cannot be set on this machine",
                    why=place.why_not,
                    hint=_HELP[place.version],
                    capability="limits",
                )

    @property
    def pid(self) -> int:
        """PID of the helper."""
        return self._process.pid

    def ask(self, message: Message, fds: Sequence[int] = ()) -> tuple[Message, list[int]]:
        """Sends a request and waits for its reply.

        Raises:
            Refusal: the helper could not do it.
            BadInput: the request is too large.
            SystemFault: the helper has gone.
        """
        with self._lock:
            try:
                wire.send(self._sock, message, fds)
                reply, received = wire.receive(self._sock)
            except BrokenPipeError:
                reply, received = None, []
            except OSError as error:
                raise BadInput(
                    "the command is too long", why=f"{error.strerror}; arguments and environment "
                    f"together may have {wire.MAX_BYTES // 1000} kB"
                ) from error  # fmt: skip
            if reply is None:
                self._start_again()
                raise SystemFault(
                    "reach the helper that runs the sandboxes",
                    why="it has been killed, and every sandbox of this session with it",
                    hint="A new helper is ready: run the cell again",
                )
        if "error" in reply:
            raise Refusal(reply["error"]["step"], reply["error"]["errno"])
        return reply, received

    def _start_again(self) -> None:
        from labkit.core.session import undo_journal

        self._sock.close()
        self._process.wait()
        undo_journal(self.session.folder)
        self._start()

    def close(self) -> None:
        """Ends the helper and every sandbox it runs."""
        self._sock.close()
        self._process.wait(timeout=10)


@cache
def _clients() -> dict[str, Any]:
    return {}


def client() -> Client:
    """The client of this process's session; started at the first call."""
    session = current_session()
    clients = _clients()
    if session.id not in clients:
        clients[session.id] = Client(session)
    found: Client = clients[session.id]
    return found
