"""The network: namespaces as boxes with plugs, veth pairs as lines between them, bridges as bars.

What hangs on a namespace stands below it; the way out is above. Beside each line stands how many
packets have gone up and down, as the lower end counted them.

Sources: veth(4), bridge(8), ip-route(8), ip-link(8).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.frame import INNER, MARGIN, SMALL, card, counted, heading, listed, sentence
from labkit.views.icons import icon
from labkit.views.measure import Room
from labkit.views.networkbox import (
    CHIP_TALL,
    Placed,
    bars,
    box,
    chip,
    height_of,
    shown_name,
)
from labkit.views.networktables import tables
from labkit.views.palette import Ink
from labkit.views.picture import WIDTH, Picture, make_picture
from labkit.views.svg import number, path, rect, text
from labkit.views.wiring import Cable, Node, Wiring, wiring

if TYPE_CHECKING:
    from labkit.sandbox.maps import NetworkMap, NetworkNamespace

GAP, DROP, WIDEST = 14, 78, 300
"""Between boxes side by side; between a box and those below; the widest box with nothing below."""
OUT = 34
"""Height of the world outside."""
ROW, MOST_ALONE = 26, 8


def network_view(m: NetworkMap) -> Picture:
    """Draws network namespaces, their links, and what has passed."""
    wired = wiring(m)
    words = summary(m, wired)
    opening, y = sentence(words, y=112)
    y += 14
    drawn = []
    for tree in wired.trees:
        one, y = _pair(tree, y) if _is_pair(tree) else _tree(tree, y)
        drawn.append(one)
        y += 26
    one, y = _alone(wired.alone, y)
    height = y + 10
    return make_picture(
        title="Who is linked with whom",
        description="Boxes are network namespaces, lines between them are veth pairs, bars are"
        " bridges.",
        height=height,
        body="".join(
            [card(height), heading("NETWORK", "Who is linked with whom"), opening, *drawn, one]
        ),
        tables=tables(m, words),
    )


def summary(m: NetworkMap, wired: Wiring) -> str:
    """How many there are, and how to read a line."""
    count = counted(len(m.namespaces), "network namespace")
    if not any(tree.below for tree in wired.trees):
        return Volatile(f"{count}{', and no link between them' if m.namespaces[1:] else ''}.")
    return Volatile(
        f"{count}. Each line is a veth pair, a cable with two ends: what goes in at one comes out"
        " at the other. Beside it: the packets that have gone up and down so far."
    )


def _is_pair(tree: Node) -> bool:
    """Two namespaces and a cable: they look best side by side."""
    return (
        len(list(tree.all())) == 2
        and not tree.space.is_observers
        and not tree.bridges
        and not tree.left_out
        and tree.way_out is None
    )


def _tree(tree: Node, y: float) -> tuple[str, float]:
    """A tree of boxes, its upper edge at ``y``, and the y below it."""
    drawn = ""
    if tree.way_out is not None:
        drawn, y = _outside(tree, y)
    elif tree.cable is None:
        y += 4
    among = list(tree.all())
    more, bottom = _storey(tree, among, (MARGIN, INNER), y)
    return drawn + more, bottom


def _storey(
    node: Node, among: list[Node], column: tuple[float, float], y: float, height: float = 0
) -> tuple[str, float]:
    """A box with all below it, in a column: its left edge and its width."""
    x, width = column
    if not node.below and width > WIDEST and node.cable:
        x, width = x + (width - WIDEST) / 2, WIDEST
    place = Placed(x, y, width, max(height, height_of(node, among, width)))
    drawn = box(node, among, place)
    slots = _slots(node, x, width)
    drawn += bars(node, place, slots)
    bottom = place.bottom
    if node.below:
        top = place.bottom + DROP
        tall = max(
            height_of(child, among, _narrowed(child, wide))
            for child, (_, wide) in zip(node.below, slots, strict=True)
        )
        for child, (at, wide) in zip(node.below, slots, strict=True):
            below, foot = _storey(child, among, (at, wide), top, tall)
            middle = at + wide / 2
            drawn += below + _cable(node, child, middle, (place.bottom, top), wide)
            bottom = max(bottom, foot)
    if node.left_out:
        drawn += _left_out(node.left_out, x, width, bottom)
        bottom += 26
    return drawn, bottom


def _narrowed(node: Node, width: float) -> float:
    return min(width, WIDEST) if not node.below else width


def _slots(node: Node, x: float, width: float) -> list[tuple[float, float]]:
    """Left edge and width of the columns of what hangs below."""
    leaves = sum(child.leaves for child in node.below)
    slots = []
    for child in node.below:
        wide = (width - GAP * (len(node.below) - 1)) * child.leaves / leaves
        slots.append((x, wide))
        x += wide + GAP
    return slots


def _cable(upper: Node, lower: Node, x: float, ends: tuple[float, float], room: float) -> str:
    """A veth pair: a plug at each end, the line, and what has passed."""
    cable, (top, bottom) = lower.cable, ends
    if cable is None:
        return ""
    ink: Ink = "inn" if cable.is_up else "bad"
    d = f"M{number(x)} {number(top + CHIP_TALL / 2)}V{number(bottom - CHIP_TALL / 2)}"
    drawn = path(d, stroke=ink, line=2.5, dash="" if cable.is_up else "5 5")
    drawn += chip(shown_name(upper, cable.upper.name), cable.upper.is_up, x, top, room)
    drawn += chip(shown_name(lower, cable.lower.name), cable.lower.is_up, x, bottom, room)
    middle = (top + bottom) / 2
    if not cable.is_up:
        drawn += text(x - 9, middle + 5, "down", size=SMALL, ink="bad", face="bold", anchor="end")
    return drawn + _passed(cable, x, middle, room)


def _passed(cable: Cable, x: float, middle: float, room: float) -> str:
    """What has passed, at the right of the line: up, down, and what was lost on the way."""
    seen = cable.lower.traffic
    lost = cable.upper.traffic.dropped_packets + seen.dropped_packets
    base = middle - (9 if lost else 2)
    up = f"M{number(x + 10)} {number(base)}l4.5-7 4.5 7z"
    down = f"M{number(x + 10)} {number(base + 10)}l4.5 7 4.5-7z"
    drawn = path(up, fill="mut") + path(down, fill="mut")
    for i, count in enumerate((seen.sent_packets, seen.received_packets)):
        amount = Volatile(short_count(count))
        drawn += text(x + 23, base + 1 + 17 * i, amount, size=SMALL, room=room / 2)
    if lost:
        words = Volatile(f"{short_count(lost)} lost")
        drawn += text(x + 10, base + 35, words, size=SMALL, ink="bad", room=room - 44)
    return drawn


def short_count(count: int) -> str:
    """``999``, ``12.3 k``, ``4.5 M``."""
    if count < 10_000:
        return str(count)
    size, names = float(count), ["", " k", " M", " G", " T"]
    while size >= 1000 and len(names) > 1:
        size, names = size / 1000, names[1:]
    return f"{size:.1f}".removesuffix(".0") + names[0]


def _outside(tree: Node, y: float) -> tuple[str, float]:
    """The world outside, above the machine that has a way to it; and where that begins."""
    route = tree.way_out
    assert route is not None
    x, wide = WIDTH / 2, 400.0
    via = f"through {route.gateway}" if route.gateway else "on the link itself"
    drawn = rect(x - wide / 2, y, wide, OUT, fill="pan", stroke="mut", r=OUT / 2, dash="5 4")
    drawn += icon("globe", x - wide / 2 + 14, y + 9, ink="mut")
    shown = Volatile(via) if tree.space.is_observers else via
    drawn += text(x - wide / 2 + 38, y + 22, "the world outside, ", shown, size=14, room=wide - 54)
    top = y + OUT + 46
    link = next((link for link in tree.space.links if link.name == route.link), None)
    is_up = link is None or link.is_up
    d = f"M{number(x)} {number(y + OUT)}V{number(top - CHIP_TALL / 2)}"
    ink: Ink = "mut" if is_up else "bad"
    drawn += path(d, stroke=ink, line=2.5, dash="" if is_up else "5 5")
    return drawn, top


def _pair(tree: Node, y: float) -> tuple[str, float]:
    """Two boxes side by side, a cable between them."""
    upper, lower = tree, tree.below[0]
    among = [upper, lower]
    wide, between = 270.0, INNER - 540.0
    tall = max(height_of(node, among, wide) for node in among) + 30
    left = Placed(MARGIN, y, wide, tall)
    right = Placed(WIDTH - MARGIN - wide, y, wide, tall)
    cable = lower.cable
    assert cable is not None
    middle = y + tall - 28
    drawn = box(upper, among, left) + box(lower, among, right)
    ink: Ink = "inn" if cable.is_up else "bad"
    d = f"M{number(left.x + wide)} {number(middle)}H{number(right.x)}"
    drawn += path(d, stroke=ink, line=2.5, dash="" if cable.is_up else "5 5")
    centre = WIDTH / 2
    drawn += _across(cable.upper.traffic.sent_packets, centre, middle - 14, "→")
    drawn += _across(cable.lower.traffic.sent_packets, centre, middle + 26, "←")
    if not cable.is_up:
        drawn += text(
            centre, middle - 34, "down", size=SMALL, ink="bad", face="bold", anchor="middle"
        )
    room = between * 0.62
    drawn += chip(cable.upper.name, cable.upper.is_up, left.x + wide, middle, room)
    drawn += chip(cable.lower.name, cable.lower.is_up, right.x, middle, room)
    return drawn, y + tall


def _across(count: int, x: float, y: float, arrow: str) -> str:
    amount = Volatile(
        f"{short_count(count)} {arrow}" if arrow == "→" else f"{arrow} {short_count(count)}"
    )
    return text(x, y, amount, size=SMALL, anchor="middle")


def _left_out(left_out: list[NetworkNamespace], x: float, width: float, y: float) -> str:
    names = listed([space.name for space in left_out], Room(width - 220, SMALL))
    words = Volatile(f"and {len(left_out)} more that hang there: {names}")
    return text(x + 4, y + 21, words, size=SMALL, ink="mut", room=width - 8)


def _alone(spaces: tuple[NetworkNamespace, ...], y: float) -> tuple[str, float]:
    """Those that nothing links with others, in lines."""
    if not spaces:
        return "", y
    drawn = text(MARGIN, y + 14, "Linked with no other", size=16, face="bold")
    shown = spaces[: MOST_ALONE if len(spaces) <= MOST_ALONE else MOST_ALONE - 1]
    y += 40
    for space in shown:
        links = ", ".join(f"{link.name} ({'up' if link.is_up else 'down'})" for link in space.links)
        drawn += icon("box", MARGIN, y - 12, ink="mut", size=14)
        drawn += text(MARGIN + 22, y, space.name, room=260)
        drawn += text(
            MARGIN + 300, y, links or "no link at all", size=14, face="mono", ink="mut",
            room=INNER - 300,
        )  # fmt: skip
        y += ROW
    if len(spaces) > len(shown):
        more = Volatile(f"and {len(spaces) - len(shown)} more")
        drawn += text(MARGIN + 22, y, more, size=SMALL, ink="mut")
        y += ROW
    return drawn, y
