"""Nobody grants what they do not have."""

from __future__ import annotations

from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.authorization.attributes import Forbidden
from labkit.cluster.embedded.apiserver.authorization.authorizer import Authorizer
from labkit.cluster.embedded.apiserver.authorization.escalation import demand_no_escalation
from labkit.cluster.embedded.apiserver.authorization.policy import API_GROUP, NoSuchRole

from .conftest import ANN, MASTER, Shelf, binding, role, rule, user

SECRETS = role("secrets", rule("get list", "secrets"), namespace="default")
GROUPS = '(groups=["dev" "system:authenticated"])'
MISSING = (
    f'user "ann" {GROUPS} is attempting to grant RBAC permissions not currently held:\n'
    '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'
)


def says(authorizer: Authorizer, written: dict[str, Any], before: Any = None) -> str:
    with pytest.raises(Forbidden) as caught:
        demand_no_escalation(authorizer, ANN, written, before)
    return str(caught.value)


def hold(shelf: Shelf, *rules: dict[str, Any], namespace: str = "") -> None:
    """Gives ann these rules."""
    shelf.add(
        role("held", *rules, namespace=namespace),
        binding("held", "held", user("ann"), namespace=namespace),
    )


def test_a_role_is_written_by_who_holds_what_is_in_it(authorizer: Authorizer, shelf: Shelf) -> None:
    expected = f'roles.{API_GROUP} "secrets" is forbidden: {MISSING}'
    assert says(authorizer, SECRETS) == expected
    hold(shelf, rule("get list", "secrets"), namespace="other")
    assert says(authorizer, SECRETS) == expected
    demand_no_escalation(authorizer, MASTER, SECRETS)
    hold(shelf, rule("*", "secrets"), namespace="default")
    demand_no_escalation(authorizer, ANN, SECRETS)


def test_what_is_held_everywhere_is_held_in_a_namespace_and_not_the_other_way(
    authorizer: Authorizer, shelf: Shelf
) -> None:
    everywhere = role("secrets", rule("get list", "secrets"))
    hold(shelf, rule("get list", "secrets"), namespace="default")
    assert says(authorizer, everywhere).startswith(f'clusterroles.{API_GROUP} "secrets" is')
    hold(shelf, rule("get list", "secrets"))
    demand_no_escalation(authorizer, ANN, everywhere)
    demand_no_escalation(authorizer, ANN, SECRETS)


def test_the_verb_escalate_lets_one_write_more_than_one_holds(
    authorizer: Authorizer, shelf: Shelf
) -> None:
    hold(shelf, rule("escalate", "roles", groups=[API_GROUP]), namespace="default")
    demand_no_escalation(authorizer, ANN, SECRETS)
    says(authorizer, role("secrets", rule("get", "secrets")))


def test_the_verb_escalate_on_a_name_holds_when_that_role_is_changed(
    authorizer: Authorizer, shelf: Shelf
) -> None:
    """A request to create names no object: what is allowed for a name alone does not cover it."""
    more = rule("escalate", "roles", groups=[API_GROUP], resourceNames=["secrets"])
    hold(shelf, more, namespace="default")
    says(authorizer, SECRETS)
    before = {**SECRETS, "rules": []}
    demand_no_escalation(authorizer, ANN, SECRETS, before)


def test_a_role_made_of_others_takes_everything(authorizer: Authorizer, shelf: Shelf) -> None:
    selectors = {"clusterRoleSelectors": [{"matchLabels": {"a": "b"}}]}
    made = role("made", aggregationRule=selectors)
    hold(shelf, rule("get list create update", "*", groups=["*"]))
    expected = (
        f'clusterroles.{API_GROUP} "made" is forbidden: must have cluster-admin privileges to use'
        " the aggregationRule"
    )
    assert says(authorizer, made) == expected
    assert says(authorizer, role("made"), before=made) == expected
    shelf.add(role("all", rule("*", "*", groups=["*"]), rule("*", nonResourceURLs=["*"])))
    shelf.add(binding("all", "all", user("ann")))
    demand_no_escalation(authorizer, ANN, made)


def test_a_binding_is_written_by_who_holds_the_role(authorizer: Authorizer, shelf: Shelf) -> None:
    shelf.add(SECRETS, role("nodes", rule("get", "nodes")))
    bound = binding("b", "secrets", user("bob"), namespace="default")
    expected = f'rolebindings.{API_GROUP} "b" is forbidden: {MISSING}'
    assert says(authorizer, bound) == expected
    assert says(authorizer, {**bound, "subjects": []}, before=bound) == expected
    hold(shelf, rule("get list", "secrets"), namespace="default")
    demand_no_escalation(authorizer, ANN, bound)
    everywhere = binding("b", "nodes", user("bob"))
    assert f'clusterrolebindings.{API_GROUP} "b" is forbidden' in says(authorizer, everywhere)


def test_the_verb_bind_lets_one_give_a_role_one_does_not_hold(
    authorizer: Authorizer, shelf: Shelf
) -> None:
    shelf.add(SECRETS, role("nodes", rule("get", "nodes")), role("all", rule("*", "*")))
    more = rule("bind", "clusterroles", groups=[API_GROUP], resourceNames=["nodes"])
    hold(shelf, more, namespace="default")
    inside = binding("b", "nodes", user("bob"), namespace="default", kind="ClusterRole")
    demand_no_escalation(authorizer, ANN, inside)
    says(authorizer, binding("b", "nodes", user("bob")))
    says(authorizer, binding("b", "all", user("bob"), namespace="default", kind="ClusterRole"))
    says(authorizer, binding("b", "secrets", user("bob"), namespace="default"))


def test_a_binding_of_a_role_that_is_not_there_is_an_error_of_its_own(
    authorizer: Authorizer,
) -> None:
    with pytest.raises(NoSuchRole) as caught:
        demand_no_escalation(authorizer, ANN, binding("b", "none", user("bob")))
    assert str(caught.value) == f'clusterrole.{API_GROUP} "none" not found'


def test_the_garbage_collector_may_write_what_it_writes(authorizer: Authorizer) -> None:
    owned = {**SECRETS, "metadata": {**SECRETS["metadata"], "ownerReferences": [{"uid": "x"}]}}
    demand_no_escalation(authorizer, ANN, SECRETS, before=owned)


def test_a_label_is_a_grant(authorizer: Authorizer) -> None:
    """With the label aggregate-to-view, a role gives its rules to everybody who views."""
    before = role("powerful", rule("*", "secrets"))
    labels = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    after = {**before, "metadata": {**before["metadata"], "labels": labels}}
    says(authorizer, after, before)


def test_what_is_wrong_with_the_writers_own_roles_is_said(
    authorizer: Authorizer, shelf: Shelf
) -> None:
    shelf.add(binding("broken", "none", user("ann")))
    assert says(authorizer, SECRETS).endswith(
        f'; resolution errors: [clusterrole.{API_GROUP} "none" not found]'
    )
