"""The command line. ``labkit --help`` lists its commands; each is a module of its own here."""

from __future__ import annotations


def main() -> None:
    """Entry point of the program ``labkit``."""
    from labkit.cli.app import app

    app(prog_name="labkit")
