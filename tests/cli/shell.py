"""``labkit shell`` on a terminal, with somebody who types."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import termios
import time

from tests.cli.program import PROGRAM


class Shell:
    """``labkit shell`` on a terminal of 30 rows and 100 columns."""

    def __init__(self, *options: str) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (30, 100))
        self.process = subprocess.Popen(
            [str(PROGRAM), "shell", *options], env={**os.environ, "TERM": "xterm"},
            stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
        )  # fmt: skip
        os.close(theirs)
        self._said = ""

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def read_until(self, words: str) -> str:
        """All that was shown so far, with ``words`` in it."""
        deadline = time.monotonic() + 30
        while words not in self._said:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not select.select([self._ours], [], [], left_s)[0]:
                raise AssertionError(f"{words!r} was not shown, but {self._said!r}")
            try:
                self._said += os.read(self._ours, 65536).decode(errors="replace")
            except OSError as error:
                raise AssertionError(f"it ended; shown: {self._said!r}") from error
        return self._said

    def __enter__(self) -> Shell:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)
