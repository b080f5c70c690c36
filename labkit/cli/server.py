"""A JupyterLab of our own: started, awaited, ended with us.

Listens on 127.0.0.1 only, behind a token that no process list shows. Knows nothing about courses.

Sources: jupyter_server's documentation (``JUPYTER_TOKEN``, ``jpserver-PID.json``), JupyterLab's
("Directories": ``labconfig/default_setting_overrides.json``), prctl(2) (``PR_SET_PDEATHSIG``: the
kernel tells the server when we are gone, whatever ended us).
"""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from labkit.core.errors import Blocked, SystemFault, TimedOut
from labkit.core.linux import PR_SET_PDEATHSIG, prctl
from labkit.core.paths import data_dir

START_S = 60.0
"""Until the server answers: one second on a fast machine, half a minute on a small shared one."""

STOP_S = 10.0
"""Until it has ended its kernels; then it is killed."""

NOTIFICATIONS = "@jupyterlab/apputils-extension:notification"
"""The settings that decide whether JupyterLab asks a newcomer about news."""

PORT, MORE_PORTS = 8888, 100
"""Jupyter's own port, and how many after it are tried when it is taken."""


@dataclass(frozen=True)
class Address:
    """Where the server answers."""

    port: int
    token: str

    def url(self, path: str = "") -> str:
        """The address that opens a file of the served folder in JupyterLab."""
        tree = f"/tree/{quote(path)}" if path else ""
        return f"http://127.0.0.1:{self.port}/lab{tree}?token={self.token}"


class Server:
    """A JupyterLab process. Use it as a context manager: it ends with the block.

    Args:
        folder: what it serves; notebooks are opened there.
        port: the port; the next free one is taken when somebody has it.
        env: what its environment, and that of its kernels and terminals, has beside ours.
        options: further options of ``jupyter lab``.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int = PORT,
        env: Mapping[str, str] | None = None,
        options: Sequence[str] = (),
    ) -> None:
        self.folder, self.log = folder, data_dir() / "jupyterlab.log"
        self._env = dict(env or {})
        self._token = secrets.token_hex(24)
        self._process: subprocess.Popen[bytes] | None = None
        self._command = [sys.executable, "-m", "jupyterlab", *settings(folder, port), *options]

    def start(self) -> Self:
        """Starts it, and returns at once.

        Raises:
            Blocked: JupyterLab is not installed.
        """
        if importlib.util.find_spec("jupyterlab") is None:
            raise Blocked(
                "labkit cannot open JupyterLab",
                why=f"it is not installed for {sys.executable}",
                hint=f"{sys.executable} -m pip install jupyterlab",
            )
        parent = os.getpid()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                cwd=self.folder,
                env={
                    **os.environ,
                    **self._env,
                    "JUPYTER_TOKEN": self._token,
                    "JUPYTER_CONFIG_PATH": quiet_config(),
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # the terminal's Ctrl-C is for us alone
                preexec_fn=lambda: _end_with(parent),  # noqa: PLW1509  there is one thread yet
            )
        return self

    def wait_until_ready(self, timeout_s: float = START_S) -> Address:
        """Waits until it answers, and says where.

        Raises:
            SystemFault: it ended instead, with its last words.
            TimedOut: neither happened in time.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if not self.is_running:
                raise SystemFault("start JupyterLab", why=self._last_words(), hint=self._see_log())
            if port := self._port():
                return Address(port, self._token)
            time.sleep(0.05)
        raise TimedOut(
            "JupyterLab's start",
            after_s=timeout_s,
            last_seen=self._last_words(),
            hint=self._see_log(),
        )

    def wait(self) -> int:
        """Waits until it ends, and returns its exit code."""
        return self._process.wait() if self._process else 0

    def stop(self) -> None:
        """Ends it and its kernels. Safe to call twice."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def is_running(self) -> bool:
        """Whether its process lives."""
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        return self if self._process else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _port(self) -> int:
        """Its port; 0 as long as it does not listen."""
        from jupyter_core.paths import jupyter_runtime_dir

        pid = self._process.pid if self._process else 0
        try:
            info = json.loads((Path(jupyter_runtime_dir()) / f"jpserver-{pid}.json").read_text())
        except (OSError, ValueError):  # not there yet, or half written
            return 0
        return int(info["port"]) if info.get("pid") == pid else 0

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1][-300:] if lines else "it wrote nothing"

    def _see_log(self) -> str:
        return f"Its log is in {self.log}"


def quiet_config() -> str:
    """A search path for Jupyter's configuration, with a folder of ours at its front.

    In it are other defaults for two settings of JupyterLab's. A user's own settings still count.
    """
    folder = data_dir() / "jupyter"
    (folder / "labconfig").mkdir(parents=True, exist_ok=True)
    defaults = json.dumps({NOTIFICATIONS: {"fetchNews": "false", "checkForUpdates": False}})
    (folder / "labconfig/default_setting_overrides.json").write_text(defaults)
    there = os.environ.get("JUPYTER_CONFIG_PATH", "")
    return os.pathsep.join([str(folder), there] if there else [str(folder)])


def settings(folder: Path, port: int) -> list[str]:
    """The options that make JupyterLab ours: this folder, loopback, no look-ups elsewhere."""
    options = [
        "--no-browser",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        f"--ServerApp.port_retries={MORE_PORTS}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    return [*options, "--allow-root"] if os.geteuid() == 0 else options


def _end_with(parent: int) -> None:
    """In the child, before it becomes JupyterLab: have the kernel end it when we are gone."""
    prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # we went before the kernel was told
        os._exit(1)
