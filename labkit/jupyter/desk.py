"""What every function of the notebook begins with: the workspace, and what must be said first.

Knows nothing about checks. Where there is no notebook, what it says goes to standard error.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from labkit.core.errors import BadInput
from labkit.jupyter.workspace import Workspace, current_workspace

if TYPE_CHECKING:
    from labkit.course import Topic


def desk() -> Workspace:
    """This learner's workspace; a damaged progress file is told of once."""
    workspace = current_workspace()
    for notice in workspace.notices():
        tell(notice)
    return workspace


def tell(text: str) -> None:
    """Shows the learner a piece of news beside the output."""
    print(f"labkit: {text}", file=sys.stderr, flush=True)  # noqa: T201


def opened_topic(workspace: Workspace) -> Topic:
    """The topic of this notebook: the one that ``begin`` opened, else the one whose lab this is.

    Raises:
        BadInput: neither is known.
    """
    if not workspace.opened:
        here = Path.cwd()
        around = [t for t in workspace.course.present if here.is_relative_to(t.folder)]
        if not around:
            raise BadInput(
                "no topic is open in this notebook",
                hint="Run its first cells: begin(…) opens the topic",
            )
        workspace.open(around[0])
    return workspace.course.topic(workspace.opened)


def shell() -> Any:
    """The running IPython, or None: in a script, in a test, in a terminal."""
    if "IPython" not in sys.modules:  # it cannot run, then
        return None
    from IPython import get_ipython

    return get_ipython()


def is_notebook() -> bool:
    """Whether a notebook is at the other end, which can show widgets."""
    return getattr(shell(), "kernel", None) is not None


def user_namespace() -> dict[str, Any]:
    """The variables of the notebook; of ``__main__`` where there is no notebook."""
    running = shell()
    found: dict[str, Any] = running.user_ns if running else vars(sys.modules["__main__"])
    return found
