"""A prediction beside what happened."""

from __future__ import annotations

from labkit.views.escape import clean
from labkit.views.frame import INNER, MARGIN, SMALL, card
from labkit.views.icons import Icon, icon
from labkit.views.measure import Room
from labkit.views.palette import Ink
from labkit.views.picture import Picture, make_picture
from labkit.views.snapshots import Comparison
from labkit.views.svg import prose, rect, text
from labkit.views.table import Table

GAP, PAD, LINE = 84, 20, 23
"""Room between the two sides, for the sign; space inside them; distance of two lines."""
SIDE = (INNER - GAP) / 2
LINES = 8


def comparison_view(c: Comparison) -> Picture:
    """Draws what was predicted beside what happened."""
    question = Room(INNER, 18, "bold").wrap(clean(c.question, keep_lines=True), 3)
    room = Room(SIDE - 2 * PAD, 16)
    sides = [
        room.wrap(clean(words, keep_lines=True), LINES)
        for words in (c.predicted or "No prediction was made.", c.happened)
    ]
    top = 66 + 25 * len(question) + 2
    tall = 62 + LINE * max(map(len, sides))
    sign, word, ink, tint = _sign(c)
    middle = MARGIN + SIDE + GAP / 2
    right = MARGIN + SIDE + GAP
    height = top + tall + 30
    body = [
        card(height),
        text(MARGIN, 42, "PREDICTION", size=SMALL, ink="inn", face="bold"),
        prose(MARGIN, 70, question, step=25, size=18, face="bold"),
        rect(MARGIN, top, SIDE, tall, fill="pan", r=12),
        text(MARGIN + PAD, top + 29, "You predicted", size=SMALL, ink="mut"),
        prose(
            MARGIN + PAD,
            top + 56,
            sides[0],
            step=LINE,
            size=16,
            ink="mut" if c.predicted is None else "ink",
        ),
        rect(right, top, SIDE, tall, fill="innt", r=12),
        text(right + PAD, top + 29, "What happened", size=SMALL, ink="inn", face="bold"),
        prose(right + PAD, top + 56, sides[1], step=LINE, size=16),
        rect(middle - 22, top + tall / 2 - 30, 44, 44, fill=tint, r=22),
        icon(sign, middle - 11, top + tall / 2 - 19, ink=ink, size=22, line=2),
        text(middle, top + tall / 2 + 34, word, size=SMALL, face="bold", ink=ink, anchor="middle"),
    ]
    rows = (
        ("you predicted", c.predicted or "(nothing)"),
        ("what happened", c.happened),
        ("as predicted", {True: "yes", False: "no", None: "–"}[c.is_right]),
    )
    table = Table(c.question, ("", ""), rows, is_wide=True)
    return make_picture(
        title="Your prediction, and what happened",
        description=c.question,
        height=height,
        body="".join(body),
        tables=(table,),
    )


def _sign(c: Comparison) -> tuple[Icon, str, Ink, Ink]:
    if c.is_right is None or c.predicted is None:
        return "arrow", "", "mut", "pan"
    if c.is_right:
        return "equal", "the same", "own", "ownt"
    return "differs", "differs", "shr", "shrt"
