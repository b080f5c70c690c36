"""What the pictures have in common: the card, its heading, panels, badges, lists that end.

Knows the sizes and spaces of the pictures, nothing about containers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar

from labkit.views.escape import Volatile
from labkit.views.icons import Icon, icon
from labkit.views.measure import Room, text_width
from labkit.views.palette import Ink
from labkit.views.picture import WIDTH
from labkit.views.svg import lines, rect, text

T = TypeVar("T")

MARGIN = 32
INNER = WIDTH - 2 * MARGIN
"""Width between the margins."""

BIG, BODY, SMALL = 23, 15, 13
"""Font sizes: headings, text, labels. Smaller than SMALL is not legible at 500 pixels."""


def card(height: float) -> str:
    """The ground that everything stands on."""
    return rect(0.5, 0.5, WIDTH - 1, height - 1, fill="card", stroke="line", r=14)


def heading(kicker: str, title: str, *, y: float = 46) -> str:
    """A small line that says what kind of picture it is, and the title below."""
    return text(MARGIN, y, kicker, size=SMALL, ink="inn", face="bold") + text(
        MARGIN, y + 30, title, size=BIG, face="bold", room=INNER
    )


def sentence(words: str, *, y: float, max_lines: int = 2, ink: Ink = "mut") -> tuple[str, float]:
    """A sentence below the heading, and the y below it."""
    wrapped = Room(INNER, BODY).wrap(words, max_lines)
    if isinstance(words, Volatile):
        wrapped = tuple(map(Volatile, wrapped))
    return lines(MARGIN, y, wrapped, step=22, ink=ink), y + 22 * len(wrapped)


def panel_heading(name: Icon, title: str, note: str, *, x: float, y: float, width: float) -> str:
    """An icon, a bold title and, after it, a note; ``y`` is the baseline."""
    after = x + 26 + text_width(title, 16, "bold") + 8
    return (
        icon(name, x, y - 14, ink="ink", size=17)
        + text(x + 26, y, title, size=16, face="bold")
        + text(after, y, note, size=SMALL, ink="mut", room=x + width - after)
    )


def badge(name: Icon, word: str, x: float, y: float, *, ink: Ink, tint: Ink) -> str:
    """An icon and a word on a tint, 26 high, its left upper corner at ``x``, ``y``."""
    return (
        rect(x, y, badge_width(word), 26, fill=tint, r=13)
        + icon(name, x + 10, y + 6, ink=ink, size=14)
        + text(x + 31, y + 18, word, size=SMALL, ink=ink, face="bold")
    )


def badge_width(word: str) -> float:
    """How wide the badge of ``word`` is."""
    return 44 + text_width(word, SMALL, "bold")


def first_few(items: Sequence[T], most: int) -> tuple[tuple[T, ...], int]:
    """The items that are shown where ``most`` lines are, and how many are left out.

    The line that says how many are left out takes one of the lines.
    """
    if len(items) <= most:
        return tuple(items), 0
    return tuple(items[: most - 1]), len(items) - (most - 1)


def listed(names: Sequence[str], room: Room) -> str:
    """As many names as fit, at least one, and how many more there are: ``a, b + 2``."""
    for count in range(min(len(names), _MOST_NAMES), 1, -1):
        left_out = len(names) - count
        words = ", ".join(names[:count]) + (f" + {left_out}" if left_out else "")
        if room.holds(words):
            return words
    return ", ".join(names) if len(names) < 2 else f"{names[0]} + {len(names) - 1}"


_MOST_NAMES = 40
"""No line of a picture holds more; a machine may have hundreds of links."""


def counted(number: int, one: str, many: str = "") -> str:
    """``1 process``, ``3 processes``."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def sandbox_name(name: str) -> str:
    """A sandbox's name; volatile when it is one that labkit made up."""
    return Volatile(name) if _MADE_UP.fullmatch(name) else name


_MADE_UP = re.compile(r"box-[0-9a-f]{6}|process \d+")
