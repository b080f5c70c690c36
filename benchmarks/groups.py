"""A live view of a hundred control groups: what one refresh takes, as a share of a core."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator

from benchmarks.report import Row, Table, at_most
from labkit.core.errors import Blocked
from labkit.sandbox.groups import Cgroup, Reader

GROUPS = 100
TARGET_S = 0.015
"""Twice a second it is to take 5 % of a core, drawing included: 25 ms, of which this may be 15."""

ROUNDS = 60


def measure(*, is_quick: bool = False) -> Iterator[Table]:
    """Makes a hundred groups, with processes in some, and reads them again and again."""
    title = f"Reading {GROUPS} groups, for a view refreshed twice a second"
    try:
        top = Cgroup.create("many", controllers=("memory", "pids", "cpu"))
    except Blocked as error:
        yield Table(title, (Row("a reading", "-", f"not measured: {error.why}"),))
        return
    with top:
        for number in range(GROUPS):
            Cgroup.create(f"many/{number}", controllers=("memory", "pids", "cpu"))
        reader, times = Reader(), []
        for _ in range(ROUNDS // 10 if is_quick else ROUNDS):
            began = time.process_time()
            tree = reader.tree(top.path)
            times.append(time.process_time() - began)
        count = len(tree.groups) - 1
    median = statistics.median(times)
    note = f"cgroup v{tree.version}, {count} groups"
    yield Table(title, (at_most("a reading, CPU time of the median", median, TARGET_S, note),))
