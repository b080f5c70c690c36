"""Roles and bindings in a few words, and a store of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.authentication.users import User
from labkit.cluster.embedded.apiserver.authorization.authorizer import Authorizer
from labkit.cluster.embedded.apiserver.authorization.policy import (
    API_GROUP,
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    ROLE_BINDINGS,
    ROLES,
)

ANN = User("ann", groups=("dev", "system:authenticated"))
BOB = User("bob", groups=("system:authenticated",))
BUILDER = User("system:serviceaccount:default:builder", groups=("system:serviceaccounts",))
MASTER = User("root", groups=("system:masters",))

KINDS = {
    ROLES: "Role",
    CLUSTER_ROLES: "ClusterRole",
    ROLE_BINDINGS: "RoleBinding",
    CLUSTER_ROLE_BINDINGS: "ClusterRoleBinding",
}


@dataclass(frozen=True)
class Stored:
    object: Mapping[str, Any]


@dataclass
class Shelf:
    """What a store holds of roles and bindings; counts how often it was read."""

    objects: list[dict[str, Any]] = field(default_factory=list)
    generation: int = 0
    reads: int = 0

    def list(self, resource: str, namespace: str | None = None) -> Iterable[Stored]:
        self.reads += 1
        return [Stored(item) for item in self.objects if item["kind"] == KINDS[resource]]

    def add(self, *objects: dict[str, Any]) -> None:
        self.objects += objects
        self.generation += 1


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def authorizer(shelf: Shelf) -> Authorizer:
    return Authorizer(shelf, lambda: shelf.generation)


def rule(verbs: str, resources: str = "", **parts: Any) -> dict[str, Any]:
    """A rule in words; groups=[""] unless others are named."""
    found: dict[str, Any] = {"verbs": verbs.split()}
    if resources:
        found |= {"apiGroups": parts.pop("groups", [""]), "resources": resources.split()}
    return found | parts


def role(name: str, *rules: dict[str, Any], namespace: str = "", **parts: Any) -> dict[str, Any]:
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    kind = "Role" if namespace else "ClusterRole"
    return {"kind": kind, "metadata": metadata, "rules": list(rules), **parts}


def binding(
    name: str, to: str, *subjects: dict[str, Any], namespace: str = "", kind: str = ""
) -> dict[str, Any]:
    """A binding of a Role (in a namespace) or a ClusterRole, unless another kind is named."""
    metadata = {"name": name} | ({"namespace": namespace} if namespace else {})
    kind = kind or ("Role" if namespace else "ClusterRole")
    return {
        "kind": "RoleBinding" if namespace else "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": API_GROUP, "kind": kind, "name": to},
        "subjects": list(subjects),
    }


def user(name: str) -> dict[str, Any]:
    return {"kind": "User", "name": name, "apiGroup": API_GROUP}


def group(name: str) -> dict[str, Any]:
    return {"kind": "Group", "name": name, "apiGroup": API_GROUP}


def account(name: str, namespace: str = "") -> dict[str, Any]:
    found = {"kind": "ServiceAccount", "name": name}
    return found | ({"namespace": namespace} if namespace else {})
