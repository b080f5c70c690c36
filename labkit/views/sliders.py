"""Sliders: a value that one moves between two ends, over stops that have names.

The stops are made here, so that a front end shows names and sends places. Knows nothing of widgets.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from labkit.core.errors import BadInput
from labkit.views.escape import clean
from labkit.views.gauges import limit_words
from labkit.views.svg import number
from labkit.views.table import Table

MOST_STOPS = 201
"""With more, the arrow keys lead nowhere."""
_WHOLE = ("bytes", "processes")
"""Units of which there is no half."""
_OCTAVE = (1, 1.25, 1.5, 1.75)
_DECADE = (1, 1.5, 2, 3, 5, 7)


@dataclass(frozen=True)
class Slider:
    """A slider: what it is called, between which ends it moves, what it sets.

    Attributes:
        id: its name in messages, unique within a widget.
        label: what stands before it.
        minimum, maximum: its ends.
        get: reads the value; None means that there is no limit.
        set: called with the value that was chosen. A text that it returns is shown.
        scale: ``log`` where twice as much is as far everywhere.
        step: between two stops of a ``linear`` one; chosen where none is given.
        unit: ``bytes``, ``processes``, ``cores`` or any other word.
        help: one sentence more.
        can_be_unlimited: after the largest value comes a last stop, "no limit": ``set`` gets None.
    """

    id: str
    label: str
    minimum: float
    maximum: float
    get: Callable[[], float | None]
    set: Callable[[Any], object]
    scale: Literal["linear", "log"] = "linear"
    step: float | None = None
    unit: str = ""
    help: str = ""
    can_be_unlimited: bool = False

    @cached_property
    def stops(self) -> tuple[float | None, ...]:
        """What can be chosen: values, then None where there need be no limit."""
        return (*self.values, None) if self.can_be_unlimited else self.values

    @cached_property
    def values(self) -> tuple[float, ...]:
        """The values that can be chosen, ascending; whole numbers where there are no halves.

        Raises:
            BadInput: the ends or the step make no sense.
        """
        low, high = self.minimum, self.maximum
        is_sound = math.isfinite(low) and math.isfinite(high) and low < high
        is_sound &= low > 0 or self.scale == "linear"
        if not is_sound or (self.step is not None and self.step <= 0):
            raise BadInput(
                f"the slider {self.label!r} cannot go from {low} to {high}",
                hint="Give the smaller end first, and a step above 0; a `log` scale begins above 0",
            )
        if self.scale == "log":
            inner = _octaves(low, high) if self.unit == "bytes" else _decades(low, high)
        else:
            step = self.step or _round_step((high - low) / 40)
            inner = (
                low + step * i for i in range(1, min(MOST_STOPS, int((high - low) / step)) + 1)
            )
        found = sorted({self._whole(x) for x in (low, *inner, high) if low <= x <= high})
        if len(found) > MOST_STOPS:
            raise BadInput(
                f"the slider {self.label!r} has too many stops",
                why=f"at most {MOST_STOPS} can be told apart",
                hint="Give a larger step, or `scale='log'`",
            )
        return tuple(found)

    def words(self, value: float | None) -> str:
        """A value as one reads it: ``64 MiB``, ``0.5 cores``."""
        if value is None or self.unit in (*_WHOLE, "cores"):
            return limit_words(value, self.unit)
        return clean(f"{number(value)} {self.unit}".strip())

    def nearest(self, value: float | None) -> int:
        """The place of the stop that is nearest; the last for no limit."""
        if value is None:
            return len(self.stops) - 1
        return min(range(len(self.values)), key=lambda i: abs(self.values[i] - value))

    def chosen(self, at: object) -> float | None:
        """The value at a place that a front end named; None for no limit.

        Raises:
            BadInput: there is no such place.
        """
        if isinstance(at, bool) or not isinstance(at, int) or not 0 <= at < len(self.stops):
            raise BadInput(
                f"the slider {self.label!r} has no place {clean(str(at))}",
                why=f"it has {len(self.stops)}",
            )
        return self.stops[at]

    def _whole(self, value: float) -> float:
        return round(value) if self.unit in _WHOLE else round(value, 6)


def by_id(sliders: Sequence[Slider]) -> dict[str, Slider]:
    """The sliders by their ids, each looked at.

    Raises:
        BadInput: two have one id, or one cannot be.
    """
    found = {slider.id: slider for slider in sliders}
    if len(found) < len(sliders):
        raise BadInput(
            "each slider needs an id of its own",
            why="given: " + ", ".join(slider.id for slider in sliders),
        )
    for slider in sliders:
        _ = slider.stops
    return found


def as_table(sliders: Iterable[Slider], values: dict[str, float | None]) -> Table:
    """What the sliders show, as text."""
    rows = tuple(
        (s.label, s.words(values.get(s.id)), s.words(s.minimum), s.words(s.stops[-1]))
        for s in sliders
    )
    return Table("What the sliders set", ("what", "now", "from", "to"), rows)


def _octaves(low: float, high: float) -> Iterable[float]:
    """Powers of two, and three values between each and the next."""
    for power in range(math.floor(math.log2(low)), math.ceil(math.log2(high)) + 1):
        yield from (2.0**power * part for part in _OCTAVE)


def _decades(low: float, high: float) -> Iterable[float]:
    """Powers of ten, and five values between each and the next."""
    for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1):
        yield from (10.0**power * part for part in _DECADE)


def _round_step(step: float) -> float:
    """The next larger of 1, 2, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(power * part for part in (1, 2, 5, 10) if step <= power * part * (1 + 1e-9))
