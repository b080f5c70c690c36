"""Network namespaces put into trees: who hangs on whom by a veth pair, who has a way out.

Each group of linked namespaces is a tree below the one that the others hang on: the observer's
machine, or else the one with most links. Knows nothing about drawing. Source: veth(4).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.sandbox.maps import Link, NetworkMap, NetworkNamespace, Route

MOST_BELOW = 6
"""Namespaces side by side; more would be too narrow for an address."""
DEEPEST = 3
"""Storeys of a tree."""
LOOPBACK = "loopback"


@dataclass(frozen=True)
class Cable:
    """A veth pair, seen from above: the end in the upper namespace, and the end below."""

    upper: Link
    lower: Link

    @property
    def is_up(self) -> bool:
        """Whether something can pass: both ends are up."""
        return self.upper.is_up and self.lower.is_up


@dataclass
class Node:
    """A namespace in a tree.

    Attributes:
        cable: what it hangs on; None for the topmost.
        below: what hangs on it, those on one bridge side by side.
        left_out: namespaces that hang on it too and are not drawn.
    """

    space: NetworkNamespace
    cable: Cable | None = None
    below: list[Node] = field(default_factory=list)
    left_out: list[NetworkNamespace] = field(default_factory=list)

    @property
    def leaves(self) -> int:
        """How many namespaces stand side by side at its foot."""
        return sum(node.leaves for node in self.below) or 1

    @property
    def bridges(self) -> list[Link]:
        """Its bridges on which something hangs that is drawn, in the order of what hangs."""
        names = dict.fromkeys(node.cable.upper.bridge for node in self.below if node.cable)
        return [link for name in names for link in self.space.links if name and link.name == name]

    @property
    def way_out(self) -> Route | None:
        """Its default route, unless that leads to a namespace of the map."""
        if self.cable is not None:
            return None
        linked = {node.cable.upper.name for node in self.below if node.cable}
        linked |= {link.name for link in self.bridges}
        for route in self.space.routes:
            if route.destination == "default" and route.link not in linked:
                return route
        return None

    def all(self) -> Iterator[Node]:
        """It, and all below."""
        yield self
        for node in self.below:
            yield from node.all()


@dataclass(frozen=True)
class Wiring:
    """All namespaces of a map: in trees, or alone."""

    trees: tuple[Node, ...]
    alone: tuple[NetworkNamespace, ...]


def wiring(m: NetworkMap) -> Wiring:
    """The trees, the observer's first."""
    ends = {(space.id, link.index): link for space in m.namespaces for link in space.links}
    spaces = {space.id: space for space in m.namespaces}
    degree = {id: len(_peers(space, spaces)) for id, space in spaces.items()}
    order = sorted(spaces.values(), key=lambda s: (not s.is_observers, -degree[s.id]))
    seen: set[int] = set()
    trees, alone = [], []
    for space in order:
        if space.id in seen:
            continue
        node = _grow(space, spaces, ends, seen)
        if node.below or space.is_observers or node.way_out:
            trees.append(node)
        else:
            alone.append(space)
    place = {space.id: i for i, space in enumerate(m.namespaces)}
    trees.sort(key=lambda node: (not node.space.is_observers, place[node.space.id]))
    return Wiring(tuple(trees), tuple(sorted(alone, key=lambda space: place[space.id])))


def _peers(space: NetworkNamespace, spaces: dict[int, NetworkNamespace]) -> set[int]:
    return {link.peer[0] for link in space.links if link.peer and link.peer[0] in spaces}


def _grow(
    root: NetworkNamespace,
    spaces: dict[int, NetworkNamespace],
    ends: dict[tuple[int, int], Link],
    seen: set[int],
) -> Node:
    """The tree of all that is linked with ``root``, nearest first."""
    top = Node(root)
    seen.add(root.id)
    waiting = [(top, 0)]
    while waiting:
        node, depth = waiting.pop(0)
        found = []
        for link in sorted(node.space.links, key=lambda one: (one.bridge, one.index)):
            lower = ends.get(link.peer) if link.peer else None
            if lower is None or link.peer is None or link.peer[0] in seen:
                continue
            seen.add(link.peer[0])
            found.append(Node(spaces[link.peer[0]], Cable(link, lower)))
        node.below, node.left_out = _shown(found, depth)
        waiting += [(child, depth + 1) for child in node.below]
        for space in node.left_out:  # what hangs on these is not drawn either
            _forget(space, spaces, seen)
    return top


def _shown(found: list[Node], depth: int) -> tuple[list[Node], list[NetworkNamespace]]:
    """What is drawn below a namespace; those that have a name of their own go first."""
    most = 0 if depth + 1 >= DEEPEST else MOST_BELOW if depth == 0 else 2
    if len(found) <= most:
        return found, []
    named = sorted(found, key=lambda node: node.space.name.startswith("PID "))
    kept = named[: max(0, most - 1)]
    return (
        [node for node in found if any(node is one for one in kept)],
        [node.space for node in found if not any(node is one for one in kept)],
    )


def _forget(space: NetworkNamespace, spaces: dict[int, NetworkNamespace], seen: set[int]) -> None:
    waiting = [space]
    while waiting:
        for id in sorted(_peers(waiting.pop(), spaces) - seen):
            seen.add(id)
            waiting.append(spaces[id])


def loops(node: Node, among: Sequence[Node]) -> list[tuple[Link, str]]:
    """Its veth ends that no line shows, each with where the other end is."""
    drawn = {id(child.cable.upper) for child in node.below if child.cable}
    if node.cable:
        drawn.add(id(node.cable.lower))
    names = {(n.space.id, link.index): f"{link.name} in {n.space.name}"
             for n in among for link in n.space.links}  # fmt: skip
    return [
        (link, names[link.peer])
        for link in node.space.links
        if link.peer in names and id(link) not in drawn
    ]
