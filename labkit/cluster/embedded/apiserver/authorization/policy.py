"""Roles and bindings as they are at one moment, indexed by whom they are for.

A policy never changes; when a role or a binding does, another is made. A role is read when somebody
it is bound to asks for the first time: most roles are those of controllers, and few of them ask.
Knows nothing about what is asked. Source: Kubernetes documentation, "Using RBAC Authorization".
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from labkit.cluster.embedded.apiserver.authentication.users import User, service_account_name
from labkit.cluster.embedded.apiserver.authorization.rules import Rule, read_rules

API_GROUP = "rbac.authorization.k8s.io"
ROLES, CLUSTER_ROLES = f"roles.{API_GROUP}", f"clusterroles.{API_GROUP}"
ROLE_BINDINGS = f"rolebindings.{API_GROUP}"
CLUSTER_ROLE_BINDINGS = f"clusterrolebindings.{API_GROUP}"
RESOURCES = frozenset({ROLES, CLUSTER_ROLES, ROLE_BINDINGS, CLUSTER_ROLE_BINDINGS})
"""What a policy is made from."""

Object = Mapping[str, Any]


class Record(Protocol):
    """An object, as the store gives it."""

    @property
    def object(self) -> Object:
        """The object itself."""


class Source(Protocol):
    """Where roles and bindings are read from: the store, or anything like it."""

    def list(self, resource: str, namespace: str | None = None) -> Iterable[Record]:
        """All objects of a resource, by namespace and name."""


class NoSuchRole(Exception):
    """A binding names a role that is not there: 404, reason NotFound.

    Attributes:
        kind, name: of the role.
    """

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        super().__init__(f'{kind.lower()}.{API_GROUP} "{name}" not found')


class Grant(NamedTuple):
    """A rule, and by which binding somebody has it."""

    rule: Rule
    source: str


@dataclass(frozen=True, slots=True)
class Grants:
    """Everything a user may do in a namespace (in none: everywhere), and what led nowhere."""

    found: tuple[Grant, ...]
    errors: tuple[str, ...]

    @property
    def rules(self) -> tuple[Rule, ...]:
        """The rules alone."""
        return tuple(grant.rule for grant in self.found)


class _Bound(NamedTuple):
    """A binding, seen by one of those it is for."""

    place: int
    subject_place: int
    namespace: str
    binding: Object
    subject: Object


REMEMBERED = 4096
"""How many answers of `grants` are kept; then all are forgotten. Anybody may ask about anybody."""


class Policy:
    """The roles and bindings of a source, as they are now."""

    def __init__(self, source: Source) -> None:
        self._roles = {
            ("Role", item["metadata"]["namespace"], item["metadata"]["name"]): item
            for item in _objects(source, ROLES)
        } | {
            ("ClusterRole", "", item["metadata"]["name"]): item
            for item in _objects(source, CLUSTER_ROLES)
        }
        # Those of the cluster come first: they are asked first.
        bindings = [*_objects(source, CLUSTER_ROLE_BINDINGS), *_objects(source, ROLE_BINDINGS)]
        self._bound = _by_subject(bindings)
        self._rules: dict[tuple[str, str, str], tuple[Rule, ...]] = {}
        self._grants: dict[tuple[str, tuple[str, ...], str], Grants] = {}

    def grants(self, user: User, namespace: str) -> Grants:
        """What a user may do in a namespace; "" for what is true everywhere."""
        key = (user.name, user.groups, namespace)
        found = self._grants.get(key)
        if found is None:
            if len(self._grants) >= REMEMBERED:
                self._grants.clear()
            found = self._grants[key] = self._find(user, namespace)
        return found

    def rules_of(self, reference: Object, namespace: str) -> tuple[Rule, ...]:
        """The rules of the role that a binding names.

        Args:
            reference: the binding's `roleRef`.
            namespace: the binding's; "" for one of the cluster.

        Raises:
            NoSuchRole: there is no such role.
        """
        kind, name = reference.get("kind", ""), reference.get("name", "")
        key = (kind, namespace if kind == "Role" else "", name)
        if key not in self._rules:
            if key not in self._roles:
                raise NoSuchRole(kind, name)
            self._rules[key] = read_rules(self._roles[key])
        return self._rules[key]

    def _find(self, user: User, namespace: str) -> Grants:
        found: list[Grant] = []
        errors: dict[str, None] = {}
        for bound in self._bindings(user, namespace):
            source = _describe(bound)
            try:
                rules = self.rules_of(bound.binding["roleRef"], bound.namespace)
            except NoSuchRole as error:
                errors[str(error)] = None
            else:
                found += [Grant(rule, source) for rule in rules]
        return Grants(tuple(found), tuple(errors))

    def _bindings(self, user: User, namespace: str) -> Iterable[_Bound]:
        """The bindings that are for a user, in order; each by the first subject that is them."""
        subjects = [("User", user.name), *(("Group", group) for group in user.groups)]
        bound = itertools.chain.from_iterable(self._bound.get(subject, ()) for subject in subjects)
        first: dict[int, _Bound] = {}
        for item in sorted(bound, key=lambda item: item[:2]):
            if item.namespace in ("", namespace):
                first.setdefault(item.place, item)
        return first.values()


def _objects(source: Source, resource: str) -> Iterable[Object]:
    return (record.object for record in source.list(resource))


def _by_subject(bindings: Iterable[Object]) -> Mapping[tuple[str, str], list[_Bound]]:
    found: dict[tuple[str, str], list[_Bound]] = defaultdict(list)
    for place, binding in enumerate(bindings):
        namespace = binding["metadata"].get("namespace", "")
        for subject_place, subject in enumerate(binding.get("subjects") or ()):
            if who := _who(subject, namespace):
                found[who].append(_Bound(place, subject_place, namespace, binding, subject))
    return dict(found)


def _who(subject: Object, namespace: str) -> tuple[str, str] | None:
    """The user or group that a subject is; a service account is a user of a certain name."""
    kind, name = subject.get("kind", ""), subject.get("name", "")
    if kind == "ServiceAccount":
        own = subject.get("namespace") or namespace
        return ("User", service_account_name(own, name)) if own else None
    return (kind, name) if kind in ("User", "Group") else None


def _describe(bound: _Bound) -> str:
    """The binding, as a decision names it for its reason."""
    reference, subject = bound.binding["roleRef"], bound.subject
    who = subject["name"]
    if subject["kind"] == "ServiceAccount":
        who += f"/{subject.get('namespace') or bound.namespace}"
    name = bound.binding["metadata"]["name"]
    kind, name = ("RoleBinding", f"{name}/{bound.namespace}") if bound.namespace else (
        "ClusterRoleBinding", name,
    )  # fmt: skip
    role = f'{reference["kind"]} "{reference["name"]}"'
    return f'{kind} "{name}" of {role} to {subject["kind"]} "{who}"'
