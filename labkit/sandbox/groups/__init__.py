"""Control groups, by the names of cgroup v2 on every tree.

    with Cgroup.create("lab/web") as group:   # goes with the session
        group["memory.max"] = "64M"
        group.add(pid)
    group_tree() -> GroupTree; record(group, every_s, for_s) -> Timeline; oom_report(group)

Knows nothing about sandboxes but the helper that writes the session's journal.
"""

from __future__ import annotations

from labkit.sandbox.groups.group import Cgroup
from labkit.sandbox.groups.oom import Kill, OomReport, oom_report
from labkit.sandbox.groups.reading import Reader, group_tree
from labkit.sandbox.groups.recording import Recorder, record

__all__ = [
    "Cgroup",
    "Kill",
    "OomReport",
    "Reader",
    "Recorder",
    "group_tree",
    "oom_report",
    "record",
]
