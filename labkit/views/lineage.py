"""A family of processes, put in lines: parents above children, a long line without its middle.

Knows nothing about drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from labkit.sandbox.facts import FamilyTree, Relative

MOST = 40
"""Lines at most; a picture longer than two screens is no picture."""

_SANDBOX = "sandbox "


@dataclass(frozen=True)
class Line:
    """One line: a process, or how many are left out.

    Attributes:
        depth: 0 for the root.
        parent: index of the parent's line; None for a root.
        member: the process; None where some are left out.
        left_out: how many are.
        box: what the box around it is called; empty on the host.
    """

    depth: int
    parent: int | None
    member: Relative | None
    left_out: int = 0
    box: str = ""


def lineage(tree: FamilyTree) -> list[Line]:
    """The lines, in the order in which they are drawn."""
    known = {member.pid for member in tree.members}
    boxes = _boxes(tree.members)
    children: dict[int, list[Relative]] = {}
    roots = []
    for member in tree.members:
        if member.ppid in known and member.ppid != member.pid:
            children.setdefault(member.ppid, []).append(member)
        else:
            roots.append(member)
    lines: list[Line] = []
    waiting: list[tuple[Relative, int, int | None]] = [
        (member, 0, None) for member in reversed(roots or list(tree.members[:1]))
    ]
    return _walk(lines, waiting, children, boxes)


def _walk(
    lines: list[Line],
    waiting: list[tuple[Relative, int, int | None]],
    children: dict[int, list[Relative]],
    boxes: dict[int, str],
) -> list[Line]:
    """Depth first, without recursion: a chain of processes may be longer than Python's stack."""
    seen: set[int] = set()
    while waiting:
        member, depth, parent = waiting.pop()
        if member.pid in seen:
            continue
        if len(lines) == MOST - 1:
            lines.append(Line(depth, parent, None, left_out=len(waiting) + 1))
            break
        seen.add(member.pid)
        lines.append(Line(depth, parent, member, box=boxes.get(member.pid, "")))
        index = len(lines) - 1
        dull = _dull_line(member, children, boxes)
        if depth == 0 and len(dull) > 1:
            seen.update(skipped.pid for skipped in dull[:-1])
            lines.append(Line(1, index, None, left_out=len(dull) - 1))
            waiting.append((dull[-1], 2, index + 1))
            continue
        below = sorted(children.get(member.pid, ()), key=lambda child: boxes.get(child.pid, ""))
        waiting += [(child, depth + 1, index) for child in reversed(below)]
    return lines


def _dull_line(
    root: Relative, children: dict[int, list[Relative]], boxes: dict[int, str]
) -> list[Relative]:
    """The processes below the root, as long as each has one child and no part to play."""
    line: list[Relative] = []
    below = children.get(root.pid, [])
    while len(below) == 1 and not below[0].role and below[0].pid not in boxes:
        line.append(below[0])
        if len(line) > len(children):
            break  # a circle: no real process table has one
        below = children.get(below[0].pid, [])
    return line


def _boxes(members: Sequence[Relative]) -> dict[int, str]:
    """PID to the box that the process is in.

    A sandbox's PID 1 opens a box, and its descendants are in it. A process that was started from
    outside, into the PID namespace, has two PIDs but no parent there: it is in the only sandbox
    there is, or else in a box of its own.
    """
    boxes = {m.pid: m.role for m in members if m.role.startswith(_SANDBOX)}
    names = set(boxes.values())
    entered = next(iter(names)) if len(names) == 1 else "another PID namespace"
    for _ in members:
        more = {
            m.pid: boxes.get(m.ppid, entered)
            for m in members
            if m.pid not in boxes and (m.ppid in boxes or m.inner_pid != m.pid)
        }
        if not more:
            break
        boxes |= more
    return boxes
