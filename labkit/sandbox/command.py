"""One command that runs in a sandbox: its output, its end, and what it used.

Knows nothing about namespaces: the helper has started the process and tells its end.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import time
from dataclasses import dataclass
from typing import Any

from labkit.core.errors import TimedOut

_CHUNK = 65536


@dataclass(frozen=True)
class Result:
    """How a command ended.

    Attributes:
        exit_code: its exit status; minus the signal's number when a signal ended it.
        stdout: what it wrote to standard output, as text (undecodable bytes replaced).
        stderr: what it wrote to standard error.
        wall_s: seconds from the request until its end.
        user_s: CPU seconds in user mode, its waited-for children included.
        system_s: CPU seconds in the kernel, likewise.
        is_oom_killed: whether the kernel killed a process of the sandbox for want of memory.
    """

    exit_code: int
    stdout: str
    stderr: str
    wall_s: float
    user_s: float
    system_s: float
    is_oom_killed: bool = False

    def __repr__(self) -> str:
        shown = (
            f"{name}={text!r}" for name in ("stdout", "stderr") if (text := getattr(self, name))
        )
        parts = [f"exit_code={self.exit_code}", *shown]
        if self.is_oom_killed:
            parts.append("is_oom_killed=True")
        return f"Result({', '.join(parts)})"


class Command:
    """A started command. ``status_fd`` and the output descriptors are read, then closed."""

    def __init__(self, pid: int, status_fd: int) -> None:
        self.pid = pid
        self._status_fd = status_fd
        self._outputs: dict[str, int] = {}
        self._report: dict[str, Any] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether its end has been told."""
        return self.poll() is not None

    def poll(self) -> dict[str, Any] | None:
        """The report of its end, or None while it runs."""
        if self._report is None and is_readable(self._status_fd, 0):
            self._read_report()
        return self._report

    def wait(self, timeout_s: float | None) -> dict[str, Any]:
        """Waits for its end. Raises :class:`TimedOut`."""
        if self._report is None:
            if not is_readable(self._status_fd, timeout_s):
                raise TimedOut(
                    "the end of the command", after_s=timeout_s or 0, last_seen="it runs"
                )
            self._read_report()
        report: dict[str, Any] = self._report or {}
        return report

    def communicate(
        self, text: str | bytes | None, stdin_fd: int, timeout_s: float | None
    ) -> Result:
        """Feeds standard input, collects the output, and waits for the end.

        Raises:
            TimedOut: the deadline passed; the command still runs.
        """
        started = time.monotonic()
        collected = self._pump(_as_bytes(text), stdin_fd, started, timeout_s)
        left = None if timeout_s is None else max(0.0, started + timeout_s - time.monotonic())
        if not is_readable(self._status_fd, left):
            seen = f"it runs, and has written {collected['stdout'][-200:]!r}"
            raise TimedOut("the end of the command", after_s=timeout_s or 0, last_seen=seen)
        report = self.wait(left)
        report = {**report, "wall_s": max(report["wall_s"], time.monotonic() - started)}
        return Result(stdout=collected["stdout"], stderr=collected["stderr"], **report)

    def _pump(
        self, data: bytes, stdin_fd: int, started: float, timeout_s: float | None
    ) -> dict[str, str]:
        chunks: dict[str, list[bytes]] = {"stdout": [], "stderr": []}
        with selectors.DefaultSelector() as selector:
            for name, fd in self._outputs.items():
                selector.register(fd, selectors.EVENT_READ, name)
            if stdin_fd >= 0:
                os.set_blocking(stdin_fd, False)
                selector.register(stdin_fd, selectors.EVENT_WRITE, "stdin")
            selector.register(self._status_fd, selectors.EVENT_READ, "status")
            while any(key.data in chunks for key in selector.get_map().values()):
                left = None if timeout_s is None else started + timeout_s - time.monotonic()
                if left is not None and left <= 0:
                    break
                for key, _ in selector.select(left):
                    if key.data == "stdin":
                        data = _feed(selector, key.fd, data)
                    elif key.data == "status":
                        selector.unregister(key.fd)  # the rest of the output is in the pipes
                    elif raw := os.read(key.fd, _CHUNK):
                        chunks[key.data].append(raw)
                    else:
                        selector.unregister(key.fd)
        self.close_outputs()
        with contextlib.suppress(OSError):
            if stdin_fd >= 0 and data:
                os.close(stdin_fd)
        return {name: b"".join(parts).decode(errors="replace") for name, parts in chunks.items()}

    def adopt(self, outputs: dict[str, int]) -> None:
        """Takes over the reading ends of its ``stdout`` and ``stderr``."""
        self._outputs = outputs

    def close_outputs(self) -> None:
        """Stops listening."""
        for fd in self._outputs.values():
            os.close(fd)
        self._outputs = {}

    def _read_report(self) -> None:
        raw = os.read(self._status_fd, _CHUNK)
        os.close(self._status_fd)
        self._status_fd = -1
        # Nothing written: the helper was killed, and the command with it.
        lost = {"exit_code": -9, "wall_s": 0.0, "user_s": 0.0, "system_s": 0.0}
        self._report = json.loads(raw) if raw else {**lost, "is_oom_killed": False}


def _feed(selector: selectors.BaseSelector, fd: int, data: bytes) -> bytes:
    try:
        data = data[os.write(fd, data[:_CHUNK]) :] if data else b""
    except BrokenPipeError:
        data = b""
    if not data:
        selector.unregister(fd)
        os.close(fd)
    return data


def _as_bytes(text: str | bytes | None) -> bytes:
    return text.encode() if isinstance(text, str) else text or b""


def is_readable(fd: int, timeout_s: float | None) -> bool:
    """Waits up to ``timeout_s`` (None: for ever) until a descriptor has data or its end."""
    import select

    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(None if timeout_s is None else timeout_s * 1000))
