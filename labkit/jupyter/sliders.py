"""Sliders for the limits of a cgroup: ``sliders={"memory.max": ("8M", "256M")}``.

Knows how each file is read, written and shown; whatever has the files (a ``Cgroup``) is set with
``group["memory.max"] = …``. Source: cgroup-v2.rst.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from labkit.core.errors import BadInput, NotFound
from labkit.sandbox.cgconfig.table import number_of_bytes

if TYPE_CHECKING:
    from labkit.views import Slider

End = float | int | str
"""An end of a slider: a number, or a size such as ``"64M"``."""

PERIOD_US = 100_000
"""The kernel's own period of cpu.max: quotas are told as cores, so one period is enough."""


@dataclass(frozen=True)
class Kind:
    """How the value of a file is read, written and shown."""

    unit: str
    scale: Literal["linear", "log"]
    read: Callable[[str], float]
    write: Callable[[float], str]
    step: float | None = None
    help: str = ""
    unlimited: str = ""
    """What is written for no limit; nothing where ``max`` is no such thing."""


def _cores(text: str) -> float:
    quota, _, period = text.partition(" ")
    return int(quota) / int(period or PERIOD_US)


def _quota(cores: float) -> str:
    return f"{round(cores * PERIOD_US)} {PERIOD_US}"


def _whole(value: float) -> str:
    return str(round(value))


def _size(help: str, unlimited: str = "") -> Kind:
    return Kind("bytes", "log", int, _whole, help=help, unlimited=unlimited)


_MAX = "max"
_CORES = "CPU time at most, in cores"
_TASKS = "Processes and threads at most"

KINDS: Mapping[str, Kind] = {
    "memory.max": _size("More than this is never given: the kernel kills", _MAX),
    "memory.high": _size("Above this the kernel reclaims, and slows the group down", _MAX),
    "memory.low": _size("Up to this the kernel takes from others first"),
    "memory.min": _size("Up to this nothing is ever taken"),
    "pids.max": Kind("processes", "log", int, _whole, help=_TASKS, unlimited=_MAX),
    "cpu.max": Kind("cores", "linear", _cores, _quota, 0.05, _CORES, f"{_MAX} {PERIOD_US}"),
    "cpu.weight": Kind("", "log", int, _whole, help="Share of the CPU beside its neighbours"),
}


def sliders_for(target: object, wanted: Mapping[str, tuple[End, End]]) -> list[Slider]:
    """A slider for each file of a group, between two ends; behind the larger one there is no limit.

    Raises:
        NotFound: no slider is made for such a file.
        BadInput: the target has no such files, or an end is no number.
    """
    if wanted and not (hasattr(target, "__getitem__") and hasattr(target, "__setitem__")):
        raise BadInput(
            f"{type(target).__name__} has no limits that a slider could set",
            hint="Give live() the group: Cgroup.create(…), or Cgroup.of(box.pid)",
        )
    files: Any = target
    return [_slider(files, name, ends) for name, ends in wanted.items()]


def _slider(files: MutableMapping[str, str], name: str, ends: tuple[End, End]) -> Slider:
    from labkit.views import Slider

    if name not in KINDS:
        raise NotFound("slider", name, KINDS)
    kind = KINDS[name]
    if isinstance(ends, str) or len(ends) != 2:
        raise BadInput(
            f"the slider of {name} needs two ends",
            hint=f"Give two of this kind: ({_example(kind)})",
        )
    low, high = (_end(name, kind, end) for end in ends)
    return Slider(
        id=name,
        label=name,
        minimum=low,
        maximum=high,
        get=partial(_get, files, name, kind),
        set=partial(_set, files, name, kind),
        scale=kind.scale,
        step=kind.step,
        unit=kind.unit,
        help=kind.help,
        can_be_unlimited=bool(kind.unlimited),
    )


def _get(files: MutableMapping[str, str], name: str, kind: Kind) -> float | None:
    """The value; None for ``max``."""
    said = str(files[name]).strip()
    return None if said.split(" ")[0] == _MAX else kind.read(said)


def _set(files: MutableMapping[str, str], name: str, kind: Kind, value: float | None) -> None:
    files[name] = kind.unlimited if value is None else kind.write(value)


def _end(name: str, kind: Kind, end: End) -> float:
    found = number_of_bytes(str(end)) if kind.unit == "bytes" and isinstance(end, str) else end
    try:
        return float("" if found is None else found)
    except ValueError as error:
        raise BadInput(
            f"{end!r} is no end for the slider of {name}",
            hint=f"Give two of this kind: {_example(kind)}",
        ) from error


def _example(kind: Kind) -> str:
    examples = {"bytes": '"8M", "256M"', "cores": "0.1, 2", "processes": "4, 64"}
    return examples.get(kind.unit, "1, 1000")
