"""The root file system as a stack of plates: read-only layers, the writable one on top, and the
folders of the host that are plugged in from the side.

Source: overlayfs.rst; mount(8), bind mounts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.frame import SMALL, counted, first_few, listed, panel_heading
from labkit.views.icons import Icon, icon
from labkit.views.measure import Room
from labkit.views.palette import Ink
from labkit.views.svg import number, path, rect, text

if TYPE_CHECKING:
    from labkit.sandbox.facts import Anatomy, Volume

LAYERS, VOLUMES, CHANGES = 4, 3, 3
"""The most that are drawn of each; the text has all."""
PLATE, SKEW, DEPTH, STEP = 160, 34, 30, 46
"""Length of a plate's edge, its shear, its depth on paper, and the distance of two plates."""
VOLUME = 74


def stack_height(a: Anatomy) -> float:
    """Height of the panel."""
    plates = 1 + min(LAYERS, len(a.layers))
    volumes = min(VOLUMES, len(a.volumes))
    return 78 + max(STEP * plates + 14, VOLUME * volumes + (30 if len(a.volumes) > VOLUMES else 4))


def layer_rows(a: Anatomy) -> tuple[tuple[str, ...], ...]:
    """The rows of the table: layer, what it holds, what it is."""
    return (
        (
            "writable",
            counted(len(a.changed), "change") + ": " + ", ".join(a.changed)
            if a.changed
            else "nothing yet",
            "lost with the sandbox",
        ),
        *(
            (f"read-only {i}", _digest(name), "shared with the image")
            for i, name in enumerate(a.layers, start=1)
        ),
        *((f"volume {v.target}", Volatile(v.source), f"the host's, {_mode(v)}") for v in a.volumes),
    )


def draw_stack(a: Anatomy, x: float, top: float, width: float) -> str:
    """The panel of the root file system, its ground's upper edge at ``top``."""
    drawn = panel_heading(
        "layers",
        "What it stands on",
        f"layers of {a.image}, seen as one /",
        x=x,
        y=top + 34,
        width=width,
    )
    plate_x, first = x + 262, top + 66
    layers, left_out = first_few(a.layers, LAYERS)
    names = [*layers, *([f"{left_out} more"] if left_out else [])]
    for i in range(len(names), 0, -1):
        drawn += _plate(plate_x, first + i * STEP, "card", "mut")
    drawn += _plate(plate_x, first, "innt", "inn")
    drawn += _writable(a, x, first)
    for i, name in enumerate(names, start=1):
        y = first + i * STEP + 14
        drawn += icon("lock", x, y - 1, ink="mut", size=15)
        drawn += text(x + 24, y + 11, "read-only", size=SMALL, ink="mut")
        drawn += text(x + 94, y + 11, _short(name), size=SMALL, face="mono", room=160)
    return drawn + _volumes(a, plate_x + PLATE + SKEW, first, x + width)


def _writable(a: Anatomy, x: float, y: float) -> str:
    drawn = icon("pencil", x, y + 3, ink="inn", size=16)
    drawn += text(x + 24, y + 14, "writable", face="bold", ink="inn", size=SMALL)
    said = counted(len(a.changed), "change") if a.changed else "nothing written yet"
    drawn += text(x + 94, y + 14, said, size=SMALL)
    return drawn + text(
        x + 24,
        y + 33,
        listed(a.changed, Room(232, SMALL, "mono")),
        size=SMALL,
        face="mono",
        ink="mut",
        room=232,
    )


def _plate(x: float, y: float, fill: Ink, stroke: Ink) -> str:
    """A parallelogram with a thickness, seen from above and from the front."""
    corner = f"M{number(x)} {number(y + DEPTH)}"
    top = f"{corner}l{SKEW}-{DEPTH}h{PLATE}l-{SKEW} {DEPTH}z"
    front = f"{corner}v7h{PLATE}l{SKEW}-{DEPTH}v-7l-{SKEW} {DEPTH}z"
    return path(top + front, fill=fill, stroke=stroke, line=1.3)


def _volumes(a: Anatomy, x: float, y: float, right: float) -> str:
    """Folders of the host, each on a cable that is plugged into the top of the stack."""
    box_x, width = x + 52, right - x - 52
    shown, left_out = first_few(a.volumes, VOLUMES)
    drawn = ""
    for i, volume in enumerate(shown):
        along = i / (len(shown) - 1) if shown[1:] else 0.5  # of the plate's right edge
        drawn += _cable(x - SKEW * along, y + DEPTH * along, box_x, y + VOLUME * i + 22)
        drawn += _volume(volume, box_x, y + VOLUME * i - 10, width)
    if not shown:
        drawn += text(box_x, y + 20, "no volume is plugged in", size=SMALL, ink="mut", room=width)
    if left_out:
        drawn += text(
            box_x + 12,
            y + VOLUME * len(shown) + 8,
            f"{left_out} more volumes",
            size=SMALL,
            ink="mut",
        )
    return drawn


def _volume(volume: Volume, x: float, y: float, width: float) -> str:
    name: Icon = "lock" if volume.is_read_only else "pencil"
    return (
        rect(x, y, width, VOLUME - 8, fill="shrt", stroke="shr", r=8)
        + text(x + 12, y + 20, volume.target, size=14, face="mono", room=width - 24)
        + text(
            x + 12,
            y + 38,
            Volatile(volume.source),
            size=SMALL,
            face="mono",
            ink="mut",
            room=width - 24,
        )
        + icon(name, x + 12, y + 45, ink="shr", size=13)
        + text(x + 31, y + 56, f"volume, {_mode(volume)}", size=SMALL, ink="shr", room=width - 40)
    )


def _cable(x: float, y: float, box_x: float, box_y: float) -> str:
    """From the box to a plug whose prongs reach the plate at ``x``, ``y``."""
    bend = (box_x - x - 18) / 2
    cable = (
        f"M{number(box_x)} {number(box_y)}c-{number(bend)} 0-{number(bend)} {number(y - box_y)}"
        f"-{number(2 * bend)} {number(y - box_y)}"
    )
    prongs = f"M{number(x - 4)} {number(y - 3)}h8m-8 6h8"
    return path(cable + prongs, stroke="shr", line=2) + rect(
        x + 4, y - 5.5, 14, 11, fill="shr", r=3
    )


def _digest(name: str) -> str:
    """A layer's name. A digest differs from machine to machine, as its busybox does."""
    return Volatile(name) if _HEX.fullmatch(name) else name


def _short(name: str) -> str:
    """The first twelve digits of a digest, as ``docker images`` shows it."""
    return Volatile(name[:12]) if _HEX.fullmatch(name) else name


_HEX = re.compile("[0-9a-f]{32,}")


def _mode(volume: Volume) -> str:
    return "read-only" if volume.is_read_only else "read-write"
