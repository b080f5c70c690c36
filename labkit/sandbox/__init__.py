"""A container from scratch, and facts about any process."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.sandbox.census import Contained as Contained
    from labkit.sandbox.census import Running as Running
    from labkit.sandbox.census import containers as containers
    from labkit.sandbox.census import running as running
    from labkit.sandbox.command import Result as Result
    from labkit.sandbox.facts import Anatomy as Anatomy
    from labkit.sandbox.facts import BothSides as BothSides
    from labkit.sandbox.facts import FamilyTree as FamilyTree
    from labkit.sandbox.facts import HostProcess as HostProcess
    from labkit.sandbox.observe import anatomy as anatomy
    from labkit.sandbox.observe import family_tree as family_tree
    from labkit.sandbox.observe import read_limits as read_limits
    from labkit.sandbox.observe import xray as xray
    from labkit.sandbox.sandbox import Sandbox as Sandbox
    from labkit.sandbox.table import processes as processes
    from labkit.sandbox.terminal import Terminal as Terminal

_HOMES = {
    "Anatomy": "labkit.sandbox.facts",
    "BothSides": "labkit.sandbox.facts",
    "Contained": "labkit.sandbox.census",
    "FamilyTree": "labkit.sandbox.facts",
    "HostProcess": "labkit.sandbox.facts",
    "Result": "labkit.sandbox.command",
    "Running": "labkit.sandbox.census",
    "Sandbox": "labkit.sandbox.sandbox",
    "Terminal": "labkit.sandbox.terminal",
    "anatomy": "labkit.sandbox.observe",
    "containers": "labkit.sandbox.census",
    "family_tree": "labkit.sandbox.observe",
    "processes": "labkit.sandbox.table",
    "read_limits": "labkit.sandbox.observe",
    "running": "labkit.sandbox.census",
    "xray": "labkit.sandbox.observe",
}
"""Public name → the module that defines it. The helper imports this package and none of them."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'labkit.sandbox' has no attribute {name!r}")
