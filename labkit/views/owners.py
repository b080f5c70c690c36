"""Who owns the namespaces: user namespaces, each inside the one that made it.

Source: user_namespaces(7), ioctl_ns(2) (NS_GET_USERNS).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.frame import MARGIN, SMALL, counted, listed, panel_heading
from labkit.views.icons import icon
from labkit.views.measure import Room
from labkit.views.namespaces import ORDER
from labkit.views.picture import WIDTH
from labkit.views.svg import number, path, text
from labkit.views.worlds import HERE, Worlds, program

if TYPE_CHECKING:
    from labkit.sandbox.maps import Namespace, NamespaceMap

MOST, DEEPEST, STEP, ROW = 10, 6, 22, 30
OWNS = MARGIN + 380
"""Where the list of what is owned begins."""


@dataclass(frozen=True)
class Owner:
    """A user namespace.

    Attributes:
        depth: 0 for the outermost that can be seen.
        name: who lives in it.
        owned: what belongs to it, by kind.
    """

    space: Namespace
    depth: int
    name: str
    owned: Mapping[str, int]

    @property
    def words(self) -> str:
        """What it owns, such as ``pid, 2 net``."""
        kinds = sorted(self.owned, key=lambda kind: (kind not in ORDER, *_place(kind)))
        names = [f"{self.owned[kind]} {kind}" if self.owned[kind] > 1 else kind for kind in kinds]
        return ", ".join(names) or "nothing"


def owners(m: NamespaceMap, found: Worlds) -> list[Owner]:
    """The user namespaces, each followed by those inside it; empty when there is but one."""
    users = {n.id: n for n in m.namespaces if n.kind == "user"}
    if len(users) < 2:
        return []
    below: dict[int | None, list[Namespace]] = {}
    owned: dict[int, Counter[str]] = {}
    for n in m.namespaces:
        if n.kind == "user":
            below.setdefault(n.owner if n.owner in users and n.owner != n.id else None, []).append(
                n
            )
        elif n.owner is not None:
            owned.setdefault(n.owner, Counter())[n.kind] += 1
    names = _names(found)
    lines: list[Owner] = []
    seen: set[int] = set()
    waiting = [(n, 0) for n in reversed(below.get(None, []))]
    while waiting:
        n, depth = waiting.pop()
        if n.id in seen:
            continue
        seen.add(n.id)
        lines.append(Owner(n, depth, names.get(n.id, ""), owned.get(n.id, {})))
        waiting += [(child, depth + 1) for child in reversed(below.get(n.id, []))]
    return lines


def draw_owners(lines: Sequence[Owner], y: float) -> tuple[str, float]:
    """The panel, its upper edge at ``y``, and the y below it. Nothing where there is nothing."""
    if not lines:
        return "", y
    width = WIDTH - 2 * MARGIN
    note = "user namespaces, each inside its parent, and what belongs to each"
    drawn = panel_heading("key", "Who owns them", note, x=MARGIN, y=y + 24, width=width)
    shown = lines[: MOST if len(lines) <= MOST else MOST - 1]
    ends: dict[int, float] = {}
    for i, line in enumerate(shown):
        base = y + 58 + i * ROW
        x = MARGIN + 4 + min(line.depth, DEEPEST) * STEP
        if line.depth and line.depth <= DEEPEST and line.depth - 1 in ends:
            d = f"M{number(x - STEP + 7)} {number(ends[line.depth - 1] + 6)}"
            drawn += path(f"{d}V{number(base - 13)}q0 8 8 8h{number(STEP - 16)}", stroke="mut")
        ends[line.depth] = base
        drawn += _row(line, x, base)
    y += 58 + len(shown) * ROW
    if len(lines) > len(shown):
        more = counted(len(lines) - len(shown), "more user namespace")
        drawn += text(MARGIN + 4, y, Volatile(f"and {more}"), size=SMALL, ink="mut")
        y += ROW
    return drawn, y - 8


def _row(line: Owner, x: float, base: float) -> str:
    is_yours = line.space.is_observers
    ink = "shr" if is_yours else "own"
    number_of = ("user:[", Volatile(str(line.space.id)), "]")
    room = OWNS - x - 24 - 150
    drawn = icon("person", x, base - 12, ink=ink, size=14)  # type: ignore[arg-type]
    drawn += text(x + 22, base, line.name or "nobody", face="bold", room=room)
    drawn += text(OWNS - 12, base, *number_of, size=SMALL, face="mono", ink="mut", anchor="end")
    room = WIDTH - MARGIN - OWNS
    shown = line.words if not is_yours else Volatile(line.words)
    fitting = listed(shown.split(", "), Room(room - 50, 15))
    fitting = Volatile(fitting) if is_yours else fitting
    return drawn + text(OWNS, base, "owns ", fitting, room=room)


def _names(found: Worlds) -> dict[int, str]:
    """Id of a user namespace to whoever lives in it; the observer, a sandbox, else a program."""
    names: dict[int, str] = {}
    for world in (*found.shown, *found.left_out):
        space = world.spaces.get("user")
        if space is None or space.id in names or not world.members:
            continue
        if world.alike > 1 and world.looks["user"] == "own":
            continue  # one row for many: each has a user namespace of its own
        first = world.members[0]
        name = Volatile(program(first)) if not first.role else first.role
        names[space.id] = "yours" if space.is_observers or first.role == HERE else name
    return names


def _place(kind: str) -> tuple[int, str]:
    return (ORDER.index(kind) if kind in ORDER else 0, kind)
