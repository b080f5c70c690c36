"""What is wrong with a configuration that can be read: each mistake with its place and a remedy.

Knows no machine: what one has is passed in. Sources: see ``files.py``; cgconfig.conf(5).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from labkit.sandbox.cgconfig import files
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
from labkit.sandbox.cgconfig.table import BY_V1, BY_V2, number, number_of_bytes


@dataclass(frozen=True, order=True)
class Mistake:
    """One thing that is wrong.

    Attributes:
        place: where it stands.
        what: what is wrong.
        hint: what would help; empty when that is plain.
    """

    place: Place
    what: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.place}: {self.what}"
        return f"{text}\n→ {self.hint}" if self.hint else text


def mistakes(config: Config, version: int, there: Iterable[str] | None = None) -> list[Mistake]:
    """What is wrong, in the order of the file; nothing when the configuration will do.

    Args:
        config: what was read.
        version: of cgroups: 1 or 2.
        there: the controllers that a machine has; all that the version knows when not given.
    """
    known = frozenset(files.controllers(version) if there is None else there)
    found: list[Mistake] = []
    found += _mounts(config.mounts, version, known)
    if config.default:
        found += _permissions(config.default)
    for groups in (config.groups, config.templates):
        found += _twice((g.name, g.place) for g in groups)
        for group in groups:
            found += _group(group, version, known)
    return sorted(found)


def _mounts(mounts: Iterable[Mount], version: int, known: frozenset[str]) -> Iterator[Mistake]:
    seen = list(mounts)
    if version == 2 and seen:
        what = "cgroup v2 has one hierarchy, which the system mounts"
        yield Mistake(seen[0].place, what, "Take the mount section out")
        return
    yield from _twice((one.controller, one.place) for one in seen)
    for one in seen:
        yield from _controller_name(one.controller.partition(",")[0], one.place, version, known)
        if not one.path.startswith("/"):
            yield Mistake(one.place, f"{one.path!r} is no whole path", "It begins with a '/'")


def _group(group: Group, version: int, known: frozenset[str]) -> Iterator[Mistake]:
    parts = group.name.split("/")
    if group.name != "." and any(part in ("", ".", "..") for part in parts):
        hint = "It is the path below each hierarchy, such as daemons/www"
        yield Mistake(group.place, f"{group.name!r} cannot be the name of a group", hint)
    yield from _twice((one.name, one.place) for one in group.controllers)
    if group.permissions:
        yield from _permissions(group.permissions)
    for controller in group.controllers:
        is_known = True
        for mistake in _controller_name(controller.name, controller.place, version, known):
            is_known = False
            yield mistake
        yield from _twice((one.name, one.place) for one in controller.settings)
        for setting in controller.settings if is_known else ():
            yield from _setting(controller, setting, version)


def _controller_name(
    name: str, place: Place, version: int, known: frozenset[str]
) -> Iterator[Mistake]:
    if name in known or (version == 1 and name.startswith("name=")):
        return
    if name in files.controllers(version):
        yield Mistake(place, f"this machine has no controller {name} in cgroup v{version}")
    elif name in files.controllers(3 - version):
        yield Mistake(
            place,
            f"{name} is a controller of cgroup v{3 - version}, and this is for v{version}",
            f"Translate the file: to_v{version}",
        )
    else:
        yield Mistake(place, f"there is no controller {name!r}", _near(name, known))


def _setting(controller: Controller, setting: Setting, version: int) -> Iterator[Mistake]:
    name, place = setting.name, setting.place
    if files.has(version, controller.name, name):
        check = _VALUES.get(name)
        if check and (wanted := check(setting.value)):
            yield Mistake(place, f"{name} cannot be {setting.value!r}", f"It is {wanted}")
        return
    if owner := _owner_of(name, version):
        what = f"{name} belongs to {owner}, and stands in {controller.name}"
        yield Mistake(place, what, f"Move it into a section {owner} {{ … }}")
    elif other := {1: BY_V2, 2: BY_V1}[version].get(name):
        here = other.v1 if version == 1 else other.v2
        what = f"{name} is a file of cgroup v{3 - version}"
        yield Mistake(place, what, f"In v{version} it is {here}, with other values")
    else:
        known = files.controllers(version)[controller.name]
        what = f"{controller.name} has no file {name!r} to set"
        yield Mistake(place, what, _near(name, known))


def _owner_of(name: str, version: int) -> str:
    owners = (one for one in files.controllers(version) if files.has(version, one, name))
    return next((owner for owner in owners if name not in files.V1_CORE), "")


def _permissions(permissions: Permissions) -> Iterator[Mistake]:
    for owner in (permissions.task, permissions.admin):
        yield from _modes(owner)


def _modes(owner: Owner) -> Iterator[Mistake]:
    for name in ("dperm", "fperm"):
        mode = getattr(owner, name)
        if mode and not re.fullmatch(r"[0-7]{3,4}", mode):
            hint = "It is three octal digits, such as 775"
            yield Mistake(owner.place, f"{name} cannot be {mode!r}", hint)


def _twice(names: Iterable[tuple[str, Place]]) -> Iterator[Mistake]:
    first: dict[str, Place] = {}
    for name, place in names:
        if name in first:
            yield Mistake(place, f"{name} is here a second time", f"The first is in {first[name]}")
        first.setdefault(name, place)


def _near(name: str, known: Iterable[str]) -> str:
    names = sorted(known)
    if near := difflib.get_close_matches(name, names, n=2, cutoff=0.6):
        return f"Did you mean {' or '.join(near)}?"
    return f"There are {', '.join(names)}" if names else ""


# -- values: what a file takes, in words, when a value is none of it -------------------------------

Check = Callable[[str], str]


def _between(least: int, most: int) -> Check:
    def check(value: str) -> str:
        found = number(value)
        is_good = found is not None and least <= found <= most
        return "" if is_good else f"a number from {least} to {most}"

    return check


def _matching(pattern: str, words: str) -> Check:
    return lambda value: "" if re.fullmatch(pattern, value) else words


def _size(none: str) -> Check:
    def check(value: str) -> str:
        is_good = value == none or number_of_bytes(value) is not None
        return "" if is_good else f"a size, such as 64M, or {none} for no limit"

    return check


_LIST = _matching(r"(\d+(-\d+)?(,\d+(-\d+)?)*)?", "a list of numbers, such as 0-2,4")
_YES_NO = _matching("[01]", "0 or 1")
_DEVICE = _matching(r"\d+:\d+ \d+", "a device and a number, such as 8:0 1048576, in quotes")

_VALUES: dict[str, Check] = {
    "cpu.shares": _between(2, 1 << 18),
    "cpu.weight": _between(1, 10_000),
    "cpu.idle": _YES_NO,
    "cpu.max": _matching(
        r"(max|\d+)( \d+)?", 'a quota and a period in µs, such as "50000 100000", or max'
    ),
    "cpu.cfs_quota_us": _matching(r"-1|\d+", "a time in µs, or -1 for no limit"),
    "cpu.cfs_period_us": _between(1000, 1_000_000),
    "cpuset.cpus": _LIST,
    "cpuset.mems": _LIST,
    "pids.max": _matching(r"max|\d+", "a number of processes, or max for no limit"),
    "memory.limit_in_bytes": _size("-1"),
    "memory.soft_limit_in_bytes": _size("-1"),
    "memory.memsw.limit_in_bytes": _size("-1"),
    **{f"memory.{name}": _size("max") for name in ("min", "low", "high", "max", "swap.max")},
    "memory.swappiness": _between(0, 200),
    "memory.oom.group": _YES_NO,
    "blkio.weight": _between(10, 1000),
    "io.weight": _matching(r"(default )?\d+|\d+:\d+ \d+", "a number from 1 to 10000"),
    **{f"blkio.throttle.{name}_device": _DEVICE
       for name in ("read_bps", "write_bps", "read_iops", "write_iops")},
    "io.max": _matching(
        r"\d+:\d+( [rw](bps|iops)=(max|\d+))+", 'a device and limits, such as "8:0 rbps=1048576"'
    ),
    "freezer.state": _matching("FROZEN|THAWED", "FROZEN or THAWED"),
    "cgroup.freeze": _YES_NO,
}  # fmt: skip
