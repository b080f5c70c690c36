"""The text of the network: namespaces, links, routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.views.escape import Quiet, Volatile
from labkit.views.table import Table

if TYPE_CHECKING:
    from labkit.sandbox.maps import Link, NetworkMap, NetworkNamespace

MOST_SPACES, MOST_LINKS, MOST_ROUTES = 24, 10, 6
"""Listed at most: namespaces, and links and routes of each."""


def tables(m: NetworkMap, caption: str) -> tuple[Table, ...]:
    """Namespaces, their links with what has passed, and their routes."""
    shown = m.namespaces[:MOST_SPACES]
    names = {
        (space.id, link.index): f"{link.name} in {space.name}"
        for space in m.namespaces
        for link in space.links
    }
    more = len(m.namespaces) - len(shown)
    spaces = tuple(_space(space) for space in shown)
    if more > 0:
        spaces += (("and more", Volatile(str(more)), "", ""),)
    return (
        Table(
            caption,
            ("network namespace", "number", "passes packets on", "NAT for"),
            spaces,
            slots=(0, 12, 0, 0),
        ),
        Table(
            "Links",
            (
                "in",
                "link",
                "kind",
                "is",
                "addresses",
                "linked with",
                "packets in",
                "out",
                "dropped",
            ),
            tuple(row for space in shown for row in _links(space, names)),
            slots=(0, 16, 9, 6, 20, 28, 10, 10, 8),
            key=1,
            place=0,
        ),
        Table(
            "Routes",
            ("in", "to", "through", "on link"),
            tuple(row for space in shown for row in _routes(space)),
            slots=(0, 18, 16, 16),
            key=1,
            place=0,
        ),
    )


def _space(space: NetworkNamespace) -> tuple[str, ...]:
    return (
        space.name + (" (you are here)" if space.is_observers else ""),
        Volatile(str(space.id)),
        "yes" if space.forwards else "no",
        ", ".join(space.masquerades),
    )


def _links(space: NetworkNamespace, names: dict[tuple[int, int], str]) -> list[tuple[str, ...]]:
    """Those that are linked with something of the map go first."""
    links = sorted(
        space.links, key=lambda link: (link.peer not in names and link.kind == "veth", link.index)
    )
    shown = links[: MOST_LINKS if len(links) <= MOST_LINKS else MOST_LINKS - 1]
    rows = [_link(space, link, names) for link in shown]
    if len(links) > len(shown):
        more = Volatile(f"and {len(links) - len(shown)} more")
        rows.append((space.name, more, *7 * ("",)))
    return rows


def _link(
    space: NetworkNamespace, link: Link, names: dict[tuple[int, int], str]
) -> tuple[str, ...]:
    def own(words: str) -> str:
        return Volatile(words) if space.is_observers else words

    there = names.get(link.peer, "") if link.peer else ""
    linked = there or (f"a port of {link.bridge}" if link.bridge else "")
    if there and link.bridge:
        linked = f"{there}, a port of {link.bridge}"
    seen = link.traffic
    # What this machine says to itself and to the world goes on, whatever happens on the map.
    is_noise = link.kind == "loopback" or (space.is_observers and not link.kind)
    count = Quiet if is_noise else Volatile
    return (
        space.name,
        own(link.name),
        own(link.kind or "physical"),
        own("up" if link.is_up else "down"),
        own(", ".join(link.addresses)),
        Volatile(linked),
        count(seen.received_packets),
        count(seen.sent_packets),
        count(seen.dropped_packets),
    )


def _routes(space: NetworkNamespace) -> list[tuple[str, ...]]:
    def own(words: str) -> str:
        return Volatile(words) if space.is_observers else words

    shown = space.routes[:MOST_ROUTES]
    rows: list[tuple[str, ...]] = [
        (space.name, own(route.destination), own(route.gateway), own(route.link)) for route in shown
    ]
    if len(space.routes) > len(shown):
        rows.append((space.name, Volatile(f"and {len(space.routes) - len(shown)} more"), "", ""))
    return rows
