"""labkit: an interactive learning lab for containers and container orchestration.

The names below are all that a notebook needs. They are resolved when first used, so that
``import labkit`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.image import ImageStore as ImageStore
    from labkit.jupyter import anatomy as anatomy
    from labkit.jupyter import begin as begin
    from labkit.jupyter import cgconfig as cgconfig
    from labkit.jupyter import cgroups as cgroups
    from labkit.jupyter import check as check
    from labkit.jupyter import compare as compare
    from labkit.jupyter import course_map as course_map
    from labkit.jupyter import doctor as doctor
    from labkit.jupyter import export_progress as export_progress
    from labkit.jupyter import family_tree as family_tree
    from labkit.jupyter import hint as hint
    from labkit.jupyter import import_progress as import_progress
    from labkit.jupyter import live as live
    from labkit.jupyter import namespaces as namespaces
    from labkit.jupyter import network as network
    from labkit.jupyter import place as place
    from labkit.jupyter import predict as predict
    from labkit.jupyter import reference as reference
    from labkit.jupyter import reset_machine as reset_machine
    from labkit.jupyter import reveal as reveal
    from labkit.jupyter import task as task
    from labkit.jupyter import timeline as timeline
    from labkit.jupyter import watch as watch
    from labkit.jupyter import xray as xray
    from labkit.sandbox import Cgroup as Cgroup
    from labkit.sandbox import Network as Network
    from labkit.sandbox import Sandbox as Sandbox
    from labkit.sandbox import oom_report as oom_report

__version__ = "0.1.0"

_HOMES = {
    "Cgroup": "labkit.sandbox",
    "ImageStore": "labkit.image",
    "Network": "labkit.sandbox",
    "Sandbox": "labkit.sandbox",
    "anatomy": "labkit.jupyter",
    "begin": "labkit.jupyter",
    "cgconfig": "labkit.jupyter",
    "cgroups": "labkit.jupyter",
    "check": "labkit.jupyter",
    "compare": "labkit.jupyter",
    "course_map": "labkit.jupyter",
    "doctor": "labkit.jupyter",
    "export_progress": "labkit.jupyter",
    "family_tree": "labkit.jupyter",
    "hint": "labkit.jupyter",
    "import_progress": "labkit.jupyter",
    "live": "labkit.jupyter",
    "namespaces": "labkit.jupyter",
    "network": "labkit.jupyter",
    "oom_report": "labkit.sandbox",
    "place": "labkit.jupyter",
    "predict": "labkit.jupyter",
    "reference": "labkit.jupyter",
    "reset_machine": "labkit.jupyter",
    "reveal": "labkit.jupyter",
    "task": "labkit.jupyter",
    "timeline": "labkit.jupyter",
    "watch": "labkit.jupyter",
    "xray": "labkit.jupyter",
}
"""Public name → the module that defines it."""

__all__ = list(_HOMES)


def load_ipython_extension(shell: Any) -> None:
    """Called by ``%load_ext labkit``: adds the magics. See :mod:`labkit.jupyter.extension`."""
    from labkit.jupyter.extension import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    """Called by ``%unload_ext labkit``."""
    from labkit.jupyter.extension import unload

    unload(shell)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'labkit' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
