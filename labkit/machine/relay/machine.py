"""What a relay needs of a machine, whatever the machine is.

Knows nothing about QEMU: a machine is some methods and a descriptor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from labkit.core.errors import LabkitError
from labkit.machine.relay.messages import Content

Progress = Callable[[str, float], None]
"""Called with what is being done, and how far all of it is, from 0 to 1."""

RESET = "it was reset, as you asked"
"""What :meth:`Machine.ended` says when its end was asked for from inside: a fresh one is due."""


class Unready(LabkitError):
    """What was prepared has turned out not to do: it is to be prepared again."""


class Machine(Protocol):
    """A machine that runs, with a kernel in it that waits for its first message."""

    def channel(self, name: str) -> Path:
        """The unix socket that carries ZMTP to the kernel: ``shell``, ``control``, ``stdin``,
        ``iopub``. Each is connected to once.
        """

    def begin(self, kernel: Mapping[str, Any]) -> None:
        """Has the kernel go, without waiting for it.

        Args:
            kernel: ``key``, ``signature_scheme``, ``session``, ``seed``, ``cwd``, ``env``. Folder
                and environment are the host's: the machine takes what means something in it.
        """

    def has_begun(self) -> bool:
        """Whether the kernel has gone; asked, after :meth:`begin`, until it has.

        Raises:
            Unready: see there. LabkitError: it does not answer.
        """

    def fileno(self) -> int:
        """Can be read when :meth:`has_begun`, :meth:`ended` or :meth:`notices` may have something
        new to say.
        """

    def ended(self) -> str | None:
        """Why machine or kernel have ended, ``"its Python was killed by SIGKILL"``; None: alive."""

    def notices(self) -> list[str]:
        """What its user should know, since the last call."""

    def interrupt(self) -> None:
        """SIGINT to the kernel. Returns when it has been sent: what is asked from now on goes
        another way, and must not meet it.
        """

    def set_clock(self) -> None:
        """Brings the machine's clock up to date: the host was suspended."""

    def silence(self) -> str | None:
        """What is to be told of a machine that does not answer, once. Asked about once a second,
        while somebody waits.
        """

    def end(self) -> None:
        """Throws the machine away. Safe to call twice."""


class Maker(Protocol):
    """Where a relay's machine comes from."""

    def prepare(self, progress: Progress) -> None:
        """Makes everything ready, once; called in a thread of its own, for it may take a minute.

        Raises:
            LabkitError: it cannot be had, with what to do.
        """

    def kernel_info(self) -> Content:
        """What the kernel will say of itself, the content of a ``kernel_info_reply``, once all is
        ready: so clients need not wait for the machine to learn it.

        Raises:
            Unready: see there.
        """

    def start(self) -> Machine:
        """Brings the machine to life; called in the main thread, so that it dies with it.

        Raises:
            Unready: see there. LabkitError: it does not start.
        """
