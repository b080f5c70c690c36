"""Whether the time of day has jumped: this computer was suspended, or its clock was set.

The time of day less the time that passes (CLOCK_MONOTONIC, which stands still while a computer is
suspended) stays the same but then. It changes, too, when the computer is itself a virtual one that
was stopped, and its clock was set afterwards. Source: clock_gettime(2).
"""

from __future__ import annotations

import time
from collections.abc import Callable

_JUMP_S = 0.5
"""Less is left to whoever sets clocks little by little."""


def _time_of_day_s() -> float:
    return time.time() - time.monotonic()


class Clock:
    """Remembers when it was looked at.

    Args:
        read: the time of day, less the time that passes.
    """

    def __init__(self, read: Callable[[], float] = _time_of_day_s) -> None:
        self._read = read
        self._last_s = read()

    def has_jumped(self) -> bool:
        """Whether it has since it was last asked."""
        before, self._last_s = self._last_s, self._read()
        return abs(self._last_s - before) > _JUMP_S
