"""A terminal (pty) in a sandbox: what a command on it writes, and what is typed to it.

Source: pty(7), ioctl_tty(2) (TIOCSWINSZ).
"""

from __future__ import annotations

import codecs
import fcntl
import os
import struct
import termios
import time
from types import TracebackType
from typing import Self

from labkit.core.errors import SystemFault, TimedOut
from labkit.sandbox.command import Command, is_readable


class Terminal:
    """The master end of a pty whose slave end is a command's terminal.

    Args:
        fd: the master end; closed with the terminal.
        command: the command on it.
    """

    def __init__(self, fd: int, command: Command) -> None:
        self.fd = fd
        self._command = command
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._is_hung_up = False

    @property
    def pid(self) -> int:
        """PID of the command, as the host sees it."""
        return self._command.pid

    def write(self, text: str) -> None:
        """Types ``text``; ``"\\n"`` is the return key.

        Raises:
            SystemFault: nobody is at the other end any more.
        """
        data = text.encode()
        try:
            while data:
                data = data[os.write(self.fd, data) :]
        except OSError as error:
            raise SystemFault("type on the terminal", errno=error.errno or 0) from error

    def read(self, timeout_s: float = 0.0) -> str:
        """What has been written since the last read; waits up to ``timeout_s`` for a first byte.

        Returns:
            The text; empty when there is none, or the command has ended.
        """
        if self._is_hung_up or not is_readable(self.fd, timeout_s):
            return ""
        try:
            data = os.read(self.fd, 65536)
        except OSError:  # EIO: nobody has the slave end open any more
            data = b""
        self._is_hung_up = not data
        return self._decoder.decode(data, final=self._is_hung_up)

    def read_until(self, text: str, timeout_s: float = 5.0) -> str:
        """Reads until ``text`` has appeared, and returns all that was read.

        Raises:
            TimedOut: it did not appear, or the command ended without writing it.
        """
        seen, deadline = "", time.monotonic() + timeout_s
        while text not in seen:
            left = deadline - time.monotonic()
            if left <= 0 or self._is_hung_up:
                end = ", then the command ended" if self._is_hung_up else ""
                last_seen = f"{seen!r}{end}"
                raise TimedOut(f"{text!r} on the terminal", after_s=timeout_s, last_seen=last_seen)
            seen += self.read(left)
        return seen

    def resize(self, rows: int, columns: int) -> None:
        """Tells the command how large the terminal is, in characters."""
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait(self, timeout_s: float | None = None) -> int:
        """Waits for the command's end and returns its exit code."""
        return int(self._command.wait(timeout_s)["exit_code"])

    def close(self) -> None:
        """Hangs up: the command gets SIGHUP."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
