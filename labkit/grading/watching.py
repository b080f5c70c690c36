"""Checks that tick themselves off: a thread that looks again and again.

It tells only what has changed, and takes at most a fifth of one core. Knows nothing about what is
done with the news.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable

from labkit.core.errors import LabkitError, TimedOut
from labkit.grading.checks import Check, told
from labkit.grading.lab import Lab
from labkit.grading.verdict import Verdict, blocked

REST = 4
"""Rest at least so many times as long as a look at all checks took."""


class Watcher:
    """Runs checks until stopped, in a thread of its own that never keeps Python from ending.

    Args:
        checks: what to run, in that order.
        lab_for: the lab to run a check in; asked each time, so it may keep one.
        on_change: called in the thread with a check and its verdict, the first time and whenever
            the verdict, evidence included, is another than before.
        every_s: seconds between two looks, at least.

    Attributes:
        error: the last thing that ``on_change`` raised; it is not called again for that verdict.
    """

    def __init__(
        self,
        checks: Iterable[Check],
        lab_for: Callable[[Check], Lab],
        on_change: Callable[[Check, Verdict], object],
        every_s: float = 1.0,
    ) -> None:
        self.error: Exception | None = None
        self._checks, self._lab_for, self._on_change = list(checks), lab_for, on_change
        self._every_s = every_s
        self._last: dict[str, Verdict] = {}
        self._doing = "starting"
        self._is_stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="labkit-watcher", daemon=True)

    def start(self) -> Watcher:
        """Begins to watch."""
        self._thread.start()
        return self

    def stop(self, deadline_s: float = 5.0) -> None:
        """Ends the watching. No news comes after it returns. Safe to call twice.

        Raises:
            TimedOut: a check did not end within ``deadline_s``. News is held back all the same.
        """
        self._is_stopped.set()
        if self._thread is threading.current_thread() or not self._thread.is_alive():
            return
        self._thread.join(deadline_s)
        if self._thread.is_alive():
            raise TimedOut("the watcher's end", after_s=deadline_s, last_seen=self._doing)

    @property
    def is_running(self) -> bool:
        """Whether it watches."""
        return self._thread.is_alive() and not self._is_stopped.is_set()

    def __enter__(self) -> Watcher:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _watch(self) -> None:
        while not self._is_stopped.is_set():
            began = time.monotonic()
            for check in self._checks:
                if self._is_stopped.is_set():
                    return
                self._doing = f"running check {check.id}"
                self._tell(check, self._verdict(check))
            self._doing = "waiting"
            took_s = time.monotonic() - began
            self._is_stopped.wait(max(self._every_s - took_s, REST * took_s))

    def _verdict(self, check: Check) -> Verdict:
        try:
            return check.run(self._lab_for(check))
        except LabkitError as error:
            return blocked(f"This check could not be made: {error}")
        except Exception as error:
            return blocked(f"This check could not be made: {told(error)}")

    def _tell(self, check: Check, verdict: Verdict) -> None:
        if self._last.get(check.id) == verdict or self._is_stopped.is_set():
            return
        self._last[check.id] = verdict
        try:
            self._on_change(check, verdict)
        except Exception as error:
            self.error = error
