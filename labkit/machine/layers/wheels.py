"""Which Python distributions a machine gets: what labkit needs inside, and what the learner added.

- **needed**: labkit's own requirements without JupyterLab, and all that those require, judged for
  the machine's Python rather than for this one;
- **added**: what stands in this environment though nothing here requires it (or pip was asked for
  it by name), and all that it requires; not labkit's test tools, not JupyterLab's server.

Knows nothing about where wheels come from. Sources: the core metadata specification
(Requires-Dist), the dependency specifiers specification, PEP 610 (direct_url.json), PEP 376
(REQUESTED, INSTALLER).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

LABKIT = "labkit"
OUTSIDE = "jupyterlab"
"""What of labkit's requirements serves the browser, and runs outside."""

SERVER = "jupyter-server"
"""What requires it serves the browser, too."""

_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv"})


@dataclass(frozen=True)
class Wheel:
    """A distribution to put in.

    Attributes:
        name: its normalised name.
        version: the version here; empty when it is not installed here.
        is_needed: labkit cannot do without it.
    """

    name: str
    version: str
    is_needed: bool

    @property
    def pin(self) -> str:
        """What pip is asked for."""
        return f"{self.name}=={self.version}" if self.version else self.name


@dataclass(frozen=True)
class Installed:
    """What is said about one installed distribution.

    Attributes:
        name: its normalised name.
        version: as it says itself.
        requires: what it requires, extras and all.
        is_requested: pip was asked for it by name.
        is_users: a tool such as pip put it here, not the host's distribution.
        is_elsewhere: it came from a folder or an address: no index has it.
    """

    name: str
    version: str
    requires: tuple[Requirement, ...]
    is_requested: bool
    is_users: bool
    is_elsewhere: bool


def environment(python: str, machine: str) -> dict[str, str]:
    """The markers' variables in the machine; ``python`` such as ``"3.11"``."""
    return {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "implementation_name": "cpython",
        "implementation_version": f"{python}.0",
        "platform_python_implementation": "CPython",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": machine,
        "platform_release": "",
        "platform_version": "",
    }


def installed_here() -> dict[str, Installed]:
    """Each distribution of the running environment, by its normalised name."""
    found: dict[str, Installed] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"]
        if name and canonicalize_name(name) not in found:
            one = _read(distribution)
            found[one.name] = one
    return found


def wheels(installed: Mapping[str, Installed], markers: Mapping[str, str]) -> tuple[Wheel, ...]:
    """What goes into the machine, in the order of names."""
    own = [r for r in installed[LABKIT].requires if _holds(r, markers, "")]
    needed = closure((r for r in own if canonicalize_name(r.name) != OUTSIDE), installed, markers)
    added = closure(_added(installed, markers), installed, markers)
    made = [_wheel(name, installed, is_needed=True) for name in needed]
    made += [_wheel(name, installed, is_needed=False) for name in added - needed]
    # What pip cannot get from an index (a checkout) stays outside; so do its needs inside.
    return tuple(sorted((w for w in made if w.name != LABKIT and _is_had(w, installed)), key=_name))


def closure(
    roots: Iterable[Requirement], installed: Mapping[str, Installed], markers: Mapping[str, str]
) -> set[str]:
    """The normalised names of all that ``roots`` require, themselves included."""
    seen: dict[str, set[str]] = {}
    todo = list(roots)
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        extras = seen.setdefault(name, set())
        new = {"", *requirement.extras} - extras
        extras |= new
        if name in installed:
            needs = installed[name].requires
            todo += [r for r in needs if any(_holds(r, markers, extra) for extra in new)]
    return set(seen)


def _added(installed: Mapping[str, Installed], markers: Mapping[str, str]) -> list[Requirement]:
    """What the learner put here: nobody's requirement, or asked for by name."""
    labkits = {canonicalize_name(r.name) for r in installed[LABKIT].requires}
    known = labkits | _TOOLS | {LABKIT}
    required = {
        canonicalize_name(r.name)
        for one in installed.values()
        for r in one.requires
        if any(_holds(r, markers, extra) for extra in ("", *_extras(r)))
    }
    roots = [
        Requirement(one.name)
        for one in installed.values()
        if one.name not in known and one.is_users and (one.is_requested or one.name not in required)
    ]
    return [root for root in roots if SERVER not in closure([root], installed, markers)]


def _extras(requirement: Requirement) -> list[str]:
    """The extras that a marker speaks of: what an extra brings is somebody's requirement, too."""
    words = str(requirement.marker or "").replace('"', " ").replace("'", " ").split()
    return [words[at + 2] for at, word in enumerate(words[:-2]) if word == "extra"]


def _holds(requirement: Requirement, markers: Mapping[str, str], extra: str) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({**markers, "extra": extra})


def _wheel(name: str, installed: Mapping[str, Installed], *, is_needed: bool) -> Wheel:
    version = installed[name].version if name in installed else ""
    return Wheel(name, version, is_needed)


def _is_had(wheel: Wheel, installed: Mapping[str, Installed]) -> bool:
    if wheel.name in installed:
        return wheel.is_needed or not installed[wheel.name].is_elsewhere
    return wheel.is_needed


def _name(wheel: Wheel) -> str:
    return wheel.name


def _read(distribution: metadata.Distribution) -> Installed:
    requires = []
    for line in distribution.requires or []:
        try:
            requires.append(Requirement(line))
        except InvalidRequirement:
            continue  # an old distribution's own dialect
    return Installed(
        name=str(canonicalize_name(distribution.metadata["Name"])),
        version=distribution.version,
        requires=tuple(requires),
        is_requested=distribution.read_text("REQUESTED") is not None,
        is_users=(distribution.read_text("INSTALLER") or "debian").strip() != "debian",
        is_elsewhere=_is_local(distribution.read_text("direct_url.json")),
    )


def _is_local(direct_url: str | None) -> bool:
    try:
        return bool(direct_url) and "url" in json.loads(direct_url or "{}")
    except ValueError:
        return False
