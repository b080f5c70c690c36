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
    from labkit.sandbox.groups.group import Cgroup as Cgroup
    from labkit.sandbox.groups.oom import oom_report as oom_report
    from labkit.sandbox.groups.reading import group_tree as group_tree
    from labkit.sandbox.groups.recording import Recorder as Recorder
    from labkit.sandbox.groups.recording import record as record
    from labkit.sandbox.judgement import Wall as Wall
    from labkit.sandbox.judgement import Walls as Walls
    from labkit.sandbox.judgement import walls as walls
    from labkit.sandbox.namespaces import enter as enter
    from labkit.sandbox.namespaces import namespace_map as namespace_map
    from labkit.sandbox.namespaces import shared as shared
    from labkit.sandbox.network import Network as Network
    from labkit.sandbox.network import network_map as network_map
    from labkit.sandbox.observe import anatomy as anatomy
    from labkit.sandbox.observe import family_tree as family_tree
    from labkit.sandbox.observe import read_limits as read_limits
    from labkit.sandbox.observe import xray as xray
    from labkit.sandbox.sandbox import Sandbox as Sandbox
    from labkit.sandbox.seccomp import Profile as Profile
    from labkit.sandbox.table import processes as processes
    from labkit.sandbox.terminal import Terminal as Terminal

_HOMES = {
    "Anatomy": "labkit.sandbox.facts",
    "BothSides": "labkit.sandbox.facts",
    "Cgroup": "labkit.sandbox.groups.group",
    "Contained": "labkit.sandbox.census",
    "FamilyTree": "labkit.sandbox.facts",
    "HostProcess": "labkit.sandbox.facts",
    "Network": "labkit.sandbox.network",
    "Profile": "labkit.sandbox.seccomp",
    "Recorder": "labkit.sandbox.groups.recording",
    "Result": "labkit.sandbox.command",
    "Running": "labkit.sandbox.census",
    "Sandbox": "labkit.sandbox.sandbox",
    "Terminal": "labkit.sandbox.terminal",
    "Wall": "labkit.sandbox.judgement",
    "Walls": "labkit.sandbox.judgement",
    "anatomy": "labkit.sandbox.observe",
    "containers": "labkit.sandbox.census",
    "enter": "labkit.sandbox.namespaces",
    "family_tree": "labkit.sandbox.observe",
    "group_tree": "labkit.sandbox.groups.reading",
    "namespace_map": "labkit.sandbox.namespaces",
    "network_map": "labkit.sandbox.network",
    "oom_report": "labkit.sandbox.groups.oom",
    "processes": "labkit.sandbox.table",
    "read_limits": "labkit.sandbox.observe",
    "record": "labkit.sandbox.groups.recording",
    "running": "labkit.sandbox.census",
    "shared": "labkit.sandbox.namespaces",
    "walls": "labkit.sandbox.judgement",
    "xray": "labkit.sandbox.observe",
}
"""Public name → the module that defines it. The helper imports this package and none of them."""

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'labkit.sandbox' has no attribute {name!r}")
