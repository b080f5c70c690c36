"""What became of a group over time: memory and its limits, CPU and its quota, what happened.

Moments are numbered where they happened, and told in words below.

Sources: cgroup-v2.rst (memory.max, memory.high, memory.events, cpu.max, cpu.stat).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.frame import INNER, MARGIN, SMALL, card, counted, heading, sentence
from labkit.views.gauges import limit_words
from labkit.views.icons import Icon, icon
from labkit.views.palette import Ink
from labkit.views.picture import WIDTH, Picture, make_picture
from labkit.views.svg import number, path, rect, text
from labkit.views.timetables import tables

if TYPE_CHECKING:
    from labkit.sandbox.maps import Gauge, Moment, Sample, Timeline

LEFT, RIGHT = MARGIN + 76, WIDTH - MARGIN - 8
"""Where the time begins and ends."""
TALL, LANE, GAP = {"memory": 170.0, "cpu": 120.0, "pids": 84.0}, 16, 46
"""Heights of the charts, of the lane of throttling; what is between two charts."""
POINTS = 400
"""Points of a curve: closer together nobody tells them apart."""
MOST, NUMBER = 10, 21
"""Moments that are marked and told; the room that the number of one takes."""

KINDS: dict[str, tuple[Icon, Ink]] = {
    "oom_kill": ("bolt", "bad"),
    "memory.high": ("gauge", "shr"),
    "pids.max": ("bar", "bad"),
    "limit": ("pencil", "inn"),
    "end": ("ring", "mut"),
}


@dataclass(frozen=True)
class Scale:
    """From seconds and amounts to the drawing: a chart's upper edge, its height, its largest."""

    end_s: float
    top: float
    tall: float
    most: float

    def x(self, at_s: float) -> float:
        """Where a moment is."""
        return LEFT + (RIGHT - LEFT) * min(1.0, max(0.0, at_s / self.end_s))

    def y(self, amount: float) -> float:
        """Where an amount is."""
        return self.top + self.tall * (1 - min(1.0, max(0.0, amount / self.most)))


def timeline_view(t: Timeline) -> Picture:
    """Draws what became of a group."""
    title, words = "What became of a group", summary(t)
    opening, y = sentence(words, y=142)
    end_s = nice(max([1e-3, *(s.at_s for s in t.samples), *(m.at_s for m in t.moments)]), 12)
    body = [
        heading("TIMELINE", title),
        text(MARGIN, 108, t.group, face="mono", room=INNER),
        opening,
    ]
    y += 22
    top = y - 6
    for chart, is_there in ((_memory, "memory.max"), (_cpu, "cpu.max"), (_pids, "pids.max")):
        if any(_gauge(sample, is_there) for sample in t.samples):
            drawn, y = chart(t, end_s, y)
            body.append(drawn)
            y += GAP
    bottom = y - GAP
    body.append(_seconds(Scale(end_s, top, bottom - top, 1), bottom))
    shown = _shown(t.moments)
    body.append(_marks(shown, Scale(end_s, top, bottom - top, 1)))
    drawn, height = _told(shown, len(t.moments), bottom + 44)
    return make_picture(
        title=title,
        description="Memory with its limits, CPU with its quota, and numbered moments, over time.",
        height=height,
        body="".join([card(height), *body, drawn]),
        tables=tables(t, words),
    )


def summary(t: Timeline) -> str:
    """How long it was watched, and the worst that happened."""
    length = t.samples[-1].at_s if t.samples else 0.0
    kills = sum(moment.kind == "oom_kill" for moment in t.moments)
    throttled = sum(sample.throttled > 0 for sample in t.samples)
    worst = [counted(kills, "OOM kill")] if kills else []
    if throttled:
        share = 100 * throttled / len(t.samples)
        worst.append(f"its CPU was throttled in {share:.0f} % of the looks")
    told = "; ".join(worst) or "nothing was refused"
    return Volatile(f"Watched for {length:.1f} s, {counted(len(t.samples), 'look')}: {told}.")


def nice(most: float, steps: int = 10) -> float:
    """The next larger number that is round, so that a scale seldom changes."""
    step = 10 ** math.floor(math.log10(most / steps)) if most > 0 else 1.0
    for factor in (1, 2, 5, 10):
        if most <= steps * step * factor:
            return math.ceil(most / (step * factor) - 1e-9) * step * factor
    return most


def _gauge(sample: Sample, name: str) -> Gauge | None:
    return next((gauge for gauge in sample.gauges if gauge.name == name), None)


def _series(t: Timeline, name: str) -> list[tuple[float, Gauge]]:
    """The samples of one gauge; of many that fall on one point, the one with the most used."""
    found = [(sample.at_s, gauge) for sample in t.samples if (gauge := _gauge(sample, name))]
    size = max(1, math.ceil(len(found) / POINTS))
    return [
        max(found[i : i + size], key=lambda one: one[1].used) for i in range(0, len(found), size)
    ]


def _most(series: Sequence[tuple[float, Gauge]], round_up: Callable[[float], float]) -> float:
    """The largest amount of a chart, with air above the limit."""
    amounts = [max(gauge.used, gauge.limit or 0) for _, gauge in series]
    return round_up(1.12 * max([*amounts, 1e-9]))


def _bytes_up(amount: float) -> float:
    """The next of 1, 1.25, 1.5, 1.75 times a power of two."""
    power = 2.0 ** math.floor(math.log2(max(amount, 1)))
    return next(power * f for f in (1, 1.25, 1.5, 1.75, 2) if amount <= power * f)


def _memory(t: Timeline, end_s: float, y: float) -> tuple[str, float]:
    series, soft = _series(t, "memory.max"), _series(t, "memory.high")
    scale = Scale(end_s, y + 26, TALL["memory"], _most([*series, *soft], _bytes_up))
    drawn = _ground(scale, "memory", "bytes", y) + _area(series, scale)
    drawn += _limit(series, scale, "memory.max", "bad", "")
    drawn += _limit(soft, scale, "memory.high", "shr", "6 4")
    return drawn, scale.top + scale.tall


def _cpu(t: Timeline, end_s: float, y: float) -> tuple[str, float]:
    series = _series(t, "cpu.max")
    scale = Scale(end_s, y + 26, TALL["cpu"], _most(series, lambda most: nice(most, 4)))
    drawn = _ground(scale, "CPU", "cores", y) + _area(series, scale)
    drawn += _limit(series, scale, "cpu.max", "bad", "")
    bottom = scale.top + scale.tall
    if not any(sample.throttled > 0 for sample in t.samples):
        return drawn, bottom
    lane = bottom + 8
    label = text(LEFT - 10, lane + 12, "throttled", size=SMALL, ink="shr", anchor="end")
    ground = rect(LEFT, lane, RIGHT - LEFT, LANE, fill="shrt")
    bars, before = "", 0.0
    for sample in t.samples:
        tall = LANE * min(1.0, max(0.0, sample.throttled))
        if tall > 0:
            wide = scale.x(sample.at_s) - scale.x(before)
            bars += f"M{number(scale.x(before))} {number(lane + LANE)}v-{number(tall)}"
            bars += f"h{number(wide)}v{number(tall)}z"
        before = sample.at_s
    return drawn + label + ground + path(bars, fill="shr", is_volatile=True), lane + LANE


def _pids(t: Timeline, end_s: float, y: float) -> tuple[str, float]:
    series = _series(t, "pids.max")
    scale = Scale(end_s, y + 26, TALL["pids"], _most(series, lambda most: nice(most, 4)))
    drawn = _ground(scale, "processes", "", y) + _area(series, scale, is_stepped=True)
    return drawn + _limit(series, scale, "pids.max", "bad", ""), scale.top + scale.tall


def _ground(scale: Scale, name: str, unit: str, y: float) -> str:
    """The chart's ground, its name, and the amounts at its left."""
    drawn = text(MARGIN, y + 10, name, face="bold")
    drawn += rect(LEFT, scale.top, RIGHT - LEFT, scale.tall, fill="pan")
    for share in (0, 0.5, 1):
        at = scale.top + scale.tall * (1 - share)
        amount = scale.most * share
        words = limit_words(amount, unit) if unit == "bytes" else number(amount)
        if unit == "bytes" and not share:
            words = "0"
        drawn += path(f"M{LEFT} {number(at)}H{RIGHT}", stroke="line")
        drawn += text(LEFT - 10, at + 4.5, Volatile(words), size=SMALL, ink="mut", anchor="end")
    return drawn


def _area(series: Sequence[tuple[float, Gauge]], scale: Scale, *, is_stepped: bool = False) -> str:
    """What was used: the line, and the ground below it tinted."""
    if not series:
        return ""
    first = series[0]
    line = f"M{number(scale.x(first[0]))} {number(scale.y(first[1].used))}"
    for at, gauge in series[1:]:
        x, y = number(scale.x(at)), number(scale.y(gauge.used))
        line += f"H{x}V{y}" if is_stepped else f"L{x} {y}"
    bottom = number(scale.top + scale.tall)
    ground = f"{line}V{bottom}H{number(scale.x(first[0]))}z"
    return path(ground, fill="innt", is_volatile=True) + path(
        line, stroke="inn", line=2, is_volatile=True
    )


def _limit(
    series: Sequence[tuple[float, Gauge]], scale: Scale, name: str, ink: Ink, dash: str
) -> str:
    """The limit as a line with steps where somebody changed it; its name at its beginning."""
    line, before = "", None
    steps: list[tuple[float, Gauge]] = []
    for at, gauge in series:
        if gauge.limit is None:
            line += "" if before is None else f"H{number(scale.x(at))}"
            before = None
            continue
        x, y = scale.x(at), number(scale.y(gauge.limit))
        if before is None:
            line += f"M{number(x)} {y}"
            steps.append((at, gauge))
        else:
            line += f"H{number(x)}" + (f"V{y}" if gauge.limit != before else "")
            if gauge.limit != before:
                steps.append((at, gauge))
        before = gauge.limit
    if not line:
        return ""
    drawn = path(line, stroke=ink, line=2, dash=dash, is_volatile=True)
    last = -1000.0
    for at, gauge in steps[:4]:
        x = scale.x(at)
        if gauge.limit is None or x < last or x > RIGHT - 60:
            continue
        words = f"{name} {limit_words(gauge.limit, gauge.unit)}"
        drawn += _label(x + 6, scale.y(gauge.limit) - 5, words, ink)
        last = x + 200
    return drawn


def _label(x: float, y: float, words: str, ink: Ink) -> str:
    """A text whose place differs each time."""
    return text(x, y, Volatile(words), size=SMALL, ink=ink, room=RIGHT - x, is_volatile=True)


def _seconds(scale: Scale, bottom: float) -> str:
    """The time below the charts."""
    drawn = ""
    for i in range(5):
        at = scale.end_s * i / 4
        words = Volatile(f"{number(at)} s")
        anchor = ("start", "middle", "middle", "middle", "end")[i]
        drawn += text(scale.x(at), bottom + 18, words, size=SMALL, ink="mut", anchor=anchor)
    return drawn


def _shown(moments: Sequence[Moment]) -> list[Moment]:
    return sorted(moments, key=lambda moment: moment.at_s)[:MOST]


def _marks(shown: Sequence[Moment], scale: Scale) -> str:
    """A line through all charts for each moment, with its number above."""
    drawn, y = "", scale.top + 4
    at = _beside([scale.x(moment.at_s) for moment in shown])
    for i, (moment, middle) in enumerate(zip(shown, at, strict=True), 1):
        ink = KINDS.get(moment.kind, ("ring", "ink"))[1]
        d = f"M{number(scale.x(moment.at_s))} {number(y)}V{number(scale.top + scale.tall)}"
        drawn += path(d, stroke=ink, line=1.4, dash="3 3", is_volatile=True)
        drawn += rect(middle - 9, y - 12, 18, 18, fill="card", stroke=ink, r=9, is_volatile=True)
        drawn += text(middle, y + 1.5, Volatile(str(i)), size=SMALL, ink=ink, face="bold",
                      anchor="middle", is_volatile=True)  # fmt: skip
    return drawn


def _beside(places: Sequence[float]) -> list[float]:
    """Where numbers stand that would lie on each other: as near as can be, in their order."""
    at: list[float] = []
    for x in places:
        at.append(max(x, at[-1] + NUMBER) if at else x)
    most = RIGHT - 10.0
    for i in reversed(range(len(at))):
        at[i] = min(at[i], most)
        most = at[i] - NUMBER
    return at


def _told(shown: Sequence[Moment], count: int, y: float) -> tuple[str, float]:
    """The moments in words, and the y below them."""
    if not shown:
        return text(MARGIN, y + 14, "Nothing happened to it.", ink="mut"), y + 40
    drawn = ""
    for i, moment in enumerate(shown, 1):
        name, ink = KINDS.get(moment.kind, ("ring", "ink"))
        base = y + 14
        drawn += text(MARGIN + 18, base, str(i), face="bold", ink=ink, anchor="end")
        drawn += text(LEFT, base, Volatile(f"{moment.at_s:.1f} s"), size=SMALL, ink="mut",
                      anchor="end")  # fmt: skip
        drawn += icon(name, LEFT + 16, base - 12, ink=ink, size=14)
        drawn += text(LEFT + 40, base, moment.words, room=RIGHT - LEFT - 40)
        y += 27
    if count > len(shown):
        more = Volatile(f"and {counted(count - len(shown), 'more moment')}")
        drawn += text(LEFT + 40, y + 14, more, size=SMALL, ink="mut")
        y += 27
    return drawn, y + 16
