"""The X-ray: one process, from the host's side and from its own, and the wall between.

Each brick of the wall is a kind of namespace. Where it is the process's own, the wall is closed and
the two sides may read different values; where it is shared, there is a gap, and both read the same.

Sources: namespaces(7), pid_namespaces(7).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.frame import (
    INNER,
    MARGIN,
    SMALL,
    card,
    counted,
    first_few,
    heading,
    sentence,
)
from labkit.views.icons import icon
from labkit.views.measure import text_width
from labkit.views.namespaces import gate_look, in_order, summary
from labkit.views.picture import WIDTH, Picture, make_picture
from labkit.views.svg import path, rect, text
from labkit.views.table import Table

if TYPE_CHECKING:
    from labkit.sandbox.facts import BothSides, NamespaceRow, ProcessLine, Side

WALL, GAP = 128, 14
SIDE = (INNER - WALL) / 2 - GAP
LEFT, BRICKS, RIGHT = MARGIN, MARGIN + SIDE + GAP, WIDTH - MARGIN - SIDE
ROW, TALL = 62, 166
"""Heights of a row of facts, and of the row of process ids with its lists below."""
PAD = 16
_LINES = 4
"""Lines of a list of processes."""


@dataclass(frozen=True)
class Facts:
    """What one kind of namespace decides, as both sides read it."""

    row: NamespaceRow
    label: str
    outside: str
    inside: str

    @property
    def height(self) -> int:
        """Height of its row."""
        return TALL if self.row.kind == "pid" else ROW


def xray_view(both: BothSides) -> Picture:
    """Draws one process from both sides."""
    rows = [_facts(row, both) for row in in_order(both.namespaces)]
    title = "One process, seen from both sides"
    words = summary(both.namespaces)
    opening, y = sentence(words, y=150)
    top = y + 8
    height = top + 44 + sum(row.height for row in rows) + 78
    body = [
        card(height),
        heading("X-RAY", title),
        text(MARGIN, 112, both.name, " › ", both.command, size=16, face="mono", room=INNER),
        opening,
        _sides(top, height - 70 - top),
    ]
    y = top + 44
    for row in rows:
        body.append(_row(row, both, y))
        y += row.height
    body.append(_rights(both, height - 36))
    return make_picture(title=title, description=f"{both.name}. {words}", height=height,
                        body="".join(body), tables=_tables(both, rows, title))


def _facts(row: NamespaceRow, both: BothSides) -> Facts:
    label, read = _READ.get(row.kind, (row.kind, _nothing))
    outside, inside = read(both.outside), read(both.inside)
    # What a shared namespace decides is the machine's, so it differs from machine to machine.
    return Facts(row, label, Volatile(outside), inside if row.is_own else Volatile(inside))


_READ: dict[str, tuple[str, Callable[[Side], str]]] = {
    "pid": ("process id", lambda side: str(side.pid)),
    "user": ("user", lambda side: f"{side.user} ({side.uid})"),
    "uts": ("host name", lambda side: side.hostname),
    "mnt": ("what / is", lambda side: f"{side.root_filesystem}, {len(side.root)} entries"),
    "net": ("network", lambda side: ", ".join(side.interfaces) or "no interface"),
    "cgroup": ("cgroup", lambda side: side.cgroup),
}


def _nothing(side: Side) -> str:
    return ""


def _sides(top: float, height: float) -> str:
    """The two grounds and their headings."""
    drawn = ""
    for x, name, words, ink, fill in (
        (LEFT, "layers", "From the host", "ink", "pan"),
        (RIGHT, "eye", "From inside", "inn", "innt"),
    ):
        drawn += rect(x, top, SIDE, height, fill=fill, r=12)  # type: ignore[arg-type]
        drawn += text(x + PAD, top + 29, words, size=16, face="bold", ink=ink)  # type: ignore[arg-type]
    return drawn + text(BRICKS + WALL / 2, top + 29, "the wall", size=SMALL, ink="mut",
                        anchor="middle")


def _row(facts: Facts, both: BothSides, y: float) -> str:
    drawn = path(f"M{LEFT + PAD} {y}H{LEFT + SIDE - PAD}M{RIGHT + PAD} {y}H{RIGHT + SIDE - PAD}",
                 stroke="line")
    drawn += _gate(facts, y)
    for x, value, number in (
        (LEFT + PAD, facts.outside, facts.row.outside),
        (RIGHT + PAD, facts.inside, facts.row.inside),
    ):
        drawn += text(x, y + 22, facts.label, size=SMALL, ink="mut")
        drawn += text(x + SIDE - 2 * PAD, y + 22, Volatile(str(number)), size=SMALL, ink="mut",
                      face="mono", anchor="end")
        if facts.row.kind == "pid":
            drawn += text(x, y + 54, value, size=26, face="mono", room=SIDE - 2 * PAD)
        else:
            words = value or ("its own" if facts.row.is_own else "the host's")
            drawn += text(x, y + 46, words, size=16, face="mono", room=SIDE - 2 * PAD)
    return drawn
