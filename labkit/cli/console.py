"""What commands print: text and tables for people, one JSON object a line for programs.

Knows nothing about what is printed. Rich is imported when a table is first needed.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.console import Console


def say(text: str = "") -> None:
    """A line for people, on standard output."""
    click.echo(text)


def note(text: str) -> None:
    """A line beside the output, on standard error: news, never results."""
    click.echo(text, err=True)


def say_json(value: object, *, indent: int | None = None) -> None:
    """One JSON value, on one line unless ``indent`` says otherwise."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=indent))


def console() -> Console:
    """Rich's console on standard output, which keeps to plain text where that is no terminal."""
    from rich.console import Console

    return Console(highlight=False)


def facts(rows: Iterable[tuple[str, str]]) -> None:
    """What there is to say of one thing: a name and a value a line, never folded."""
    found = list(rows)
    width = max(len(name) for name, _ in found)
    for name, value in found:
        click.echo(f"{name:<{width}}  {value}")


def local_time(moment: str) -> str:
    """A time in RFC 3339, as the clock on the wall has it."""
    from datetime import datetime

    with contextlib.suppress(ValueError):
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    return moment


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A table. Words in it are words: nothing in them is taken for markup.

    In a file or a pipe it is plain columns, never folded, for programs that cut.
    """
    if not is_terminal():
        _columns([head, *rows])
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for name in head:
        made.add_column(name, overflow="fold")
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    console().print(made)


def _columns(rows: Sequence[Sequence[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        click.echo("   ".join(map(str.ljust, row, widths)).rstrip())


def is_terminal() -> bool:
    """Whether a person watches standard output."""
    return sys.stdout.isatty()
