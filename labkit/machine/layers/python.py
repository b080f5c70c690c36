"""The python layer: wheels for the machine's Python, unpacked where it looks for them, compiled.

Fetched by the pip of the running environment, which is told which Python they are for. They lie in
``/usr/local/lib/python3.X/dist-packages``, which Debian's Python has on its path by itself.

Knows nothing about which wheels. Sources: pip install (``--target``, ``--platform``), PEP 600.
"""

from __future__ import annotations

import importlib.util
import json
import platform
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from labkit.core.errors import Blocked, SystemFault, TimedOut
from labkit.machine.layers.programs import run
from labkit.machine.layers.unpack import open_up
from labkit.machine.layers.wheels import Wheel
from labkit.machine.layers.workshop import Workshop

DOWNLOAD_S = 900.0
"""Deadline for the wheels (40 MB, on a slow network)."""

_GLIBC = 36
"""Debian 12's glibc is 2.36: wheels for it and for any before run."""

_FOR_BROWSERS = ("share/jupyter/labextensions", "share/jupyter/nbextensions", "share/man")

_OWN = {"PIP_USER": "0", "PIP_REQUIRE_VIRTUALENV": "0"}
"""Settings of the user's own pip that cannot be meant for a folder of ours."""

LEFT_OUT = "usr/local/share/labkit/left-out.json"
"""Where the layer says which of the learner's distributions have no wheel for the machine."""


def platforms(machine: str) -> list[str]:
    """The platform tags whose wheels run in the machine, best first."""
    old = {"x86_64": ["manylinux2014", "manylinux2010", "manylinux1"]}
    tags = [f"manylinux_2_{minor}_{machine}" for minor in range(_GLIBC, 4, -1)]
    return tags + [f"{tag}_{machine}" for tag in old.get(machine, ["manylinux2014"])]


def make_python(wheels: Sequence[Wheel], workshop: Workshop, into: Path) -> None:
    """Makes the squashfs.

    Raises:
        Blocked: there is no pip, or what labkit needs cannot be fetched.
    """
    tree = into.with_name(into.name + ".tree")
    packages = f"usr/local/lib/python{workshop.python}/dist-packages"
    try:
        target = tree / packages
        target.mkdir(parents=True)
        pip = Pip(workshop.python, target)
        left_out = pip.install_all(wheels)
        _put_in_order(tree, target)
        note = tree / LEFT_OUT
        note.parent.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps(sorted(wheel.pin for wheel in left_out)), encoding="utf-8")
        workshop.compile(tree, [packages])
        open_up(tree)
        workshop.squash(tree, into)
    finally:
        shutil.rmtree(tree, ignore_errors=True)


class Pip:
    """The running environment's pip, asked for wheels for another Python.

    Args:
        python: the machine's, such as ``"3.11"``.
        target: the folder that wheels are unpacked into.
        install: how to install a list of requirements; says whether it could. For tests.
    """

    def __init__(
        self, python: str, target: Path, install: Callable[[Sequence[str]], bool] | None = None
    ) -> None:
        self._python, self._target = python, target
        self._why = ""
        self._install = install or self._run

    def install_all(self, wheels: Sequence[Wheel]) -> list[Wheel]:
        """Installs them; returns those of the learner's that there is no wheel of.

        What labkit needs comes in another version if the one that is here has no wheel.

        Raises:
            Blocked: something that labkit needs cannot be had at all.
        """
        lacking = self._halve([w for w in wheels if w.version]) if wheels else []
        anew = [w for w in wheels if w.is_needed and (not w.version or w in lacking)]
        for wheel in anew:
            if not self._install([wheel.name]):
                raise Blocked(
                    "the machine's Python cannot be made",
                    why=f"there is no {wheel.name} for it: {self._why}",
                    hint="Connect to the network and try again: this is needed once",
                )
        return [w for w in lacking if not w.is_needed]

    def _halve(self, wheels: Sequence[Wheel]) -> list[Wheel]:
        """Installs all but those that cannot be, which are found by halving, and returned."""
        if not wheels or self._install([w.pin for w in wheels]):
            return []
        if len(wheels) == 1:
            return list(wheels)
        middle = len(wheels) // 2
        return self._halve(wheels[:middle]) + self._halve(wheels[middle:])

    def _run(self, requirements: Sequence[str]) -> bool:
        argv = [*pip_command(), "install", "--quiet", "--disable-pip-version-check", "--no-input"]
        argv += ["--target", str(self._target), "--no-deps", "--no-compile"]
        argv += ["--only-binary", ":all:", "--implementation", "cp"]
        argv += ["--python-version", self._python, "--root-user-action", "ignore"]
        for tag in platforms(platform.machine()):
            argv += ["--platform", tag]
        try:
            run("fetch the machine's Python packages", [*argv, *requirements],
                folder=self._target, timeout_s=DOWNLOAD_S, env=_OWN)  # fmt: skip
        except (SystemFault, TimedOut) as error:
            self._why = str(getattr(error, "why", "") or error)
            return False
        return True


def pip_command() -> list[str]:
    """How to run pip here.

    Raises:
        Blocked: this environment has none.
    """
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if importlib.util.find_spec("ensurepip"):
        import ensurepip

        bundled = sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
        if bundled:
            return [sys.executable, str(bundled[-1] / "pip")]
    raise Blocked(
        "the machine's Python cannot be made",
        why=f"{sys.executable} has no pip, which fetches its packages",
        hint=f"Bring it: {sys.executable} -m ensurepip, or `uv pip install pip`",
    )


def _put_in_order(tree: Path, target: Path) -> None:
    """Moves what is not Python where it belongs; takes away what only a browser needs."""
    shutil.rmtree(target / "bin", ignore_errors=True)  # starts this environment's Python
    for name in _FOR_BROWSERS:
        shutil.rmtree(target / name, ignore_errors=True)
    for name in ("share", "etc"):
        if (target / name).is_dir():
            (target / name).rename(tree / "usr/local" / name)
