"""What checks of pods share: all containers, who has set something, words for what was found."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

Object = dict[str, Any]


class Violation(NamedTuple):
    """What a check has found."""

    reason: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.reason} ({self.detail})" if self.detail else self.reason


Check = Callable[[Object, Object], Violation | None]
"""Of a pod's metadata and spec."""


def containers(spec: Object) -> list[Object]:
    """All containers of a pod, in the order in which violations name them."""
    groups = ("initContainers", "containers", "ephemeralContainers")
    return [one for group in groups for one in spec.get(group) or ()]


def security(of: Object) -> Object:
    """The securityContext of a pod's spec or of a container; an empty one if there is none."""
    found: Object = of.get("securityContext") or {}
    return found


def is_on_windows(spec: Object) -> bool:
    """Whether a pod says so: then what only Linux knows is not asked of it."""
    return (spec.get("os") or {}).get("name") == "windows"


def has_own_users(spec: Object) -> bool:
    """Whether root in the pod is nobody outside."""
    return spec.get("hostUsers") is False


def quoted(names: Iterable[str]) -> str:
    """`"a", "b"`."""
    return ", ".join(f'"{name}"' for name in names)


def plural(word: str, count: int, words: str = "") -> str:
    """The word for one or for several."""
    return word if count == 1 else words or f"{word}s"


def named(bad: list[str]) -> str:
    """`container "a"`, or `containers "a", "b"`."""
    return f"{plural('container', len(bad))} {quoted(bad)}"


def setters(spec: Object, is_bad: Callable[[Object], bool]) -> str:
    """Whose securityContext is bad: `pod and container "a"`; empty where none is."""
    bad = [one["name"] for one in containers(spec) if is_bad(security(one))]
    found = ["pod"] if is_bad(security(spec)) else []
    return " and ".join([*found, named(bad)] if bad else found)
