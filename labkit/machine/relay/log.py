"""What the relay says to the log of whoever started it: lines on standard error."""

from __future__ import annotations

import sys
import time

from labkit.machine.relay.preparing import Step

_SLOW_S = 2.0
"""A machine that was prepared before is there in one second. After this it is told what is done."""

_PROGRESS_S = 1.0
"""How often a step that takes its time is told about."""


def note(text: str) -> None:
    """Writes a text to the log."""
    sys.stderr.write(f"[labkit] {text}\n")
    sys.stderr.flush()


class ProgressLog:
    """Notes each step of what is prepared, when it takes long, and says when to tell of it."""

    def __init__(self) -> None:
        self._step, self._tell_at = "", time.monotonic() + _SLOW_S

    @property
    def has_begun(self) -> bool:
        """Whether anything was told."""
        return bool(self._step)

    def tell(self, step: Step) -> bool:
        """Whether it is time to tell of this step, new or not; the log has each step once."""
        now, is_new = time.monotonic(), step.what != self._step
        if step.share >= 1 or not ((self.has_begun and is_new) or now >= self._tell_at):
            return False
        self._step, self._tell_at = step.what, now + _PROGRESS_S
        if is_new:
            note(f"Preparing the machine: {step.what} … {step.share:.0%}")
        return True
