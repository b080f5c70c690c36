"""A table of figures, each beside its target. Knows nothing about what is measured."""

from __future__ import annotations

from dataclasses import dataclass

_LONG_S = 2.0


@dataclass(frozen=True)
class Row:
    """One figure.

    Attributes:
        what: what was measured.
        value: the figure as text, with its unit.
        note: what it is compared with, or why there is no figure.
        target: what it is to be; empty for none.
        is_reached: whether it is; None without a target or without a figure.
    """

    what: str
    value: str
    note: str = ""
    target: str = ""
    is_reached: bool | None = None


@dataclass(frozen=True)
class Table:
    """Figures that belong together."""

    title: str
    rows: tuple[Row, ...]


def duration(seconds: float) -> str:
    """A duration as text; a long one in seconds."""
    return f"{seconds * 1000:.1f} ms" if seconds < _LONG_S else f"{seconds:.1f} s"


def at_most(what: str, seconds: float, target_s: float, note: str = "") -> Row:
    """A duration that is to be no longer than a target."""
    reached = seconds <= target_s
    target = f"{target_s * 1000:g} ms" if target_s < _LONG_S else f"{target_s:g} s"
    return Row(what, duration(seconds), note, f"≤ {target}", reached)


def show(table: Table) -> str:
    """The table as text."""
    verdict = {True: "yes", False: "NO", None: ""}
    head = ("what", "figure", "", "target", "reached")
    cells = [head] + [
        (r.what, r.value, r.note, r.target, verdict[r.is_reached]) for r in table.rows
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(5)]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    ]
    rule = "  ".join("-" * width for width in widths)
    return "\n".join(["", table.title, "", lines[0].rstrip(), rule, *map(str.rstrip, lines[1:])])
