"""What a namespace's labels ask of its pods: a level and a version for each of three modes.

Source: Kubernetes `pod-security-admission/api/helpers.go`.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from labkit.cluster.embedded.apiserver.status import StatusCause

LEVELS = ("privileged", "baseline", "restricted")
"""From what allows everything to what allows least."""
LABEL = "pod-security.kubernetes.io/"
_VERSION = re.compile(r"v1\.(0|[1-9][0-9]*)")


class LevelVersion(NamedTuple):
    """A level, as it was in a version; without a minor number as it is now."""

    level: str = "privileged"
    minor: int | None = None

    def __str__(self) -> str:
        return f"{self.level}:{'latest' if self.minor is None else f'v1.{self.minor}'}"

    @property
    def strictness(self) -> int:
        """The more, the less is allowed."""
        return LEVELS.index(self.level)


class Policy(NamedTuple):
    """What is refused, what would be noted, and what is only said."""

    enforce: LevelVersion = LevelVersion()
    audit: LevelVersion = LevelVersion()
    warn: LevelVersion = LevelVersion()


def read(namespace: dict[str, Any]) -> tuple[Policy, list[StatusCause]]:
    """The policy of a namespace, and what is wrong with its labels.

    A level that is no level enforces `restricted`, and warns of nothing.
    """
    labels = namespace["metadata"].get("labels") or {}
    faults: list[StatusCause] = []
    found = {
        mode: LevelVersion(_level(labels, mode, faults), _minor(labels, mode, faults))
        for mode in Policy._fields
    }
    return Policy(**found), faults


def _level(labels: dict[str, str], mode: str, faults: list[StatusCause]) -> str:
    level = labels.get(LABEL + mode, "privileged")
    if level in LEVELS:
        return level
    faults.append(_fault(LABEL + mode, level, f"must be one of {', '.join(LEVELS)}"))
    return "restricted" if mode == "enforce" else "privileged"


def _minor(labels: dict[str, str], mode: str, faults: list[StatusCause]) -> int | None:
    label = f"{LABEL}{mode}-version"
    version = labels.get(label, "latest")
    match = _VERSION.fullmatch(version)
    if not match and version != "latest":
        faults.append(_fault(label, version, 'must be "latest" or "v1.x"'))
    return int(match[1]) if match else None


def _fault(label: str, value: str, words: str) -> StatusCause:
    message = f'Invalid value: "{value}": {words}'
    return StatusCause("FieldValueInvalid", message, f"metadata.labels[{label}]")
