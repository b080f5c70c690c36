"""The X-ray: one process, from the host's side and from its own, and the wall between.

Each brick of the wall is a kind of namespace. Where it is the process's own, the wall is closed and
the two sides may read different values; where it is shared, there is a gap, and both read the same.

Sources: namespaces(7), pid_namespaces(7).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.views import wall
from labkit.views.escape import Volatile
from labkit.views.frame import (
    INNER,
    MARGIN,
    SMALL,
    badge,
    badge_width,
    card,
    counted,
    first_few,
    heading,
    listed,
    sandbox_name,
    sentence,
)
from labkit.views.icons import icon
from labkit.views.measure import Room
from labkit.views.namespaces import ISOLATES, gate_look, in_order, summary
from labkit.views.picture import WIDTH, Picture, make_picture
from labkit.views.svg import number, path, rect, text
from labkit.views.table import Table

if TYPE_CHECKING:
    from labkit.sandbox.facts import BothSides, NamespaceRow, ProcessLine, Side

SIDE = (INNER - wall.WIDTH) / 2
LEFT, RIGHT = MARGIN, WIDTH - MARGIN - SIDE
ROW, TALL = 64, 166
"""Heights of a row of facts, and of the row of process ids with its lists below."""
PAD = 16
ROOM = SIDE - 2 * PAD
PID_COLUMNS = (70, 36)
"""Room for a PID outside (seven digits: Linux gives none above 4194304) and inside."""
LINES = 4
"""Lines of a list of processes."""
STOPPED, RUNS = "stopped by a signal", "runs"


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
    height = top + 44 + sum(row.height for row in rows) + 104
    body = [
        card(height),
        heading("X-RAY", title),
        text(MARGIN, 112, *_names(both), size=16, face="mono", room=INNER),
        opening,
        _sides(top, height - 96 - top),
    ]
    if both.is_stopped:
        x = WIDTH - MARGIN - badge_width(STOPPED)
        body.append(badge("bar", STOPPED, x, 40, ink="shr", tint="shrt"))
    y = top + 44
    for row in rows:
        body.append(_row(row, both, y))
        y += row.height
    body.append(_foot(both, height - 62))
    return make_picture(
        title=title,
        description=words,
        height=height,
        body="".join(body),
        tables=_tables(both, rows, title),
    )


def _names(both: BothSides) -> tuple[str, ...]:
    """Sandbox and command. The command of a process that is in none is the machine's business."""
    name = sandbox_name(both.name)
    is_steady = not name.startswith("process ")
    return name, " › ", both.command if is_steady else Volatile(both.command)


def _facts(row: NamespaceRow, both: BothSides) -> Facts:
    if row.kind not in _READ:
        label = _UNREAD.get(row.kind, row.kind)
        return Facts(row, label, "the host's", "its own" if row.is_own else "the host's")
    label, read = _READ[row.kind]
    outside, inside = read(both.outside), read(both.inside)
    # What a shared namespace decides is the machine's, so it differs from machine to machine.
    steady = sandbox_name(inside) if row.is_own else Volatile(inside)
    return Facts(row, label, Volatile(outside), steady)


def _interfaces(side: Side) -> str:
    return listed(side.interfaces, Room(ROOM, 16, "mono")) or "no interface"


_READ: dict[str, tuple[str, Callable[[Side], str]]] = {
    "pid": ("process id", lambda side: str(side.pid)),
    "user": ("user", lambda side: f"{side.user} ({side.uid})"),
    "uts": ("host name", lambda side: side.hostname),
    "mnt": ("what / is", lambda side: f"{side.root_filesystem}, {len(side.root)} entries"),
    "net": ("network", _interfaces),
    "cgroup": ("cgroup", lambda side: side.cgroup),
}
_UNREAD = {"ipc": "shared memory", "time": "clocks since boot"}
"""Kinds that decide nothing one could read here: whose it is must do."""


def _sides(top: float, height: float) -> str:
    """The grounds of the two sides, the wall between them, and their headings."""
    middle = wall.LEFT + wall.WIDTH / 2
    return (
        rect(LEFT, top, SIDE, height, fill="pan", r=12)
        + rect(RIGHT, top, SIDE, height, fill="innt", r=12)
        + text(LEFT + PAD, top + 30, "From the host", size=17, face="bold")
        + text(RIGHT + PAD, top + 30, "From inside", size=17, face="bold", ink="inn")
        + text(middle, top + 30, "the wall", size=SMALL, ink="mut", anchor="middle")
    )


def _row(facts: Facts, both: BothSides, y: float) -> str:
    rules = f"M{number(LEFT + PAD)} {number(y)}h{number(ROOM)}M{number(RIGHT + PAD)} {number(y)}"
    drawn = path(f"{rules}h{number(ROOM)}", stroke="line") + wall.gate(facts.row, y, facts.height)
    is_pid = facts.row.kind == "pid"
    for x, value, inode in (
        (LEFT + PAD, facts.outside, facts.row.outside),
        (RIGHT + PAD, facts.inside, facts.row.inside),
    ):
        drawn += text(x, y + 23, facts.label, size=SMALL, ink="mut") + text(
            x + ROOM,
            y + 23,
            f"{facts.row.kind}:[",
            Volatile(str(inode)),
            "]",
            size=SMALL,
            ink="mut",
            face="mono",
            anchor="end",
        )
        drawn += text(
            x, y + (56 if is_pid else 47), value, size=26 if is_pid else 16, face="mono", room=ROOM
        )
    return drawn + (_processes(both, facts, y + 56) if is_pid else "")


def _processes(both: BothSides, facts: Facts, y: float) -> str:
    """Below the two process ids: the line of descent, and the processes seen from inside."""
    inside_seen = counted(both.inside.process_count, "process", "processes")
    outside_seen = counted(both.outside.process_count, "process", "processes")
    is_own = facts.row.is_own
    drawn = text(LEFT + PAD + ROOM, y, Volatile(outside_seen), size=SMALL, ink="mut", anchor="end")
    drawn += text(
        RIGHT + PAD + ROOM,
        y,
        inside_seen if is_own else Volatile(inside_seen),
        size=SMALL,
        ink="mut",
        anchor="end",
    )
    for x, column, shown, is_volatile in (
        (LEFT + PAD, PID_COLUMNS[0], _descent(both.outside.processes), True),
        (RIGHT + PAD, PID_COLUMNS[1 if is_own else 0], _seen(both.inside.processes), not is_own),
    ):
        for i, (pid, command) in enumerate(shown):
            base = y + 27 + 21 * i
            drawn += text(
                x, base, Volatile(pid) if is_volatile else pid, size=14, face="mono", ink="mut"
            )
            drawn += text(
                x + column,
                base,
                Volatile(command) if is_volatile else command,
                size=14,
                face="mono",
                room=ROOM - column,
            )
    return drawn


def _descent(line: Sequence[ProcessLine]) -> list[tuple[str, str]]:
    """PID and command from PID 1 down to the process itself; a long line without its middle."""
    shown = [(str(process.pid), process.command) for process in line]
    if len(shown) <= LINES:
        return shown
    left_out = len(shown) - (LINES - 1)
    return [shown[0], ("⋮", f"{left_out} more"), *shown[-(LINES - 2) :]]


def _seen(processes: Sequence[ProcessLine]) -> list[tuple[str, str]]:
    shown, left_out = first_few([(str(p.pid), p.command) for p in processes], LINES)
    return [*shown, ("⋮", f"{left_out} more")] if left_out else list(shown)


def _foot(both: BothSides, y: float) -> str:
    """What the process may do, and how to read the wall."""
    word = "on" if both.no_new_privs else "off"
    kept = counted(len(both.capabilities), "capability", "capabilities")
    if not any(row.kind == "user" and row.is_own for row in both.namespaces):
        kept = Volatile(kept)  # then it is whoever started the notebook that has them
    x = RIGHT + PAD
    return (
        icon("key", LEFT + PAD, y - 14, size=18)
        + text(LEFT + PAD + 28, y, "It holds ", kept, ".")
        + icon("check" if both.no_new_privs else "cross", x, y - 13)
        + text(x + 26, y, f"No new privileges: {word}.")
        + icon("lock", LEFT + PAD + 1, y + 17, ink="own")
        + text(
            LEFT + PAD + 28, y + 30, "own: closed, each side reads its own", size=SMALL, ink="mut"
        )
        + icon("arrows", x, y + 17, ink="shr")
        + text(x + 26, y + 30, "shared: open, both read the same", size=SMALL, ink="mut")
    )


def _tables(both: BothSides, rows: Sequence[Facts], title: str) -> tuple[Table, ...]:
    inside, outside = both.inside, both.outside
    is_own = any(facts.row.kind == "pid" and facts.row.is_own for facts in rows)

    def own(words: str) -> str:
        return words if is_own else Volatile(words)

    facts = Table(
        title,
        ("what", "from the host", "from inside"),
        (
            ("command", _names(both)[-1], _names(both)[-1]),
            # Always there, so that a change is told by its words.
            ("state", *2 * (STOPPED if both.is_stopped else RUNS,)),
            *((facts.label, facts.outside, facts.inside) for facts in rows),
            ("parent process id", Volatile(str(outside.ppid)), own(str(inside.ppid))),
            (
                "processes in sight",
                Volatile(str(outside.process_count)),
                own(str(inside.process_count)),
            ),
            ("line of descent", Volatile(_named(outside.processes, " → ")), ""),
            ("which", "", own(_named(inside.processes, ", "))),
        ),
        slots=(0, 36, 36),
    )
    numbers = Table(
        "The wall: namespaces, by their numbers",
        ("kind", "it isolates", "is", "of the host", "of the process"),
        tuple(
            (
                facts.row.kind,
                ISOLATES.get(facts.row.kind, ""),
                gate_look(facts.row.is_own)[1],
                Volatile(str(facts.row.outside)),
                Volatile(str(facts.row.inside)),
            )
            for facts in rows
        ),
        slots=(0, 0, 0, 12, 12),
    )
    return facts, numbers


def _named(processes: Sequence[ProcessLine], between: str) -> str:
    return between.join(f"{process.command} ({process.pid})" for process in processes)
