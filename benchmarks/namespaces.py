"""The map of all namespaces, of a machine with five hundred processes more than it had."""

from __future__ import annotations

import contextlib
import statistics
import subprocess
import time
from collections.abc import Iterator

from benchmarks.report import Row, Table, at_most
from labkit.sandbox import Sandbox, namespace_map
from labkit.views.namespacemap import namespace_map_view

PROCESSES, SANDBOXES = 500, 5
LOOK_S, PICTURE_S = 0.05, 0.15
"""A live map is refreshed while one works: a look and a picture of it take a blink's time."""

ROUNDS = 30


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Starts sleepers and sandboxes, looks again and again, and draws what was seen."""
    looks, pictures = [], []
    with contextlib.ExitStack() as stack:
        for _ in range(SANDBOXES):
            stack.enter_context(Sandbox())
        for _ in range(PROCESSES):
            sleeper = stack.enter_context(subprocess.Popen(["sleep", "600"]))
            stack.callback(sleeper.kill)
        for _ in range(ROUNDS // 10 if is_quick else ROUNDS):
            began = time.perf_counter()
            seen = namespace_map()
            looks.append(time.perf_counter() - began)
            namespace_map_view(seen)._repr_mimebundle_()
            pictures.append(time.perf_counter() - began)
    yield Table(
        f"The map of namespaces, {PROCESSES} sleepers and {SANDBOXES} sandboxes",
        _rows(looks, pictures, f"{len(seen.members)} processes, {len(seen.namespaces)} namespaces"),
    )


def _rows(looks: list[float], pictures: list[float], note: str) -> tuple[Row, ...]:
    return (
        at_most("a look", statistics.median(looks), LOOK_S, note),
        at_most("a look and its picture", statistics.median(pictures), PICTURE_S),
    )
