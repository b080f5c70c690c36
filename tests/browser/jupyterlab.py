"""A JupyterLab for tests: a course folder, settings and kernels of its own.

It is the server of `labkit lab`, started with folders that are nobody's, so that no test meets the
settings or the kernels of whoever runs it.
"""

from __future__ import annotations

import json
import os
import shutil
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from labkit.cli.server import Address, Server

_FOLDERS = {
    "IPYTHONDIR": "ipython",
    "JUPYTER_CONFIG_DIR": "config",
    "JUPYTER_DATA_DIR": "data",
    "JUPYTER_RUNTIME_DIR": "runtime",
    "JUPYTERLAB_SETTINGS_DIR": "settings",
    "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
}
_THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


@dataclass(frozen=True)
class JupyterLab:
    """A server that runs.

    Attributes:
        course: the folder that it serves.
        settings: where it reads its users' settings, at each opening of the page.
        workspaces: where it keeps what a page had open.
        address: where it answers.
        log: what the server and its kernels wrote.
    """

    course: Path
    settings: Path
    workspaces: Path
    address: Address
    log: Path

    def api(self, path: str, method: str = "GET") -> Any:
        """Asks the server: ``api("sessions")``."""
        url = f"http://127.0.0.1:{self.address.port}/api/{path}"
        headers = {"Authorization": f"token {self.address.token}"}
        request = urllib.request.Request(url, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or "null")

    def prepare(self, theme: str) -> None:
        """For the pages that are opened from now on: as new, in ``light`` or ``dark``."""
        shutil.rmtree(self.workspaces, ignore_errors=True)  # what was open before
        self._set("apputils-extension", "themes", {"theme": _THEMES[theme]})
        self._set("apputils-extension", "notification", {"fetchNews": "false"})
        # All cells are on the page; left alone, JupyterLab draws those that are in sight.
        self._set("notebook-extension", "tracker", {"windowingMode": "none"})
        # What is shown in a terminal is on the page as text, beside the picture of it.
        self._set("terminal-extension", "plugin", {"screenReaderMode": True})

    def end_kernels(self) -> None:
        """Ends every kernel, and waits until each has gone."""
        for session in self.api("sessions"):
            self.api(f"sessions/{session['id']}", method="DELETE")

    def end_terminals(self) -> None:
        """Ends every terminal, and what runs in it."""
        for terminal in self.api("terminals"):
            self.api(f"terminals/{terminal['name']}", method="DELETE")

    def _set(self, extension: str, plugin: str, values: dict[str, object]) -> None:
        path = self.settings / "@jupyterlab" / extension / f"{plugin}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))


@contextmanager
def running_jupyterlab(folder: Path) -> Iterator[JupyterLab]:
    """A JupyterLab for the time of the block. ``folder`` is empty, and takes all that it writes."""
    course = folder / "course"
    course.mkdir()
    own = {name: str(folder / part) for name, part in _FOLDERS.items()}
    theirs = dict(os.environ)
    os.environ.update(own)
    try:
        with Server(course) as server:
            settings, workspaces = folder / "settings", folder / "workspaces"
            address = server.wait_until_ready()
            yield JupyterLab(course, settings, workspaces, address, server.log)
    finally:
        os.environ.clear()
        os.environ.update(theirs)
