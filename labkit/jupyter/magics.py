"""The magics: each reads its line, and calls the function of the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.core.errors import BadInput
from labkit.jupyter.arguments import MagicParser
from labkit.jupyter.desk import user_namespace

if TYPE_CHECKING:
    from labkit.jupyter.diagnosis import Diagnosis
    from labkit.jupyter.text import Text
    from labkit.jupyter.verdicts import CardView


def check(line: str) -> CardView | None:
    """Check a task: ``%check ID``. With several ids each is checked."""
    from labkit.jupyter.tasks import check as run

    *others, last = _words("%check", line)
    for id in others:
        _display(run(id))
    return run(last)


def hint(line: str) -> Text:
    """Give the next hint for a task, and say what it costs: ``%hint ID``."""
    from labkit.jupyter.tasks import hint as give

    return give(_one("%hint", line))


def reveal(line: str) -> Text:
    """Say what the solution of a task costs: ``%reveal ID``; show it: ``%reveal ID --yes``."""
    from labkit.jupyter.tasks import reveal as show

    parser = MagicParser("%reveal")
    parser.add_argument("ids", nargs="*")
    parser.add_argument("--yes", action="store_true")
    found = parser.read(line)
    return show(_only("%reveal", found.ids), yes=found.yes)


def task(line: str) -> Text:
    """Build the state before a task from the solutions of those before it: ``%task ID``."""
    from labkit.jupyter.states import task as build

    return build(_one("%task", line))


def doctor(line: str) -> Diagnosis:
    """Say what this machine can do, and what would bring the rest: ``%doctor``."""
    from labkit.jupyter.opening import doctor as examine

    MagicParser("%doctor").read(line)
    return examine()


def machine(line: str) -> Text | None:
    """Say where this notebook's kernel runs: ``%machine``; a fresh one: ``%machine reset``."""
    from labkit.jupyter.places import place, reset_machine

    parser = MagicParser("%machine")
    parser.add_argument("what", nargs="?", choices=["reset"])
    if parser.read(line).what != "reset":
        return place()
    reset_machine()
    return None


def watch(line: str) -> Text | None:
    """Watch some checks tick themselves off: ``%watch ID …``. ``%watch`` alone ends that."""
    from labkit.jupyter.watching import watch as start

    parser = MagicParser("%watch")
    parser.add_argument("ids", nargs="*")
    return start(*parser.read(line).ids)


def sandbox(line: str, cell: str) -> None:
    """Run the cell as a shell script in a sandbox, and show its output as it comes.

    ``%%sandbox [--memory 64M] [--pids 20] [--name NAME] [--image IMAGE] [--volume FOLDER:PLACE]``
    makes a new sandbox, and the script is its PID 1. ``%%sandbox --in NAME`` runs it in one that
    this notebook has started. The exit code is said when it is not 0, and kept in ``_exit_code``.
    """
    from labkit.jupyter.sandbox_cell import run_cell

    namespace = user_namespace()
    namespace["_exit_code"] = run_cell(line, cell, namespace)


def _words(magic: str, line: str) -> list[str]:
    parser = MagicParser(magic)
    parser.add_argument("ids", nargs="*")
    ids: list[str] = parser.read(line).ids
    if not ids:
        raise BadInput(f"{magic} needs the id of a task", hint=_known_ids())
    return ids


def _one(magic: str, line: str) -> str:
    return _only(magic, _words(magic, line))


def _only(magic: str, ids: list[str]) -> str:
    if len(ids) != 1:
        what = f"{magic} takes one id, not {len(ids)}" if ids else f"{magic} needs the id of a task"
        raise BadInput(what, hint=_known_ids())
    return ids[0]


def _known_ids() -> str:
    from labkit.jupyter.completion import check_ids

    ids = ", ".join(check_ids())
    return f"There are: {ids}" if ids else ""


def _display(value: Any) -> None:
    from IPython.display import display

    show: Any = display
    show(value)
