"""A capability: something this machine can do, found out by doing it.

A probe is a function that does the thing once, with a deadline, and says what it found; a
:class:`~labkit.core.errors.LabkitError` or an ``OSError`` from it is the reason why not. Knows
nothing about which capabilities there are (``labkit.host.probes``) or who needs them.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from labkit.core.errors import ASK_THE_DOCTOR, LabkitError, SystemFault

DEADLINE_S = 8.0
"""Longest a probed program may take: Podman's first call on a slow disk needs several seconds."""

_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"
"""Where runtimes live; not on the path of an ordinary user everywhere."""


@dataclass(frozen=True)
class Capability:
    """What a probe found.

    Attributes:
        id: its name in ``requires=`` and in ``labkit doctor --json``.
        title: what it is, in words.
        is_ok: whether this machine, and this user, can do it.
        found: what was found, such as a version; empty when not ok.
        why: why not; empty when ok.
        fix: what would bring it, best as a command; empty when ok or nothing would.
        is_basic: whether the first labs need it.
    """

    id: str
    title: str
    is_ok: bool
    found: str = ""
    why: str = ""
    fix: str = ""
    is_basic: bool = False


@dataclass(frozen=True)
class Probe:
    """How to find out one capability. ``find`` returns what it found, or raises."""

    id: str
    title: str
    find: Callable[[], str]
    fix: str = ""
    is_basic: bool = False

    def run(self) -> Capability:
        """Does it, and reports."""
        try:
            found = self.find()
        except LabkitError as error:
            reason = f"{error.what}: {error.why}" if error.why else error.what
            return self._missing(reason, self.fix or error.hint.replace(ASK_THE_DOCTOR, ""))
        except OSError as error:
            return self._missing(str(error), self.fix)
        return Capability(self.id, self.title, True, found=found, is_basic=self.is_basic)

    def _missing(self, why: str, fix: str) -> Capability:
        return Capability(self.id, self.title, False, why=why, fix=fix, is_basic=self.is_basic)


def output_of(argv: Sequence[str], deadline_s: float = DEADLINE_S) -> str:
    """Standard output of a program that must exist, succeed, and end in time.

    Raises:
        SystemFault: it does not, with its last words.
    """
    name = argv[0]
    path = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:{_SBIN}")
    if path is None:
        raise SystemFault(f"find the program {name}", why="it is not installed")
    try:
        done = subprocess.run(
            [path, *argv[1:]], capture_output=True, text=True, timeout=deadline_s, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise SystemFault(f"run {name}", why=f"it gave no answer in {deadline_s:g} s") from None
    if done.returncode:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise SystemFault(f"run {name}", why=last[:200])
    return done.stdout.strip()


def first_line(argv: Sequence[str]) -> str:
    """The first line that a program prints, such as its version."""
    lines = output_of(argv).splitlines()
    return lines[0].strip() if lines else argv[0]
