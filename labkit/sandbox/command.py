"""One command that runs in a sandbox: its output, its end, and what it used.

Knows nothing about namespaces: the helper has started the process and tells its end.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import threading
import time
from dataclasses import dataclass
from typing import Any

from labkit.core.errors import SystemFault, TimedOut

_CHUNK = 65536
_MOST_CHUNKS = 16
"""As much as the largest pipe holds (pipe(7)): more than that was written after the end."""


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
    """A started command. ``status_fd`` and the output descriptors are read, then closed.

    Several threads may wait for one command.
    """

    def __init__(self, pid: int, status_fd: int) -> None:
        self.pid = pid
        self._status_fd = status_fd
        self._reading = threading.Lock()
        self._report: dict[str, Any] | None = None

    @property
    def has_ended(self) -> bool:
        """Whether its end has been told."""
        return self.poll() is not None

    def poll(self) -> dict[str, Any] | None:
        """The report of its end, or None while it runs."""
        try:
            return self.wait(0)
        except TimedOut:
            return None

    def wait(self, timeout_s: float | None) -> dict[str, Any]:
        """Waits for its end. Raises :class:`TimedOut`."""
        if self._report is not None:
            return self._report
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        # One thread waits, the others for it: it closes the descriptor when it has the report.
        if self._reading.acquire(timeout=-1 if timeout_s is None else timeout_s):
            try:
                if self._report is None and is_readable(self._status_fd, _left(deadline)):
                    self._report = self._read_report()
                    # After it: who is interrupted here, and waits again, has the report.
                    os.close(self._status_fd)
                    self._status_fd = -1
            finally:
                self._reading.release()
        if self._report is None:
            raise TimedOut("the end of the command", after_s=timeout_s or 0, last_seen="it runs")
        return self._report

    def communicate(self, data: bytes, pipes: Pipes, timeout_s: float | None) -> Result:
        """Feeds standard input, collects the output, and waits for the end.

        Args:
            data: what goes to standard input, which is closed after it.
            pipes: our ends; closed here.
            timeout_s: deadline in seconds, None for none.

        Raises:
            TimedOut: the deadline passed; the command still runs.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        with contextlib.closing(pipes):
            pump(pipes, data, self._status_fd, deadline)
            stdout, stderr = pipes.collected
            try:
                report = self.wait(_left(deadline))
            except TimedOut:
                seen = f"it runs, and has written {stdout[-200:]!r}"
                raise TimedOut(
                    "the end of the command", after_s=timeout_s or 0, last_seen=seen
                ) from None
        return Result(stdout=stdout, stderr=stderr, **report)

    def _read_report(self) -> dict[str, Any]:
        raw = os.read(self._status_fd, _CHUNK)
        # Nothing written: the helper was killed, and the command with it.
        lost = {"exit_code": -9, "wall_s": 0.0, "user_s": 0.0, "system_s": 0.0}
        report: dict[str, Any] = json.loads(raw) if raw else {**lost, "is_oom_killed": False}
        return report


class Pipes:
    """The three pipes to a command: our ends, and what has been read from them."""

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._chunks: dict[int, list[bytes]] = {}
        try:
            ends = [self._pipe() for _ in range(3)]
        except OSError as error:
            self.close()
            raise SystemFault("open a pipe to the command", errno=error.errno or 0) from error
        self.stdin, self.stdout, self.stderr = ends[0][1], ends[1][0], ends[2][0]
        self.theirs = [ends[0][0], ends[1][1], ends[2][1]]
        self._chunks = {self.stdout: [], self.stderr: []}

    @property
    def collected(self) -> tuple[str, str]:
        """What came from standard output and standard error, as text."""
        raw = (b"".join(chunks) for chunks in self._chunks.values())
        stdout, stderr = (data.decode(errors="replace") for data in raw)
        return stdout, stderr

    def read(self, fd: int) -> bool:
        """Reads what there is; says whether there may be more."""
        if raw := os.read(fd, _CHUNK):
            self._chunks[fd].append(raw)
        return bool(raw)

    def close_theirs(self) -> None:
        """Closes the ends that the command has."""
        for fd in self.theirs:
            self.close_one(fd)

    def close_one(self, fd: int) -> None:
        """Closes one end, if that has not been done."""
        if fd in self._open:
            self._open.remove(fd)
            os.close(fd)

    def close(self) -> None:
        """Closes every end that is still open."""
        for fd in tuple(self._open):
            self.close_one(fd)

    def _pipe(self) -> tuple[int, int]:
        ends = os.pipe()
        self._open |= set(ends)
        return ends


def pump(pipes: Pipes, data: bytes, status_fd: int, deadline: float | None) -> None:
    """Writes and reads until the command has ended, or the deadline has passed.

    What the command wrote is in the pipes when its end is told. Whoever it left running may hold
    them open for long, and is not waited for.
    """
    poll = select.poll()
    for fd in (pipes.stdout, pipes.stderr, status_fd):
        poll.register(fd, select.POLLIN)
    if data:
        os.set_blocking(pipes.stdin, False)
        poll.register(pipes.stdin, select.POLLOUT)
    else:
        pipes.close_one(pipes.stdin)
    has_ended = False
    while not has_ended:
        left = _left(deadline)
        ready = poll.poll(None if left is None else left * 1000)
        if not ready:
            return
        for fd, _ in ready:
            if fd == status_fd:
                has_ended = True
            elif fd == pipes.stdin:
                data = _feed(fd, data)
                if not data:
                    poll.unregister(fd)
                    pipes.close_one(fd)
            elif not pipes.read(fd):
                poll.unregister(fd)
    for fd in (pipes.stdout, pipes.stderr):
        _drain(pipes, fd)


def _drain(pipes: Pipes, fd: int) -> None:
    for _ in range(_MOST_CHUNKS):
        if not is_readable(fd, 0) or not pipes.read(fd):
            return


def _feed(fd: int, data: bytes) -> bytes:
    """Writes a part; returns what is left, nothing when nobody reads."""
    try:
        return data[os.write(fd, data[:_CHUNK]) :]
    except BlockingIOError:
        return data
    except BrokenPipeError:
        return b""


def _left(deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, deadline - time.monotonic())


def is_readable(fd: int, timeout_s: float | None) -> bool:
    """Waits up to ``timeout_s`` (None: for ever) until a descriptor has data or its end."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(None if timeout_s is None else timeout_s * 1000))
