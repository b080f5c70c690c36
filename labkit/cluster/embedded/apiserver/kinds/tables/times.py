"""Times as a table shows them: how long ago.

What ``k8s.io/apimachinery/pkg/util/duration`` does: two or three figures that matter.
"""

from __future__ import annotations

from datetime import datetime, timedelta

UNKNOWN = "<unknown>"
INVALID = "<invalid>"

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR = 365 * DAY

LONG_AGO = "0001-01-01T00:00:00Z"
"""Go's time when there is none."""


_STEPS = (
    # below this, so many of a unit, and what is left in the unit after
    (2 * MINUTE, 1, "s", 0, ""),
    (10 * MINUTE, MINUTE, "m", 1, "s"),
    (3 * HOUR, MINUTE, "m", 0, ""),
    (8 * HOUR, HOUR, "h", MINUTE, "m"),
    (2 * DAY, HOUR, "h", 0, ""),
    (8 * DAY, DAY, "d", HOUR, "h"),
    (2 * YEAR, DAY, "d", 0, ""),
    (8 * YEAR, YEAR, "y", DAY, "d"),
)


def human_duration(seconds: float) -> str:
    """A duration in the two or three figures that matter: ``70s``, ``3m10s``, ``2d1h``, ``2y1d``.

    Two clocks may differ: less than two seconds in the future is now, more is ``<invalid>``.
    """
    whole = int(seconds)
    if whole < 0:
        return "0s" if whole == -1 else INVALID
    for below, unit, name, smaller, smaller_name in _STEPS:
        if whole < below:
            rest = whole % unit // smaller if smaller else 0
            shown = f"{whole // unit}{name}"
            return f"{shown}{rest}{smaller_name}" if rest else shown
    return f"{whole // YEAR}y"


def parse_time(text: str) -> datetime:
    """A time of the API, with its zone.

    Raises:
        ValueError: not RFC 3339.
    """
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError(f"{text!r} has no zone")
    return time


def time_since(text: str, now: datetime) -> timedelta:
    """How long ago a time of the API was. Raises ValueError: not RFC 3339."""
    return now - parse_time(text)


def translate_timestamp(text: str | None, now: datetime) -> str:
    """How long ago a time of the API was, for people; ``<unknown>`` where there is none.

    Args:
        text: RFC 3339, with seconds or microseconds, or None.
        now: with its zone.
    """
    if not text or text == LONG_AGO:
        return UNKNOWN
    try:
        return human_duration(time_since(text, now).total_seconds())
    except ValueError:
        return INVALID
