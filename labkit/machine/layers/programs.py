"""Runs a program to its end, and says in our words when it fails.

Knows nothing about which programs. A full disk is told from other failures by looking at the disk.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from labkit.core.errors import SystemFault, TimedOut
from labkit.machine.room import disk_is_full, is_full


def run(
    step: str,
    argv: Sequence[str],
    *,
    folder: Path,
    timeout_s: float,
    env: Mapping[str, str] | None = None,
    allowed: tuple[int, ...] = (0,),
    cwd: Path | None = None,
) -> str:
    """What the program printed on standard output.

    Args:
        step: what it is for, to go after "cannot".
        argv: the program and its arguments.
        folder: where it writes.
        timeout_s: when it is given up.
        env: more of the environment.
        allowed: exit codes that are no failure.
        cwd: where it runs.

    Raises:
        Blocked: the disk is full.
        SystemFault: it failed, with its last words.
        TimedOut: it took longer than ``timeout_s``.
    """
    whole_env = {**os.environ, "LC_ALL": "C.UTF-8", **(env or {})}
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, errors="replace", timeout=timeout_s, check=False,
            stdin=subprocess.DEVNULL, env=whole_env, cwd=cwd,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise TimedOut(step, after_s=timeout_s, last_seen=_last_words(error.stderr)) from None
    except OSError as error:
        raise SystemFault(step, errno=error.errno or 0) from error
    if done.returncode not in allowed:
        raise failure(step, done.returncode, done.stderr, folder)
    return done.stdout


def failure(step: str, code: int, stderr: str | bytes, folder: Path) -> Exception:
    """The error for a program that failed, to be raised."""
    if is_full(folder):
        return disk_is_full(folder)
    return SystemFault(step, why=_last_words(stderr) or f"exit code {code}")


def _last_words(text: str | bytes | None) -> str:
    whole = text.decode(errors="replace") if isinstance(text, bytes) else text or ""
    lines = [line.strip() for line in whole.splitlines() if line.strip()]
    return " / ".join(lines[-3:])[-600:]
