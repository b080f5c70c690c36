"""One network namespace as a box: its name, its addresses and routes, its bridges, its plugs.

Sources: ip-route(8), ip-sysctl (ip_forward), nft(8) (masquerade).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.frame import SMALL, listed
from labkit.views.icons import Icon, icon
from labkit.views.measure import Room
from labkit.views.palette import Ink
from labkit.views.svg import number, path, rect, text
from labkit.views.wiring import LOOPBACK, Node, loops

if TYPE_CHECKING:
    from labkit.sandbox.maps import Link

CHIP_TALL, CHIP_WIDE = 24, 134
"""A plug: as wide as the longest name of an interface (15 characters, if.h)."""
PAD, HEAD, STEP, BAR = 14, 46, 21, 34
MOST_LINES = 7
NARROW = 190
"""Width below which a box has no room for long words."""
NARROWEST = 160
"""Width below which an address has a line to itself."""


@dataclass(frozen=True)
class Placed:
    """Where a box is."""

    x: float
    y: float
    width: float
    height: float

    @property
    def bottom(self) -> float:
        """The y of its lower edge."""
        return self.y + self.height


@dataclass(frozen=True)
class Said:
    """A line in a box: an icon where something is to be noticed, a name, a value."""

    value: str
    name: str = ""
    sign: Icon | None = None
    ink: Ink = "ink"
    is_mono: bool = True


def box(node: Node, among: Sequence[Node], place: Placed) -> str:
    """The box with all that stands in it, but for its bridges and the plugs of its cables."""
    space = node.space
    is_here = space.is_observers
    ink: Ink = "shr" if is_here else "inn" if space.name.startswith("sandbox ") else "mut"
    drawn = rect(
        place.x, place.y, place.width, place.height,
        fill="pan" if is_here else "card", stroke=ink, r=12, line=1.5,
    )  # fmt: skip
    base = place.y + 33
    name: Icon = "person" if is_here else "box"
    drawn += icon(name, place.x + PAD, base - 13, ink=ink, size=15)
    room = place.width - 2 * PAD - 22
    kind, title = _title(node, place.width)
    drawn += text(place.x + PAD + 22, base, title, size=16, face="bold", ink=ink, room=room)
    for i, line in enumerate([*kind, *lines_of(node, among)]):
        drawn += _line(line, place.x + PAD, base + 25 + i * STEP, place.width - 2 * PAD)
    if node.way_out:
        link = next((one for one in space.links if one.name == node.way_out.link), None)
        up = link is None or link.is_up
        x = place.x + place.width / 2
        drawn += chip(shown_name(node, node.way_out.link), up, x, place.y, 200)
    return drawn


def height_of(node: Node, among: Sequence[Node], width: float) -> float:
    """How high the box is."""
    foot = BAR + 34 if node.bridges else 12 if node.below else 0
    count = len(lines_of(node, among)) + len(_title(node, width)[0])
    return HEAD + STEP * count + 8 + foot


def _title(node: Node, width: float) -> tuple[list[Said], str]:
    """Its name; in a narrow box the word before it, such as ``sandbox``, has a line of its own."""
    kind, _, name = node.space.name.partition(" ")
    if width >= NARROW or not name or node.space.is_observers:
        name = node.space.name
        return [], Volatile(name) if name.startswith("PID ") else name
    return [Said(kind, ink="mut", is_mono=False)], name


def lines_of(node: Node, among: Sequence[Node]) -> list[Said]:
    """What is said of a namespace, line by line."""
    space = node.space
    way_out = node.way_out
    plugged = [link for link in space.links if _is_plugged(node, link)]
    said = [line for link in plugged for line in _addresses(node, link)]
    if not space.is_observers:
        others = [
            link for link in space.links
            if link not in plugged and link.kind != LOOPBACK and link not in node.bridges
        ]  # fmt: skip
        said += [line for link in others for line in _addresses(node, link, is_named=True)]
    said += [Said(there, link.name, "arrows") for link, there in loops(node, among)][:2]
    said += [
        Said("is down", link.name, "cross", "bad", is_mono=False)
        for link in space.links
        if link.kind == LOOPBACK and not link.is_up
    ]
    defaults = [route for route in space.routes if route.destination == "default"]
    if defaults:
        via = defaults[0].gateway or defaults[0].link
        said.append(
            Said(_steady(node, via, is_machines=way_out is not None), "default via", "arrow")
        )
    if len(said) > MOST_LINES:
        said = [*said[: MOST_LINES - 1], Said(f"and {len(said) - MOST_LINES + 1} more lines")]
    return said + _passing_on(node) + _also_here(node)


def _passing_on(node: Node) -> list[Said]:
    """Whether packets pass through it, and under which address they leave."""
    space = node.space
    said = []
    cables = [child.cable for child in node.below if child.cable]
    sides = len({cable.upper.bridge or cable.upper.name for cable in cables})
    if sides + (node.way_out is not None) + (node.cable is not None and sides > 0) > 1:
        said.append(
            Said("passes packets on (ip_forward is 1)", sign="check", ink="own", is_mono=False)
            if space.forwards
            else Said("passes nothing on (ip_forward is 0)", sign="cross", is_mono=False)
        )
    if space.masquerades:
        nets = ", ".join(space.masquerades)
        words = f"NAT: packets of {nets} leave under its own address"
        said.append(Said(words, sign="arrows", ink="shr", is_mono=False))
    return said


def _also_here(node: Node) -> list[Said]:
    """The observer's machine has links that have nothing to do with the rest: they are counted."""
    if not node.space.is_observers:
        return []
    hidden = {space.id for space in node.left_out}
    rest = [
        link for link in node.space.links
        if not _is_plugged(node, link) and link not in node.bridges and link.kind != LOOPBACK
        and not (link.peer and link.peer[0] in hidden)
    ]  # fmt: skip
    rest.sort(key=lambda link: (not link.is_up, link.kind == "veth", link.index))
    names = [link.name if link.is_up else f"{link.name} (down)" for link in rest]
    words = listed(names, Room(560, SMALL)) if names else "none"
    return [Said(Volatile(words), "other links:", is_mono=False, ink="mut")]


def _is_plugged(node: Node, link: Link) -> bool:
    """Whether a plug or a line of the picture stands for it."""
    if node.cable and link is node.cable.lower:
        return True
    if node.way_out and link.name == node.way_out.link:
        return True
    return any(child.cable and link is child.cable.upper for child in node.below)


def _addresses(node: Node, link: Link, *, is_named: bool = False) -> list[Said]:
    """A line for its addresses, and one where it is down."""
    is_machines = bool(node.way_out and link.name == node.way_out.link)
    plugs = (node.cable is not None) + (node.way_out is not None) + len(node.below)
    is_only = plugs == 1 and not node.space.is_observers and _is_plugged(node, link)
    name = "" if is_only and not is_named else shown_name(node, link.name)
    said = []
    if link.addresses:
        # Link-local ones (RFC 4291) come by themselves with every link; the text has them.
        given = [one for one in link.addresses if not one.startswith("fe80:")] or link.addresses
        found = ", ".join(given[:2]) + (" …" if given[2:] else "")
        said.append(Said(_steady(node, found, is_machines=is_machines), name))
    elif not link.bridge:
        said.append(Said("no address", name, "cross", is_mono=False))
    if not link.is_up:
        said.append(Said("is down", shown_name(node, link.name), "cross", "bad", is_mono=False))
    return said


def _steady(node: Node, words: str, *, is_machines: bool) -> str:
    """What belongs to the machine itself differs from machine to machine."""
    return Volatile(words) if is_machines and node.space.is_observers else words


def shown_name(node: Node, name: str) -> str:
    """A link's name; on the machine it differs from run to run."""
    return Volatile(name) if node.space.is_observers else name


def _line(line: Said, x: float, y: float, room: float) -> str:
    drawn = ""
    if line.sign:
        ink: Ink = "bad" if line.sign == "cross" else line.ink if line.ink != "ink" else "mut"
        drawn += icon(line.sign, x, y - 11, ink=ink, size=13)
        x, room = x + 20, room - 20
    name = line.name
    if name == "default via" and room < NARROW - 2 * PAD:
        name = "via" if room > NARROWEST - 2 * PAD else ""
    parts = [line.value]
    if name:
        head = f"{name} "
        parts = [Volatile(head) if isinstance(name, Volatile) else head, line.value]
    face = "mono" if line.is_mono else "normal"
    size = 13 if room < 200 else 14
    return drawn + text(x, y, *parts, size=size, face=face, ink=line.ink, room=room)  # type: ignore[arg-type]


def bars(node: Node, place: Placed, slots: Sequence[tuple[float, float]]) -> str:
    """The bridges of a box, each above what hangs on it, and the lines to their ports."""
    drawn = ""
    top = place.bottom - BAR - 30
    for link in node.bridges:
        mine = [
            slot
            for child, slot in zip(node.below, slots, strict=True)
            if child.cable and child.cable.upper.bridge == link.name
        ]
        left = max(place.x + PAD, mine[0][0] + 6)
        right = min(place.x + place.width - PAD, mine[-1][0] + mine[-1][1] - 6)
        ink: Ink = "inn" if link.is_up else "bad"
        for x, wide in mine:
            d = f"M{number(x + wide / 2)} {number(top + BAR)}V{number(place.bottom)}"
            drawn += path(d, stroke=ink, line=2.5)
        drawn += rect(left, top, right - left, BAR, fill="innt", stroke=ink, r=8, line=1.5)
        addresses = ", ".join(link.addresses[:2]) or "no address"
        words = ["bridge ", shown_name(node, link.name), " · ", addresses]
        if not link.is_up:
            words.append(" · down")
        drawn += icon("equal", left + 12, top + 9, ink="inn")
        drawn += text(left + 36, top + 22, *words, size=14, face="mono", room=right - left - 48)
    return drawn


def chip(name: str, is_up: bool, x: float, y: float, room: float) -> str:
    """A plug in the edge of a box, its middle at ``x``, ``y``."""
    wide = min(CHIP_WIDE, room - 8)
    ink: Ink = "inn" if is_up else "bad"
    left = x - wide / 2
    drawn = rect(left, y - CHIP_TALL / 2, wide, CHIP_TALL, fill="card", stroke=ink, r=6, line=1.5)
    return drawn + text(
        x, y + 4.5, name, size=SMALL, face="mono", anchor="middle", ink=ink, room=wide - 10
    )
