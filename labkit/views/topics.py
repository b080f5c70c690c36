"""One topic on the map: a card whose state is said by a word and an icon, then by a colour."""

from __future__ import annotations

from dataclasses import dataclass

from labkit.views.frame import SMALL
from labkit.views.icons import Icon, icon
from labkit.views.measure import Face, Room
from labkit.views.palette import Ink
from labkit.views.snapshots import TopicCard, TopicStatus
from labkit.views.svg import lines, rect, text

TALL = 116
"""Height of a card: a number, three lines of title, a state."""
NARROW = 200
"""Below this width the title is small and has three lines."""


@dataclass(frozen=True)
class Look:
    """How a state is shown."""

    icon: Icon
    word: str
    ink: Ink
    fill: Ink
    stroke: Ink
    dash: str = ""


LOOKS: dict[TopicStatus, Look] = {
    "done": Look("check", "done", "own", "ownt", "own"),
    "started": Look("half", "started", "shr", "shrt", "shr"),
    "open": Look("ring", "open", "inn", "card", "inn"),
    "planned": Look("dashed", "to come", "mut", "pan", "mut", "4 4"),
}


@dataclass(frozen=True)
class Placed:
    """A topic and where its card is."""

    topic: TopicCard
    x: float
    y: float
    width: float
    height: float = TALL


def draw_topic(spot: Placed) -> str:
    """The card of one topic."""
    topic, look, x, y = spot.topic, LOOKS[spot.topic.status], spot.x, spot.y
    ink: Ink = "mut" if topic.status == "planned" else "ink"
    foot = y + spot.height - 13
    amount = _amount(topic)
    is_wide = spot.width > NARROW
    size: float
    face: Face
    size, face = (19, "bold") if is_wide else (14, "normal")
    titles = Room(spot.width - 24, size, face).wrap(topic.title, 1 if is_wide else 3)
    return (
        rect(x, y, spot.width, spot.height, fill="card", r=10)
        + rect(
            x,
            y,
            spot.width,
            spot.height,
            fill=look.fill,
            stroke=look.stroke,
            r=10,
            line=1.4,
            dash=look.dash,
        )
        + text(x + 12, y + 22, f"{topic.number:02}", size=SMALL, face="mono", ink="mut")
        + lines(x + 12, y + (51 if is_wide else 42), titles, step=18, size=size, ink=ink, face=face)
        + icon(look.icon, x + 11, foot - 12, ink=look.ink, size=14)
        + text(x + 31, foot, look.word, size=SMALL, face="bold", ink=look.ink)
        + text(x + spot.width - 12, y + 22, amount, size=SMALL, ink="mut", anchor="end")
    )


def _amount(topic: TopicCard) -> str:
    if topic.status in ("done", "started") and topic.tasks:
        return f"{topic.passed} of {topic.tasks}"
    return f"{topic.minutes} min" if topic.status != "planned" and topic.minutes else ""


def legend(x: float, y: float) -> str:
    """What the four states look like, in two columns."""
    notes = {
        "done": "every task passed",
        "started": "some tasks passed",
        "open": "ready to start",
        "planned": "not written yet",
    }
    drawn = ""
    for i, (status, look) in enumerate(LOOKS.items()):
        top = y + 25 * i
        drawn += icon(look.icon, x, top, ink=look.ink, size=15)
        drawn += text(x + 24, top + 12, look.word, size=SMALL, face="bold", ink=look.ink)
        drawn += text(x + 104, top + 12, notes[status], size=SMALL, ink="mut")
    return drawn
