"""A group, recorded over time: what it used, and what happened to it.

A thread reads the group at a steady beat. Knows nothing about pictures.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from labkit.core.errors import BadInput
from labkit.sandbox.groups.group import Cgroup
from labkit.sandbox.groups.reading import Reader
from labkit.sandbox.maps import Group, Moment, Sample, Timeline

_LEAST_S = 0.01
"""A reading takes a fraction of a millisecond; closer together they would show themselves."""

_MOST_SAMPLES = 100_000
"""Beyond that the oldest are forgotten: nearly three hours, ten times a second."""

_TOLD = {
    "memory.oom_kill": ("oom_kill", "the kernel killed {} for want of memory"),
    "memory.high": ("memory.high", "above memory.high, slowed down {}"),
    "pids.max": ("pids.max", "a fork was refused {}"),
}
"""Event to the kind of a moment and its words."""


class Recorder:
    """Records a group from :meth:`start` to :meth:`stop`, or for the time of a ``with`` block.

    Args:
        group: which.
        every_s: how often it is read, in seconds.

    Raises:
        BadInput: a beat that is too fast.
    """

    def __init__(self, group: Cgroup, every_s: float = 0.1) -> None:
        if every_s < _LEAST_S:
            raise BadInput(f"every_s cannot be {every_s}", why=f"the least is {_LEAST_S}")
        self.group, self.every_s = group, every_s
        self._reader = Reader(group.version)
        self._samples: list[Sample] = []
        self._moments: list[Moment] = []
        self._before: Group | None = None
        self._began = 0.0
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Begins, with a first sample at 0 s."""
        if self._thread is not None:
            raise BadInput("this recorder has been started already", hint="Take a new one")
        self._began = time.monotonic()
        self._take()
        self._thread = threading.Thread(target=self._run, name="labkit recorder", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> Timeline:
        """Ends, with a last sample, and returns what was recorded."""
        self._stop.set()
        if self._thread is not None and self._thread.is_alive():
            self._thread.join()
            if self.group.is_there:
                self._take()
        return self.timeline

    @property
    def timeline(self) -> Timeline:
        """What was recorded so far."""
        return Timeline(self.group.path, tuple(self._samples), tuple(self._moments))

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _run(self) -> None:
        due = self._began
        while True:
            due = max(due + self.every_s, time.monotonic())  # a beat that was missed is no debt
            if self._stop.wait(due - time.monotonic()):
                return
            if not self.group.is_there:
                self._moments.append(Moment(self._now(), "end", "the group was removed"))
                return
            self._take()

    def _take(self) -> None:
        now, seen = self._now(), self._reader.group(self.group.files, self.group.path)
        throttled = 0.0
        if self._before is not None and self._samples:
            passed_us = (now - self._samples[-1].at_s) * 1e6
            more = _count(seen, "cpu.throttled_usec") - _count(self._before, "cpu.throttled_usec")
            throttled = min(1.0, max(0.0, more / passed_us)) if passed_us > 0 else 0.0
            self._moments += _moments(now, self._before, seen)
        self._samples.append(Sample(now, seen.gauges, throttled))
        del self._samples[:-_MOST_SAMPLES]
        self._before = seen

    def _now(self) -> float:
        return time.monotonic() - self._began


def record(group: Cgroup, every_s: float = 0.1, for_s: float = 5.0) -> Timeline:
    """Records a group for a while, and waits for that.

    Args:
        group: which.
        every_s: how often it is read, in seconds.
        for_s: how long, in seconds; less when the group is removed.
    """
    recorder = Recorder(group, every_s).start()
    deadline = time.monotonic() + for_s
    try:
        while group.is_there and (left := deadline - time.monotonic()) > 0:
            time.sleep(min(left, every_s))
    finally:
        timeline = recorder.stop()
    return timeline


def _moments(at_s: float, before: Group, now: Group) -> Iterator[Moment]:
    for event, (kind, words) in _TOLD.items():
        if (more := _count(now, event) - _count(before, event)) > 0:
            one = "a process" if event == "memory.oom_kill" else "once"
            many = f"{more} processes" if event == "memory.oom_kill" else f"{more} times"
            yield Moment(at_s, kind, words.format(one if more == 1 else many))
    limits = {gauge.name: gauge.limit for gauge in before.gauges}
    for gauge in now.gauges:
        if limits.get(gauge.name) != gauge.limit:
            was, is_now = (_amount(x, gauge.unit) for x in (limits.get(gauge.name), gauge.limit))
            yield Moment(at_s, "limit", f"{gauge.name}: from {was} to {is_now}")


def _amount(limit: float | None, unit: str) -> str:
    return "no limit" if limit is None else f"{limit:.10g} {unit}"


def _count(group: Group, event: str) -> int:
    return group.events.get(event, 0)
