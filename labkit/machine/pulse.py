"""Whether a machine still answers, for a cell that seems to run for ever.

QEMU may have been stopped, and a guest may hang: neither ends, so nothing else tells. PID 1 is
asked now and then, while somebody waits. A silence is only told, never acted on: what is emulated
may be slow beyond measure, and what was stopped may go on.

What counts is time in which this process itself ran: not the sleep of a suspended computer (in
which CLOCK_MONOTONIC stands still, see clock_gettime(2)), nor what a busy one took from us.

Source: proc_pid_stat(5) on the states of a process.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from labkit.core.linux import process_state

ASK_S = 5.0
"""Between two questions; each wakes an emulated machine for a moment."""

STOPPED_S = 8.0
"""The silence of a QEMU that is stopped, until it is told: it may be for a moment."""

SILENT_S = 30.0
"""The silence of any other: a guest that is full of processes, or of memory, gets to it late."""

_TURN_S = 2.0
"""The most that counts between two looks; there is one a second."""

_STOPPED = "Tt"

_WHAT_TO_DO = (
    "a restart of the kernel (Kernel → Restart Kernel…) brings a fresh machine. Files and progress "
    "are kept; variables and sandboxes are gone"
)


class Pulse:
    """Of a machine.

    Args:
        pid: QEMU's.
        ask: asks PID 1 for a sign of life.
        now_s: the time that passes.
        state: of a process, the letter of proc_pid_stat(5).
    """

    def __init__(
        self,
        pid: int,
        ask: Callable[[], object],
        now_s: Callable[[], float] = time.monotonic,
        state: Callable[[int], str] = process_state,
    ) -> None:
        self._pid, self._ask, self._now_s, self._state = pid, ask, now_s, state
        self._looked_s = now_s()
        self._since_s = ASK_S
        self._is_asked = self._is_told = False

    def look(self) -> str | None:
        """To be called about once a second while somebody waits.

        Returns:
            What is to be told, once for each silence, and once when it has ended.
        """
        before, self._looked_s = self._looked_s, self._now_s()
        self._since_s += min(self._looked_s - before, _TURN_S)
        if not self._is_asked:
            if self._since_s >= ASK_S:
                self._ask()
                self._is_asked, self._since_s = True, 0.0
            if self._is_told:
                self._is_told = False
                return "The machine of this notebook answers again."
            return None
        if self._is_told or self._since_s < STOPPED_S:
            return None
        if self._state(self._pid) in _STOPPED:
            self._is_told = True
            return (
                f"The machine of this notebook stands still: its QEMU, process {self._pid}, was "
                f"stopped. `kill -CONT {self._pid}` lets it go on; {_WHAT_TO_DO}."
            )
        if self._since_s < SILENT_S:
            return None
        self._is_told = True
        return (
            f"The machine of this notebook has not answered for {self._since_s:.0f} s. It is very "
            f"busy, or it hangs. Wait, or give it up: {_WHAT_TO_DO}."
        )

    def heard(self) -> None:
        """PID 1 has said something."""
        if self._is_asked:
            self._is_asked, self._since_s = False, 0.0
