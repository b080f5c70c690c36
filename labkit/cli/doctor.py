"""``labkit doctor``: what this machine can do, and what brings the rest."""

from __future__ import annotations

import click

from labkit.cli.app import BROKEN
from labkit.cli.console import say, say_json


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of text.")
@click.pass_context
def doctor_command(ctx: click.Context, as_json: bool) -> None:
    """Say what this machine can do, and what would bring the rest.

    Each thing is found out by doing it. Exits with 2 when the first labs cannot be real here.
    """
    from labkit.jupyter.diagnosis import diagnose

    found = diagnose()
    if as_json:
        say_json(found.as_json(), indent=2)
    else:
        say(str(found))
    ctx.exit(0 if found.is_ready else BROKEN)
