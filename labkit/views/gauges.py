"""Gauges: a limit, and how much of it is used.

Source: cgroup-v2.rst (memory.max, memory.current, pids.max, pids.current).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.frame import SMALL, counted, panel_heading
from labkit.views.palette import Ink
from labkit.views.svg import number, path, rect, text

if TYPE_CHECKING:
    from labkit.sandbox.facts import Limit

STEP = 96
BAR = 16
FULL = 0.9
"""Share of the limit from which on the gauge warns: the kernel reclaims memory well below it."""


def draw_gauges(limits: Sequence[Limit], x: float, top: float, width: float) -> str:
    """The panel of limits, its ground's upper edge at ``top``."""
    drawn = panel_heading("gauge", "What it can use", "cgroup limits", x=x, y=top + 34, width=width)
    if not limits:
        return drawn + text(
            x, top + 78, "No limits: it can use all that the host has.", ink="mut", room=width
        )
    for i, limit in enumerate(limits):
        drawn += _gauge(limit, x, top + 74 + i * STEP, width)
    return drawn


def limit_words(amount: float | None, unit: str) -> str:
    """``64 MiB``, ``3 processes``, ``0.5 cores``, ``no limit``."""
    if amount is None:
        return "no limit"
    if unit == "cores":
        return f"{number(amount)} core{'' if amount == 1 else 's'}"
    if unit != "bytes":
        return counted(int(amount), unit.removesuffix("es"), unit)
    size, names = float(amount), ["B", "KiB", "MiB", "GiB", "TiB"]
    while size >= 1024 and len(names) > 1:
        size, names = size / 1024, names[1:]
    return f"{size:.1f}".removesuffix(".0") + f" {names[0]}"


def _gauge(limit: Limit, x: float, y: float, width: float) -> str:
    share = min(1.0, limit.used / limit.limit) if limit.limit else 0.0
    ink: Ink = "bad" if share >= FULL else "inn"
    at_most = limit_words(limit.limit, limit.unit)
    ticks = "".join(f"M{x + width * i / 4:.1f} {y + 14}v{BAR - 6}" for i in (1, 2, 3))
    return (
        text(x, y, limit.name, face="mono")
        + text(
            x + width,
            y,
            at_most if limit.limit is None else f"at most {at_most}",
            size=SMALL,
            anchor="end",
        )
        + rect(
            x,
            y + 10,
            width,
            BAR,
            fill="card",
            stroke="line",
            r=BAR / 2,
            dash="" if limit.limit is not None else "5 4",
        )
        + path(ticks, stroke="line")
        + rect(
            x,
            y + 10,
            max(BAR, width * share) if limit.limit else 0,
            BAR,
            fill=ink,
            r=BAR / 2,
            is_volatile=True,
        )
        + text(x, y + 46, Volatile(limit_words(limit.used, limit.unit)), " now", size=SMALL)
        + text(
            x + width,
            y + 46,
            Volatile(limit.file),
            size=SMALL,
            ink="mut",
            face="mono",
            anchor="end",
            room=width * 0.6,
        )
    )
