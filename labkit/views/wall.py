"""The wall between a process and its host, one piece for each kind of namespace.

A kind of its own is masonry; a shared one is a gap, with a way through in both directions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.views.frame import SMALL
from labkit.views.icons import icon
from labkit.views.namespaces import gate_look
from labkit.views.picture import WIDTH as PICTURE
from labkit.views.svg import number, path, rect, text

if TYPE_CHECKING:
    from labkit.sandbox.facts import NamespaceRow

WIDTH = 144
LEFT = (PICTURE - WIDTH) / 2
"""Its left edge: it stands in the middle of the picture."""


def gate(row: NamespaceRow, y: float, height: float) -> str:
    """The piece of the wall that one kind of namespace is: closed, or a gap with two ways."""
    name, word, ink, tint = gate_look(row.is_own)
    x, middle = LEFT, y + height / 2
    if row.is_own:
        drawn = rect(x, y, WIDTH, height, fill=tint) + _bricks(y, height)
    else:
        left, right = number(x - 10), number(x + WIDTH + 10)
        way = f"M{left} {number(middle)}H{right}m-6-5 6 5-6 5M{left} {number(middle)}m6-5-6 5 6 5"
        drawn = path(way, stroke=ink, line=1.8)
        drawn += rect(
            x + 14,
            y + 7,
            WIDTH - 28,
            height - 14,
            fill="card",
            stroke=ink,
            r=8,
            line=1.5,
            dash="5 4",
        )
    return (
        drawn
        + icon(name, x + 30, middle - 10, ink=ink, size=20)
        + text(x + 60, middle - 3, row.kind, size=16, face="mono", ink=ink)
        + text(x + 60, middle + 16, word, size=SMALL, face="bold", ink=ink)
    )


def _bricks(y: float, height: float) -> str:
    """The joints of the masonry along both edges, in running bond."""
    courses = round(height / 16)
    step = height / courses
    joints = f"M{number(LEFT)} {number(y)}h{number(WIDTH)}"
    for i in range(courses):
        top, width = number(y + i * step), (20, 10)[i % 2]
        joints += f"M{number(LEFT)} {top}h{width}v{number(step)}"
        joints += f"M{number(LEFT + WIDTH)} {top}h-{30 - width}v{number(step)}"
    end = y + height
    edges = f"M{number(LEFT)} {number(y)}V{number(end)}H{number(LEFT + WIDTH)}V{number(y)}"
    return path(joints + edges, stroke="own", line=0.8, opacity=0.5)
