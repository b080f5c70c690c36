"""``labkit clean``: takes away what killed sessions left behind."""

from __future__ import annotations

import click

from labkit.cli.console import say


@click.command("clean")
def clean_command() -> None:
    """Remove what sessions that were killed left behind.

    Touches nothing of sessions that live, and nothing that others made.
    """
    from labkit.host import clean

    removed = clean()
    for left in removed:
        say(f"removed {left.kind} {left.what} of session {left.session}")
    if not removed:
        say("Nothing was left behind.")
