"""``/etc/cgconfig.conf``, libcgroup's file of control groups: read, judged, written, translated.

    config = parse(Path("/etc/cgconfig.conf").read_text())
    mistakes(config, version=2)     # what is wrong in it, with line and column
    write(config)                   # the same, in a file's words
    to_v2(config).config            # for cgroup v2; .left_out: what that has not, and why
    apply(config)                   # its groups, made below one of this session's
    read_back(applied.groups)       # what the kernel says of them, as a configuration

Knows nothing about sandboxes. ``apply`` and ``read_back`` stand on ``labkit.sandbox.groups``, which
stands on the rest of this: they are imported when first used. Source: cgconfig.conf(5).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from labkit.sandbox.cgconfig.model import (
    Config,
    Controller,
    Group,
    Mount,
    Owner,
    Permissions,
    Place,
    Setting,
)
from labkit.sandbox.cgconfig.parse import CannotRead, parse
from labkit.sandbox.cgconfig.table import ONLY_V1, ONLY_V2, TABLE, Equivalent
from labkit.sandbox.cgconfig.translate import LeftOut, Translation, to_v1, to_v2
from labkit.sandbox.cgconfig.validate import Mistake, mistakes
from labkit.sandbox.cgconfig.write import write

if TYPE_CHECKING:
    from labkit.sandbox.cgconfig.applying import Applied as Applied
    from labkit.sandbox.cgconfig.applying import CannotApply as CannotApply
    from labkit.sandbox.cgconfig.applying import apply as apply
    from labkit.sandbox.cgconfig.reading_back import Difference as Difference
    from labkit.sandbox.cgconfig.reading_back import differences as differences
    from labkit.sandbox.cgconfig.reading_back import read_back as read_back

_HOMES = {
    "Applied": "labkit.sandbox.cgconfig.applying",
    "CannotApply": "labkit.sandbox.cgconfig.applying",
    "Difference": "labkit.sandbox.cgconfig.reading_back",
    "apply": "labkit.sandbox.cgconfig.applying",
    "differences": "labkit.sandbox.cgconfig.reading_back",
    "read_back": "labkit.sandbox.cgconfig.reading_back",
}

__all__ = [
    "ONLY_V1",
    "ONLY_V2",
    "TABLE",
    "Applied",
    "CannotApply",
    "CannotRead",
    "Config",
    "Controller",
    "Difference",
    "Equivalent",
    "Group",
    "LeftOut",
    "Mistake",
    "Mount",
    "Owner",
    "Permissions",
    "Place",
    "Setting",
    "Translation",
    "apply",
    "differences",
    "mistakes",
    "parse",
    "read_back",
    "to_v1",
    "to_v2",
    "write",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'labkit.sandbox.cgconfig' has no attribute {name!r}")
