"""What this machine has, for ``@pytest.mark.requires(...)``.

A name is a capability of `labkit doctor` (``sandbox``, ``limits``, …), or ``program:NAME``, or a
plain program's name, or ``fuse`` (may mount file systems of programs), or ``landlock`` (the kernel
has it), or ``cgroup-v1`` (hierarchies of it are mounted), or ``kubectl`` and ``helm`` (those of
`clients.py`), or ``module:NAME`` (a Python package for tests), or ``root``. ``root`` is who runs
the tests, not what the machine lacks: an ordinary user's run leaves such tests out even where
everything is mandatory.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
from functools import cache
from pathlib import Path

from tests.support import clients

WHO = frozenset({"root"})
"""Requirements on who runs the tests; never a failure."""


def missing(names: tuple[str, ...]) -> list[str]:
    """Those of ``names`` that this machine, or whoever runs this, does not have."""
    return [name for name in names if not is_there(name)]


@cache
def is_there(name: str) -> bool:
    """Whether the requirement is met; probed once per process."""
    if name in _LOOKS:
        return _LOOKS[name]()
    if name.startswith("program:"):
        return has_program(name.removeprefix("program:"))
    if name.startswith("module:"):
        return importlib.util.find_spec(name.removeprefix("module:")) is not None
    from labkit.core.errors import NotFound
    from labkit.host import has

    try:
        return has(name)
    except NotFound:
        return has_program(name)


def has_landlock() -> bool:
    """Whether the kernel says which version of Landlock it has (landlock(7))."""
    create_ruleset, version = ctypes.c_long(444), ctypes.c_long(1)
    return ctypes.CDLL(None).syscall(create_ruleset, None, ctypes.c_long(0), version) > 0


_LOOKS = {
    "root": lambda: os.geteuid() == 0,
    "fuse": lambda: os.access("/dev/fuse", os.R_OK | os.W_OK),
    "landlock": has_landlock,
    "kubectl": clients.are_there,
    "helm": clients.are_there,
    "cgroup-v1": lambda: " - cgroup " in Path("/proc/self/mountinfo").read_text(),
}


def why_missing(name: str) -> str:
    """What the doctor says of a missing capability; for a program, that it is not installed."""
    from labkit import host
    from labkit.core.errors import NotFound

    if name == "landlock":
        return "needs a kernel with Landlock switched on"
    if name == "cgroup-v1":
        return "needs hierarchies of cgroup v1 (a hybrid tree)"
    if name in ("kubectl", "helm"):
        return f"needs {name} in .make/clients: try `make install-test` (x86-64 only)"
    if name.startswith("module:"):
        return f"needs the package {name.removeprefix('module:')}: try `make install-test`"
    try:
        return "; ".join(host.missing([name]))
    except NotFound:
        return f"needs the program {name.removeprefix('program:')}: try `make test-deps`"


def has_program(name: str) -> bool:
    """Whether a program is installed; an ordinary user's path often lacks the sbin folders."""
    return shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/sbin") is not None


def is_mandatory(names: list[str]) -> bool:
    """Whether LABKIT_REQUIRE_ALL makes one of these missing requirements a failure.

    ``1`` stands for all; else a list such as ``sandbox,busybox`` names those that must be there.
    """
    wanted = os.environ.get("LABKIT_REQUIRE_ALL", "")
    if wanted in ("", "0"):
        return False
    return wanted == "1" or bool(set(wanted.split(",")).intersection(names))
