"""Translates a configuration between the two versions of cgroups, and says what has no equivalent.

A setting is translated where the other version has one with the same effect, or nearly so. What has
none is left out, each with a reason: nothing is lost in silence. See ``table.py``.

Knows nothing about files and kernels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from labkit.sandbox.cgconfig.model import Config, Controller, Group, Setting
from labkit.sandbox.cgconfig.table import (
    BY_V1,
    BY_V2,
    HUGE_PAGES,
    ONLY_V1,
    ONLY_V2,
    PERIOD_US,
    THROTTLES,
    V1_CONTROLLERS,
    Convert,
    limit_to_v1,
    limit_to_v2,
    number,
    number_of_bytes,
)


@dataclass(frozen=True)
class LeftOut:
    """A setting, or a whole controller, that the other version has not.

    Attributes:
        group: the group's name.
        what: as it stands in the file: ``net_cls.classid = 1``.
        why: why there is no equivalent, and what does something of the kind.
        setting: where it stood; None for a controller.
    """

    group: str
    what: str
    why: str
    setting: Setting | None = None


@dataclass(frozen=True)
class Translation:
    """The configuration in the other version, and what is missing in it."""

    config: Config
    left_out: tuple[LeftOut, ...]


def to_v2(config: Config) -> Translation:
    """A configuration for cgroup v1, in the words of v2."""
    return _translate(config, _group_to_v2)


def to_v1(config: Config) -> Translation:
    """A configuration for cgroup v2, in the words of v1."""
    return _translate(config, _group_to_v1)


# -- groups ----------------------------------------------------------------------------------------

_TO_V2 = {v1: v2 for v2, v1 in V1_CONTROLLERS.items()}

_Found = tuple[list[Controller], list[LeftOut]]


def _translate(config: Config, translate: Callable[[Group], _Found]) -> Translation:
    left_out: list[LeftOut] = []

    def all_of(groups: Iterable[Group]) -> tuple[Group, ...]:
        made = []
        for group in groups:
            controllers, missing = translate(group)
            left_out.extend(missing)
            if controllers:  # without one it would be in no hierarchy
                made.append(replace(group, controllers=tuple(controllers)))
        return tuple(made)

    # Where hierarchies are mounted is no more than v1's business: v2 has one, in one place.
    groups, templates = all_of(config.groups), all_of(config.templates)
    return Translation(Config((), groups, templates, (), config.default), tuple(left_out))


def _group_to_v2(group: Group) -> _Found:
    made = _Made(group.name)
    for controller in group.controllers:
        name = controller.name
        if why := ONLY_V1.get("name=" if name.startswith("name=") else name):
            made.leave_out(name, why)
            continue
        made.begin(_TO_V2.get(name, name))
        given = {setting.name: setting for setting in controller.settings}
        _bandwidth_to_v2(given, made)
        _swap_to_v2(given, made)
        _throttles_to_v2(given, made)
        for setting in given.values():
            if match := HUGE_PAGES.fullmatch(setting.name):
                made.add(f"hugetlb.{match[1]}.max", setting.value)
            else:
                rule = BY_V1.get(setting.name)
                made.convert(setting, (rule.v2, rule.to_v2) if rule else None, ONLY_V1)
    return made.controllers(), made.left_out


def _bandwidth_to_v2(given: dict[str, Setting], made: _Made) -> None:
    quota, period = given.pop("cpu.cfs_quota_us", None), given.pop("cpu.cfs_period_us", None)
    if quota or period:
        limit = limit_to_v2(quota.value) if quota else "max"
        made.add("cpu.max", f"{limit} {period.value if period else PERIOD_US}")


def _swap_to_v2(given: dict[str, Setting], made: _Made) -> None:
    """v1 limits memory and swap together, v2 each for itself."""
    if not (both := given.pop("memory.memsw.limit_in_bytes", None)):
        return
    if both.value == "-1":
        made.add("memory.swap.max", "max")
        return
    memory = given.get("memory.limit_in_bytes")
    most, all_of_it = number_of_bytes(memory.value) if memory else None, number_of_bytes(both.value)
    if most is None or all_of_it is None or all_of_it < most:
        made.leave_out_setting(both, "v2 limits swap alone, and how much that is cannot be told")
    else:
        made.add("memory.swap.max", str(all_of_it - most))


def _throttles_to_v2(given: dict[str, Setting], made: _Made) -> None:
    limits: dict[str, list[str]] = {}
    for name, key in THROTTLES.items():
        if not (setting := given.pop(name, None)):
            continue
        device, _, value = setting.value.partition(" ")
        if not re.fullmatch(r"[0-9]+:[0-9]+", device) or number(value) is None:
            made.leave_out_setting(setting, "it is no device and a number, such as 8:0 1048576")
            continue
        limits.setdefault(device, []).append(f"{key}={'max' if int(value) == 0 else value}")
    for device, words in limits.items():
        made.add("io.max", " ".join([device, *words]))


def _group_to_v1(group: Group) -> _Found:
    made = _Made(group.name)
    for controller in group.controllers:
        made.begin(V1_CONTROLLERS.get(controller.name, controller.name))
        given = {setting.name: setting for setting in controller.settings}
        _bandwidth_to_v1(given, made)
        _swap_to_v1(given, made)
        for setting in given.values():
            if match := HUGE_PAGES.fullmatch(setting.name):
                made.add(f"hugetlb.{match[1]}.limit_in_bytes", setting.value)
            elif setting.name == "io.max":
                _throttles_to_v1(setting, made)
            else:
                rule = BY_V2.get(setting.name)
                made.convert(setting, (rule.v1, rule.to_v1) if rule else None, ONLY_V2)
    return made.controllers(), made.left_out


def _bandwidth_to_v1(given: dict[str, Setting], made: _Made) -> None:
    if not (setting := given.pop("cpu.max", None)):
        return
    quota, _, period = setting.value.partition(" ")
    made.add("cpu.cfs_period_us", period or str(PERIOD_US))
    made.add("cpu.cfs_quota_us", limit_to_v1(quota))


def _swap_to_v1(given: dict[str, Setting], made: _Made) -> None:
    if not (swap := given.pop("memory.swap.max", None)):
        return
    if swap.value == "max":
        made.add("memory.memsw.limit_in_bytes", "-1")
        return
    memory = given.get("memory.max")
    most, more = number_of_bytes(memory.value) if memory else None, number_of_bytes(swap.value)
    if most is None or more is None:
        made.leave_out_setting(swap, "v1 limits memory and swap together, and memory has no limit")
    else:
        made.add("memory.memsw.limit_in_bytes", str(most + more))


def _throttles_to_v1(setting: Setting, made: _Made) -> None:
    device, *words = setting.value.split()
    keys = {key: name for name, key in THROTTLES.items()}
    for word in words:
        key, _, value = word.partition("=")
        if key in keys and (value == "max" or number(value) is not None):
            made.add(keys[key], f"{device} {0 if value == 'max' else value}")
        else:
            made.leave_out_setting(setting, f"{word!r} is no limit of io.max")


class _Made:
    """A group in the making, in the other version."""

    def __init__(self, group: str) -> None:
        self._group = group
        self._found: dict[str, list[Setting]] = {}
        self._now: list[Setting] = []
        self.left_out: list[LeftOut] = []

    def begin(self, controller: str) -> None:
        self._now = self._found.setdefault(controller, [])

    def add(self, name: str, value: str) -> None:
        self._now.append(Setting(name, value))

    def convert(
        self, setting: Setting, into: tuple[str, Convert] | None, reasons: Mapping[str, str]
    ) -> None:
        if into is None:
            why = reasons.get(setting.name, "the other version has none")
            self.leave_out_setting(setting, why)
        elif (value := into[1](setting.value)) is None:
            self.leave_out_setting(setting, f"{setting.value!r} is no value of it")
        else:
            self.add(into[0], value)

    def leave_out_setting(self, setting: Setting, why: str) -> None:
        what = f"{setting.name} = {setting.value}"
        self.left_out.append(LeftOut(self._group, what, why, setting))

    def leave_out(self, controller: str, why: str) -> None:
        self.left_out.append(LeftOut(self._group, controller, why))

    def controllers(self) -> list[Controller]:
        return [
            Controller(name, tuple(settings))
            for name, settings in self._found.items()
            if settings or name not in ("cgroup", "freezer")
        ]
