"""What several of the checks and makers share."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from labkit.sandbox import HostProcess

UNSHARE = ("unshare", "--fork", "--pid", "--mount-proc", "--kill-child") + (
    () if os.geteuid() == 0 else ("--user", "--map-root-user")
)


def command_of(process: HostProcess) -> str:
    words = [Path(process.argv[0]).name, *process.argv[1:]] if process.argv else []
    return " ".join(words)


def text_of(file: Path) -> str:
    try:
        return file.read_text(errors="replace").strip()
    except OSError:
        return ""


def wait_for(is_so: Callable[[], bool], timeout_s: float = 5.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError("the state was not reached")
        time.sleep(0.01)
