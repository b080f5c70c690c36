"""``labkit shell``: a terminal in the machine of a notebook that is open."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labkit.cli.app import BROKEN, Failure
from labkit.core.errors import BadInput, LabkitError, NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from labkit.machine.running import Running

_NONE = """Open a notebook that needs one, and run a cell: then its machine is there.
  Other notebooks run on this computer itself: an ordinary terminal is where they are.
  `labkit machine run` starts a machine without a notebook."""

_STAYS = "Press Enter to try again, Ctrl-D to close this terminal. "


@click.command("shell")
@click.argument("notebook", required=False)
@click.option("-c", "script", help="A script to run there, in place of a shell to type into.")
@click.option(
    "--stay", is_flag=True, help="When it cannot be opened, wait for Enter and try again."
)
@click.pass_context
def shell_command(ctx: click.Context, notebook: str | None, script: str | None, stay: bool) -> None:
    """Open a terminal in the machine of NOTEBOOK, where its kernel runs.

    NOTEBOOK is a path or a name; with one machine running it may be left out. You are root inside,
    where the notebook lies. `exit` or Ctrl-D ends it, and the exit code is that of the shell.
    """

    def run() -> int:
        return run_shell(notebook, script, says_title=stay)

    ctx.exit(_until_it_runs(run) if stay else run())


def run_shell(notebook: str | None, script: str | None, *, says_title: bool) -> int:
    """A shell, or a script, in the machine that is meant; its exit code.

    Args:
        notebook: whose machine it is, see :func:`choose`.
        script: is run in place of a shell.
        says_title: whether the terminal's window is named after the machine.
    """
    from labkit.machine.console import run_on_terminal
    from labkit.machine.running import running_machines

    machine = choose(running_machines(), notebook, ask if sys.stdin.isatty() else None)
    argv = ("bash", "-l") if script is None else ("bash", "-lc", script)
    with machine.terminal() as (agent, port):
        if says_title:
            click.echo(f"\033]2;Machine of {_shown(machine.name)}\007", nl=False)
        status = run_on_terminal(agent, port, argv, cwd=machine.cwd)
    sys.stdout.flush()
    return status


def _until_it_runs(run: Callable[[], int]) -> int:
    """Runs it, again and again as long as it cannot be; for a window that closes with its program.

    A machine that was thrown away is another one after the restart of its notebook's kernel.
    """
    while True:
        try:
            return run()
        except LabkitError as error:
            Failure(error).show(sys.stdout)
            click.echo(f"\n{_STAYS}", nl=False)
        if not sys.stdin.readline():  # Ctrl-D
            return BROKEN


def choose(
    machines: Sequence[Running],
    notebook: str | None,
    ask: Callable[[Sequence[Running]], Running] | None = None,
) -> Running:
    """The one that is meant.

    Args:
        machines: those that run.
        notebook: a path, or the name of a file with or without its suffix.
        ask: has a person choose when several may be meant.

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
    if len(found) > 1 and ask:
        return ask(found)
    if len(found) > 1:
        listed = "\n".join(f"  labkit shell {_quoted(one)}" for one in found)
        raise BadInput(
            f"{len(found)} notebooks have machines", hint=f"Say which one is meant:\n{listed}"
        )
    return found[0]


def ask(machines: Sequence[Running]) -> Running:
    """Has the person at this terminal choose one."""
    click.echo(f"{len(machines)} notebooks have machines:")
    for number, one in enumerate(machines, 1):
        click.echo(f"  {number}  {_shown(one.notebook or one.folder)}")
    number = click.prompt("Which one is meant", type=click.IntRange(1, len(machines)))
    return machines[number - 1]


def _is_meant(machine: Running, notebook: str) -> bool:
    path = Path(machine.notebook or machine.folder)
    return notebook in (path.name, path.stem) or Path(notebook).absolute() == path.absolute()


def _quoted(machine: Running) -> str:
    import shlex

    return shlex.quote(machine.notebook or machine.folder)


def _shown(name: str) -> str:
    """Without what a terminal would obey."""
    return "".join(letter if letter.isprintable() else "?" for letter in name)
