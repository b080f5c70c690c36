"""Runs ``labkit``: inside this process, or as the real program."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from click.testing import CliRunner, Result

from labkit.cli.app import app

PROGRAM = Path(sys.executable).with_name("labkit")


def invoke(*words: str) -> Result:
    """Runs a command inside this process; an exception that is not ours is raised."""
    result = CliRunner().invoke(app, list(words), prog_name="labkit")
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def labkit(
    *words: str, env: dict[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs the real program to its end; its input is at its end."""
    return subprocess.run(
        [str(PROGRAM), *words], env={**os.environ, **(env or {})}, cwd=cwd, timeout=120,
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def start(*words: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    """Starts the real program; its output and its input are pipes."""
    return subprocess.Popen(
        [str(PROGRAM), *words], cwd=cwd, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def on_terminal(*words: str) -> tuple[int, str]:
    """Runs the real program on a terminal. Gives its exit code, and what it wrote there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [str(PROGRAM), *words], env={**os.environ, "TERM": "xterm"},
        stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += os.read(ours, 4096)
            except OSError:  # EIO: nobody has the other end open any more
                break
    os.close(ours)
    return process.returncode, shown.decode()
