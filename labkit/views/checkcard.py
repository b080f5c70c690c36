"""The check card: what a check said, expected beside observed, the score, and the hint.

Says nothing that the verdict does not: it never gives an answer away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.views.escape import clean
from labkit.views.frame import BODY, INNER, MARGIN, SMALL, card, counted
from labkit.views.icons import Icon, icon
from labkit.views.measure import Room
from labkit.views.palette import Ink
from labkit.views.picture import WIDTH, Picture, make_picture
from labkit.views.snapshots import Card
from labkit.views.svg import lines, number, path, prose, rect, text
from labkit.views.table import Table

if TYPE_CHECKING:
    from labkit.grading.verdict import Evidence, Status

PAD, LINE = 18, 22
ROWS, CELL_LINES, HINT_LINES = 8, 4, 12
"""Rows of evidence, lines of a cell, and lines of a hint, at most; the text has all."""
MARK, WHAT, EXPECTED, OBSERVED = MARGIN + 14, MARGIN + 46, MARGIN + 240, MARGIN + 494
"""Left edges of the columns of evidence."""
WHAT_ROOM = Room(EXPECTED - WHAT - 14, 14)
BOX_TEXT, BOX_ROOM = MARGIN + PAD + 30, INNER - 2 * PAD - 30
CELL_ROOM = Room(OBSERVED - EXPECTED - 16, 14, "mono")


@dataclass(frozen=True)
class Look:
    """How a verdict is shown."""

    icon: Icon
    word: str
    ink: Ink
    tint: Ink


LOOKS: dict[Status, Look] = {
    "passed": Look("check", "Passed", "own", "ownt"),
    "not yet": Look("clock", "Not yet", "shr", "shrt"),
    "blocked": Look("bar", "Blocked", "bad", "badt"),
}


def card_view(c: Card) -> Picture:
    """Draws what a check said."""
    look = LOOKS[c.status]
    body = [
        text(MARGIN, 42, "CHECK", size=SMALL, ink="inn", face="bold"),
        text(MARGIN + 62, 42, c.id, size=SMALL, ink="mut", face="mono", room=INNER - 62),
        text(MARGIN, 70, c.title, size=20, face="bold", room=INNER - 170),
        text(WIDTH - MARGIN, 70, _score(c), size=BODY, anchor="end"),
    ]
    drawn, y = _verdict(c, look, 90)
    body.append(drawn)
    if c.evidence:
        drawn, y = _evidence(c.evidence, y + 12)
        body.append(drawn)
    if c.blocked_fix:
        drawn, y = _fix_box(c.blocked_fix, y + 14)
        body.append(drawn)
    if c.hint:
        drawn, y = _hint_box(c, y + 14)
        body.append(drawn)
    if foot := _foot(c):
        y += 32
        body.append(icon("bulb", MARGIN, y - 13, ink="mut", size=15))
        body.append(text(MARGIN + 24, y, foot, size=SMALL, ink="mut"))
    height = y + 28
    return make_picture(
        title=f"Check: {c.title}",
        description=f"{look.word}. {_score(c)}. {c.message}",
        height=height,
        body=card(height) + "".join(body),
        tables=_tables(c, look),
    )


def _verdict(c: Card, look: Look, y: float) -> tuple[str, float]:
    said = Room(INNER - 2 * PAD - 150, BODY).wrap(clean(c.message, keep_lines=True), 6)
    height = max(56, LINE * len(said) + 2 * PAD - 6)
    middle = y + height / 2
    first = middle + 5 - LINE * (len(said) - 1) / 2
    drawn = (
        rect(MARGIN, y, INNER, height, fill=look.tint, r=10)
        + rect(MARGIN, y, 6, height, fill=look.ink, r=3)
        + icon(look.icon, MARGIN + PAD + 4, middle - 11, ink=look.ink, size=22, line=2)
        + text(MARGIN + PAD + 38, middle + 6, look.word, size=18, face="bold", ink=look.ink)
        + prose(MARGIN + PAD + 150, first, said, step=LINE)
    )
    return drawn, y + height


def _evidence(evidence: Sequence[Evidence], y: float) -> tuple[str, float]:
    """Expected beside observed; where they differ, the row is marked."""
    shown, left_out = _most_telling(evidence)
    drawn = "".join(
        text(x, y + 20, name, size=SMALL, ink="mut")
        for x, name in ((WHAT, "looked at"), (EXPECTED, "expected"), (OBSERVED, "observed"))
    )
    y += 30
    for item in shown:
        row, y = _evidence_row(item, y)
        drawn += row
    if left_out:
        drawn += text(WHAT, y + 20, f"and {left_out} more", size=SMALL, ink="mut")
        y += 30
    return drawn, y


def _evidence_row(item: Evidence, y: float) -> tuple[str, float]:
    what = WHAT_ROOM.wrap(clean(item.what, keep_lines=True), CELL_LINES)
    cells = [
        CELL_ROOM.wrap(clean(cell, keep_lines=True) or "(nothing)", CELL_LINES)
        for cell in (item.expected, item.observed)
    ]
    step = 19
    height = step * max(len(what), *map(len, cells)) + 17
    base = y + 23
    differs = not item.agrees
    ink: Ink = "bad" if differs else "own"
    drawn = rect(MARGIN, y + 1, INNER, height - 2, fill="badt", r=6) if differs else ""
    drawn += path(f"M{MARGIN} {number(y + height)}h{INNER}", stroke="line")
    drawn += icon("differs" if differs else "equal", MARK, base - 13, ink=ink, line=2)
    drawn += lines(WHAT, base, what, step=step, size=14)
    drawn += lines(EXPECTED, base, cells[0], step=step, size=14, face="mono")
    drawn += lines(
        OBSERVED, base, cells[1], step=step, size=14, face="mono", ink="bad" if differs else "ink"
    )
    return drawn, y + height


def _most_telling(evidence: Sequence[Evidence]) -> tuple[list[Evidence], int]:
    """The rows that are shown, in their order, and how many are not: those that agree go first."""
    if len(evidence) <= ROWS:
        return list(evidence), 0
    ranked = sorted(range(len(evidence)), key=lambda i: (evidence[i].agrees, i))[: ROWS - 1]
    return [evidence[i] for i in sorted(ranked)], len(evidence) - (ROWS - 1)


def _fix_box(words: str, y: float) -> tuple[str, float]:
    """What would help where the check is blocked: commands, so in the face of code."""
    said = Room(BOX_ROOM, 14, "mono").wrap(clean(words, keep_lines=True), HINT_LINES)
    drawn, bottom = _box("arrow", "What would help", "mut", "pan", y=y, count=len(said))
    return drawn + lines(BOX_TEXT, y + 54, said, step=LINE, size=14, face="mono"), bottom


def _hint_box(c: Card, y: float) -> tuple[str, float]:
    title = f"Hint {c.hints_taken}" if c.hints_taken else "Hint"
    said = Room(BOX_ROOM, BODY).wrap(clean(c.hint, keep_lines=True), HINT_LINES)
    drawn, bottom = _box("bulb", title, "inn", "innt", y=y, count=len(said))
    return drawn + prose(BOX_TEXT, y + 54, said, step=LINE), bottom


def _box(name: Icon, title: str, *look: Ink, y: float, count: int) -> tuple[str, float]:
    """A box with an icon and a bold title, and room for ``count`` lines; and its lower edge."""
    ink, tint = look
    height = 48 + LINE * count
    return (
        rect(MARGIN, y, INNER, height, fill=tint, r=10)
        + icon(name, MARGIN + PAD - 2, y + 15, ink=ink, size=18)
        + text(BOX_TEXT, y + 28, title, size=14, face="bold", ink=ink)
    ), y + height


def _score(c: Card) -> str:
    return f"{c.earned:g} of {counted_points(c.points)}"


def counted_points(points: float) -> str:
    """``1 point``, ``0.5 points``."""
    return f"{points:g} {'point' if points == 1 else 'points'}"


def _foot(c: Card) -> str:
    """What one can still ask for, and what was asked for."""
    if c.is_revealed:
        return "The solution was shown."
    if c.status == "passed":
        return f"{counted(c.hints_taken, 'hint')} taken." if c.hints_taken else ""
    if c.hints_left and c.next_hint_cost is not None:
        cost = f"costs {counted_points(c.next_hint_cost)}" if c.next_hint_cost else "is free"
        return f"{counted(c.hints_left, 'hint')} left; the next one {cost}."
    return "No hints left." if c.hints_taken else ""


def _tables(c: Card, look: Look) -> tuple[Table, ...]:
    facts = [("verdict", look.word), ("says", _one_line(c.message)), ("score", _score(c))]
    facts += [
        (name, _one_line(words))
        for name, words in (
            ("what would help", c.blocked_fix),
            ("hint", c.hint),
            ("hints", _foot(c)),
        )
        if words
    ]
    said = Table(f"Check {c.id}: {c.title}", ("what", "value"), tuple(facts), is_wide=True)
    if not c.evidence:
        return (said,)
    seen = Table(
        "What was looked at",
        ("looked at", "", "expected", "observed"),
        tuple(
            (
                item.what,
                "=" if item.agrees else "≠",
                _one_line(item.expected),
                _one_line(item.observed),
            )
            for item in c.evidence
        ),
        is_wide=True,
    )
    return said, seen


def _one_line(words: str) -> str:
    return " ".join(words.split("\n"))
