"""The anatomy of a sandbox: what it can see, what it can use, what it stands on, what it may do.

Four panels, each one mechanism of the kernel: namespaces, cgroups, an overlay with mounts in it,
capabilities. Sources: namespaces(7), cgroup-v2.rst, overlayfs.rst, capabilities(7).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.frame import (
    INNER,
    MARGIN,
    SMALL,
    card,
    counted,
    heading,
    panel_heading,
    sandbox_name,
    sentence,
)
from labkit.views.gauges import draw_gauges, limit_words
from labkit.views.icons import Icon, icon
from labkit.views.namespaces import ISOLATES, gate_look, in_order, summary
from labkit.views.palette import Ink
from labkit.views.picture import Picture, make_picture
from labkit.views.stack import draw_stack, layer_rows, stack_height
from labkit.views.svg import rect, text
from labkit.views.table import Table

if TYPE_CHECKING:
    from labkit.sandbox.facts import Anatomy, NamespaceRow

GAP, PAD = 16, 20
HALF = (INNER - GAP) / 2
TILE, CAPABILITY_ROW = 50, 26
COLUMNS = 4
"""Columns of capability names; the longest, CHECKPOINT_RESTORE, fits a quarter."""
FAMOUS = ("SYS_ADMIN", "NET_ADMIN", "SYS_PTRACE", "SYS_MODULE", "SYS_TIME")
"""What a container is most often asked to get back: named first among those not held."""


def anatomy_view(a: Anatomy) -> Picture:
    """Draws what a sandbox is made of."""
    words = summary(a.namespaces)
    opening, y = sentence(words, y=150)
    opening += text(MARGIN, y, *_started_by(a), ink="mut")
    y += 22
    heights = (
        62 + TILE * ((len(a.namespaces) + 1) // 2) + 10,
        stack_height(a),
        64 + CAPABILITY_ROW * -(-len(a.capabilities) // COLUMNS) + 42,
    )
    tops = [y + 6]
    for height in heights:
        tops.append(tops[-1] + height + GAP)
    right = MARGIN + HALF + GAP
    body = [
        card(tops[-1] + 16),
        heading("ANATOMY", "What a sandbox is made of"),
        text(MARGIN, 112, sandbox_name(a.name), " › ", a.command, size=16, face="mono", room=INNER),
        opening,
        _panel(MARGIN, tops[0], HALF, heights[0]),
        _namespaces(in_order(a.namespaces), MARGIN + PAD, tops[0]),
        _panel(right, tops[0], HALF, heights[0]),
        draw_gauges(a.limits, right + PAD, tops[0], HALF - 2 * PAD),
        _panel(MARGIN, tops[1], INNER, heights[1]),
        draw_stack(a, MARGIN + PAD, tops[1], INNER - 2 * PAD),
        _panel(MARGIN, tops[2], INNER, heights[2]),
        _capabilities(a, MARGIN + PAD, tops[2]),
    ]
    return make_picture(
        title="What a sandbox is made of",
        description=words,
        height=tops[-1] + 16,
        body="".join(body),
        tables=_tables(a),
    )


def _panel(x: float, y: float, width: float, height: float) -> str:
    return rect(x, y, width, height, fill="pan", r=12)


def _namespaces(rows: list[NamespaceRow], x: float, top: float) -> str:
    drawn = panel_heading(
        "eye", "What it can see", "namespaces", x=x, y=top + 34, width=HALF - 2 * PAD
    )
    width = (HALF - 2 * PAD - 10) / 2
    for i, row in enumerate(rows):
        left, y = x + (i % 2) * (width + 10), top + 56 + TILE * (i // 2)
        name, word, ink, tint = gate_look(row.is_own)
        drawn += rect(
            left,
            y,
            width,
            TILE - 8,
            fill=tint if row.is_own else "card",
            stroke=ink,
            r=7,
            dash="" if row.is_own else "5 4",
        )
        drawn += icon(name, left + 10, y + 13, ink=ink)
        drawn += text(left + 36, y + 18, row.kind, size=SMALL, face="mono", ink=ink)
        drawn += text(
            left + width - 10, y + 18, word, size=SMALL, face="bold", ink=ink, anchor="end"
        )
        drawn += text(
            left + 36, y + 35, ISOLATES.get(row.kind, ""), size=SMALL, ink="ink", room=width - 44
        )
    return drawn


def _capabilities(a: Anatomy, x: float, top: float) -> str:
    width = INNER - 2 * PAD
    middle, right = (x + column * width / COLUMNS for column in (2, 3))
    drawn = panel_heading(
        "key", "What it may do", "capabilities that it holds", x=x, y=top + 34, width=middle - x
    )
    word, name, ink = _new_privileges(a)
    drawn += icon(name, middle, top + 21, size=15, ink=ink)
    drawn += text(middle + 22, top + 34, f"no new privileges: {word}", size=SMALL)
    name, ink = ("lock", "own") if a.seccomp == "filter" else ("arrows", "shr")
    drawn += icon(name, right, top + 21, size=15, ink=ink)
    drawn += text(right + 22, top + 34, f"system calls: {_calls(a)}", size=SMALL)
    room = width / COLUMNS - 24
    for i, held in enumerate(a.capabilities):
        left = x + (i % COLUMNS) * width / COLUMNS
        y = top + 68 + CAPABILITY_ROW * (i // COLUMNS)
        shown = held.removeprefix("CAP_")
        drawn += icon("check", left, y - 12, ink="own", size=14)
        drawn += text(left + 22, y, shown, size=SMALL, face="mono", room=room)
    foot = top + 68 + CAPABILITY_ROW * -(-len(a.capabilities) // COLUMNS) + 10
    return drawn + _draw_not_held(a, x, foot, width)


def _new_privileges(a: Anatomy) -> tuple[str, Icon, Ink]:
    return ("on", "lock", "own") if a.no_new_privs else ("off", "arrows", "shr")


def _calls(a: Anatomy) -> str:
    return "filtered" if a.seccomp == "filter" else "all"


def _draw_not_held(a: Anatomy, x: float, y: float, width: float) -> str:
    not_held = _not_held(a)
    if not not_held:
        words = "all there are: it may do whatever root of its user namespace may"
        return icon("arrows", x, y - 12, ink="shr", size=14) + text(x + 22, y, words, size=SMALL)
    famous = [name for name in FAMOUS if name in not_held]
    more = f" and {len(not_held) - len(famous)} more" if len(not_held) > len(famous) else ""
    names = ", ".join(famous) + more
    return (
        icon("cross", x, y - 12, ink="bad", size=14)
        + text(x + 22, y, f"{len(not_held)} not held", face="bold", size=SMALL, ink="bad")
        + text(x + 124, y, names, size=SMALL, ink="mut", face="mono", room=width - 124)
    )


def _not_held(a: Anatomy) -> list[str]:
    from labkit.core.linux import CAPABILITIES

    return [name for name in CAPABILITIES if f"CAP_{name}" not in a.capabilities]


def _started_by(a: Anatomy) -> tuple[str, ...]:
    who = "an ordinary user" if a.is_rootless else "root"
    held = counted(len(a.capabilities), "capability", "capabilities")
    return "Started by ", Volatile(who), f"; it holds {held}."


def _tables(a: Anatomy) -> tuple[Table, ...]:
    see = Table(
        f"{a.command}: what it can see (namespaces)",
        ("kind", "it isolates", "is"),
        tuple(
            (row.kind, ISOLATES.get(row.kind, ""), gate_look(row.is_own)[1])
            for row in in_order(a.namespaces)
        ),
    )
    use = Table(
        "What it can use (cgroup limits)",
        ("limit", "at most", "now", "file"),
        tuple(
            (
                limit.name,
                limit_words(limit.limit, limit.unit),
                Volatile(limit_words(limit.used, limit.unit)),
                Volatile(limit.file),
            )
            for limit in a.limits
        ),
        slots=(0, 0, 14, 40),
    )
    stand = Table(
        f"What it stands on (root file system, image {a.image})",
        ("layer", "holds", "it is"),
        layer_rows(a),
        slots=(0, 40, 0),
    )
    may = Table(
        "What it may do (capabilities)",
        ("", "count", "names"),
        (
            (
                "held",
                str(len(a.capabilities)),
                ", ".join(name.removeprefix("CAP_") for name in a.capabilities),
            ),
            ("not held", str(len(_not_held(a))), ", ".join(_not_held(a))),
            ("no new privileges", "", "on" if a.no_new_privs else "off"),
            ("system calls", "", f"{_calls(a)} (seccomp: {a.seccomp_profile or a.seccomp})"),
        ),
    )
    where = Table(
        "Where it is",
        ("what", "value"),
        (
            ("name", sandbox_name(a.name)),
            ("host name inside", sandbox_name(a.hostname)),
            ("process id on the host", Volatile(str(a.pid))),
            ("started by", Volatile("an ordinary user" if a.is_rootless else "root")),
        ),
        slots=(0, 16),
    )
    return see, use, stand, may, where
