"""``labkit machine``: the Linux machine of its own that a notebook may run in."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from labkit.cli.console import is_terminal, local_time, note, say, table
from labkit.core.errors import SystemFault, TimedOut

if TYPE_CHECKING:
    from labkit.machine.running import Running
    from labkit.machine.snapshot import Snapshot

TIMED_OUT = 124
"""The exit code of timeout(1) for a command that took too long."""


@click.group("machine", short_help="Prepare and try a machine of its own (a microVM).")
def machine_command() -> None:
    """Prepare, list, and run commands in machines of their own (microVMs)."""


@machine_command.command("prepare")
def prepare_command() -> None:
    """Make everything ready, once, so that notebooks open in a second."""
    snapshot = prepare()
    say(f"The machine is ready: {snapshot.design.accelerator}, {snapshot.folder}")


@machine_command.command("run", context_settings={"ignore_unknown_options": True})
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="The folder that is /course inside; this one when not given.")  # fmt: skip
@click.option("--timeout", "timeout_s", type=click.FloatRange(min=0, min_open=True),
              metavar="SECONDS", help="How long COMMAND may take.")  # fmt: skip
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def run_command(
    ctx: click.Context, folder: Path | None, timeout_s: float | None, command: tuple[str, ...]
) -> None:
    """Run COMMAND in a fresh machine that is thrown away afterwards.

    Without a command, it is a shell. You are root inside, and have /course of this machine's files.
    The exit code is the command's; 124 when it took longer than --timeout, as timeout(1) has it.
    """
    from labkit.core.session import current_session
    from labkit.machine.console import run_on_terminal
    from labkit.machine.microvm import start

    folder = (folder or Path.cwd()).resolve()
    with start(prepare, current_session(), folder, _warn) as machine:
        machine.begin()
        words = command or ("bash", "-l")
        try:
            port = machine.qemu.ends["terminal"]
            status = run_on_terminal(machine.agent, port, words, timeout_s=timeout_s)
        except TimedOut as error:
            note(f"labkit: {error}")
            status = TIMED_OUT
        except SystemFault as error:
            if machine.has_ended():
                raise SystemFault("go on in the machine", why=machine.why_ended()) from error
            raise
    ctx.exit(status)


def _warn(text: str) -> None:
    """A text beside what runs. On a terminal in raw mode a line's end is no line's beginning."""
    note("\r\n".join(["", *text.splitlines(), ""]) if is_terminal() else text)


@machine_command.command("list")
def list_command() -> None:
    """The machines of your notebooks that run now."""
    from labkit.machine.running import running_machines

    found = running_machines()
    if found:
        show(found)
    else:
        say("No notebook has a machine of its own now.")


def show(machines: Iterable[Running]) -> None:
    """A table of machines that run."""
    head = ("notebook", "since", "memory", "pid")
    table(head, (
        (one.notebook or one.folder, local_time(one.since), f"{one.memory_bytes() >> 20} MiB",
         str(one.pid))
        for one in machines
    ))  # fmt: skip


def prepare() -> Snapshot:
    """The snapshot, with a bar for a person who waits for it."""
    from labkit.machine.snapshot import prepare as make

    with _shown() as progress:
        return make(progress)


@contextlib.contextmanager
def _shown() -> Iterator[Callable[[str, float], None]]:
    """A bar on a terminal, a line a step elsewhere; nothing where nothing is to be done."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    if not is_terminal():
        seen: list[str] = []

        def tell(what: str, share: float) -> None:
            if share < 1 and what not in seen[-1:]:
                seen.append(what)
                note(f"Preparing the machine: {what} …")

        yield tell
        return
    columns = (TextColumn("Preparing the machine"), BarColumn(), TextColumn("{task.description}"))
    bar = Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True)
    task = bar.add_task("", total=1.0)

    def show(what: str, share: float) -> None:
        if share < 1:
            bar.start()
        bar.update(task, description=what, completed=share)

    try:
        yield show
    finally:
        bar.stop()
