"""The program ``labkit``: finds a command, runs it, and turns errors into messages and exit codes.

Exit codes: 0 as it should be, 1 a check is not passed, 2 the machine, a notebook or the call is
broken, 130 stopped by Ctrl-C. A command's module is imported when the command is first needed.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import IO, Any

import click

from labkit import __version__
from labkit.core.errors import LabkitError, NotFound

NOT_PASSED, BROKEN, INTERRUPTED = 1, 2, 130

_HOMES = {
    "lab": "labkit.cli.lab",
    "doctor": "labkit.cli.doctor",
    "run": "labkit.cli.run",
    "check": "labkit.cli.tasks",
    "task": "labkit.cli.tasks",
    "hint": "labkit.cli.tasks",
    "reveal": "labkit.cli.tasks",
    "ref": "labkit.cli.ref",
    "progress": "labkit.cli.progress",
    "cluster": "labkit.cli.cluster",
    "machine": "labkit.cli.machine",
    "shell": "labkit.cli.shell",
    "build": "labkit.cli.build",
    "clean": "labkit.cli.clean",
}
"""Command → the module that defines it, in the order in which a learner meets them."""


class Failure(click.ClickException):
    """One of our errors, as click shows it: the message on standard error, no traceback."""

    exit_code = BROKEN

    def __init__(self, error: LabkitError) -> None:
        # An error may carry notes: what more there is to say than fits one message.
        super().__init__("\n".join([str(error), *getattr(error, "__notes__", [])]))

    def show(self, file: IO[Any] | None = None) -> None:
        """Prints the message."""
        click.echo(f"labkit: {self.message}", file=file or sys.stderr)


class Commands(click.Group):
    """The group of all commands, each resolved when first needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of the commands."""
        return list(_HOMES)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """One command, or nothing."""
        if name not in _HOMES:
            return None
        found: click.Command = getattr(import_module(_HOMES[name]), f"{name}_command")
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that the words name.

        Raises:
            Failure: there is none; says which are near.
        """
        if args and not args[0].startswith("-") and args[0] not in _HOMES:
            hint = "`labkit --help` lists them"
            raise Failure(NotFound("command", args[0], _HOMES, hint=hint))
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Runs a command. LABKIT_DEBUG=1 lets its errors through, with their tracebacks."""
        try:
            return super().invoke(ctx)
        except LabkitError as error:
            if os.environ.get("LABKIT_DEBUG", "0") not in ("", "0"):
                raise
            raise Failure(error) from error
        except KeyboardInterrupt:
            click.echo("\nStopped.", err=True)
            ctx.exit(INTERRUPTED)


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="labkit", message="%(prog)s %(version)s")
def app() -> None:
    """Learn containers by holding one: labs in Jupyter, checked on the real system.

    `labkit lab` opens the course.
    """
