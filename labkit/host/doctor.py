"""The doctor: what this machine can do, and what would bring the rest.

Answers are found by doing, and kept for this process.
"""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache

from labkit.core.errors import Blocked, NotFound
from labkit.host.capability import Capability
from labkit.host.probes import all_probes


@dataclass(frozen=True)
class Report:
    """What the doctor found, in the order of telling."""

    capabilities: tuple[Capability, ...]

    @property
    def is_ready(self) -> bool:
        """Whether the first labs are real here."""
        return all(found.is_ok for found in self.capabilities if found.is_basic)

    def __str__(self) -> str:
        return "\n".join(_line(found) for found in self.capabilities)


def doctor() -> Report:
    """Probes everything, side by side. Takes as long as the slowest probe."""
    ids = [probe.id for probe in all_probes()]
    with ThreadPoolExecutor(max_workers=4) as pool:
        return Report(tuple(pool.map(capability, ids)))


@cache
def capability(id: str) -> Capability:
    """What is the case with one capability. Raises :class:`NotFound`."""
    probes = {probe.id: probe for probe in all_probes()}
    if id not in probes:
        raise NotFound("capability", id, probes, hint="`labkit doctor` lists them")
    return probes[id].run()


def has(id: str) -> bool:
    """Whether this machine, and this user, can do it."""
    return capability(id).is_ok


def missing(ids: Iterable[str]) -> list[str]:
    """For each capability that is not there: what, why, and what would bring it."""
    found = [capability(id) for id in ids]
    return [
        f"needs {one.title}: {one.why}." + (f" → {one.fix}" if one.fix else "")
        for one in found
        if not one.is_ok
    ]


def require(id: str) -> None:
    """Raises :class:`Blocked` unless this machine can do it."""
    found = capability(id)
    if not found.is_ok:
        raise Blocked(
            f"this needs {found.title}", why=found.why, hint=found.fix, capability=found.id
        )


def _line(found: Capability) -> str:
    mark = "✓" if found.is_ok else "✗"
    detail = found.found if found.is_ok else found.why
    fix = f"\n{'':<38}→ {found.fix}" if found.fix and not found.is_ok else ""
    return f"{mark} {found.title:<35} {detail}{fix}"
