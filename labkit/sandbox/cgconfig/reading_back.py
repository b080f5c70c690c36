"""Groups that there are, as a configuration: what ``cgsnapshot`` says of a machine.

What can only be written (``devices.allow``) cannot be read back. Values are the kernel's: what was
set as ``64M`` is read as bytes; :func:`differences` knows that the two say the same.

Sources: cgsnapshot(1), cgconfig.conf(5).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from labkit.core import linux
from labkit.sandbox.cgconfig import files as known
from labkit.sandbox.cgconfig.model import (
    Config,
    Controller,
    Group,
    Owner,
    Permissions,
    Setting,
)
from labkit.sandbox.cgconfig.names import plain
from labkit.sandbox.cgconfig.table import PERIOD_US, number_of_bytes
from labkit.sandbox.groups.group import Cgroup

_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Difference:
    """A setting that is not as it was asked for."""

    group: str
    asked: Setting
    found: str
    """Empty when the group, or the file, is not there."""

    def __str__(self) -> str:
        return f"{self.group}: {self.asked.name} is {self.found!r}, not {self.asked.value!r}"


def read_back(groups: Iterable[Cgroup], root: Cgroup | None = None) -> Config:
    """What groups say, as a configuration.

    Args:
        groups: such as those of an :class:`~labkit.sandbox.cgconfig.applying.Applied`.
        root: the group that their names are told from; that of the tree when not given.
    """
    return Config(groups=tuple(_group(one, root) for one in groups))


def differences(asked: Config, found: Config) -> tuple[Difference, ...]:
    """What ``asked`` sets and ``found`` does not say."""
    return tuple(_differences(asked, found))


def _group(group: Cgroup, root: Cgroup | None) -> Group:
    above = root.path.rstrip("/") if root else ""
    name = group.path.removeprefix(above).strip("/") or "."
    return Group(name, tuple(_controllers(group)), _permissions(group.files.main))


def _controllers(group: Cgroup) -> Iterator[Controller]:
    for name, folder in group.files.v1.items():
        if name in known.V1:
            yield Controller(name, tuple(_settings(folder, known.V1[name])))
    if folder := group.files.v2:
        there = linux.read(f"{folder}/cgroup.controllers").decode().split()
        for name in (*(one for one in there if one in known.V2), "cgroup"):
            if settings := tuple(_settings(folder, known.V2[name])):
                yield Controller(name, settings)


def _settings(folder: str, names: Iterable[str]) -> Iterator[Setting]:
    for name in names:
        try:
            text = linux.read(f"{folder}/{name}").decode()
        except OSError:  # not on this kernel, or only to be written
            continue
        if name == "memory.oom_control":  # it says more than can be set
            text = text.partition("oom_kill_disable ")[2].partition("\n")[0]
        for line in text.splitlines():
            if line.strip():
                yield Setting(name, plain(" ".join(line.split())))


def _permissions(folder: str) -> Permissions | None:
    """Whose it is; None for root's own."""
    members = Path(folder, "tasks")
    task = (members if members.exists() else Path(folder, "cgroup.procs")).stat()
    admin = Path(folder).stat()
    if not any((task.st_uid, task.st_gid, admin.st_uid, admin.st_gid)):
        return None
    return Permissions(
        task=Owner(str(task.st_uid), str(task.st_gid), fperm=f"{task.st_mode & 0o777:o}"),
        admin=Owner(str(admin.st_uid), str(admin.st_gid), dperm=f"{admin.st_mode & 0o777:o}"),
    )


def _differences(asked: Config, found: Config) -> Iterator[Difference]:
    values: dict[tuple[str, str], list[str]] = {}
    for group in found.groups:
        for controller in group.controllers:
            for setting in controller.settings:
                values.setdefault((group.name, setting.name), []).append(setting.value)
    for group in asked.groups:
        for controller in group.controllers:
            for setting in controller.settings:
                now = values.get((group.name, setting.name), [])
                if not any(is_same_value(setting.name, setting.value, value) for value in now):
                    yield Difference(group.name, setting, ", ".join(now))


def is_same_value(name: str, asked: str, found: str) -> bool:
    """Whether what the kernel says of a file is what was written into it."""
    return _plain(name, asked) == _plain(name, found)


def _plain(name: str, value: str) -> str:
    words = plain(value).split()
    if name == "cpu.max" and len(words) == 1:
        words.append(str(PERIOD_US))
    if name == "io.weight" and len(words) == 1:
        words.insert(0, "default")
    if name == "io.max":  # the kernel says what is not limited, too
        words = [words[0], *sorted(word for word in words[1:] if not word.endswith("=max"))]
    if name.startswith(("memory.", "hugetlb.")) and len(words) == 1:
        size = number_of_bytes(words[0])
        if words[0] == "-1":
            return "no limit"
        if size is not None and not name.endswith(("swappiness", "group", "hierarchy")):
            return f"{size // _PAGE} pages"
    return " ".join(words)
