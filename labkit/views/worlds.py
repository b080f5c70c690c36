"""Processes put into worlds: a world is a set of processes that live in the same namespaces.

Five hundred processes usually live in a dozen worlds, and most of those have one namespace of their
own. Knows nothing about drawing. Source: namespaces(7).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from labkit.views.escape import clean
from labkit.views.namespaces import ORDER

if TYPE_CHECKING:
    from labkit.sandbox.maps import Member, Namespace, NamespaceMap

Look = Literal["yours", "own", "joint", "kept"]
"""How a world has a namespace: the observer's; its own alone; together with other worlds; or it is
a namespace without a process, kept by something else."""

MOST = 20
"""Worlds that are drawn; a picture longer than two screens is no picture."""
FEW = 8
"""Worlds of nobody in particular, up to which each is drawn for itself."""

HERE, SANDBOX = "you are here", "sandbox "
Key = tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class World:
    """Processes that share all their namespaces.

    Attributes:
        members: those with a part to play first, then by PID.
        spaces: kind to namespace.
        looks: kind to how the world has it.
        is_observers: whoever took the snapshot lives here.
        alike: how many worlds this one stands for: of other processes, with the same looks.
    """

    members: tuple[Member, ...]
    spaces: Mapping[str, Namespace]
    looks: Mapping[str, Look]
    is_observers: bool = False
    alike: int = 1

    @property
    def role(self) -> str:
        """``sandbox web``, ``helper``, or nothing."""
        return next((member.role for member in self.members if member.role), "")

    def kinds(self, look: Look) -> list[str]:
        """The kinds it has in that way."""
        return [kind for kind, found in self.looks.items() if found == look]


@dataclass(frozen=True)
class Worlds:
    """All of them, in the order in which they are drawn.

    Attributes:
        kinds: kinds of namespace, in the order of all pictures.
        shown: worlds that are drawn, the observer's first.
        left_out: worlds that are not.
        letters: id of a namespace that several worlds share, without the observer, to its letter.
        count: worlds there are.
    """

    kinds: tuple[str, ...]
    shown: tuple[World, ...]
    left_out: tuple[World, ...]
    letters: Mapping[int, str]
    count: int


def worlds(m: NamespaceMap) -> Worlds:
    """The worlds of a map, and what is kept without a process."""
    kinds = tuple(sorted({n.kind for n in m.namespaces}, key=_rank))
    by_key = _by_key(m)
    living = {n.id: 0 for n in m.namespaces}
    for key in by_key:
        for _, id in key:
            living[id] += 1
    spaces = {(n.kind, n.id): n for n in m.namespaces}
    found = [_world(m, pids, key, spaces, living) for key, pids in by_key.items()]
    merged = _merged(sorted(found, key=_importance))
    everything = [*_neighbours(merged), *_kept(m)]
    shown, left_out = everything, list[World]()
    if len(everything) > MOST:
        shown, left_out = everything[: MOST - 1], everything[MOST - 1 :]
    return Worlds(kinds, tuple(shown), tuple(left_out), _letters(shown, living), len(by_key))


def program(member: Member) -> str:
    """The program's name, without its folder and arguments."""
    words = clean(member.command).split()
    return words[0].rstrip(":").rpartition("/")[2] or words[0] if words else f"PID {member.pid}"


def _rank(kind: str) -> tuple[int, str]:
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), kind)


def _by_key(m: NamespaceMap) -> dict[Key, list[int]]:
    """The namespaces that somebody lives in, to the PIDs of those who live in exactly these."""
    lives_in: dict[int, list[tuple[str, int]]] = {}
    for namespace in sorted(m.namespaces, key=lambda n: _rank(n.kind)):
        for pid in namespace.members:
            if pid in m.members:
                lives_in.setdefault(pid, []).append((namespace.kind, namespace.id))
    found: dict[Key, list[int]] = {}
    for pid, homes in sorted(lives_in.items()):
        found.setdefault(tuple(homes), []).append(pid)
    return found


def _world(
    m: NamespaceMap,
    pids: Sequence[int],
    key: Key,
    spaces: Mapping[tuple[str, int], Namespace],
    living: Mapping[int, int],
) -> World:
    members = sorted((m.members[pid] for pid in pids), key=lambda p: (not p.role, p.pid))
    mine = {kind: spaces[kind, id] for kind, id in key}
    looks = {kind: _look(space, living) for kind, space in mine.items()}
    is_observers = any(member.role == HERE for member in members) or (
        all(look == "yours" for look in looks.values())
    )
    return World(tuple(members), mine, looks, is_observers)


def _look(space: Namespace, living: Mapping[int, int]) -> Look:
    if space.is_observers:
        return "yours"
    return "own" if living[space.id] == 1 else "joint"


def _importance(world: World) -> tuple[bool, bool, bool, int]:
    """The observer's, then sandboxes, then others with a part, then by age."""
    role = world.role
    return not world.is_observers, not role.startswith(SANDBOX), not role, world.members[0].pid


def _merged(found: Sequence[World]) -> list[World]:
    """Worlds of nobody in particular, one for all that look alike, where there are many."""
    plain = [world for world in found if not world.role and not world.is_observers]
    if len(plain) <= FEW:
        return list(found)
    piles: dict[tuple[tuple[str, object], ...], list[World]] = {}
    for world in plain:
        piles.setdefault(_shape(world), []).append(world)
    first = {id(pile[0]): pile for pile in piles.values()}
    merged = []
    for world in found:
        if world.role or world.is_observers:
            merged.append(world)
        elif id(world) in first:
            pile = first[id(world)]
            members = tuple(member for one in pile for member in one.members)
            merged.append(replace(world, members=members, alike=len(pile)))
    return merged


def _shape(world: World) -> tuple[tuple[str, object], ...]:
    """How it has each kind; equal for worlds that share the same with the same others."""
    return tuple(
        (kind, world.spaces[kind].id if look == "joint" else look)
        for kind, look in world.looks.items()
    )


def _neighbours(found: Sequence[World]) -> list[World]:
    """The same, with worlds that share a namespace one after the other."""
    sharing: dict[int, list[int]] = {}
    for i, world in enumerate(found):
        for kind in world.kinds("joint"):
            sharing.setdefault(world.spaces[kind].id, []).append(i)
    placed: dict[int, World] = {}
    for i, world in enumerate(found):
        waiting = [i]
        while waiting:
            at = waiting.pop(0)
            if at in placed:
                continue
            placed[at] = found[at]
            if not world.is_observers:
                for kind in found[at].kinds("joint"):
                    waiting += sharing.pop(found[at].spaces[kind].id, [])
    return list(placed.values())


def _kept(m: NamespaceMap) -> Iterable[World]:
    """Namespaces without a process."""
    for namespace in m.namespaces:
        if not any(pid in m.members for pid in namespace.members):
            look: Look = "yours" if namespace.is_observers else "kept"
            yield World((), {namespace.kind: namespace}, {namespace.kind: look})


def _letters(shown: Sequence[World], living: Mapping[int, int]) -> dict[int, str]:
    letters: dict[int, str] = {}
    for world in shown:
        for kind in world.kinds("joint"):
            id = world.spaces[kind].id
            if id not in letters:
                number = len(letters)
                letters[id] = chr(ord("A") + number % 26) + (
                    str(number // 26) if number > 25 else ""
                )
    return letters
