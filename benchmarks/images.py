"""What it costs to find an image: it is on the way of every start of a container."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.report import Table, at_most
from labkit.image import ImageStore

FOUND_S = 0.002


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """An image that was built here, in a store that is open, and in one that is opened for it."""
    rounds = 20 if is_quick else 200
    with tempfile.TemporaryDirectory() as folder:
        store = ImageStore(Path(folder))
        store.build("hello")
        rows = (
            at_most("found", _median(lambda: store.get("hello"), rounds), FOUND_S),
            at_most(
                "found in a store that is opened",
                _median(lambda: ImageStore(Path(folder)).get("hello"), rounds),
                FOUND_S,
            ),
        )
        yield Table("What it costs to find an image: medians", rows)


def _median(action: Callable[[], object], rounds: int) -> float:
    taken = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)
