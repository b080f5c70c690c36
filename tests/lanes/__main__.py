"""Runs the lanes that are named, or all: two cores' worth at a time, then a table.

Exit code 0 when every lane is good, 1 otherwise. Each lane's output is a file in test-results/.
"""

from __future__ import annotations

import sys
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from threading import Condition

from tests.lanes.lane import Lane, Outcome, run_lane
from tests.lanes.plan import ROOT, all_lanes

CORES = 2
"""Tests that look at times are steady with two lanes beside each other, and not with more."""

FAULTS = 5
RESULTS = ROOT / "test-results"


class Closed(Exception):
    """Nothing more is to be run."""


class Cores:
    """Hands out cores, first come, first served: who wants two waits until nobody else has one, and
    whoever comes later waits for that. So does who cannot bear what runs.
    """

    def __init__(self, count: int) -> None:
        self._count, self._changed = count, Condition()
        self._running: list[Lane] = []
        self._queue: deque[Lane] = deque()
        self._is_closed = False

    def close(self) -> None:
        """Whoever waits gets none any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    @contextmanager
    def take(self, lane: Lane) -> Iterator[None]:
        """Holds a lane's cores for the time of the block; raises ``Closed`` when there are none."""
        with self._changed:
            self._queue.append(lane)
            self._changed.wait_for(
                lambda: self._is_closed or (self._queue[0] is lane and self._has_room(lane))
            )
            if self._is_closed:
                raise Closed
            self._queue.popleft()
            self._running.append(lane)
            self._changed.notify_all()
        try:
            yield
        finally:
            with self._changed:
                self._running.remove(lane)
                self._changed.notify_all()

    def _has_room(self, lane: Lane) -> bool:
        taken = sum(one.cores for one in self._running)
        is_borne = all(one.bears(lane) and lane.bears(one) for one in self._running)
        return is_borne and taken + lane.cores <= self._count


def main(names: Sequence[str]) -> int:
    """Runs lanes and tells of them."""
    lanes = all_lanes()
    known = {lane.name: lane for lane in lanes}
    if unknown := [name for name in names if name not in known]:
        print(f"There is no lane {', '.join(unknown)}. There are:")
        for lane in lanes:
            print(f"  {lane.name:<12} {lane.what}")
        return 2
    chosen = [known[name] for name in names] or lanes
    RESULTS.mkdir(exist_ok=True)
    print(f"Running {', '.join(lane.name for lane in chosen)}.", flush=True)
    print(f"What each prints goes to {RESULTS.name}/LANE.log.", flush=True)
    started = time.monotonic()
    try:
        outcomes = sorted(run_all(chosen), key=lambda outcome: chosen.index(outcome.lane))
    except KeyboardInterrupt:
        return 130
    for outcome in outcomes:
        if not outcome.is_good:
            print(f"\n── {outcome.lane.name}: the end of {outcome.log.relative_to(ROOT)} ──")
            print(outcome.tail())
    print_table(outcomes, time.monotonic() - started)
    return 0 if all(outcome.is_good for outcome in outcomes) else 1


def run_all(lanes: Sequence[Lane]) -> Iterator[Outcome]:
    """Runs lanes side by side as cores allow; gives each outcome when it is there."""
    cores = Cores(CORES)

    def run_when_free(lane: Lane) -> Outcome:
        with cores.take(lane):
            return run_lane(lane, RESULTS)

    with ThreadPoolExecutor(max_workers=CORES) as pool:
        try:
            for future in as_completed([pool.submit(run_when_free, lane) for lane in lanes]):
                outcome = future.result()
                seconds = f"{outcome.seconds:5.0f} s"
                print(f"{mark(outcome)} {outcome.lane.name:<12} {seconds}", flush=True)
                yield outcome
        except KeyboardInterrupt:
            print("Interrupted: what runs comes to its end, nothing more begins.", flush=True)
            cores.close()
            pool.shutdown(cancel_futures=True)
            raise


def print_table(outcomes: Sequence[Outcome], seconds: float) -> None:
    """A line for each lane, and the sum as the last line."""
    print("\n  lane          tests passed failed skipped seconds")
    for one in outcomes:
        counts = f"{one.tests:>6} {one.passed:>6} {one.failed:>6} {one.skipped:>7}"
        print(f"{mark(one)} {one.lane.name:<12} {counts} {one.seconds:>7.0f}")
    passed = sum(one.passed for one in outcomes)
    failed = sum(max(one.failed, not one.is_good) for one in outcomes)
    skipped = sum(one.skipped for one in outcomes)
    for one in outcomes:
        print_faults(one)
    print(f"in {seconds:.0f} s\n{passed} passed, {failed} failed, {skipped} skipped")


def print_faults(outcome: Outcome) -> None:
    """Which tests failed: the first of them, for of many most have one cause."""
    for line in outcome.faults[:FAULTS]:
        print(f"✗ {outcome.lane.name}: {line}")
    if (more := len(outcome.faults) - FAULTS) > 0:
        print(f"✗ {outcome.lane.name}: and {more} more")


def mark(outcome: Outcome) -> str:
    """Good or not, at a glance."""
    return "✓" if outcome.is_good else "✗"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
