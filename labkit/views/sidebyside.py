"""Which walls containers have, side by side: the same judgement of each, row by row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labkit.core.errors import BadInput
from labkit.views.frame import INNER, MARGIN, SMALL, card, heading, sentence
from labkit.views.icons import icon
from labkit.views.palette import Ink
from labkit.views.picture import Picture, make_picture
from labkit.views.svg import path, rect, text
from labkit.views.table import Table

if TYPE_CHECKING:
    from labkit.sandbox.judgement import Wall, Walls

ROW = 46
"""Two lines of text and the room around them."""
LEFT = 300
"""Width of the first column, which says what each wall keeps."""


def walls_view(judged: Mapping[str, Walls]) -> Picture:
    """Draws the walls of one container, or of a few beside each other.

    Args:
        judged: what each is called, to its walls. All were judged by the same function, so they
            have the same rows.

    Raises:
        BadInput: there is nothing to draw.
    """
    if not judged:
        raise BadInput("there are no walls to draw", hint='walls_view({"mine": walls(pid)})')
    columns = [each.walls for each in judged.values()]
    width = (INNER - LEFT) / len(columns)
    said = " ".join(_sentence(name, each) for name, each in judged.items())
    words, top = sentence(said, y=112)
    top += 34
    height = top + ROW * len(columns[0]) + 24
    body = [card(height), heading("WALLS", "Which walls are closed"), words]
    for number, name in enumerate(judged):
        x = MARGIN + LEFT + number * width
        body.append(text(x, top - 14, name, face="bold", ink="inn", room=width - 12))
    for line, rows in enumerate(zip(*columns, strict=True)):
        y = top + line * ROW
        body.append(path(f"M{MARGIN} {y - 4}H{MARGIN + INNER}", stroke="line"))
        body.append(text(MARGIN, y + 16, rows[0].name, face="bold"))
        body.append(text(MARGIN, y + 33, rows[0].keeps, size=SMALL, ink="mut", room=LEFT - 10))
        for number, wall in enumerate(rows):
            body.append(_cell(wall, MARGIN + LEFT + number * width, y, width - 8))
    table = Table(
        said,
        ("wall", "behind it, a process", *judged),
        tuple(
            (rows[0].name, rows[0].keeps, *(_word(wall) for wall in rows))
            for rows in zip(*columns, strict=True)
        ),
        is_wide=True,
    )
    return make_picture(
        title=f"Walls of {' and '.join(judged)}",
        description=said,
        height=height,
        body="".join(body),
        tables=(table,),
    )


def _cell(wall: Wall, x: float, y: float, width: float) -> str:
    ink: Ink = "own" if wall.is_up else "shr"
    tint: Ink = "ownt" if wall.is_up else "shrt"
    return (
        rect(x, y, width, ROW - 8, fill=tint, r=8)
        + icon("lock" if wall.is_up else "arrows", x + 10, y + 11, ink=ink)
        + text(x + 34, y + 16, _state(wall), size=SMALL, ink=ink, face="bold")
        + text(x + 34, y + 32, wall.seen, size=SMALL, room=width - 42)
    )


def _state(wall: Wall) -> str:
    return "closed" if wall.is_up else "open"


def _word(wall: Wall) -> str:
    return f"{_state(wall)}: {wall.seen}"


def _sentence(name: str, judged: Walls) -> str:
    missing = [wall.name for wall in judged.missing]
    count = len(judged.walls)
    if not missing:
        return f"{name}: all {count} closed."
    return f"{name}: {count - len(missing)} of {count} closed, open: {', '.join(missing)}."
