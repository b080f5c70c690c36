"""QEMU's control protocol: a command and its answer, one JSON object a line.

One request at a time, over a socket that nobody else has. Events are left out, save for those that
say how the machine ended. Source: the QEMU Machine Protocol specification (docs/interop/qmp-spec).
"""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Sequence
from typing import Any

from labkit.core.errors import SystemFault, TimedOut

_ANSWER_S = 20.0
"""The longest wait for an answer: QEMU starts, or the disk is slow."""

Message = dict[str, Any]


class Qmp:
    """A connection to a QEMU that has just been started.

    Args:
        sock: a connected stream socket; closed with this object.

    Raises:
        SystemFault: QEMU has gone. TimedOut: it does not answer.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._sock.settimeout(_ANSWER_S)
        self._lines = sock.makefile("rb")
        self.events: list[Message] = []
        try:
            self._read()  # the greeting
            self.ask("qmp_capabilities")
        except BaseException:
            self.close()
            raise

    def ask(self, command: str, /, fds: Sequence[int] = (), **arguments: Any) -> Any:
        """Has a command done and returns what it returns.

        Args:
            command: its name.
            fds: open files that go with it (for ``getfd``).
            arguments: of the command; ``_`` in a name stands for ``-``.
        """
        named = {name.replace("_", "-"): value for name, value in arguments.items()}
        raw = json.dumps({"execute": command, "arguments": named}).encode() + b"\n"
        try:
            socket.send_fds(self._sock, [raw], list(fds))
        except OSError as error:
            raise self._gone(command) from error
        while True:
            answer = self._read(command)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise SystemFault(f"have QEMU do {command}", why=answer["error"]["desc"])
            self.events.append(answer)

    def wait_until_saved(self, timeout_s: float) -> None:
        """Waits until the state of the machine has been written, or read.

        Raises:
            SystemFault: QEMU could not. TimedOut: not in time.
        """
        deadline = time.monotonic() + timeout_s
        while True:
            state = self.ask("query-migrate").get("status", "none")
            if state == "completed":
                return
            if state in ("failed", "cancelled"):
                raise SystemFault("save or restore the machine", why=f"QEMU says: {state}")
            if time.monotonic() > deadline:
                raise TimedOut("the state of the machine", after_s=timeout_s, last_seen=state)
            time.sleep(0.005)

    def close(self) -> None:
        """Lets go of the connection."""
        self._lines.close()
        self._sock.close()

    def _read(self, command: str = "start") -> Message:
        try:
            line = self._lines.readline()
        except TimeoutError:
            raise TimedOut(
                f"QEMU's answer to {command}", after_s=_ANSWER_S, last_seen="nothing"
            ) from None
        except OSError:
            line = b""
        if not line:
            raise self._gone(command)
        answer: Message = json.loads(line)
        return answer

    def _gone(self, command: str) -> SystemFault:
        return SystemFault(f"have QEMU do {command}", why="it has ended")
