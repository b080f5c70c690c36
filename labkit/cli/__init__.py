"""The command line. ``labkit --help`` lists its commands; each is a module of its own here."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of the program ``labkit``."""
    try:
        from labkit.cli.app import app

        app(prog_name="labkit")
    except KeyboardInterrupt:  # before there was a command, or after it had ended
        sys.stderr.write("\nStopped.\n")
        sys.exit(130)
