"""How the roles of a new cluster are written down: words with spaces between them.

::

    allow("get list watch", "pods pods/log")                 in the first API group
    allow("create", "leases", group="coordination.k8s.io")
    allow("get update", "leases", group="…", names="kube-scheduler")
    allow("create", "events", group="+ events.k8s.io")       in several; + is the first one
    visit("/healthz /livez")                                 get, of paths

Knows nothing about which roles there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from labkit.cluster.embedded.apiserver.authorization.policy import API_GROUP
from labkit.cluster.embedded.apiserver.authorization.rules import Rule

READ = "get list watch"
WRITE = "create delete deletecollection patch update"
READ_WRITE = "create delete deletecollection get list patch update watch"

API_VERSION = f"{API_GROUP}/v1"
LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
ANNOTATIONS = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_AGGREGATE = f"{API_GROUP}/aggregate-to-"


@dataclass(frozen=True)
class Role:
    """A role of a new cluster.

    Attributes:
        name: of the role.
        rules: what it allows.
        namespace: "" for a ClusterRole.
        part_of: the role that takes up its rules ("admin", "edit", "view").
        is_made_of_parts: whether it takes up those of the roles that say they are part of it.
    """

    name: str
    rules: tuple[Rule, ...] = ()
    namespace: str = ""
    part_of: str = ""
    is_made_of_parts: bool = False

    def as_object(self) -> dict[str, Any]:
        """The Role or ClusterRole."""
        labels = {f"{_AGGREGATE}{self.part_of}": "true"} if self.part_of else {}
        kind = "Role" if self.namespace else "ClusterRole"
        made: dict[str, Any] = _object(kind, self.name, self.namespace, labels)
        if self.is_made_of_parts:
            selector = {"matchLabels": {f"{_AGGREGATE}{self.name}": "true"}}
            made["aggregationRule"] = {"clusterRoleSelectors": [selector]}
        return made | {"rules": [_in_order(rule) for rule in self.rules]}


@dataclass(frozen=True)
class Binding:
    """Whom a role of a new cluster is for; it bears the role's name unless it has one of its own.

    Attributes:
        role: the role's name.
        users, groups: names, with spaces between them.
        accounts: service accounts of kube-system.
        namespace: "" for a ClusterRoleBinding of a ClusterRole.
        name: of the binding.
    """

    role: str
    users: str = ""
    groups: str = ""
    accounts: str = ""
    namespace: str = ""
    name: str = ""

    def as_object(self) -> dict[str, Any]:
        """The RoleBinding or ClusterRoleBinding."""
        subjects = [
            {"apiGroup": API_GROUP, "kind": kind, "name": name}
            for kind, names in (("User", self.users), ("Group", self.groups))
            for name in names.split()
        ] + [
            {"kind": "ServiceAccount", "name": name, "namespace": "kube-system"}
            for name in self.accounts.split()
        ]
        kind = "Role" if self.namespace else "ClusterRole"
        made = _object(f"{kind}Binding", self.name or self.role, self.namespace, {})
        reference = {"apiGroup": API_GROUP, "kind": kind, "name": self.role}
        return made | {"roleRef": reference, "subjects": subjects}


def allow(verbs: str, resources: str, *, group: str = "+", names: str = "") -> Rule:
    """A rule about resources; see above for how words stand for them."""
    groups = tuple(sorted("" if name == "+" else name for name in group.split()))
    return Rule(_words(verbs), groups, _words(resources), _words(names))


def visit(paths: str, verbs: str = "get") -> Rule:
    """A rule about paths."""
    return Rule(_words(verbs), paths=_words(paths))


def write_events() -> Rule:
    """What every component may do: tell what it did."""
    return allow("create patch update", "events", group="+ events.k8s.io")


def _words(text: str) -> tuple[str, ...]:
    return tuple(sorted(text.split()))


def _in_order(rule: Rule) -> dict[str, list[str]]:
    return dict(sorted(rule.as_json().items()))


def _object(kind: str, name: str, namespace: str, labels: dict[str, str]) -> dict[str, Any]:
    metadata: dict[str, Any] = {
        "name": name,
        "labels": {**LABELS, **labels},
        "annotations": dict(ANNOTATIONS),
    }
    if namespace:
        metadata["namespace"] = namespace
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata}
