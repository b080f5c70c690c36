"""The Pythons on this machine that labkit must work in, besides the one that runs this."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_OLDEST = (3, 11)


@dataclass(frozen=True)
class Python:
    """An interpreter and its version, such as ``3.12``."""

    version: str
    path: Path


def find_others() -> list[Python]:
    """One interpreter for each other version, oldest first."""
    found: dict[tuple[int, ...], Path] = {}
    for path in _candidates():
        version = _ask_version(path)
        if version >= _OLDEST and version != sys.version_info[:2]:
            found.setdefault(version, path)
    return [Python(".".join(map(str, version)), path) for version, path in sorted(found.items())]


def _candidates() -> Iterator[Path]:
    """What is named like a Python 3.1x on the path, and what pyenv has installed."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    yield from sorted(pyenv.glob("versions/3.*/bin/python3"), reverse=True)
    for folder in os.get_exec_path():
        for path in sorted(Path(folder).glob("python3.[0-9]*")):
            if path.name.removeprefix("python3.").isdigit():
                yield path


def _ask_version(python: Path) -> tuple[int, ...]:
    """What an interpreter says of itself; nothing when it does not run, or can make no venv."""
    code = "import ensurepip, sys, venv; print(*sys.version_info[:2])"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return tuple(map(int, done.stdout.split())) if done.returncode == 0 else ()
