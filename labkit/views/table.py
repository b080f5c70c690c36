"""The text of a picture: tables, as plain text and as HTML.

Plain text separates columns by ``│``; a dashed ``┆`` stands before a value that differs from run to
run, so that one expression (:data:`VOLATILE_TEXT`) finds them all. Column widths do not depend on
such values. Knows nothing about what is shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from labkit.views.escape import Volatile, clean, escape, markup, own_address
from labkit.views.measure import cells, shorten_cells

VOLATILE_TEXT = r"┆[^│┆\n]*"
"""Matches what differs from run to run in the text of a picture: for ``nbval --sanitize-with``."""

_WIDEST = 44
"""Columns of the widest cell in plain text: three such still fit a terminal of 140."""
_WIDEST_SENTENCE = 400


@dataclass(frozen=True)
class Table:
    """A caption, names of columns and rows of cells.

    Attributes:
        slots: the width, in characters, kept for volatile values, column by column.
        links: first cell of a row to the address it links to, in HTML.
        key: the column whose cells name the rows, when one tells what has changed.
        place: the column that says in what the row's thing is, where its name alone is not enough.
        is_wide: cells hold sentences, and are shortened only where they are very long.
    """

    caption: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    slots: tuple[int, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    key: int = 0
    place: int | None = None
    is_wide: bool = False

    def text(self) -> str:
        """As plain text of fixed columns, without trailing spaces."""
        widths = [self._width(column) for column in range(len(self.head))]
        body = [_line(row, widths) for row in self.rows]
        rule = "─┼─".join("─" * width for width in widths)
        caption = clean(self.caption)
        if isinstance(caption, Volatile):
            caption = f"┆ {caption}"
        return "\n".join([caption, "", _line(self.head, widths), rule, *body])

    def html(self) -> str:
        """As a ``<table>`` whose first cells name their rows."""
        links = dict(self.links)
        head = "".join(f'<th scope="col">{escape(name)}</th>' for name in self.head)
        body = "".join(self._html_row(row, links) for row in self.rows)
        return (
            '<table><caption style="text-align:left">'
            f"{markup(self.caption)}</caption>"
            f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        )

    def _html_row(self, row: tuple[str, ...], links: dict[str, str]) -> str:
        name = markup(row[0])
        if address := own_address(links.get(row[0])):
            name = f'<a href="{escape(address)}">{name}</a>'
        rest = "".join(f"<td>{markup(cell)}</td>" for cell in row[1:])
        return f'<tr><th scope="row">{name}</th>{rest}</tr>'

    def _width(self, column: int) -> int:
        slot = self.slots[column] if column < len(self.slots) else 8
        widest = _WIDEST_SENTENCE if self.is_wide else _WIDEST
        texts = [self.head[column], *(row[column] for row in self.rows)]
        return max(
            slot if isinstance(text, Volatile) else min(widest, cells(clean(text)))
            for text in texts
        )


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    line = ""
    for column, (cell, width) in enumerate(zip(row, widths, strict=True)):
        bar = "" if column == 0 else "┆ " if isinstance(cell, Volatile) else "│ "
        shown = shorten_cells(clean(cell), width)
        line += f"{bar}{shown}{' ' * (width - cells(shown))} "
    return line.rstrip()
