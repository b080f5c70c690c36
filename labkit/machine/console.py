"""A command in a machine, on this terminal: keys go in, what it prints comes out.

Sources: termios(3) (raw mode), tty_ioctl(4), signal(7) (SIGWINCH).
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import termios
import time
import tty
from collections.abc import Iterator, Sequence

from labkit.core.errors import SystemFault, TimedOut
from labkit.machine.agent import Agent

_CHUNK = 65536
_WHAT = "open a terminal in the machine"
_QUIET_S = 0.2
"""What a command wrote last may be on its way when its end is already known."""


def run_on_terminal(
    agent: Agent,
    port: socket.socket,
    argv: Sequence[str],
    *,
    cwd: str = "/course",
    timeout_s: float | None = None,
) -> int:
    """Runs a command in a machine, with this process's standard streams.

    Args:
        agent: PID 1 of the machine.
        port: the host's end of its port ``terminal``.
        argv: the command; it gets a pty when both ends here are terminals.
        cwd: where it starts.
        timeout_s: how long it may take; for ever when not given.

    Returns:
        Its exit code; 128 and the signal's number when one ended it, as a shell has it.

    Raises:
        SystemFault: the machine ended first, or its terminal is in use.
        TimedOut: it takes too long. It still runs: whoever asked ends the machine.
    """
    deadline = None if timeout_s is None else _Deadline(timeout_s, argv[0])
    is_terminal = os.isatty(0) and os.isatty(1)
    size = _size() if is_terminal else None
    env = {"TERM": os.environ.get("TERM", "xterm")} if is_terminal else {}
    agent.tell("run", id=1, argv=list(argv), env=env, cwd=cwd, size=size)
    with _raw(is_terminal), _resizes(agent, size):
        status = _pump(agent, port, deadline)
    if status is None:
        raise SystemFault(
            _WHAT,
            why="another one is open there",
            hint="Close that one first: its `exit`, or Ctrl-D",
        )
    return status if status >= 0 else 128 - status


class _Deadline:
    """When a command must have ended.

    Args:
        timeout_s: from now.
        name: what the command is called.
    """

    def __init__(self, timeout_s: float, name: str) -> None:
        self._timeout_s, self._name = timeout_s, name
        self._until = time.monotonic() + timeout_s

    def left_ms(self) -> float:
        """How long there is to wait, in the unit of poll(2).

        Raises:
            TimedOut: no time is left.
        """
        if (left_s := self._until - time.monotonic()) > 0:
            return left_s * 1000
        raise TimedOut(
            f"the end of {self._name!r}",
            after_s=self._timeout_s,
            last_seen="it had not ended",
            hint="Its machine is thrown away. Give it longer, or none: --timeout",
        )


def _pump(agent: Agent, port: socket.socket, deadline: _Deadline | None) -> int | None:
    """Carries bytes until the command has ended; its status."""
    poll = select.poll()
    for fd in (port.fileno(), agent.fileno()):
        poll.register(fd, select.POLLIN)
    while True:
        ready = {fd for fd, _ in poll.poll(deadline.left_ms() if deadline else None)}
        if port.fileno() in ready:
            _write(port.recv(_CHUNK))
        if agent.fileno() in ready:
            for event in agent.read():
                if event["event"] == "started":  # from now on, what is typed is for it
                    poll.register(0, select.POLLIN)
                elif event["event"] == "notice":
                    _say(str(event["text"]))
                elif event["event"] in ("refused", "error"):
                    raise SystemFault(_WHAT, why=str(event.get("why") or event.get("text")))
                elif event["event"] == "ended":
                    _drain(port)
                    status: int | None = event["status"]
                    return status
        if 0 in ready:
            typed = os.read(0, _CHUNK)
            port.sendall(typed)
            if not typed:  # the end of a file: the command reads nothing more
                poll.unregister(0)


def _say(text: str) -> None:
    """Between the lines of the command; a raw terminal wants both ends of a line (termios(3))."""
    sys.stderr.write("\r\n" + text.replace("\n", "\r\n") + "\r\n")
    sys.stderr.flush()


def _drain(port: socket.socket) -> None:
    while select.select([port], [], [], _QUIET_S)[0] and (data := port.recv(_CHUNK)):
        _write(data)


def _write(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _size() -> tuple[int, int]:
    columns, rows = os.get_terminal_size(1)
    return rows, columns


@contextlib.contextmanager
def _raw(is_terminal: bool) -> Iterator[None]:
    """Every key goes to the machine, Ctrl-C included."""
    if not is_terminal:
        yield
        return
    before = termios.tcgetattr(0)
    tty.setraw(0, termios.TCSADRAIN)  # what was typed already is kept
    try:
        yield
    finally:
        termios.tcsetattr(0, termios.TCSADRAIN, before)


@contextlib.contextmanager
def _resizes(agent: Agent, told: tuple[int, int] | None) -> Iterator[None]:
    """Passes on that the window got another size than was ``told``; None without a window."""
    if told is None:
        yield
        return

    def tell(*_: object) -> None:
        rows, columns = _size()
        agent.tell("resize", rows=rows, columns=columns)

    before = signal.signal(signal.SIGWINCH, tell)
    if _size() != told:  # before anybody listened
        tell()
    try:
        yield
    finally:
        signal.signal(signal.SIGWINCH, before)
