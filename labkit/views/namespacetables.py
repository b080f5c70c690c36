"""The text of the map of namespaces: worlds, and the namespaces one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.frame import counted
from labkit.views.namespaces import ISOLATES
from labkit.views.table import Table
from labkit.views.worlds import SANDBOX, World, Worlds, program

if TYPE_CHECKING:
    from labkit.sandbox.maps import Namespace, NamespaceMap

MOST = 60
"""Namespaces that are listed; nobody listens to more."""
NAMED = 3


def tables(m: NamespaceMap, found: Worlds, caption: str) -> tuple[Table, ...]:
    """Worlds with what they share, and every namespace with its number."""
    rows = [*(_world(world, found) for world in found.shown), *_left_out(found)]
    worlds = Table(
        caption,
        ("", "world", "processes", "of its own", "shared with others", "the same as yours"),
        tuple((str(i), *row) for i, row in enumerate(rows, 1)),
        slots=(0, 20, 44, 0, 0, 0),
        key=1,
    )
    return worlds, _numbers(m)


def _world(world: World, found: Worlds) -> tuple[str, ...]:
    joint = [f"{kind} {found.letters[world.spaces[kind].id]}" for kind in world.kinds("joint")]
    kept = [f"{kind} (kept)" for kind in world.kinds("kept")]
    return (
        _name(world),
        Volatile(_processes(world)) if world.members else "none",
        ", ".join(world.kinds("own") + kept),
        ", ".join(joint),
        ", ".join(world.kinds("yours")),
    )


def _name(world: World) -> str:
    if world.is_observers:
        return "yours"
    if not world.members:
        return ", ".join(next(iter(world.spaces.values())).kept_by) or "no process"
    if world.alike > 1:
        return Volatile(f"{world.alike} worlds like this")
    role = world.role
    return role if role.startswith(SANDBOX) else role or Volatile(program(world.members[0]))


def _processes(world: World) -> str:
    named = [f"{member.command} ({member.pid})" for member in world.members[:NAMED]]
    more = len(world.members) - NAMED
    return ", ".join(named) + (f" and {more} more" if more > 0 else "")


def _left_out(found: Worlds) -> tuple[tuple[str, ...], ...]:
    if not found.left_out:
        return ()
    processes = sum(len(world.members) for world in found.left_out)
    more = counted(sum(world.alike for world in found.left_out), "more world")
    many = counted(processes, "process", "processes")
    return ((Volatile(f"and {more}"), Volatile(many), "", "", ""),)


def _numbers(m: NamespaceMap) -> Table:
    shown = m.namespaces[: MOST if len(m.namespaces) <= MOST else MOST - 1]
    rows = tuple(_namespace(n) for n in shown)
    if len(m.namespaces) > len(shown):
        more = Volatile(f"and {len(m.namespaces) - len(shown)} more")
        rows += (("", more, *4 * ("",)),)
    return Table(
        "The namespaces, by their numbers",
        ("kind", "number", "it isolates", "processes", "kept by", "belongs to user namespace"),
        rows,
        slots=(0, 20, 0, 9, 0, 12),
        key=1,
    )


def _namespace(n: Namespace) -> tuple[str, ...]:
    return (
        n.kind,
        Volatile(f"{n.id}{' (yours)' if n.is_observers else ''}"),
        ISOLATES.get(n.kind, ""),
        Volatile(str(len(n.members))),
        ", ".join(n.kept_by),
        Volatile(str(n.owner) if n.owner is not None else ""),
    )
