"""``labkit clean``: takes away what killed sessions and clusters left behind."""

from __future__ import annotations

import click

from labkit.cli.console import say


@click.command("clean")
def clean_command() -> None:
    """Remove what sessions and clusters that were killed left behind.

    Touches nothing of sessions that live, and nothing that others made.
    """
    from labkit.cluster.embedded import control
    from labkit.host import clean

    clusters = control.clean()
    for name in clusters:
        say(f"removed what the cluster {name} left, which was killed")
    removed = clean()
    for left in removed:
        say(f"removed {left.kind} {left.what} of session {left.session}")
    if not removed and not clusters:
        say("Nothing was left behind.")
