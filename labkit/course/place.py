"""A place to play notebooks in: a copy of the course, and a home of its own.

What a notebook writes, and what it makes of the learner's progress, stays there and is taken away
with the place; the learner's own files and progress are not touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from labkit.core.errors import TimedOut
from labkit.core.paths import machines_dir
from labkit.course.find import VARIABLE
from labkit.course.layout import CONTENT, is_content

SEED = "course"
"""The seed of the values in committed outputs."""


@dataclass(frozen=True)
class Place:
    """Where a notebook is played.

    Attributes:
        root: the copy of the course.
        env: the environment of its kernel.
    """

    root: Path
    env: Mapping[str, str]


@contextlib.contextmanager
def new_place(course_root: Path, *, seed: str = SEED) -> Iterator[Place]:
    """Makes a place, and takes it away.

    Args:
        course_root: the course to copy.
        seed: the learner's seed in there.

    Raises:
        TimedOut: what the notebook started did not end; the place is left for a look.
    """
    # Sockets lie in there, and the path of a socket has 107 characters.
    folder = Path(tempfile.mkdtemp(prefix="labkit-"))
    place = Place(folder / "course", _environment(folder, seed))
    try:
        for name in CONTENT:
            if (course_root / name).is_dir():
                _copy(course_root / name, place.root / name)
        yield place
    finally:
        _take_away(folder, place.env)


def _environment(folder: Path, seed: str) -> dict[str, str]:
    return {
        **os.environ,
        VARIABLE: str(folder / "course"),
        "LABKIT_HOME": str(folder / "home"),
        "LABKIT_MACHINES": str(machines_dir()),  # what is prepared once serves every home
        "LABKIT_SEED": seed,
        "IPYTHONDIR": str(folder / "ipython"),  # no start-up files of the user's
        "NO_COLOR": "1",
        "COLUMNS": "100",
        "PYTHONHASHSEED": "0",
    }


def _copy(source: Path, target: Path) -> None:
    def unwanted(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if not is_content(Path(name))]

    shutil.copytree(source, target, ignore=unwanted, symlinks=True)


def _take_away(folder: Path, env: Mapping[str, str]) -> None:
    if (folder / "home/run/sessions").is_dir():
        command = [sys.executable, "-m", "labkit.course.settle"]
        done = subprocess.run(command, env=env, cwd="/", check=False, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise TimedOut(
                "the end of what a notebook started",
                after_s=10,
                last_seen=f"a session in {folder}/home/run/sessions is alive",
                hint="Run `labkit clean`",
            )
    for parent, names, _ in os.walk(folder):
        for name in names:  # a layer may hold folders that even their owner may not enter
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(0o700)
    shutil.rmtree(folder)
