"""The map of namespaces: worlds as rows, kinds of namespace as columns.

The observer's world is the first row, and a line runs down from each of its namespaces. A world
with a dot on the line is in that same namespace; a world with a closed chip beside the line has one
of its own. What several worlds share without the observer has one letter.

Source: namespaces(7).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.frame import (
    MARGIN,
    SMALL,
    card,
    counted,
    first_few,
    heading,
    sandbox_name,
    sentence,
)
from labkit.views.icons import Icon, icon
from labkit.views.namespacetables import tables
from labkit.views.owners import draw_owners, owners
from labkit.views.palette import Ink
from labkit.views.picture import WIDTH, Picture, make_picture
from labkit.views.svg import number, path, rect, text
from labkit.views.worlds import HERE, SANDBOX, World, Worlds, program, worlds

if TYPE_CHECKING:
    from labkit.sandbox.maps import Member, NamespaceMap

COLUMN, COLUMNS = 62, 8
GRID = WIDTH - MARGIN - COLUMN * COLUMNS - 4
"""Left edge of the columns."""
PAD, GAP, LINE = 12, 8, 20
NAME = GRID - MARGIN - 2 * PAD
"""Room for what is said of a world."""
PID = 64
"""Room for a PID of seven digits."""
LINES, LINES_HERE = 3, 4
"""Processes that are named in a world, and in the observer's."""
LANE, CHIP, CHIP_WIDE, CHIP_TALL = 6, 14, 45, 40
"""In a column: where its line runs, where a chip begins, and how large it is."""

LOOKS: dict[str, tuple[Icon, str, Ink, Ink]] = {
    "own": ("lock", "own", "own", "ownt"),
    "joint": ("arrows", "", "inn", "innt"),
    "kept": ("pin", "kept", "mut", "pan"),
}


def namespace_map_view(m: NamespaceMap) -> Picture:
    """Draws all processes and namespaces."""
    found = worlds(m)
    title, words = "Who lives in which namespaces", summary(m, found)
    opening, y = sentence(words, y=112, max_lines=3)
    legend, heads = _legend(y + 8), y + 62
    top = heads + 12
    rows, bottom = _rows(found, top)
    drawn_owners, height = draw_owners(owners(m, found), bottom + 12)
    body = [card(height + 16), heading("NAMESPACES", title), opening, legend]
    body += [
        text(GRID + i * COLUMN + 1, heads, kind, size=SMALL, face="mono", room=COLUMN - 3)
        for i, kind in enumerate(found.kinds[:COLUMNS])
    ]
    body += [*rows, drawn_owners]
    return make_picture(
        title=title,
        description="Each row is a world: processes that share all their namespaces. A dot on a"
        " line is the observer's own namespace, a chip is another.",
        height=height + 16,
        body="".join(body),
        tables=tables(m, found, words),
    )


def summary(m: NamespaceMap, found: Worlds) -> str:
    """How many processes live in how many worlds, and what could not be seen."""
    processes = sum(len(w.members) for w in (*found.shown, *found.left_out))
    live = "lives" if processes == 1 else "live"
    words = (
        f"{counted(processes, 'process', 'processes')} {live} in {counted(found.count, 'world')}"
    )
    words += ": a world is a set of processes that share all their namespaces."
    if m.unreadable:
        words += f" Of {m.unreadable} more we may not see the namespaces: they are somebody else's."
    return Volatile(words)


def _legend(y: float) -> str:
    """How to read the columns."""
    x, base = float(MARGIN), y + 13
    drawn = _dot(x + 7, base - 4) + text(x + 22, base, "the same as yours", size=SMALL, ink="mut")
    for look, words, after in (
        ("own", "closed: of its own", 172.0),
        ("joint", "A, B: shared by several worlds", 344.0),
        ("kept", "kept by a mount", 592.0),
    ):
        name, _, ink, _ = LOOKS[look]
        drawn += icon(name, x + after, base - 12, ink=ink, size=14)
        drawn += text(x + after + 21, base, words, size=SMALL, ink="mut")
    return drawn


def _rows(found: Worlds, top: float) -> tuple[list[str], float]:
    """The worlds one below the other, the lines behind them, and the y below all."""
    grounds, lines, faces = list[str](), list[str](), list[str]()
    ends: dict[str, tuple[float, float]] = {}
    joints: dict[int, tuple[float, float]] = {}
    y = top
    for world in found.shown:
        said = _lines(world)
        height = max(58.0, 34 + LINE * len(said) + 6)
        grounds.append(_ground(world, y, height))
        faces.append(_said(world, said, y))
        middle = y + height / 2
        for i, kind in enumerate(found.kinds[:COLUMNS]):
            if kind not in world.spaces:
                continue
            x, look = GRID + i * COLUMN, world.looks[kind]
            if look == "yours":
                ends[kind] = (ends.get(kind, (middle, 0))[0], middle)
                faces.append(_yours(world, kind, x, middle))
            else:
                id = world.spaces[kind].id
                letter = found.letters.get(id, "")
                lines.append(_joint(joints, id, x, middle) if look == "joint" else "")
                faces.append(_chip(world, kind, letter, x, middle))
        y += height + GAP
    if found.left_out:
        faces.append(_left_out(found, y))
        y += 34
    lines += [
        path(
            f"M{GRID + i * COLUMN + LANE} {number(ends[kind][0])}V{number(ends[kind][1])}",
            stroke="shr",
            line=2,
        )
        for i, kind in enumerate(found.kinds[:COLUMNS])
        if kind in ends
    ]
    return [*grounds, *lines, *faces], y


def _ground(world: World, y: float, height: float) -> str:
    stroke: Ink = "line"
    if world.is_observers:
        stroke = "shr"
    elif world.role.startswith(SANDBOX):
        stroke = "inn"
    dash = "" if world.members else "5 4"
    wide = WIDTH - 2 * MARGIN
    fill: Ink = "pan" if world.is_observers else "card"
    line = 1.5 if stroke != "line" else 1
    drawn = rect(MARGIN, y, wide, height, fill=fill, stroke=stroke, r=10, line=line, dash=dash)
    if world.alike > 1:  # a pile of cards
        drawn = (
            rect(MARGIN + 6, y + 5, wide - 2, height, fill="card", stroke="line", r=10)
            + rect(MARGIN + 3, y + 2.5, wide - 1, height, fill="card", stroke="line", r=10)
            + drawn
        )
    return drawn


def _said(world: World, lines: Sequence[tuple[str, ...]], y: float) -> str:
    """Name and processes of a world."""
    x = MARGIN + PAD
    name: Icon = "person" if world.is_observers else "box"
    if not world.members:
        name = "pin"
    ink: Ink = "inn" if world.role.startswith(SANDBOX) else "ink"
    drawn = icon(name, x, y + 10, ink=ink, size=15)
    drawn += text(x + 22, y + 23, *_title(world), face="bold", ink=ink, room=NAME - 22)
    for i, line in enumerate(lines):
        base = y + 45 + LINE * i
        if len(line) == 1:
            drawn += text(x, base, line[0], size=SMALL, ink="mut", room=NAME)
            continue
        drawn += text(x, base, line[0], size=SMALL, face="mono", ink="mut", room=PID)
        drawn += text(x + PID, base, line[1], size=SMALL, face="mono", room=NAME - PID)
    return drawn


def _title(world: World) -> tuple[str, ...]:
    """What a world is called."""
    if world.is_observers:
        return ("Your world",)
    if not world.members:
        return ("Without a process",)
    if world.alike > 1:
        return (Volatile(f"{world.alike} worlds like this"),)
    if world.role.startswith(SANDBOX):
        return SANDBOX, sandbox_name(world.role.removeprefix(SANDBOX))
    return (world.role or Volatile(program(world.members[0])),)


def _lines(world: World) -> list[tuple[str, ...]]:
    """PID and command of a few; or a sentence alone."""
    if not world.members:
        kept = next(iter(world.spaces.values())).kept_by
        return [(kept[0] if kept else "an open file or a process elsewhere",)]
    pinned = [path for space in world.spaces.values() for path in space.kept_by if path]
    if world.alike > 1:
        names = dict.fromkeys(program(member) for member in world.members)
        return [(Volatile(", ".join(names)),), (Volatile(_count(world)),)]
    members, left_out = first_few(
        world.members, LINES_HERE if world.is_observers else LINES - bool(pinned)
    )
    lines: list[tuple[str, ...]] = [_line(world, member) for member in members]
    if left_out:
        lines.append((Volatile(f"and {counted(left_out, 'more process', 'more processes')}"),))
    return lines + ([(f"also kept by {pinned[0]}",)] if pinned else [])


def _line(world: World, member: Member) -> tuple[str, str]:
    said = member.command
    if world.is_observers:
        said = member.role if member.role in (HERE, "helper") else Volatile(member.command)
    elif not world.role.startswith(SANDBOX):
        said = Volatile(member.command)
    return Volatile(str(member.pid)), said


def _count(world: World) -> str:
    return counted(len(world.members), "process", "processes") + " in all"


def _yours(world: World, kind: str, x: float, y: float) -> str:
    drawn = _dot(x + LANE, y, is_first=world.is_observers)
    if world.is_observers:
        drawn += _digits(world, kind, x + LANE + 9, y + 5)
    return drawn


def _dot(x: float, y: float, *, is_first: bool = False) -> str:
    """A stop on a line; the first is filled."""
    r = 6 if is_first else 4.5
    ring = f"M{number(x + r)} {number(y)}a{r} {r} 0 1 1-{2 * r} 0a{r} {r} 0 1 1 {2 * r} 0"
    return path(ring, fill="shr" if is_first else "card", stroke="shr", line=2)


def _chip(world: World, kind: str, letter: str, x: float, y: float) -> str:
    """A namespace that is not the observer's: icon and word, and how its number ends."""
    name, word, ink, tint = LOOKS[world.looks[kind]]
    left, top = x + CHIP, y - CHIP_TALL / 2
    dash = "3 2" if world.looks[kind] == "kept" else ""
    drawn = rect(left, top, CHIP_WIDE, CHIP_TALL, fill=tint, stroke=ink, r=7, dash=dash)
    drawn += icon(name, left + 3, top + 5, ink=ink, size=11)
    drawn += text(left + 15, top + 15, letter or word, size=SMALL, ink=ink)
    if world.alike > 1 and world.looks[kind] == "own":
        return drawn + text(left + 6, top + 33, "each", size=SMALL, ink="mut")
    return drawn + _digits(world, kind, left + 4, top + 33)


def _digits(world: World, kind: str, x: float, y: float) -> str:
    """How the inode number ends: enough to find it in a list."""
    digits = Volatile(f"…{world.spaces[kind].id % 10000:04}")
    return text(x, y, digits, size=SMALL, face="mono", ink="mut")


def _joint(joints: dict[int, tuple[float, float]], id: int, x: float, y: float) -> str:
    """The line from the world above that is in the same namespace."""
    before = joints.get(id)
    joints[id] = (x, y)
    if before is None:
        return ""
    d = f"M{number(x + CHIP + CHIP_WIDE / 2)} {number(before[1] + CHIP_TALL / 2)}"
    return path(f"{d}V{number(y - CHIP_TALL / 2)}", stroke="inn", line=2)


def _left_out(found: Worlds, y: float) -> str:
    processes = sum(len(world.members) for world in found.left_out)
    words = f"and {counted(sum(w.alike for w in found.left_out), 'more world')}"
    words += f" with {counted(processes, 'process', 'processes')}"
    return text(MARGIN + PAD, y + 18, Volatile(words), ink="mut")
