"""A tree of cgroups, put in lines: all of a small one; of a large one, what matters.

Knows nothing about drawing. Source: cgroup-v2.rst.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.sandbox.maps import Group, GroupTree

MOST = 16
"""Groups that are drawn with their gauges; a picture longer than two screens is no picture."""


FEW = 4
"""Groups below one of which nothing is to be said, that are drawn in a large tree."""


@dataclass(frozen=True)
class Mark:
    """Something about a group that is to be noticed. ``id`` is also its place in a list."""

    id: str
    word: str


@dataclass(frozen=True)
class GroupLine:
    """One line: a group, or how many below a group are left out.

    Attributes:
        depth: 0 for the topmost.
        group: the group; None where some are left out.
        left_out: how many groups are, and ``processes`` how many live in them.
        marks: what is to be noticed.
    """

    depth: int
    group: Group | None
    left_out: int = 0
    processes: int = 0
    marks: tuple[Mark, ...] = ()


def marks(group: Group, above: Group | None) -> tuple[Mark, ...]:
    """What has become of a group, and whether it was given to another user than the one above."""
    counts = group.events
    is_given = group.owner_uid != (above.owner_uid if above else 0)
    found = [
        Mark("frozen", "frozen") if group.is_frozen else None,
        Mark("oom", "OOM kill") if counts.get("memory.oom_kill") else None,
        Mark("throttled", "throttled") if counts.get("cpu.nr_throttled") else None,
        Mark("high", "over memory.high") if counts.get("memory.high") else None,
        Mark("pids", "stopped by pids.max") if counts.get("pids.max") else None,
        Mark("delegated", f"delegated to user {group.owner_uid}") if is_given else None,
    ]
    return tuple(mark for mark in found if mark)


def group_lines(tree: GroupTree) -> list[GroupLine]:
    """The lines, parents above their children."""
    by_path = {group.path: group for group in tree.groups}
    below: dict[str | None, list[Group]] = {}
    for group in by_path.values():
        home = group.parent if group.parent in by_path and group.parent != group.path else None
        below.setdefault(home, []).append(group)
    kept = _kept(by_path)
    lines: list[GroupLine] = []
    waiting: list[tuple[Group | None, str | None, int]] = []

    def wait(home: str | None, depth: int) -> None:
        children = below.get(home, [])
        shown = [child for child in children if child.path in kept]
        if len(shown) < len(children):
            waiting.append((None, home, depth))
        waiting.extend((child, child.path, depth) for child in reversed(shown))

    wait(None, 0)
    while waiting:
        one, path, depth = waiting.pop()
        if one is not None:
            lines.append(GroupLine(depth, one, marks=marks(one, by_path.get(one.parent or ""))))
            wait(path, depth + 1)
            continue
        hidden = [group for group in below.get(path, []) if group.path not in kept]
        inside = [group for top in hidden for group in _all(top, below)]
        lines.append(GroupLine(depth, None, len(inside), sum(len(g.processes) for g in inside)))
    return lines


def _kept(by_path: dict[str, Group]) -> set[str]:
    """Paths of what is drawn: the most telling, each with all that are above it."""
    if len(by_path) <= MOST:
        return set(by_path)
    kept: set[str] = set()
    told = {path: marks(group, by_path.get(group.parent or "")) for path, group in by_path.items()}
    dull: Counter[str | None] = Counter()
    for group in sorted(by_path.values(), key=lambda group: _dullness(group, told[group.path])):
        line = set(_upwards(group, by_path)) - kept
        if len(kept) + len(line) > MOST or (not told[group.path] and dull[group.parent] >= FEW):
            continue
        kept |= line
        dull[group.parent] += not told[group.path]
    return kept


def _upwards(group: Group, by_path: dict[str, Group]) -> Iterator[str]:
    """Its path, and those of the groups above it."""
    path: str | None = group.path
    while path is not None and path in by_path:
        yield path
        above = by_path[path].parent
        path = None if above == path else above


def _dullness(group: Group, told: Sequence[Mark]) -> tuple[bool, bool, bool, int, str]:
    """What sorts first is drawn first: marked, delegated, limited, high up."""
    is_marked = any(mark.id != "delegated" for mark in told)
    is_limited = any(gauge.limit is not None for gauge in group.gauges)
    return not is_marked, not told, not is_limited, group.path.count("/"), group.path


def _all(group: Group, below: dict[str | None, list[Group]]) -> Iterator[Group]:
    waiting = [group]
    while waiting:
        one = waiting.pop()
        yield one
        waiting += below.get(one.path, [])
