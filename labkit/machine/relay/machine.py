"""What a relay needs of a machine, whatever the machine is.

Knows nothing about QEMU: a machine is six methods and a descriptor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

Progress = Callable[[str, float], None]
"""Called with what is being done, and how far all of it is, from 0 to 1."""


class Machine(Protocol):
    """A machine that runs, with a kernel in it that waits for its first message."""

    def channel(self, name: str) -> Path:
        """The unix socket that carries ZMTP to the kernel: ``shell``, ``control``, ``stdin``,
        ``iopub``. Each is connected to once.
        """

    def begin(self, kernel: Mapping[str, Any]) -> None:
        """Lets the kernel go.

        Args:
            kernel: ``key``, ``signature_scheme``, ``session``, ``seed``, ``cwd``, ``env``. Folder
                and environment are the host's: the machine takes what means something in it.

        Raises:
            LabkitError: it does not answer.
        """

    def fileno(self) -> int:
        """Can be read when :meth:`ended` may have something new to say."""

    def ended(self) -> str | None:
        """Why machine or kernel have ended, ``"its Python was killed by SIGKILL"``; None: alive."""

    def interrupt(self) -> None:
        """SIGINT to the kernel."""

    def set_clock(self) -> None:
        """Brings the machine's clock up to date: the host was suspended."""

    def end(self) -> None:
        """Throws the machine away. Safe to call twice."""


class Maker(Protocol):
    """Where a relay's machine comes from."""

    def prepare(self, progress: Progress) -> None:
        """Makes everything ready, once; called in a thread of its own, for it may take a minute.

        Raises:
            LabkitError: it cannot be had, with what to do.
        """

    def start(self) -> Machine:
        """Brings the machine to life; called in the main thread, so that it dies with it.

        Raises:
            LabkitError: it does not start.
        """
