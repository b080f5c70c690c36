"""How long to wait for a machine that starts: as long as it works, and not for ever.

What it does is measured in processor time of its QEMU: a computer that is busy, or slow, takes
longer, and nothing else happens. One that hangs either works without end, or does next to nothing.

Knows nothing about what the machine is to do. Source: proc_pid_stat(5).
"""

from __future__ import annotations

import time
from collections.abc import Callable

from labkit.core.linux import process_seconds

IDLE_S = 60.0
"""So long without work, and it hangs: a machine that starts has something to do all the time."""

WORK_S = 3.0
"""Less processor time than that is none: a guest that waits has a clock that ticks."""

_TURN_S = 2.0
"""The most that counts between two looks; there are two a second. The rest, we were not let run."""


class Patience:
    """With one machine.

    Args:
        pid: QEMU's.
        most_s: the processor time that is too much, in seconds.
        now_s: the time that passes.
        used_s: the processor time of a process so far, in seconds.
    """

    def __init__(
        self,
        pid: int,
        most_s: float,
        now_s: Callable[[], float] = time.monotonic,
        used_s: Callable[[int], float] = process_seconds,
    ) -> None:
        self._pid, self._most_s, self._now_s, self._used_s = pid, most_s, now_s, used_s
        self._looked_s = now_s()
        self._worked_s, self._idle_s = 0.0, 0.0

    def why_over(self) -> str | None:
        """To be called about twice a second. What to say when it is over, else None."""
        before, self._looked_s = self._looked_s, self._now_s()
        self._idle_s += min(self._looked_s - before, _TURN_S)
        used_s = self._used_s(self._pid)
        if used_s - self._worked_s >= WORK_S:
            self._worked_s, self._idle_s = used_s, 0.0
        if used_s >= self._most_s:
            return f"it was not ready after {used_s:.0f} s of processor time"
        if self._idle_s >= IDLE_S:
            return f"it has done next to nothing for {self._idle_s:.0f} s"
        return None
