"""``labkit shell``: a terminal in the machine of a notebook that is open."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labkit.core.errors import BadInput, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from labkit.machine.running import Running

_NONE = "Open a notebook whose kernel `labkit` runs in a microVM; `labkit machine run` starts one"


@click.command("shell")
@click.argument("notebook", required=False)
@click.option("-c", "script", help="A script to run there, in place of a shell to type into.")
@click.pass_context
def shell_command(ctx: click.Context, notebook: str | None, script: str | None) -> None:
    """Open a terminal in the machine of NOTEBOOK, where its kernel runs.

    NOTEBOOK is a path or a name; with one machine running it may be left out. You are root inside,
    where the notebook lies. `exit` or Ctrl-D ends it, and the exit code is that of the shell.
    """
    from labkit.machine.console import run_on_terminal
    from labkit.machine.running import running_machines

    machine = choose(running_machines(), notebook)
    argv = ("bash", "-l") if script is None else ("bash", "-lc", script)
    with machine.terminal() as (agent, port):
        status = run_on_terminal(agent, port, argv, cwd=machine.cwd)
    sys.stdout.flush()
    ctx.exit(status)


def choose(machines: Sequence[Running], notebook: str | None) -> Running:
    """The one that is meant.

    Args:
        machines: those that run.
        notebook: a path, or the name of a file with or without its suffix.

    Raises:
        BadInput: none runs, or several may be meant. NotFound: none is that notebook's.
    """
    if not machines:
        raise BadInput("no notebook has a machine of its own now", hint=_NONE)
    found = [one for one in machines if notebook is None or _is_meant(one, notebook)]
    if not found:
        names = sorted({one.name for one in machines})
        running = f"These have one: {', '.join(names)}"
        raise NotFound("machine of a notebook", notebook or "", names, hint=running)
    if len(found) > 1:
        listed = "\n".join(f"  labkit shell {_quoted(one)}" for one in found)
        raise BadInput(
            f"{len(found)} notebooks have machines", hint=f"Say which one is meant:\n{listed}"
        )
    return found[0]


def _is_meant(machine: Running, notebook: str) -> bool:
    path = Path(machine.notebook or machine.folder)
    return notebook in (path.name, path.stem) or Path(notebook).absolute() == path.absolute()


def _quoted(machine: Running) -> str:
    import shlex

    return shlex.quote(machine.notebook or machine.folder)
