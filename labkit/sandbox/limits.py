"""Limits by their cgroup v2 names: what may be asked, and which files that is on this machine.

    {"memory.max": "64M", "pids.max": 20, "cpu.max": "50%", "cpuset.cpus": "0",
     "io.max": "8:0 rbps=1M wiops=100"}

What v1 calls the same is looked up in ``labkit.sandbox.cgconfig``. A limit that cannot be had here
is an error that says why. Knows nothing about sandboxes and groups.

Sources: cgroup-v2.rst (the interface files), cgroup-v1/blkio-controller.rst, bfq-iosched.rst,
systemd.resource-control(5) (how a weight becomes one of BFQ's).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from labkit.core.errors import BadInput, Blocked, NotFound
from labkit.sandbox.cgroups import CONTROLLERS, Place, Write

Places = Callable[..., Mapping[str, Place]]

Value = int | str
"""Bytes, processes, a weight; or what the kernel's file takes: ``50000 100000``, ``0-1``."""

SMALLEST_MEMORY = 6 * 1024**2
"""Bytes. Below this a process may not even start; Docker has the same floor."""

MOST_PROCESSES = 1 << 22
"""As many as a 64-bit Linux can have (PID_MAX_LIMIT)."""

PERIOD_US = 100_000
"""Of CPU bandwidth, when none is given: the kernel's."""

_LEAST_US, _MOST_US = 1000, 1_000_000
"""The kernel's bounds for quota and period; numbers below are CPUs."""

_MOST_BYTES = 1 << 62
_MOST_WEIGHT = 10_000
_UNITS = {"": 1, "K": 1024, "M": 1024**2, "G": 1024**3, "T": 1024**4}
_SIZE = re.compile(r"([0-9]{1,20})([KMGT]?)", re.IGNORECASE)
_CPU_LIST = re.compile(r"[0-9]{1,5}(-[0-9]{1,5})?(,[0-9]{1,5}(-[0-9]{1,5})?)*")
_DEVICE = re.compile(r"[0-9]{1,5}:[0-9]{1,7}|/dev/[^ \0]+")
_IO_KEYS = ("rbps", "wbps", "riops", "wiops")

HELP = {
    1: "cgroup v1 cannot be handed to a user: run the lab as root, or on a machine with cgroup v2",
    2: "Have groups delegated to you: `systemd-run --user --scope -p Delegate=yes labkit lab`, "
    "or run the lab as root",
}
"""cgroup version to what would help a user without groups."""


def parse_limits(limits: Mapping[str, str | int]) -> dict[str, Value | None]:
    """Limits as the kernel has them; None for no limit.

    Raises:
        BadInput: a name or a value that cannot be meant.
    """
    if not isinstance(limits, Mapping):
        raise BadInput(
            f"limits cannot be {limits!r}", why="it is a dict, such as {'name': 'value'}"
        )
    return {name: parse_limit(name, value) for name, value in limits.items()}


def parse_limit(name: str, value: str | int) -> Value | None:
    """One limit as the kernel has it; None for no limit. Raises :class:`BadInput`."""
    if name not in _PARSERS:
        raise NotFound("limit", name, _PARSERS, hint=f"There are {', '.join(_PARSERS)}")
    if value == "max" and not name.endswith(("weight", ".cpus")):
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _bad(name, value)
    return _PARSERS[name](name, value)


def limiting(limits: Mapping[str, Value | None], places: Places) -> dict[str, Any]:
    """What the helper needs to know of limits: further controllers, and what to write.

    Args:
        limits: as :func:`parse_limits` gives them; None takes a limit away.
        places: for further controllers, where this user may make groups.

    Raises:
        Blocked: one of them cannot be had here, and why.
    """
    if not limits:
        return {"controllers": (), "writes": ()}
    names = dict.fromkeys(name.partition(".")[0] for name in limits)
    further = [name for name in names if name not in CONTROLLERS]
    if "cpu" in further and places("cpu")["cpu"].version == 1 and places("cpuacct")["cpuacct"].base:
        further.append("cpuacct")  # in v1 another controller than the one that limits it counts it
    return {"controllers": further, "writes": writes_of(limits, places(*further))}


def writes_of(limits: Mapping[str, Value | None], places: Mapping[str, Place]) -> list[Write]:
    """What to write into which files, so that the limits hold on this machine.

    Args:
        limits: as :func:`parse_limits` gives them; None takes a limit away.
        places: for each controller, where this user may make groups.

    Raises:
        Blocked: one of them cannot be had here, and why.
    """
    writes: list[Write] = []
    for name, value in limits.items():
        place = places[name.partition(".")[0]]
        if not place.base:
            raise _blocked(name, place.why_not, HELP[place.version])
        if name == "io.weight":
            writes.append(_weight_of_disks(int(value or 100), place))
            continue
        if name == "cpuset.cpus":
            _check_cpus(str(value), place)
        for line in str("max" if value is None else value).split("\n"):
            writes += _files(name, line, place)
    return writes


def _files(name: str, value: str, place: Place) -> list[Write]:
    from labkit.sandbox.cgconfig.names import NoEqual, to_files

    try:
        found = to_files(name, value, place.version)
    except NoEqual as error:
        raise _blocked(name, f"this machine has cgroup v1: {error.why}", HINT_V2) from None
    writes = [Write(name, place.controller, file, text) for file, text in found]
    if name == "memory.max":  # what does not fit shall not go to the swap instead
        swap = {1: ("memory.memsw.limit_in_bytes", found[0][1]), 2: ("memory.swap.max", "0")}
        file, text = swap[place.version]
        writes.append(Write(name, place.controller, file, text, is_optional=True))
    return writes


HINT_V2 = "A machine of the lab has cgroup v2: `labkit machine run`, or the kernel labkit"


# -- values ----------------------------------------------------------------------------------------


def _bad(name: str, value: object, why: str = "") -> BadInput:
    return BadInput(f"{name} cannot be {value!r}", why=why or f"it is {_EXAMPLES[name]}")


def _size(name: str, value: object) -> int:
    text = str(value).strip()
    match = _SIZE.fullmatch(text)
    number = int(match[1]) * _UNITS[match[2].upper()] if match else 0
    if not match or number < 1 or (name == "pids.max" and match[2]):
        raise _bad(name, value, f"a limit is a whole number above 0, {_EXAMPLES[name]}")
    if name == "memory.max" and number < SMALLEST_MEMORY:
        raise _bad(name, value, "a process needs 6M to start")
    if number >= (MOST_PROCESSES if name == "pids.max" else _MOST_BYTES):
        raise _bad(name, value, "that is beyond what the kernel counts")
    return number


def _weight(name: str, value: object) -> int:
    text = str(value).strip()
    number = int(text) if re.fullmatch("[0-9]{1,9}", text) else 0
    if not 1 <= number <= _MOST_WEIGHT:
        raise _bad(name, value)
    return number


def _bandwidth(name: str, value: object) -> str:
    text = str(value).strip()
    if match := re.fullmatch(r"([0-9]{1,9})\s+([0-9]{1,9})", text):
        quota, period = int(match[1]), int(match[2])
    elif match := re.fullmatch(r"([0-9]{1,5}(\.[0-9]{1,9})?)(%?)", text):
        cpus = float(match[1]) / (100 if match[3] else 1)
        is_quota = cpus >= _LEAST_US and not match[3]
        quota, period = (int(cpus) if is_quota else round(cpus * PERIOD_US)), PERIOD_US
    elif re.fullmatch(r"[0-9]{6,12}", text):
        quota, period = int(text), PERIOD_US
    else:
        raise _bad(name, value)
    if quota < _LEAST_US or not _LEAST_US <= period <= _MOST_US:
        why = "the kernel takes a quota from 1000 µs (1% of a CPU), a period from 1000 to 1000000"
        raise _bad(name, value, why)
    return f"{quota} {period}"


def _cpus(name: str, value: object) -> str:
    text = str(value).strip()
    if not _CPU_LIST.fullmatch(text) or not cpus_in(text):
        raise _bad(name, value)
    return text


def cpus_in(text: str) -> set[int]:
    """The CPUs of a list, such as ``0-2,4``."""
    found: set[int] = set()
    for part in filter(None, text.strip().split(",")):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def _io(name: str, value: object) -> str:
    """One line a device, its number for its name, sizes in bytes."""
    text = str(value).strip()
    lines = []
    for line in text.split("\n"):
        device, *words = line.split() or [""]
        if not _DEVICE.fullmatch(device) or not words:
            raise _bad(name, value)
        lines.append(" ".join([_number_of_device(device), *(_io_word(value, w) for w in words)]))
    return "\n".join(lines)


def _io_word(value: object, word: str) -> str:
    key, _, amount = word.partition("=")
    if key not in _IO_KEYS:
        raise _bad("io.max", value, f"{word!r} is none of {', '.join(_IO_KEYS)} with a number")
    if amount == "max":
        return word
    match = _SIZE.fullmatch(amount)
    if not match or not int(match[1]) or (key.endswith("iops") and match[2]):
        raise _bad("io.max", value, f"{word!r} has no number above 0")
    return f"{key}={int(match[1]) * _UNITS[match[2].upper()]}"


def _number_of_device(device: str) -> str:
    if not device.startswith("/"):
        return device
    try:
        number = Path(device).stat().st_rdev
    except OSError as error:
        raise BadInput(f"io.max cannot name {device}", why=str(error.strerror)) from error
    return f"{os.major(number)}:{os.minor(number)}"


_PARSERS: dict[str, Callable[[str, object], Value]] = {
    "memory.max": _size,
    "memory.high": _size,
    "memory.low": _size,
    "pids.max": _size,
    "cpu.max": _bandwidth,
    "cpu.weight": _weight,
    "cpuset.cpus": _cpus,
    "io.max": _io,
    "io.weight": _weight,
}
"""Every limit that a sandbox can have."""

NAMES = tuple(_PARSERS)

_EXAMPLES = {
    **dict.fromkeys(("memory.max", "memory.high", "memory.low"), "such as 64M, or 'max' for none"),
    "pids.max": "such as 20, or 'max' for none",
    "cpu.max": "a share such as '50%', CPUs such as '0.5', quota and period in µs such as "
    "'50000 100000', or 'max'",
    "cpu.weight": "a number from 1 to 10000; 100 is what everybody else has",
    "cpuset.cpus": "a list of CPUs, such as '0' or '0-2,4'",
    "io.max": "a device and limits, such as '8:0 rbps=1M wiops=100' (rbps, wbps, riops, wiops)",
    "io.weight": "a number from 1 to 10000; 100 is what everybody else has",
}


# -- what this machine can do ----------------------------------------------------------------------


def _blocked(name: str, why: str, hint: str = "") -> Blocked:
    what = f"{name} cannot be set on this machine"
    return Blocked(what, why=why, hint=hint, capability=capability_of(name))


def capability_of(name: str) -> str:
    """What the doctor calls it when a limit can be set."""
    return "cpu-limits" if name.startswith("cpu") else "limits"


def _check_cpus(wanted: str, place: Place) -> None:
    """A CPU that the group above has not would be left out by the kernel of v2 in silence."""
    there = ""
    for name in ("cpuset.cpus.effective", "cpuset.effective_cpus", "cpuset.cpus"):
        try:
            there = Path(place.base, name).read_text().strip()
        except OSError:
            continue
        break
    if missing := cpus_in(wanted) - cpus_in(there):
        numbers = ", ".join(map(str, sorted(missing)[:8]))
        raise _blocked("cpuset.cpus", f"there is no CPU {numbers}: {place.base} has {there}")


def _weight_of_disks(weight: int, place: Place) -> Write:
    """A weight counts only for a disk whose scheduler, or cost model, looks at it."""
    sys_block = Path("/sys/block")
    schedulers = [path.read_text() for path in sys_block.glob("*/queue/scheduler")]
    if any("[bfq]" in line for line in schedulers):
        file = "blkio.bfq.weight" if place.version == 1 else "io.bfq.weight"
        bfq = weight if weight <= 100 else 100 + (weight - 100) * 900 // 9900
        return Write("io.weight", place.controller, file, str(bfq))
    if place.version == 2 and _has_cost_model(place.base):
        return Write("io.weight", place.controller, "io.weight", f"default {weight}")
    raise _blocked(
        "io.weight",
        "no disk here looks at weights: none has the scheduler bfq, and none a cost model",
        "As root: `echo bfq > /sys/block/DISK/queue/scheduler`; io.max works with every scheduler",
    )


def _has_cost_model(base: str) -> bool:
    """Whether io.cost.qos, a file of the root group, switches it on for some disk."""
    folder = Path(base)
    for path in (folder, *folder.parents):
        try:
            return "enable=1" in (path / "io.cost.qos").read_text()
        except OSError:
            continue
    return False
