"""How wide a text is, and how to make it fit.

No font is asked: whoever looks at a picture has fonts we cannot know. The widths below are those
of DejaVu Sans, the widest of the usual interface fonts, so that a text which fits here fits
everywhere. Knows nothing about SVG.

Source: advance widths of DejaVu Sans and DejaVu Sans Mono 2.37, in hundredths of the font size.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Face = Literal["normal", "bold", "mono"]

_GROUPS = {
    28: "'ijlIJ",
    34: " ,./:;\\|·",
    39: "-f()[]t",
    43: "!r",
    50: '"*_`–',
    56: "sczL?",
    61: "FkvxyPTYaoe",
    67: "EShbdgnpquKAV0123456789${}",
    72: "BRXZC",
    79: "UHNDGOQ&",
    86: "w#+<=>^~→×≠M",
    100: "mW%@…",
}
_WIDTHS = {character: width / 100 for width, group in _GROUPS.items() for character in group}
_UNLISTED = 0.72
_WIDE = 1.1  # East Asian characters and emoji fill the square, in some fonts a little more
_MONO = 0.605
_BOLD = 1.14  # bold is wider by 6 to 28 %, by 11 % over English text; the rest is reserve

_LONGEST = 4000
"""Characters looked at. More never fits a picture, and hostile text may have millions."""


def text_width(text: str, size: float, face: Face = "normal") -> float:
    """The width of ``text`` at font size ``size``, in the units of ``size``."""
    if face == "mono":
        return size * _MONO * cells(text)
    ems = sum(_WIDTHS.get(character) or _unlisted(character) for character in text)
    return size * ems * (_BOLD if face == "bold" else 1)


def cells(text: str) -> int:
    """How many columns of a terminal ``text`` takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _unlisted(character: str) -> float:
    return (0.0, _UNLISTED, _WIDE)[_cells(character)]


@dataclass(frozen=True)
class Room:
    """The room that a text has: a width, at a font size, in a face."""

    width: float
    size: float
    face: Face = "normal"

    def holds(self, text: str) -> bool:
        """Whether ``text`` fits."""
        return text_width(text, self.size, self.face) <= self.width

    def shorten(self, text: str) -> str:
        """``text``, its middle replaced by ``…`` where it does not fit.

        The end is kept as long as the beginning: in a path or a command line it tells as much.
        """
        text = _cut(text)
        if self.holds(text):
            return text
        kept = _most(len(text) - 1, lambda count: self.holds(_without_middle(text, count)))
        return _without_middle(text, kept)

    def wrap(self, text: str, max_lines: int) -> tuple[str, ...]:
        """``text`` in at most ``max_lines`` lines that fit; the last is shortened if need be.

        Line breaks in the text are kept; a word wider than a line is broken where the line ends.
        """
        lines: list[str] = []
        rest = _cut(text).strip("\n")
        while rest and len(lines) < max_lines - 1:
            line, rest = self._first_line(rest)
            lines.append(line)
        if rest:
            lines.append(self.shorten(" ".join(rest.split())))
        return tuple(lines) or ("",)

    def _first_line(self, text: str) -> tuple[str, str]:
        line, _, after = text.partition("\n")
        if self.holds(line):
            return line, after
        count = max(1, _most(len(line), lambda count: self.holds(line[:count])))
        space = line.rfind(" ", 0, count + 1)
        end = space if space > 0 else count
        return line[:end].rstrip(), text[end:].lstrip(" ")


def shorten_cells(text: str, columns: int) -> str:
    """``text`` in at most ``columns`` columns of a terminal, its middle left out if need be."""
    return Room(columns * _MONO + 1e-6, 1, "mono").shorten(text)


def _most(high: int, holds: Callable[[int], bool]) -> int:
    """The largest count up to ``high`` for which ``holds``, given that it holds up to a point."""
    low = 0
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low


def _without_middle(text: str, kept: int) -> str:
    first = (kept + 1) // 2
    return f"{text[:first]}…{text[len(text) - (kept - first) :]}"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else _without_middle(text, _LONGEST)
