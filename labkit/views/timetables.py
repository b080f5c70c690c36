"""The text of a timeline: a few looks at even distances, and every moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.gauges import limit_words
from labkit.views.table import Table

if TYPE_CHECKING:
    from labkit.sandbox.maps import Sample, Timeline

ROWS = 10
"""Stretches of time that are told: as many each time, however long it was watched."""
MOST = 40


def tables(t: Timeline, caption: str) -> tuple[Table, ...]:
    """The most that was used in each stretch, and what happened."""
    looks = Table(
        caption,
        ("",
            "from, s", "memory, most", "memory.max", "memory.high", "CPU, most", "cpu.max",
         "throttled, most", "processes, most", "pids.max"),
        tuple((str(i), *_stretch(part)) for i, part in enumerate(_parts(t), 1)),
        slots=(0, 8, 10, 10, 10, 10, 10, 10, 14, 14),
    )  # fmt: skip
    shown = sorted(t.moments, key=lambda moment: moment.at_s)
    moments: tuple[tuple[str, ...], ...] = tuple(
        (str(i), Volatile(f"{moment.at_s:.1f}"), moment.kind, moment.words)
        for i, moment in enumerate(shown[:MOST], 1)
    )
    if len(shown) > MOST:
        moments += (("", "", "", Volatile(f"and {len(shown) - MOST} more")),)
    return looks, Table(
        "What happened", ("number", "at, s", "what", "in words"), moments, slots=(0, 8, 0, 44)
    )


def _parts(t: Timeline) -> list[list[Sample]]:
    """The samples in ``ROWS`` stretches of the same length; empty ones are left out."""
    end_s = max((sample.at_s for sample in t.samples), default=0.0) or 1.0
    parts: list[list[Sample]] = [[] for _ in range(ROWS)]
    for sample in t.samples:
        parts[max(0, min(ROWS - 1, int(ROWS * sample.at_s / end_s)))].append(sample)
    return [part for part in parts if part]


def _stretch(part: list[Sample]) -> tuple[str, ...]:
    throttled = max(sample.throttled for sample in part)
    return (
        Volatile(f"{part[0].at_s:.1f}"),
        _most(part, "memory.max"),
        _limit(part, "memory.max"),
        _limit(part, "memory.high"),
        _most(part, "cpu.max"),
        _limit(part, "cpu.max"),
        Volatile(f"{100 * throttled:.0f} %"),
        _most(part, "pids.max"),
        _limit(part, "pids.max"),
    )


def _most(part: list[Sample], name: str) -> str:
    found = [g for sample in part for g in sample.gauges if g.name == name]
    if not found:
        return Volatile("")
    most = max(found, key=lambda gauge: gauge.used)
    return Volatile(limit_words(most.used, most.unit))


def _limit(part: list[Sample], name: str) -> str:
    found = [g for g in part[-1].gauges if g.name == name]
    return Volatile(limit_words(found[0].limit, found[0].unit) if found else "")
