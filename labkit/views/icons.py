"""Icons, drawn by hand on a grid of 16 by 16. Each stands beside a word, never alone."""

from __future__ import annotations

from typing import Literal

from labkit.views.palette import Ink
from labkit.views.svg import path

Icon = Literal[
    "lock",
    "arrows",
    "check",
    "cross",
    "ring",
    "half",
    "dashed",
    "bar",
    "eye",
    "gauge",
    "layers",
    "key",
    "bulb",
    "pencil",
    "plug",
    "person",
    "differs",
    "equal",
    "arrow",
    "clock",
    "pin",
    "snow",
    "bolt",
    "hourglass",
    "globe",
    "box",
]

_CIRCLE = "M14 8A6 6 0 1 1 2 8A6 6 0 1 1 14 8"

_STROKES: dict[Icon, str] = {
    "lock": "M3 7.5h10v6.5H3zM5 7.5V5a3 3 0 0 1 6 0v2.5M8 10v1.5",
    "arrows": "M2 5h11.5M10.5 2l3 3-3 3M14 11H2.5M5.5 8l-3 3 3 3",
    "check": "M2.5 8.5l3.7 3.8L13.5 4",
    "cross": "M3.5 3.5l9 9M12.5 3.5l-9 9",
    "ring": _CIRCLE,
    "half": _CIRCLE,
    "dashed": _CIRCLE,
    "bar": f"{_CIRCLE}M3.8 12.2l8.4-8.4",
    "eye": "M1 8c3.5-6 10.5-6 14 0c-3.5 6-10.5 6-14 0M10 8a2 2 0 1 1-4 0a2 2 0 1 1 4 0",
    "gauge": "M2.2 12.5a6.5 6.5 0 1 1 11.6 0M8 9.5l3-4M8 2.8v1.2",
    "layers": "M8 2l6.5 3.2L8 8.5 1.5 5.2zM1.5 8.3L8 11.6l6.5-3.3M1.5 11.4L8 14.7l6.5-3.3",
    "key": "M8 11a3 3 0 1 1-6 0a3 3 0 1 1 6 0M7.2 8.8L13.5 2.5M10.4 5.6l2 2M12.4 3.6l1.6 1.6",
    "bulb": "M6 14.5h4M6 12.2h4c0-1.8 2-2.6 2-5.2a4 4 0 0 0-8 0c0 2.6 2 3.4 2 5.2",
    "pencil": "M2.5 13.5l.8-3.3L11 2.5l2.5 2.5-7.7 7.7zM9.5 4l2.5 2.5",
    "plug": "M1 8h4M5 4.5h3.5a3.5 3.5 0 0 1 0 7H5zM12 6h3M12 10h3",
    "person": "M11 5a3 3 0 1 1-6 0a3 3 0 1 1 6 0M2.5 14c.6-3.2 2.6-4.5 5.5-4.5s4.9 1.3 5.5 4.5",
    "differs": "M3 5.8h10M3 10.2h10M10.8 2.5l-5.6 11",
    "equal": "M3 5.8h10M3 10.2h10",
    "arrow": "M2 8h11.5M9.5 4l4 4-4 4",
    "clock": f"{_CIRCLE}M8 4.6V8l2.4 1.6",
    "pin": "M5.5 2h5M6.5 2v4.2L4 9.5h8L9.5 6.2V2M8 9.5v5",
    "snow": "M8 1.5v13M2.4 4.8l11.2 6.4M13.6 4.8L2.4 11.2M6 2.8l2 1.7 2-1.7M6 13.2l2-1.7 2 1.7",
    "bolt": "M9.5 1.5L3.5 9H8l-1.5 5.5L12.5 7H8z",
    "hourglass": "M4 2h8M4 14h8M4.8 2v2.6L8 8l3.2-3.4V2M4.8 14v-2.6L8 8l3.2 3.4V14",
    "globe": f"{_CIRCLE}M2 8h12M8 2c-4 4-4 8 0 12M8 2c4 4 4 8 0 12",
    "box": "M2.5 4.5L8 2l5.5 2.5v7L8 14l-5.5-2.5zM2.5 4.5L8 7l5.5-2.5M8 7v7",
}
_DASHES: dict[Icon, str] = {"dashed": "2.4 2.3"}
_FILLS: dict[Icon, str] = {"half": "M8 2A6 6 0 0 0 8 14z"}


def icon(
    name: Icon, x: float, y: float, *, ink: Ink = "ink", size: float = 16, line: float = 1.6
) -> str:
    """The icon with its left upper corner at ``x``, ``y``."""
    scale = size / 16
    drawn = path(
        _STROKES[name], stroke=ink, line=line, dash=_DASHES.get(name, ""), at=(x, y), scale=scale
    )
    return drawn + (path(_FILLS[name], fill=ink, at=(x, y), scale=scale) if name in _FILLS else "")
