"""The tree of cgroups: who is in which group, what each uses, what it may, what became of it.

Sources: cgroup-v2.rst (memory.*, pids.*, cpu.*, cgroup.freeze, delegation), psi.rst.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from labkit.views.escape import Volatile, clean
from labkit.views.frame import (
    MARGIN,
    SMALL,
    badge,
    badge_width,
    card,
    counted,
    heading,
    listed,
    sentence,
)
from labkit.views.gauges import FULL, limit_words
from labkit.views.grouplist import GroupLine, group_lines
from labkit.views.grouptables import tables
from labkit.views.icons import Icon
from labkit.views.measure import Room
from labkit.views.palette import Ink
from labkit.views.picture import WIDTH, Picture, make_picture
from labkit.views.svg import number, path, rect, text

if TYPE_CHECKING:
    from labkit.sandbox.maps import Gauge, Group, GroupTree

INDENT, DEEPEST = 18, 6
GAUGES = {"memory.max": "memory", "pids.max": "processes", "cpu.max": "CPU"}
"""The columns: the file of the limit, and what it limits."""
COLUMN, BAR, PAD = 150, 11, 14
LEFT = WIDTH - MARGIN - len(GAUGES) * COLUMN
"""Where the gauges begin."""
ROW, MORE, REST, GAP = 62, 34, 30, 6
"""Heights: of a group, of its marks, of a line for those left out; and what is between."""
WAITS = 286
"""Room for how long tasks wait."""

LOOKS: dict[str, tuple[Icon, Ink, Ink]] = {
    "frozen": ("snow", "inn", "card"),
    "oom": ("bolt", "bad", "badt"),
    "throttled": ("hourglass", "shr", "shrt"),
    "high": ("gauge", "shr", "shrt"),
    "pids": ("bar", "bad", "badt"),
    "delegated": ("person", "own", "ownt"),
}


def group_tree_view(tree: GroupTree) -> Picture:
    """Draws a tree of cgroups with what each uses and may use."""
    lines = group_lines(tree)
    words = summary(tree)
    opening, y = sentence(words, y=112)
    heads = y + 20
    body = [heading("CGROUPS", "Who may use how much"), opening, _heads(heads)]
    y = heads + 12
    ends: dict[int, float] = {}
    for line in lines:
        drawn, height = _line(line, tree, y, is_top=line is lines[0])
        body += [_joint(line.depth, ends, y), drawn]
        ends[line.depth] = y + height
        y += height + GAP
    height = y + 18
    return make_picture(
        title="Who may use how much",
        description="Each row is a cgroup, below the one that it is part of, with gauges of memory,"
        " processes and CPU.",
        height=height,
        body="".join([card(height), *body]),
        tables=tables(tree, lines, words),
    )


def summary(tree: GroupTree) -> str:
    """How many groups there are, and of which version."""
    inside = sum(len(group.processes) for group in tree.groups)
    groups, processes = len(tree.groups), counted(inside, "process", "processes")
    kind = f"cgroup v{tree.version}"
    return Volatile(
        f"{counted(groups, 'group')} with {processes} ({kind}). What is in a group counts for all"
        " groups above it, and a limit holds for all that is below."
    )


def _heads(y: float) -> str:
    return text(MARGIN + PAD, y, "group", size=SMALL, ink="mut") + "".join(
        text(LEFT + i * COLUMN, y, word, size=SMALL, ink="mut")
        for i, word in enumerate(GAUGES.values())
    )


def _joint(depth: int, ends: dict[int, float], y: float) -> str:
    """The line from the group above, or from where the line to the one before it ended.

    Args:
        ends: depth to the y from which the next line of that depth begins.
    """
    if not 0 < depth <= DEEPEST or depth - 1 not in ends:
        return ""
    x, to = MARGIN + depth * INDENT - 9, y + 14
    drawn = path(f"M{x} {number(ends[depth - 1])}V{number(to)}h9", stroke="mut")
    ends[depth - 1] = to
    return drawn


def _line(line: GroupLine, tree: GroupTree, y: float, *, is_top: bool) -> tuple[str, float]:
    x = MARGIN + min(line.depth, DEEPEST) * INDENT
    if line.group is None:
        processes = counted(line.processes, "process", "processes")
        words = Volatile(f"and {counted(line.left_out, 'more group')} with {processes}")
        return text(x + PAD, y + 20, words, size=SMALL, ink="mut"), REST
    group = line.group
    more, tall = _more(line, group, x + PAD, y + ROW - 2)
    height = ROW + tall
    drawn = rect(
        x, y, WIDTH - MARGIN - x, height,
        fill="innt" if group.is_frozen else "pan", stroke="inn" if group.is_frozen else "line",
        r=10, dash="5 4" if group.is_frozen else "",
    )  # fmt: skip
    room = LEFT - x - PAD - 16
    name = Volatile(group.path) if is_top else group.name
    drawn += text(x + PAD, y + 26, name, size=16, face="bold", room=room)
    drawn += text(x + PAD, y + 47, *_inhabitants(group, tree.commands, room), size=SMALL, ink="mut",
                  room=room)  # fmt: skip
    by_name = {gauge.name: gauge for gauge in group.gauges}
    for i, limit in enumerate(GAUGES):
        high = by_name.get("memory.high") if limit == "memory.max" else None
        drawn += _gauge(by_name.get(limit), high, LEFT + i * COLUMN, y)
    return drawn + more, height


def _inhabitants(group: Group, commands: Mapping[int, str], room: float) -> tuple[str, ...]:
    """The programs of the processes that are in this group itself."""
    if not group.processes:
        return ("no process of its own",)
    names = [_program(commands.get(pid, ""), pid) for pid in group.processes[:20]]
    more = len(group.processes) - len(names)
    counted_names = [f"{name} ×{names.count(name)}" if names.count(name) > 1 else name
                     for name in dict.fromkeys(names)]  # fmt: skip
    words = listed(counted_names, Room(room - 40, SMALL)) + (f" + {more}" if more else "")
    return Volatile(f"{len(group.processes)}"), ": ", words


def _program(command: str, pid: int) -> str:
    words = clean(command).split()
    return (words[0].rpartition("/")[2] or words[0]) if words else Volatile(f"PID {pid}")


def _gauge(gauge: Gauge | None, high: Gauge | None, x: float, y: float) -> str:
    """A bar that fills up to the limit, and both in words; a mark where memory.high is."""
    wide = COLUMN - 18
    if gauge is None:
        return text(x, y + 26, "not counted", size=SMALL, ink="mut")
    top = y + 17
    limit = gauge.limit
    soft = high.limit if high and high.limit is not None else None
    full = limit if limit is not None else soft
    share = min(1.0, gauge.used / full) if full else 0.0
    ink: Ink = "bad" if limit and gauge.used >= FULL * limit else "inn"
    drawn = rect(x, top, wide, BAR, fill="card", stroke="line", r=BAR / 2,
                 dash="" if full else "4 3")  # fmt: skip
    # At least as wide as it is high, so that a little is seen to be more than nothing.
    drawn += rect(x, top, max(BAR, wide * share) if full and gauge.used else 0, BAR, fill=ink,
                  r=BAR / 2, is_volatile=True)  # fmt: skip
    if soft and full:
        at = x + wide * min(1.0, soft / full)
        drawn += path(f"M{at:.1f} {top - 4}v{BAR + 8}", stroke="shr", line=2)
    used, at_most = limit_words(gauge.used, gauge.unit), limit_words(full, gauge.unit)
    unit = at_most.partition(" ")[2]
    if full is not None and (used.partition(" ")[2] == unit or gauge.unit != "bytes"):
        used = used.partition(" ")[0]
    if gauge.unit == "processes":
        used, at_most = used.partition(" ")[0], at_most.replace(" processes", "")
    high_only = " (high)" if limit is None else ""
    said = f"{used}, no limit" if full is None else f"{used} of {at_most}{high_only}"
    return drawn + text(x, top + 30, Volatile(said), size=SMALL, room=wide + 14)


def _shares(group: Group) -> str:
    """Its weight where it is not the usual."""
    is_usual = group.weight in (None, 100)
    return "" if is_usual else f"cpu.weight {group.weight}"


def _more(line: GroupLine, group: Group, x: float, y: float) -> tuple[str, float]:
    """What is to be noticed, how long its tasks wait; and how high that is."""
    drawn, left, right, tall = "", x, float(WIDTH - MARGIN - PAD), 0.0
    for mark in line.marks:
        name, ink, tint = LOOKS[mark.id]
        wide = badge_width(mark.word)
        if left > x and left + wide > right:
            left, y, tall = x, y + MORE - 4, tall + MORE - 4
        drawn += badge(name, mark.word, left, y, ink=ink, tint=tint)
        left += wide + 8
    if _shares(group):
        if left + 150 > right:
            left, y, tall = x, y + MORE - 4, tall + MORE - 4
        drawn += text(left + 4, y + 18, _shares(group), size=SMALL)
        left += 150
    if not group.pressure:
        return drawn, tall + MORE if left > x else 0
    waits = [f"{p.resource} {p.some:.0f} %" for p in group.pressure]
    words = Volatile("waits for " + ", ".join(waits))
    tall += MORE
    if left + WAITS > right and left > x:
        y, tall = y + MORE - 4, tall + MORE - 4
    return drawn + text(right, y + 18, words, size=SMALL, ink="mut", anchor="end", room=WAITS), tall
