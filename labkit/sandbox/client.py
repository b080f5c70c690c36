"""The session's end of the helper: starts it when first needed, asks, and reads the answers.

Safe for threads: one request at a time. Knows nothing about what a request means.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from labkit.core.errors import BadInput, Blocked, SystemFault, TimedOut
from labkit.core.session import Session, current_session, opened_session, undo_journal
from labkit.sandbox.cgroups import Place
from labkit.sandbox.helper import apart, wire
from labkit.sandbox.helper.wire import Message

_BOOT = Path(__file__).parent / "helper" / "boot.py"

_ANSWER_S = 30.0
"""The helper answers within its own deadlines of 10 s and 2 s, however bad things are."""

_END_S = 10.0
"""How long the helper may take to end its sandboxes and itself."""


class Refusal(Exception):
    """The helper could not do a step: ``step`` and ``errno`` say which and why."""

    def __init__(self, step: str, errno: int) -> None:
        super().__init__(step)
        self.step, self.errno = step, errno


class Client:
    """A helper and the socket to it.

    Args:
        session: the session that owns what the helper makes.
        place: where its networks lie; see ``labkit.sandbox.helper.apart``.

    Raises:
        Blocked: the session's folder cannot be written.
    """

    def __init__(self, session: Session, place: str = apart.MACHINES) -> None:
        self.session, self._place = session, place
        self._lock = threading.Lock()
        self._places: dict[str, Place] | None = None
        self._asked = 0
        self._start()
        session.on_close(self.close)

    def _start(self) -> None:
        try:
            (self.session.folder / "stage").mkdir(exist_ok=True)
            self._sock, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        except OSError as error:
            raise Blocked(
                "the helper that runs sandboxes cannot be started",
                why=f"{error.filename or 'its socket'}: {error.strerror}",
                hint="Make room there, or set LABKIT_HOME to a folder that you can write",
                capability="sandbox",
            ) from error
        self._sock.settimeout(_ANSWER_S)
        # The lock goes along: the session counts as alive until the helper has cleaned up.
        inherited = [theirs.fileno(), self.session.lock_fd]
        command = [sys.executable, "-I", "-S", str(_BOOT), *map(str, inherited)]
        command += [str(self.session.folder), str(os.getpid()), self._place]
        with theirs:
            self._process = subprocess.Popen(
                command,
                pass_fds=inherited,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
                cwd="/",
            )

    def places(self, *controllers: str) -> dict[str, Place]:
        """For ``memory``, ``pids`` and further controllers, where this user may make cgroups."""
        if self._places is None or not self._places.keys() >= {*controllers}:
            reply, _ = self.ask({"op": "hello", "controllers": controllers})
            self._places = {name: Place(*place) for name, place in reply["places"].items()}
        return self._places

    @property
    def is_apart(self) -> bool:
        """Whether the helper is root in namespaces of its own."""
        return self._place == apart.WANTED

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
            TimedOut: it does not answer.
        """
        with self._lock:
            self._asked += 1
            try:
                wire.send(self._sock, {**message, "id": self._asked}, fds)
                reply, received = self._receive(self._asked)
            except BrokenPipeError:
                reply, received = None, []
            except TimeoutError:
                raise TimedOut(
                    "the answer of the helper that runs the sandboxes",
                    after_s=_ANSWER_S,
                    last_seen=f"process {self.pid} does not answer",
                    hint="Restart the kernel: that ends it",
                ) from None
            except OSError as error:
                raise _unsendable(error) from error
            if reply is None:
                self._start_again()
                raise SystemFault(
                    "reach the helper that runs the sandboxes",
                    why="it has been killed, and every sandbox of this session with it",
                    hint="A new helper is ready: run the cell again",
                )
        reply.pop("id")
        if "error" in reply:
            raise Refusal(reply["error"]["step"], reply["error"]["errno"])
        return reply, received

    def _receive(self, number: int) -> tuple[Message | None, list[int]]:
        """The reply to request ``number``; those to requests that were interrupted come before."""
        while True:
            reply, received = wire.receive(self._sock)
            if reply is None or reply["id"] == number:
                return reply, received
            for fd in received:
                os.close(fd)

    def _start_again(self) -> None:
        self._sock.close()
        self._wait()
        undo_journal(self.session.folder)
        self._start()

    def _wait(self) -> None:
        try:
            self._process.wait(timeout=_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """Ends the helper and every sandbox it runs."""
        with contextlib.suppress(OSError):  # it has gone already
            wire.send(self._sock, {"op": "bye", "id": 0})
        self._sock.close()
        self._wait()


def client() -> Client:
    """The client of this process's session; started at the first call."""
    session = current_session()
    return session.part("sandbox helper", lambda: Client(session))


def client_apart() -> Client:
    """The client of a helper that is root in namespaces of its own: for a user's networks.

    Its session is one within this process's, for each helper writes a journal of its own.
    """
    session = current_session()
    return session.part("helper apart", lambda: Client(session.open_inner(), apart.WANTED))


def clients() -> list[Client]:
    """The clients of this process's session that were started so far."""
    session = opened_session()
    return session.parts(Client) if session else []


def _unsendable(error: OSError) -> BadInput | SystemFault:
    if error.errno == errno.EMSGSIZE:
        return BadInput(
            "the command is too long",
            why=f"arguments and environment together may have {wire.MAX_BYTES // 1000} kB",
            hint="Give the sandbox long data as its input, or in a file",
        )
    return SystemFault("ask the helper that runs the sandboxes", errno=error.errno or 0)
