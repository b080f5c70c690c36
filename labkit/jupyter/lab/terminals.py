"""The server's side of the card "Terminal in the Notebook's Machine": ``POST labkit/terminals``.

Starts a terminal of the server's whose program is ``labkit shell``, and says its name; the page
(``extension/static/terminal.js``) opens it like any other. So the terminal ends with the shell in
it, no command line is typed for the learner, and it is the right labkit whatever the ``PATH`` is:
only the server knows its Python.

Knows nothing about machines but which run. Sources: jupyter_server_terminals, terminado
(``new_named_terminal``).
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from labkit.machine.running import Running, running_machines

_SHELL = (sys.executable, "-m", "labkit.cli", "shell", "--stay")


def add_to(app: Any) -> None:
    """Has the server's application answer ``POST labkit/terminals``."""
    path = url_path_join(app.settings["base_url"], "labkit/terminals")
    app.add_handlers(".*$", [(path, TerminalsHandler)])


class TerminalsHandler(APIHandler):
    """Who may open terminals may open this one."""

    auth_resource = "terminals"

    @web.authenticated
    @authorized
    async def post(self) -> None:
        """Starts a terminal for the notebook at hand, or finds the one that it has."""
        manager = self.settings.get("terminal_manager")
        if manager is None:
            raise web.HTTPError(404, "this server has no terminals")
        asked = self.get_json_body() or {}
        root = Path(self.settings["server_root_dir"]).expanduser()
        at_hand = root / str(asked.get("notebook") or "")
        notebook = which(await asyncio.to_thread(running_machines), at_hand)
        argv = [*_SHELL, notebook] if notebook else [*_SHELL]
        # A machine has one terminal, and one whose tab was closed still runs.
        name = _find(manager, argv) if notebook else None
        name = name or manager.create(shell_command=argv, cwd=str(root))["name"]
        self.finish(json.dumps({"name": name}))


def which(machines: Sequence[Running], at_hand: Path) -> str:
    """The notebook whose machine is meant, as ``labkit shell`` knows it; empty if nobody can tell.

    Args:
        machines: those that run.
        at_hand: the notebook that the learner looks at. It may have none.
    """
    known = [one.notebook or one.folder for one in machines]
    if str(at_hand) in known:
        return str(at_hand)
    return known[0] if len(known) == 1 else ""


def _find(manager: Any, argv: Sequence[str]) -> str | None:
    """The terminal that was started with this command line and has not ended."""
    return next(
        (name for name, one in manager.terminals.items() if one.ptyproc.argv == list(argv)), None
    )
