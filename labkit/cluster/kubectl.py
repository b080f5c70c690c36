"""The kubectl of this machine: found, run, and what it said.

Knows nothing about which cluster is meant.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from typing import Any

from labkit.core.errors import BadInput, Blocked, TimedOut

KUBECTL = "LABKIT_KUBECTL"
"""A variable that names the kubectl to use."""


class Said(subprocess.CompletedProcess[str]):
    """What kubectl said, as `subprocess` has it. ``print`` and a notebook show the words alone."""

    def __str__(self) -> str:
        return (self.stdout + self.stderr).rstrip("\n")

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """What IPython shows: the words; what failed says so, as a shell's prompt would."""
        code = f"\n[exit code {self.returncode}]" if self.returncode else ""
        printer.text(f"{self}{code}")


def run_kubectl(
    words: Sequence[str],
    options: Sequence[str] = (),
    *,
    environment: Mapping[str, str],
    input: str | None = None,
    timeout_s: float = 60.0,
) -> Said:
    """Runs kubectl.

    Args:
        words: what follows ``kubectl``; one text alone is read as a shell reads it.
        options: what stands before them.
        environment: its variables, all of them.
        input: what it reads; nothing if not given.
        timeout_s: how long it may take.

    Raises:
        BadInput: the text cannot be split into words.
        Blocked: there is no kubectl.
        TimedOut: it took longer.
    """
    asked = _split(words[0]) if len(words) == 1 else list(words)
    command = [find_kubectl(), *options, *asked]
    reads: dict[str, Any] = {"stdin": subprocess.DEVNULL} if input is None else {"input": input}
    try:
        done = subprocess.run(
            command,
            **reads,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env=dict(environment),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        said = b"".join(part for part in (error.stdout, error.stderr) if part).decode().strip()
        raise TimedOut(
            f"the end of `kubectl {shlex.join(asked)}`",
            after_s=timeout_s,
            last_seen=said.splitlines()[-1] if said else "it said nothing",
            hint="Give it longer with timeout_s=…; what never ends (-w, -f) belongs in a terminal",
        ) from error
    return Said(done.args, done.returncode, done.stdout, done.stderr)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        what = f"`kubectl {text}` cannot be read as a shell reads it"
        raise BadInput(what, why=str(error), hint="Give its words one by one") from error


def find_kubectl() -> str:
    """The kubectl of this machine.

    Raises:
        Blocked: there is none, or LABKIT_KUBECTL names none.
    """
    named = os.environ.get(KUBECTL)
    found = shutil.which(named or "kubectl")
    if found is None and named:
        raise Blocked(
            "there is no kubectl where it should be",
            why=f"{KUBECTL} names {named}, and that is no program",
            hint=f"Name another, or take the variable away: unset {KUBECTL}",
        )
    if found is None:
        raise Blocked(
            "there is no kubectl on this machine",
            why="labkit brings a cluster, not its client",
            hint="Install it (https://kubernetes.io/docs/tasks/tools: one file, no root needed), "
            f"or name one: {KUBECTL}=PATH",
        )
    return found
