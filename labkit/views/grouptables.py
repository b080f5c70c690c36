"""The text of a tree of cgroups: what each group uses and may, what became of it, who is in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from labkit.views.escape import Volatile
from labkit.views.frame import counted
from labkit.views.gauges import limit_words
from labkit.views.grouplist import GroupLine
from labkit.views.table import Table

if TYPE_CHECKING:
    from labkit.sandbox.maps import Gauge, Group, GroupTree

LISTED = 8
"""Processes of a group that are named."""


def tables(tree: GroupTree, lines: Sequence[GroupLine], caption: str) -> tuple[Table, ...]:
    """The groups with their gauges, what the kernel counted, and the processes."""
    shown = [line.group for line in lines if line.group]
    groups = Table(
        caption,
        ("", "group", "memory", "memory.max", "memory.high", "processes", "pids.max", "CPU",
         "cpu.max", "cpu.weight", "CPUs", "it is"),
        tuple((str(i), *_row(line, is_top=i == 1)) for i, line in enumerate(lines, 1)),
        slots=(0, 24, 10, 0, 0, 14, 0, 10, 0, 0, 5, 0),
        key=1,
    )  # fmt: skip
    counts = Table(
        "What the kernel counted, and how long tasks waited",
        ("event or resource", "of group", "count or share"),
        tuple(row for group in shown for row in _counts(group, tree.root)),
        slots=(0, 24, 24),
    )
    processes = Table(
        "Processes",
        ("process", "PID", "in group"),
        tuple(row for group in shown for row in _processes(group, tree)),
        slots=(0, 8, 24),
    )
    return tuple(table for table in (groups, counts, processes) if table.rows)


def _name(group: Group, *, is_top: bool = False) -> str:
    return Volatile(group.path) if is_top else group.name


def _row(line: GroupLine, *, is_top: bool) -> tuple[str, ...]:
    indent = "  " * line.depth
    if line.group is None:
        processes = counted(line.processes, "process", "processes")
        more = f"{indent}and {counted(line.left_out, 'more group')} with {processes}"
        return (Volatile(more), *10 * ("",))
    group = line.group
    by_name = {gauge.name: gauge for gauge in group.gauges}
    name = f"{indent}{_name(group, is_top=is_top)}"
    memory, soft, pids, cpu = map(by_name.get, ("memory.max", "memory.high", "pids.max", "cpu.max"))
    return (
        Volatile(name) if is_top else name,
        _used(memory),
        _limit(memory),
        _limit(soft),
        _used(pids),
        _limit(pids),
        _used(cpu),
        _limit(cpu),
        str(group.weight) if group.weight is not None else "",
        Volatile(group.cpus),
        ", ".join(mark.word for mark in line.marks),
    )


def _used(gauge: Gauge | None) -> str:
    return Volatile(limit_words(gauge.used, gauge.unit) if gauge else "not counted")


def _limit(gauge: Gauge | None) -> str:
    return limit_words(gauge.limit, gauge.unit) if gauge else ""


def _counts(group: Group, root: str) -> list[tuple[str, ...]]:
    name = _name(group, is_top=group.path == root)
    told = [(event, name, Volatile(str(count))) for event, count in sorted(group.events.items())]
    waited = [
        (f"waited for {p.resource}", name, Volatile(f"{p.some:.1f} % some, {p.full:.1f} % full"))
        for p in group.pressure
    ]
    return [*told, *waited]


def _processes(group: Group, tree: GroupTree) -> list[tuple[str, ...]]:
    name = _name(group, is_top=group.path == tree.root)
    named = group.processes[:LISTED]
    rows: list[tuple[str, ...]] = [
        (tree.commands.get(pid, ""), Volatile(str(pid)), name) for pid in named
    ]
    if len(group.processes) > len(named):
        rows.append(("and more", Volatile(str(len(group.processes) - len(named))), name))
    return rows
