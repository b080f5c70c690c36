"""Files of cgroup v1 by the names of v2: which they are, and what they say in the words of v2.

Stands on ``table.py`` and ``translate.py``, so a group that is read or written by hand and a file
``cgconfig.conf`` are never translated in two ways. Knows nothing about folders and kernels: whoever
calls reads and writes.

Sources: the kernel's admin-guide/cgroup-v1/ and admin-guide/cgroup-v2.rst.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from labkit.sandbox.cgconfig.model import Config, Controller, Group, Setting
from labkit.sandbox.cgconfig.table import (
    BY_V2,
    HUGE_PAGES,
    ONLY_V2,
    READINGS,
    THROTTLES,
    V1_CONTROLLERS,
)
from labkit.sandbox.cgconfig.translate import Translation, to_v1, to_v2

UNLIMITED = 1 << 62
"""v1 says "no limit" with the largest multiple of the page size; anything this big means it."""

Read = Callable[[str], str]
"""Reads a file of a v1 group by its name; raises OSError."""


class NoEqual(Exception):
    """The other version has nothing that does the same; ``why`` says so in words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def controller_of(name: str) -> str:
    """The controller of a file of v2; ``cgroup`` for what every group has."""
    return name.partition(".")[0]


def v1_controller_of(name: str) -> str:
    """The v1 controller that has what ``name`` is in v2."""
    return V1_CONTROLLERS.get(controller_of(name), controller_of(name))


def to_files(name: str, value: str, version: int) -> list[tuple[str, str]]:
    """The files, and what is to be written into each, in this order.

    Args:
        name, value: of a file of v2.
        version: of the machine's cgroups.

    Raises:
        NoEqual: v1 has none, or not for this value.
    """
    if version == 2:
        return [(name, value)]
    done = to_v1(_config(controller_of(name), {name: value}))
    return [(setting.name, setting.value) for setting in _settings(done)]


def from_files(name: str, read: Read) -> str:
    """What a file of v2 would say, read from those of v1.

    Raises:
        NoEqual: v1 has none.
        OSError: a file cannot be read.
    """
    if compose := _COMPOSED.get(name):
        return compose(read)
    if name in READINGS:
        return read(READINGS[name]).strip()
    if name == "io.max":
        return "\n".join(_io_max(read))
    files = v1_files(name)
    given = {file: plain(read(file)) for file in files}
    # memory.swap.max comes with memory.max, of which v1's file is a part.
    settings = _settings(to_v2(_config(v1_controller_of(name), given)))
    return next(setting.value for setting in settings if setting.name == name)


def v1_files(name: str) -> tuple[str, ...]:
    """The files of v1 that a setting of v2 is made of. Raises :class:`NoEqual`."""
    if name == "cpu.max":
        return ("cpu.cfs_quota_us", "cpu.cfs_period_us")
    if name == "memory.swap.max":
        return ("memory.limit_in_bytes", "memory.memsw.limit_in_bytes")
    if name == "io.max":
        return tuple(THROTTLES)
    if match := HUGE_PAGES.fullmatch(name):
        return (f"hugetlb.{match[1]}.limit_in_bytes",)
    if name in BY_V2:
        return (BY_V2[name].v1,)
    raise NoEqual(ONLY_V2.get(name, f"there is no file in v1 for what {name} is in v2"))


def plain(text: str) -> str:
    """A value of v1 as one would write it: no limit is -1."""
    text = text.strip()
    return "-1" if text.isdigit() and int(text) >= UNLIMITED else text


def _config(controller: str, settings: dict[str, str]) -> Config:
    given = tuple(Setting(name, value) for name, value in settings.items())
    return Config(groups=(Group("x", (Controller(controller, given),)),))


def _settings(done: Translation) -> tuple[Setting, ...]:
    if done.left_out:
        raise NoEqual(done.left_out[0].why)
    return done.config.groups[0].controllers[0].settings


def _io_max(read: Read) -> Iterator[str]:
    """One line a device, as v2 has it."""
    devices: dict[str, dict[str, str]] = {}
    for file in THROTTLES:
        for line in read(file).splitlines():
            device, _, value = line.partition(" ")
            devices.setdefault(device, {})[file] = f"{device} {value}"
    for given in devices.values():
        yield _settings(to_v2(_config("blkio", given)))[0].value


# -- files of v2 that say several things, which v1 has in several places ---------------------------


def _flat(text: str) -> dict[str, str]:
    return dict(line.split(" ", 1) for line in text.splitlines() if " " in line)


def _optional(read: Read, name: str) -> str:
    try:
        return read(name)
    except OSError:  # that controller has no group of this path
        return ""


def _memory_events(read: Read) -> str:
    kills = _flat(read("memory.oom_control")).get("oom_kill", "0")
    return f"max {read('memory.failcnt').strip()}\noom_kill {kills}"


def _cpu_stat(read: Read) -> str:
    found = {}
    if usage := _optional(read, "cpuacct.usage").strip():
        found["usage_usec"] = int(usage) // 1000
    of_cpu = _flat(_optional(read, "cpu.stat"))
    if of_cpu:
        found |= {key: int(of_cpu[key]) for key in ("nr_periods", "nr_throttled")}
        found["throttled_usec"] = int(of_cpu["throttled_time"]) // 1000
    return "\n".join(f"{key} {value}" for key, value in found.items())


def _events(read: Read) -> str:
    frozen = _optional(read, "freezer.state").strip() == "FROZEN"
    return f"populated {int(bool(read('cgroup.procs').strip()))}\nfrozen {int(frozen)}"


def _freeze(read: Read) -> str:
    return str(int(read("freezer.state").strip() in ("FROZEN", "FREEZING")))


_COMPOSED: dict[str, Callable[[Read], str]] = {
    "memory.events": _memory_events,
    "cpu.stat": _cpu_stat,
    "cgroup.events": _events,
    "cgroup.freeze": _freeze,
}
