"""Names are unique among all of a user's running sandboxes, whichever session's.

A helper knows its own alone, so the journals are asked (``labkit.sandbox.census``).
"""

from __future__ import annotations

import signal
import time
from pathlib import Path

from labkit.sandbox.census import running
from labkit.sandbox.client import clients
from labkit.sandbox.refusal import name_is_taken

_END_S = 10.0
"""How long a sandbox that was killed may take to go."""


def check_name(name: str) -> None:
    """Raises :class:`BadInput` when a sandbox of that name runs."""
    if any(box.name == name for box in running()):
        raise name_is_taken(name)


def end_namesake(name: str) -> None:
    """Ends a sandbox of that name that this process runs, if there is one."""
    helpers = {helper.session.id: helper for helper in clients()}
    for box in running():
        if box.name == name and box.session in helpers:
            kill = {"op": "signal", "pid": box.pid, "signal": int(signal.SIGKILL)}
            helpers[box.session].ask(kill)
            deadline = time.monotonic() + _END_S
            while Path(f"/proc/{box.pid}").exists() and time.monotonic() < deadline:
                time.sleep(0.002)  # until the helper has collected it
