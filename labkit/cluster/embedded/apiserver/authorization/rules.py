"""One rule of a role: what it allows, and whether it covers another.

Knows nothing about whom a role is for. Source: Kubernetes API reference, PolicyRule; Kubernetes
documentation, "Using RBAC Authorization" (`*`, `*/scale`, `resourceNames`, paths that end in `*`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from labkit.cluster.embedded.apiserver.authorization.attributes import Attributes

EVERY = "*"

_NAMES = {
    "groups": "APIGroups",
    "resources": "Resources",
    "paths": "NonResourceURLs",
    "names": "ResourceNames",
    "verbs": "Verbs",
}
"""The parts of a rule, in the order and under the names in which refusals show them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule, ready to be asked.

    Attributes:
        verbs: what may be done; "*" stands for every verb.
        groups: of the API; "*" for every one.
        resources: "pods", "pods/log", "*/scale", or "*" for every one and its subresources.
        names: of the only objects that it is about; none: of all.
        paths: of what is no resource; one may end in "*".
    """

    verbs: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()

    def allows(self, asked: Attributes) -> bool:
        """Whether it allows what is asked."""
        if asked.verb not in self.verbs and EVERY not in self.verbs:
            return False
        if not asked.is_resource:
            return any(_path_covers(path, asked.path) for path in self.paths)
        if asked.group not in self.groups and EVERY not in self.groups:
            return False
        if self.names and asked.name not in self.names:
            return False
        return self._has_resource(asked.resource, asked.subresource)

    def covers(self, other: Rule) -> bool:
        """Whether everything that another rule allows is allowed by this one, too."""
        return (
            _has_all(self.verbs, other.verbs)
            and _has_all(self.groups, other.groups)
            and all(self._has_resource(*_split(resource)) for resource in other.resources)
            and (not self.names or (bool(other.names) and set(other.names) <= set(self.names)))
            and all(any(_path_covers(mine, path) for mine in self.paths) for path in other.paths)
        )

    def parts(self) -> list[Rule]:
        """The same as rules with one verb, one group, one resource and one name each."""
        return [
            Rule((verb,), (group,), (resource,), names)
            for group in self.groups
            for resource in self.resources
            for verb in self.verbs
            for names in (tuple((name,) for name in self.names) or ((),))
        ] + [Rule((verb,), paths=(path,)) for path in self.paths for verb in self.verbs]

    def as_json(self) -> dict[str, list[str]]:
        """The rule as a review shows it; what is empty is left out."""
        found = {
            "verbs": self.verbs,
            "apiGroups": self.groups,
            "resources": self.resources,
            "resourceNames": self.names,
            "nonResourceURLs": self.paths,
        }
        return {name: list(values) for name, values in found.items() if values or name == "verbs"}

    def __str__(self) -> str:
        """The rule as refusals show it: ``{APIGroups:[""], Resources:["pods"], Verbs:["get"]}``."""
        parts = ((shown, getattr(self, name)) for name, shown in _NAMES.items())
        return (
            "{" + ", ".join(f"{shown}:{quoted(values)}" for shown, values in parts if values) + "}"
        )

    def _has_resource(self, resource: str, subresource: str) -> bool:
        if EVERY in self.resources:
            return True
        if not subresource:
            return resource in self.resources
        return f"{resource}/{subresource}" in self.resources or f"*/{subresource}" in self.resources


def read_rules(role: Mapping[str, Any]) -> tuple[Rule, ...]:
    """The rules of a Role or ClusterRole."""
    return tuple(
        Rule(
            tuple(rule.get("verbs") or ()),
            tuple(rule.get("apiGroups") or ()),
            tuple(rule.get("resources") or ()),
            tuple(rule.get("resourceNames") or ()),
            tuple(rule.get("nonResourceURLs") or ()),
        )
        for rule in role.get("rules") or ()
    )


def uncovered(held: Iterable[Rule], wanted: Iterable[Rule]) -> list[Rule]:
    """What of the wanted rules none of those held covers, verbs of one resource put together."""
    held = tuple(held)
    missing = [
        part
        for rule in wanted
        for part in rule.parts()
        if not any(mine.covers(part) for mine in held)
    ]
    return _compact(missing)


def quoted(names: Iterable[str]) -> str:
    """Names as Go writes a list of them: ``["a" "b"]``."""
    return "[" + " ".join(json.dumps(name, ensure_ascii=False) for name in names) + "]"


def _compact(parts: Iterable[Rule]) -> list[Rule]:
    """Rules of one resource that differ in their verbs alone become one."""
    found: dict[tuple[tuple[str, ...], ...], tuple[str, ...]] = {}
    others = []
    for part in parts:
        if part.names or part.paths:
            others.append(part)
        else:
            key = (part.groups, part.resources)
            found[key] = (*found.get(key, ()), *part.verbs)
    return others + [Rule(verbs, groups, resources) for (groups, resources), verbs in found.items()]


def _has_all(mine: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return EVERY in mine or set(others) <= set(mine)


def _path_covers(mine: str, other: str) -> bool:
    return mine == other or (mine.endswith(EVERY) and other.startswith(mine.rstrip(EVERY)))


def _split(resource: str) -> tuple[str, str]:
    name, _, subresource = resource.partition("/")
    return name, subresource
