"""What this machine can do, and what is left over on it."""

from __future__ import annotations

from labkit.core.session import Leftover
from labkit.host.capability import Capability
from labkit.host.doctor import Report, capability, doctor, has, missing, require


def clean() -> list[Leftover]:
    """Removes what killed sessions of this user left behind, and says what it was.

    Sessions that live, and what others made, are not touched.
    """
    from labkit.core.session import sweep

    return sweep()


__all__ = [
    "Capability",
    "Leftover",
    "Report",
    "capability",
    "clean",
    "doctor",
    "has",
    "missing",
    "require",
]
