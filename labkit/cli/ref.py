"""``labkit ref``: the quick reference of a topic, in the terminal."""

from __future__ import annotations

import click

from labkit.cli.console import console, is_terminal, say


@click.command("ref", short_help="Show the quick reference of a topic.")
@click.argument("topic")
def ref_command(topic: str) -> None:
    """Show the quick reference of a topic: by its number, its name, or both."""
    from labkit.course import find_course, reference

    markdown = reference(find_course().topic(topic))
    if not is_terminal():
        say(markdown)
        return
    from rich.markdown import Markdown

    console().print(Markdown(markdown))
