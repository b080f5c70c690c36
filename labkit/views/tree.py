"""The family tree: who started whom, with the PIDs of both sides, and the sandbox as a box.

Sources: pid_namespaces(7), proc(5) (NSpid in /proc/PID/status).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.views.escape import Volatile, clean
from labkit.views.frame import (
    INNER,
    MARGIN,
    SMALL,
    badge,
    badge_width,
    card,
    heading,
    sandbox_name,
    sentence,
)
from labkit.views.icons import Icon, icon
from labkit.views.lineage import Line, lineage
from labkit.views.measure import Room
from labkit.views.palette import Ink
from labkit.views.picture import WIDTH, Picture, make_picture
from labkit.views.svg import number, path, rect, text
from labkit.views.table import Table

if TYPE_CHECKING:
    from labkit.sandbox.facts import FamilyTree

ROW, INDENT, BOX_HEAD, BOX_FOOT = 38, 26, 40, 12
HOST_PID, INSIDE_PID, TREE = MARGIN + 96, MARGIN + 172, MARGIN + 214
"""Right edges of the two columns of PIDs; where the tree begins."""
DEEPEST = 9
"""Steps of indentation; what is deeper stands below each other."""
ROLE = 160
"""Widest name of a part."""


def tree_view(t: FamilyTree) -> Picture:
    """Draws a family of processes."""
    lines = lineage(t)
    title, words = "A family of processes", _summary(lines)
    opening, y = sentence(words, y=112)
    heads = y + 22
    tops = _tops(lines, heads + 14)
    height = (tops[-1] if tops else heads) + ROW + BOX_FOOT + 26
    body = [
        card(height),
        heading("FAMILY TREE", title),
        opening,
        text(HOST_PID, heads, "on the host", size=SMALL, ink="mut", anchor="end"),
        text(INSIDE_PID, heads, "inside", size=SMALL, ink="inn", face="bold", anchor="end"),
        text(TREE - 6, heads, "process", size=SMALL, ink="mut"),
        path(f"M{MARGIN} {number(heads + 10)}H{WIDTH - MARGIN}", stroke="line"),
        *_boxes(lines, tops),
        *(_joint(lines, tops, i) for i in range(len(lines))),
        *(_row(line, y) for line, y in zip(lines, tops, strict=True)),
    ]
    return make_picture(
        title=title,
        description=words,
        height=height,
        body="".join(body),
        tables=(_table(lines, title),),
    )


def _summary(lines: Sequence[Line]) -> str:
    words = "Each process stands below the one that started it."
    boxes = {line.box for line in lines if line.box}
    if not boxes:
        return f"{words} All of them are on the host."
    return f"{words} Those in the box have a second process id, which is the only one they know."


def _tops(lines: Sequence[Line], y: float) -> list[float]:
    """The upper edge of each line; boxes take room for their heads and feet."""
    tops = []
    before = ""
    for line in lines:
        if line.box != before:
            y += (BOX_FOOT + 6 if before else 0) + (BOX_HEAD if line.box else 0)
        before = line.box
        tops.append(y)
        y += ROW
    return tops


def _boxes(lines: Sequence[Line], tops: Sequence[float]) -> list[str]:
    drawn = []
    for i, line in enumerate(lines):
        if not line.box or (i and lines[i - 1].box == line.box):
            continue
        end = i
        while end + 1 < len(lines) and lines[end + 1].box == line.box:
            end += 1
        top = tops[i] - BOX_HEAD + 6
        drawn.append(
            rect(
                MARGIN,
                top,
                INNER,
                tops[end] + ROW + BOX_FOOT - top,
                fill="innt",
                stroke="inn",
                r=10,
                line=1.5,
            )
            + icon("lock", MARGIN + 14, top + 10, ink="inn", size=15)
            + text(
                MARGIN + 38,
                top + 23,
                *_box_name(line.box),
                size=SMALL,
                face="bold",
                ink="inn",
                room=INNER - 260,
            )
            + text(
                WIDTH - MARGIN - 14,
                top + 23,
                "a PID namespace of its own",
                size=SMALL,
                ink="inn",
                anchor="end",
            )
        )
    return drawn


def _box_name(box: str) -> tuple[str, ...]:
    kind, _, name = box.partition(" ")
    return (f"{kind} ", sandbox_name(name)) if kind == "sandbox" else (box,)


def _node(line: Line, top: float) -> tuple[float, float]:
    return TREE + min(line.depth, DEEPEST) * INDENT, top + ROW / 2


def _joint(lines: Sequence[Line], tops: Sequence[float], i: int) -> str:
    """The line from the parent's node down to this one."""
    parent = lines[i].parent
    if parent is None:
        return ""
    from_x, from_y = _node(lines[parent], tops[parent])
    x, y = _node(lines[i], tops[i])
    if x <= from_x:
        return ""
    d = f"M{number(from_x)} {number(from_y + 6)}V{number(y - 8)}q0 8 8 8H{number(x - 7)}"
    return path(d, stroke="mut", line=1.4, dash="2 4" if lines[i].member is None else "")


def _row(line: Line, top: float) -> str:
    x, y = _node(line, top)
    member, base = line.member, y + 5
    if member is None:
        ring = f"M{number(x + 5)} {number(y)}a5 5 0 1 1-10 0a5 5 0 1 1 10 0"
        return path(ring, stroke="mut", line=1.4, dash="2 2.5") + text(
            x + 14, base, Volatile(f"{line.left_out} more"), size=14, ink="mut"
        )
    is_inside = bool(line.box)
    name, ink, tint, word = _part(member.role, is_inside)
    end = WIDTH - MARGIN - 12.0
    drawn = text(
        HOST_PID,
        base,
        Volatile(str(member.pid)),
        face="mono",
        anchor="end",
        ink="mut" if is_inside else "ink",
    )
    if is_inside:
        drawn += text(INSIDE_PID, base, str(member.inner_pid), face="mono", anchor="end", ink="inn")
    if word:
        end -= badge_width(word) + 10
        drawn += badge(name, word, end + 10, y - 13, ink=ink, tint=tint)
    command = member.command if is_inside else Volatile(member.command)
    return (
        drawn
        + rect(x - 5, y - 5, 10, 10, fill="inn" if is_inside else "mut", r=5)
        + text(x + 14, base, command, face="mono", room=end - x - 14)
    )


def _part(role: str, is_inside: bool) -> tuple[Icon, Ink, Ink, str]:
    """Icon, colours and word for the part that a process plays."""
    if role == "you are here":
        return "person", "own", "ownt", role
    word = "" if is_inside else Room(ROLE, SMALL, "bold").shorten(clean(role))
    return "plug", "mut", "pan", word


def _table(lines: Sequence[Line], title: str) -> Table:
    rows: list[tuple[str, ...]] = []
    for line in lines:
        member = line.member
        where = line.box or "host"
        if member is None:
            rows.append((where, "", "", Volatile(f"{line.left_out} more"), ""))
            continue
        indent = "  " * line.depth
        command = f"{indent}{member.command}"
        rows.append(
            (
                where,
                Volatile(str(member.pid)),
                str(member.inner_pid) if line.box else "",
                command if line.box else Volatile(command),
                member.role if not line.box else "",
            )
        )
    return Table(
        title,
        ("where", "PID on the host", "PID inside", "process", "part"),
        tuple(rows),
        slots=(0, 8, 0, 44, 0),
        key=3,
    )
