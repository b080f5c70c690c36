"""The process of a cluster, as whoever starts it sees it: spawned, waited for, heard.

It says one line of JSON on a pipe: where it serves and how one is its administrator, or why it
cannot. Knows nothing about kubeconfigs and names.
"""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from labkit.core.errors import SystemFault, TimedOut

READY_WITHIN_S = 30.0
"""A start takes half a second; this is for a machine that is busy."""
LOG = "log"


def spawn(
    folder: Path, data: Path | None, port: int, meanwhile: Callable[[], object]
) -> tuple[dict[str, Any], int]:
    """Starts the process of a control plane, and waits until its API answers.

    Args:
        folder: of its log and its lock; there already.
        data: a folder that keeps its objects and keys; `folder` when not given.
        port: on loopback; 0 for any.
        meanwhile: is done here while it starts.

    Returns:
        What it says (``url``, ``ca``, ``certificate``, ``key``), and its process id.

    Raises:
        SystemFault: it did not come up; says what it said.
        TimedOut: it is not ready in time.
    """
    reading, writing = os.pipe()
    words = [sys.executable, "-m", "labkit.cluster.embedded", str(folder)]
    words += ["--port", str(port), "--ready", str(writing)]
    words += ["--data", str(data.absolute())] if data else []
    log = os.open(folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[writing],
            start_new_session=True,
            cwd="/",
            env=_environment(),
        )
    finally:
        os.close(log)
        os.close(writing)
    try:
        meanwhile()
        told = _told(reading, process, folder)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        os.close(reading)
    _let_go(process)
    return told, process.pid


def _environment() -> dict[str, str]:
    """The process finds the labkit that starts it, wherever it is started."""
    home = str(Path(__file__).parents[3])
    paths = [home, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return os.environ | {"PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}


def _told(reading: int, process: subprocess.Popen[bytes], folder: Path) -> dict[str, Any]:
    deadline, said = time.monotonic() + READY_WITHIN_S, b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([reading], [], [], left)[0]:
            raise TimedOut(
                "the start of the cluster",
                after_s=READY_WITHIN_S,
                last_seen=_log_end(folder),
            )
        piece = os.read(reading, 1 << 16)
        if not piece:
            break
        said += piece
    if not said:
        process.wait()
        raise SystemFault("start the cluster", why=_log_end(folder))
    found: dict[str, Any] = json.loads(said)
    if error := found.get("error"):
        why = f"{error['what']}: {error['why']}" if error["why"] else error["what"]
        raise SystemFault("start the cluster", why=why, hint=error["hint"])
    return found


def _log_end(folder: Path) -> str:
    lines = (folder / LOG).read_text(errors="replace").strip().splitlines()
    return lines[-1] if lines else "its log is empty"


def _let_go(process: subprocess.Popen[bytes]) -> None:
    """It is to outlive this process: nobody is told that nobody waited for it."""
    process.returncode = 0
