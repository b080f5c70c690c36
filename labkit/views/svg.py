"""SVG, written by hand: a few elements, each a function from numbers and text to markup.

Whatever text comes in is escaped here. Each colour is written twice: as an attribute, in its light
value, for readers that drop style sheets; and as a class, for the themes (``palette``).
Knows nothing about what the pictures mean.

Source: SVG 2 (elements text, rect, path, g; presentation attributes).
"""

from __future__ import annotations

from collections.abc import Iterable

from labkit.views.escape import Volatile, clean, escape, markup
from labkit.views.measure import Face, Room, text_width
from labkit.views.palette import PALETTE, Ink


def text(
    x: float,
    y: float,
    *parts: str,
    size: float = 15,
    ink: Ink = "ink",
    face: Face = "normal",
    anchor: str = "start",
    room: float | None = None,
    is_volatile: bool = False,
) -> str:
    """One line of text, its baseline at ``y``.

    Args:
        parts: written one after the other.
        is_volatile: its place differs each time, not only what it says.
        room: the width that all parts have together; the last is shortened to it, and then its
            full text is in the element's title.
    """
    shown = [clean(part) for part in parts]
    title = ""
    if room is not None:
        taken = sum(text_width(part, size, face) for part in shown[:-1])
        shown[-1], title = _fit(shown[-1], Room(room - taken, size, face))
    inner = title + "".join(markup(part, "tspan") for part in shown)
    also = "v" if is_volatile else ""
    return _text(inner, x=x, y=y, size=size, ink=ink, face=face, anchor=anchor, also=also)


def lines(
    x: float,
    y: float,
    texts: Iterable[str],
    *,
    step: float,
    size: float = 15,
    ink: Ink = "ink",
    face: Face = "normal",
) -> str:
    """Lines of text one below the other, ``step`` apart."""
    return "".join(
        text(x, y + i * step, line, size=size, ink=ink, face=face) for i, line in enumerate(texts)
    )


def prose(
    x: float,
    y: float,
    texts: Iterable[str],
    *,
    step: float,
    size: float = 15,
    ink: Ink = "ink",
    face: Face = "normal",
) -> str:
    """Lines of a sentence, in which what stands between backquotes is code."""
    drawn, is_code = "", False
    for i, line in enumerate(texts):
        parts = []
        for j, part in enumerate(line.split("`")):
            is_code ^= j > 0
            shown = escape(part)
            code = '<tspan class="lk-m" font-family="monospace">'
            parts.append(f"{code}{shown}</tspan>" if is_code and part else shown)
        drawn += _text("".join(parts), x=x, y=y + i * step, size=size, ink=ink, face=face)
    return drawn


def rect(
    x: float,
    y: float,
    width: float,
    height: float,
    *,
    fill: Ink | None = None,
    stroke: Ink | None = None,
    r: float = 0,
    line: float = 1,
    dash: str = "",
    is_volatile: bool = False,
) -> str:
    """A rectangle, its corners rounded by ``r``. ``is_volatile``: its size differs each time."""
    corner = f' rx="{number(r)}"' if r else ""
    return (
        f"<rect{paint(fill=fill, stroke=stroke, also='v' if is_volatile else '')}"
        f' x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        f"{corner}{_pen(stroke, line, dash)}/>"
    )


def path(
    d: str,
    *,
    fill: Ink | None = None,
    stroke: Ink | None = None,
    line: float = 1,
    dash: str = "",
    at: tuple[float, float] | None = None,
    scale: float = 1,
    opacity: float = 1,
    is_volatile: bool = False,
) -> str:
    """A path, moved to ``at`` and scaled. ``is_volatile``: its course differs each time."""
    moved = "" if opacity == 1 else f' opacity="{number(opacity)}"'
    if at:
        grown = "" if scale == 1 else f" scale({number(scale)})"
        moved += f' transform="translate({number(at[0])} {number(at[1])}){grown}"'
    colours = paint(fill=fill, stroke=stroke, also="v" if is_volatile else "")
    return f'<path{colours} d="{d}"{_pen(stroke, line, dash)}{moved}/>'


def paint(*, fill: Ink | None = None, stroke: Ink | None = None, also: str = "") -> str:
    """The attributes for colours. ``also``: a further class, which comes first."""
    classes = [also] if also else []
    filled = ' fill="none"'
    stroked = ""
    if fill:
        classes.append(f"lk-{fill}")
        filled = f' fill="{PALETTE[fill].light}"'
    if stroke:
        classes.append(f"lks-{stroke}")
        stroked = f' stroke="{PALETTE[stroke].light}"'
    return f' class="{" ".join(classes)}"{filled}{stroked}'


def number(value: float) -> str:
    """A coordinate with at most two decimals, as short as it goes."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _text(
    inner: str,
    *,
    x: float,
    y: float,
    size: float,
    ink: Ink,
    face: Face,
    anchor: str = "start",
    also: str = "",
) -> str:
    style = {"normal": "", "bold": ' font-weight="600"', "mono": ' font-family="monospace"'}[face]
    turned = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return (
        f"<text{paint(fill=ink, also=' '.join(filter(None, (also, 'lk-m' * (face == 'mono')))))}"
        f' x="{number(x)}" y="{number(y)}" font-size="{number(size)}"{style}{turned}>{inner}</text>'
    )


def _fit(shown: str, room: Room) -> tuple[str, str]:
    """The text that fits and, where it may have been shortened, a title with all of it."""
    fitting = room.shorten(shown)
    if isinstance(shown, Volatile):
        # Always with a title: whether it fits may differ from run to run.
        return Volatile(fitting), markup(shown, "title")
    return fitting, f"<title>{escape(shown)}</title>" if fitting != shown else ""


def _pen(stroke: Ink | None, line: float, dash: str) -> str:
    if not stroke:
        return ""
    thick = f' stroke-width="{number(line)}"' if line != 1 else ""
    return thick + (f' stroke-dasharray="{dash}"' if dash else "")
