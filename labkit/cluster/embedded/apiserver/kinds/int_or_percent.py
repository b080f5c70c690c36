"""Numbers that may be a share: `3` or `"25%"`."""

from __future__ import annotations

from typing import Any

from . import faults as f
from .names import percent
from .rules import Faults, not_negative


def int_or_percent(value: Any, path: str, faults: Faults) -> None:
    """Not below 0, or a percentage."""
    if isinstance(value, str):
        faults += [f.invalid(path, value, message) for message in percent(value)]
    else:
        not_negative(value, path, faults)


def at_most_all(value: Any, path: str, faults: Faults) -> None:
    """Not more than 100 %."""
    if isinstance(value, str) and not percent(value) and amount(value) > 100:
        faults.append(f.invalid(path, value, "must not be greater than 100%"))


def amount(value: Any) -> int:
    """The number in it, percent or not."""
    if isinstance(value, str):
        return int(value[:-1]) if not percent(value) else 0
    return value or 0
