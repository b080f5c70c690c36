"""Nobody grants what they do not have.

Whoever writes a role must hold everything in it already, or the verb `escalate` on it; whoever
writes a binding must hold everything in the role it names, or the verb `bind` on that. Knows
nothing about HTTP.

Source: Kubernetes documentation, "Privilege escalation prevention and bootstrapping".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from labkit.cluster.embedded.apiserver.authentication.users import User
from labkit.cluster.embedded.apiserver.authorization.aggregation import is_aggregated
from labkit.cluster.embedded.apiserver.authorization.attributes import Attributes, Forbidden
from labkit.cluster.embedded.apiserver.authorization.authorizer import Authorizer
from labkit.cluster.embedded.apiserver.authorization.policy import API_GROUP
from labkit.cluster.embedded.apiserver.authorization.rules import (
    Rule,
    quoted,
    read_rules,
    uncovered,
)

Object = Mapping[str, Any]

EVERYTHING = (Rule(("*",), ("*",), ("*",)), Rule(("*",), paths=("*",)))
"""What a cluster role can come to hold that is made of others: anything."""

_COLLECTED = {"ownerReferences", "finalizers", "managedFields", "resourceVersion", "generation"}

_RESOURCES = {
    "Role": "roles",
    "ClusterRole": "clusterroles",
    "RoleBinding": "rolebindings",
    "ClusterRoleBinding": "clusterrolebindings",
}


def demand_no_escalation(
    authorizer: Authorizer, user: User, written: Object, before: Object | None = None
) -> None:
    """Lets pass a role or a binding that gives nobody more than its writer has.

    Args:
        authorizer: knows what the writer has.
        user: the writer.
        written: the Role, ClusterRole, RoleBinding or ClusterRoleBinding that is to be stored.
        before: what it takes the place of, on an update or a patch.

    Raises:
        Forbidden: it gives more.
        NoSuchRole: it is a binding of a role that is not there.
    """
    if before is not None and _is_same(written, before):
        return
    if written["kind"] in ("Role", "ClusterRole"):
        _demand_role(authorizer, user, written, before)
    else:
        _demand_binding(authorizer, user, written)


def _demand_role(authorizer: Authorizer, user: User, role: Object, before: Object | None) -> None:
    # The name is part of the path only when there is one already.
    name = role["metadata"].get("name", "") if before is not None else ""
    if _may(authorizer, user, "escalate", role["kind"], namespace=_namespace(role), name=name):
        return
    _demand_held(authorizer, user, role, read_rules(role))
    if is_aggregated(role) or (before is not None and is_aggregated(before)):
        try:
            _demand_held(authorizer, user, role, EVERYTHING)
        except Forbidden:
            why = "must have cluster-admin privileges to use the aggregationRule"
            raise _refusal(role, why) from None


def _demand_binding(authorizer: Authorizer, user: User, binding: Object) -> None:
    reference, namespace = binding["roleRef"], _namespace(binding)
    kind, name = reference.get("kind", ""), reference.get("name", "")
    if kind in ("Role", "ClusterRole") and _may(
        authorizer, user, "bind", kind, namespace=namespace, name=name
    ):
        return
    _demand_held(authorizer, user, binding, authorizer.policy.rules_of(reference, namespace))


def _may(
    authorizer: Authorizer, user: User, verb: str, kind: str, *, namespace: str, name: str
) -> bool:
    asked = Attributes(user, verb, API_GROUP, "*", _RESOURCES[kind], namespace=namespace, name=name)
    return authorizer.authorize(asked).is_allowed


def _demand_held(
    authorizer: Authorizer, user: User, written: Object, rules: Iterable[Rule]
) -> None:
    held = authorizer.policy.grants(user, _namespace(written))
    missing = sorted({str(rule) for rule in uncovered(held.rules, rules)})
    if not missing:
        return
    lines = "\n".join(missing)
    why = (
        f'user "{user.name}" (groups={quoted(user.groups)}) is attempting to grant RBAC permissions'
        f" not currently held:\n{lines}"
    )
    if held.errors:
        why += f"; resolution errors: [{', '.join(held.errors)}]"
    raise _refusal(written, why)


def _refusal(written: Object, why: str) -> Forbidden:
    name = written["metadata"].get("name", "")
    return Forbidden(why, group=API_GROUP, resource=_RESOURCES[written["kind"]], name=name)


def _is_same(written: Object, before: Object) -> bool:
    """Whether nothing differs but what the garbage collector writes.

    Labels are no part of that: with one, a cluster role gives its rules to another.
    """
    return _without_garbage_collection(written) == _without_garbage_collection(before)


def _without_garbage_collection(written: Object) -> dict[str, Any]:
    metadata = {
        name: value for name, value in written["metadata"].items() if name not in _COLLECTED
    }
    return {**written, "metadata": metadata}


def _namespace(written: Object) -> str:
    return str(written["metadata"].get("namespace", "")) if _is_namespaced(written) else ""


def _is_namespaced(written: Object) -> bool:
    return written["kind"] in ("Role", "RoleBinding")
