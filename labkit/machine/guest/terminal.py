"""One command on the machine's terminal port: a shell on a pty, or a plain command.

Sources: pty(7), setsid(2), tty_ioctl(4).
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path

from labkit.machine.guest.ports import Outgoing

_CHUNK = 65536
_MOST_WAITING = 1 << 20
"""Bytes that wait for the host before the command has to."""


class Terminal:
    """A command and the descriptor that is its terminal, or its standard streams.

    Args:
        argv, env, cwd: the command; it is found on its own PATH.
        size: rows and columns; None for a command without a terminal.
        port: the open terminal port.
    """

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        cwd: str,
        size: tuple[int, int] | None,
        port: int,
    ) -> None:
        self.port = Outgoing(port)
        self.has_pty = size is not None
        if size:
            self.pid, self.fd = pty.fork()
        else:
            self.pid, self.fd = _fork_on_a_pipe()
        if self.pid == 0:
            _become(argv, env, cwd)
        os.set_blocking(self.fd, False)
        os.set_inheritable(self.fd, False)
        self.command = Outgoing(self.fd)
        if size:
            self.resize(*size)

    @property
    def is_full(self) -> bool:
        """Whether so much waits for the host that no more is to be read."""
        return len(self.port) > _MOST_WAITING

    def from_host(self, data: bytes) -> None:
        """Passes on what was typed."""
        self.command.put(data)

    def to_host(self) -> bool:
        """Passes on some of what the command has written; False when nothing waits here."""
        try:
            data = os.read(self.fd, _CHUNK)
        except OSError:  # nothing yet, or EIO: nobody has the pty open any more
            return False
        self.port.put(data)
        return bool(data)

    def resize(self, rows: int, columns: int) -> None:
        """Tells the terminal's size."""
        if self.has_pty:
            fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def close(self) -> None:
        """Ends what still runs on it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        os.close(self.fd)


def _fork_on_a_pipe() -> tuple[int, int]:
    end, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, fd in enumerate((nothing, write, write)):
            os.dup2(fd, number)
    os.close(write)
    return pid, end


def _become(argv: Sequence[str], env: Mapping[str, str], cwd: str) -> None:
    try:
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        # PID 1 is never killed for want of memory. Whoever is at the terminal may be: a group whose
        # limit is reached by what cannot be killed hangs for good.
        Path("/proc/self/oom_score_adj").write_text("0")
        os.chdir(cwd)
        os.execvpe(argv[0], list(argv), dict(env))
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(127)
