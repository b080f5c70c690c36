"""Cluster roles made of others: `view` is whatever carries the label that says so.

What the controller of aggregated cluster roles computes; it writes what is returned here. Knows
nothing about who asks. Source: Kubernetes documentation, "Aggregated ClusterRoles".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]


def is_aggregated(role: Object) -> bool:
    """Whether the rules of a cluster role are made of those of others."""
    return bool((role.get("aggregationRule") or {}).get("clusterRoleSelectors"))


def aggregated_rules(role: Object, cluster_roles: Iterable[Object]) -> list[Object]:
    """The rules that an aggregated cluster role should have.

    Args:
        role: the aggregated one.
        cluster_roles: all there are; itself may be among them.

    Returns:
        The rules of those that its selectors choose: selector by selector, by name, each rule once.
    """
    others = sorted((other for other in cluster_roles if _name(other) != _name(role)), key=_name)
    rules: list[Object] = []
    for selector in role["aggregationRule"]["clusterRoleSelectors"]:
        for other in others:
            if selects(selector, other["metadata"].get("labels") or {}):
                rules += [rule for rule in other.get("rules") or () if rule not in rules]
    return rules


def aggregate(cluster_roles: Sequence[Object]) -> list[Object]:
    """The same cluster roles, with the rules that the aggregated ones should have.

    One may be made of another that is aggregated itself (`admin` of `edit` of `view`): it goes on
    until nothing changes, at most once for each role.
    """
    roles = list(cluster_roles)
    for _ in roles:
        after = [
            {**role, "rules": aggregated_rules(role, roles)} if is_aggregated(role) else role
            for role in roles
        ]
        if after == roles:
            break
        roles = after
    return roles


def selects(selector: Object, labels: Mapping[str, str]) -> bool:
    """Whether a label selector (`matchLabels`, `matchExpressions`) chooses these labels."""
    wanted = (selector.get("matchLabels") or {}).items()
    expressions = selector.get("matchExpressions") or ()
    return all(labels.get(key) == value for key, value in wanted) and all(
        _holds(expression, labels) for expression in expressions
    )


def _holds(expression: Object, labels: Mapping[str, str]) -> bool:
    value, values = labels.get(expression["key"]), expression.get("values") or ()
    match expression["operator"]:
        case "In":
            return value in values
        case "NotIn":
            return value not in values
        case "Exists":
            return value is not None
        case "DoesNotExist":
            return value is None
    return False


def _name(role: Object) -> str:
    return str(role["metadata"]["name"])
