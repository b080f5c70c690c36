"""Which place a notebook's kernel gets, and why. Pure: what is the case, its caller finds out.

Knows nothing about Jupyter, QEMU and how things are probed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from labkit.core.errors import NotFound

NATIVE, MICROVM = "native", "microvm"
PLACES = (NATIVE, MICROVM)

BROUGHT = frozenset(
    {
        "linux",
        "cgroup-v2",
        "user-namespaces",
        "base-image",
        "sandbox",
        "limits",
        "cpu-limits",
        "seccomp",
        "network",
        "netns",
        "time-namespaces",
    }
)
"""What a machine of its own has, whatever this one lacks (ids of ``labkit doctor``)."""

NEEDED = "microvm"
"""What this machine must have so that a notebook can have one of its own."""


@dataclass(frozen=True)
class Place:
    """Where a kernel runs.

    Attributes:
        name: ``native`` or ``microvm``.
        why: one sentence without a full stop.
    """

    name: str
    why: str


@dataclass(frozen=True)
class Wish:
    """A place that somebody wants.

    Attributes:
        place: its name.
        by: who, such as ``the notebook``.
    """

    place: str
    by: str


def choose(requires: Iterable[str], wanted: Wish | None, have: Mapping[str, str]) -> Place:
    """The place for a notebook.

    Args:
        requires: ids of what the notebook needs of its machine.
        wanted: a place that somebody wants; it is what they get. A microVM that this machine cannot
            run says so itself, in the notebook.
        have: for each id asked about, and for :data:`NEEDED`, why this machine has it not; empty
            when it has. An id that is missing counts as not there.

    Raises:
        NotFound: a place is wanted that does not exist.
    """
    if wanted:
        if wanted.place not in PLACES:
            raise NotFound("place for a kernel", wanted.place, PLACES, hint=f"One of {PLACES}")
        return Place(wanted.place, f"{wanted.by} wants it so")
    lacking = {id: why for id in requires if (why := _why_not(id, have))}
    if not lacking:
        return Place(NATIVE, "this machine has what the notebook needs")
    told = "; ".join(f"{id} ({why})" for id, why in lacking.items())
    if not BROUGHT.intersection(lacking):
        return Place(NATIVE, f"a microVM would not have it either: {told}")
    if no_machine := _why_not(NEEDED, have):
        return Place(NATIVE, f"this machine lacks {told}, and cannot run a microVM: {no_machine}")
    return Place(MICROVM, f"this machine lacks {told}")


def _why_not(id: str, have: Mapping[str, str]) -> str:
    return have.get(id, "nobody knows of it")
