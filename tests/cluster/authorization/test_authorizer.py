"""Yes or no, by which role, and in which words it is refused."""

from __future__ import annotations

import pytest

from labkit.cluster.embedded.apiserver.authentication.impersonation import impersonate
from labkit.cluster.embedded.apiserver.authentication.users import User, anonymous
from labkit.cluster.embedded.apiserver.authorization import policy
from labkit.cluster.embedded.apiserver.authorization.attributes import Attributes, Forbidden
from labkit.cluster.embedded.apiserver.authorization.authorizer import Authorizer

from .conftest import ANN, BOB, BUILDER, MASTER, Shelf, account, binding, group, role, rule, user


def may(authorizer: Authorizer, who: User, verb: str, resource: str, namespace: str = "") -> bool:
    asked = Attributes(who, verb, "", "v1", resource, namespace=namespace)
    return authorizer.authorize(asked).is_allowed


def test_nothing_is_allowed_where_there_are_no_roles(authorizer: Authorizer) -> None:
    decision = authorizer.authorize(Attributes(ANN, "get", "", "v1", "pods"))
    assert (decision.is_allowed, decision.reason) == (False, "")


def test_masters_may_do_everything_without_a_role(authorizer: Authorizer, shelf: Shelf) -> None:
    assert may(authorizer, MASTER, "delete", "nodes")
    assert shelf.reads == 0


def test_a_role_holds_in_its_namespace_and_a_cluster_role_where_it_is_bound(
    authorizer: Authorizer, shelf: Shelf
) -> None:
    shelf.add(
        role("reader", rule("get", "pods"), namespace="default"),
        role("reader", rule("get", "secrets"), namespace="other"),
        role("lister", rule("list", "pods nodes")),
        binding("a", "reader", user("ann"), namespace="default"),
        binding("b", "lister", user("ann"), namespace="default", kind="ClusterRole"),
        binding("c", "lister", user("bob")),
    )
    assert may(authorizer, ANN, "get", "pods", "default")
    assert not may(authorizer, ANN, "get", "secrets", "default")
    assert not may(authorizer, ANN, "get", "pods", "other")
    assert may(authorizer, ANN, "list", "pods", "default")
    assert not may(authorizer, ANN, "list", "pods", "other")
    assert not may(authorizer, ANN, "list", "nodes")
    assert may(authorizer, BOB, "list", "nodes")
    assert may(authorizer, BOB, "list", "pods", "other")


def test_a_binding_is_for_users_groups_and_service_accounts(
    authorizer: Authorizer, shelf: Shelf
) -> None:
    shelf.add(
        role("reader", rule("get", "pods")),
        binding("a", "reader", group("dev")),
        binding("b", "reader", account("builder", "default")),
        binding("c", "reader", account("local"), namespace="here", kind="ClusterRole"),
        binding("d", "reader", account("nowhere")),
        binding("e", "reader", {"kind": "Robot", "name": "bob"}),
    )
    assert may(authorizer, ANN, "get", "pods")
    assert not may(authorizer, BOB, "get", "pods")
    assert may(authorizer, BUILDER, "get", "pods")
    assert may(authorizer, User("system:serviceaccount:here:local"), "get", "pods", "here")
    assert not may(authorizer, User("system:serviceaccount::nowhere"), "get", "pods")
    assert not may(authorizer, User("dev"), "get", "pods")


@pytest.mark.parametrize(
    ("objects", "reason"),
    [
        (
            [binding("b", "r", user("bob"), group("dev"), user("ann"))],
            'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "r" to Group "dev"',
        ),
        (
            [
                binding("y", "r", user("ann"), namespace="default", kind="ClusterRole"),
                binding("z", "r", user("ann")),
            ],
            'RBAC: allowed by ClusterRoleBinding "z" of ClusterRole "r" to User "ann"',
        ),
        (
            [binding("y", "own", user("ann"), namespace="default")],
            'RBAC: allowed by RoleBinding "y/default" of Role "own" to User "ann"',
        ),
    ],
)
def test_the_reason_is_the_first_binding_that_allows_it(
    authorizer: Authorizer, shelf: Shelf, objects: list[dict[str, object]], reason: str
) -> None:
    shelf.add(role("r", rule("get", "pods")), *objects)
    shelf.add(role("own", rule("get", "pods"), namespace="default"))
    asked = Attributes(ANN, "get", "", "v1", "pods", namespace="default")
    assert authorizer.authorize(asked).reason == reason


def test_the_reason_names_a_service_account_by_its_namespace(
    authorizer: Authorizer, shelf: Shelf
) -> None:
    shelf.add(role("r", rule("get", "pods")))
    shelf.add(binding("b", "r", account("builder"), namespace="default", kind="ClusterRole"))
    asked = Attributes(BUILDER, "get", "", "v1", "pods", namespace="default")
    assert authorizer.authorize(asked).reason == (
        'RBAC: allowed by RoleBinding "b/default" of ClusterRole "r" to ServiceAccount'
        ' "builder/default"'
    )


def test_a_binding_that_leads_nowhere_is_said_with_the_refusal(
    authorizer: Authorizer, shelf: Shelf
) -> None:
    shelf.add(binding("a", "none", user("ann")))
    asked = Attributes(ANN, "get", "", "v1", "pods", namespace="default")
    missing = 'clusterrole.rbac.authorization.k8s.io "none" not found'
    assert authorizer.authorize(asked).reason == f"RBAC: {missing}"
    shelf.add(binding("b", "gone", user("ann"), namespace="default"))
    other = 'role.rbac.authorization.k8s.io "gone" not found'
    assert authorizer.authorize(asked).reason == f"RBAC: [{missing}, {other}]"
    shelf.add(role("none", rule("get", "pods")))
    assert authorizer.authorize(asked).is_allowed


def test_a_change_counts_at_once_and_only_a_change_is_read(
    authorizer: Authorizer, shelf: Shelf
) -> None:
    shelf.add(role("r", rule("get", "pods")), binding("b", "r", user("ann")))
    assert may(authorizer, ANN, "get", "pods")
    reads = shelf.reads
    assert may(authorizer, ANN, "get", "pods")
    assert not may(authorizer, BOB, "get", "pods")
    assert shelf.reads == reads
    shelf.objects.pop()
    shelf.generation += 1
    assert not may(authorizer, ANN, "get", "pods")
    assert shelf.reads == 2 * reads


def test_strangers_cost_no_memory(authorizer: Authorizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "REMEMBERED", 5)
    for number in range(20):
        assert not may(authorizer, User(f"user-{number}"), "get", "pods")
        assert len(authorizer.policy._grants) <= 5


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        (
            Attributes(ANN, "list", "", "v1", "pods", namespace="default"),
            'pods is forbidden: User "ann" cannot list resource "pods" in API group "" in the'
            ' namespace "default"',
        ),
        (
            Attributes(ANN, "get", "apps", "v1", "deployments", "scale", "default", "web"),
            'deployments.apps "web" is forbidden: User "ann" cannot get resource'
            ' "deployments/scale" in API group "apps" in the namespace "default"',
        ),
        (
            Attributes(anonymous(), "list", "", "v1", "nodes"),
            'nodes is forbidden: User "system:anonymous" cannot list resource "nodes" in API group'
            ' "" at the cluster scope',
        ),
        (
            Attributes(ANN, "get", path="/metrics", is_resource=False),
            'forbidden: User "ann" cannot get path "/metrics"',
        ),
        (
            Attributes(User("<b>&"), "get", path="/", is_resource=False),
            'forbidden: User "&lt;b&gt;&amp;" cannot get path "/"',
        ),
    ],
)
def test_a_refusal_says_what_kubernetes_says(
    authorizer: Authorizer, asked: Attributes, says: str
) -> None:
    with pytest.raises(Forbidden) as caught:
        authorizer.demand(asked)
    assert str(caught.value) == says
    found = caught.value
    assert (found.group, found.resource, found.name) == (asked.group, asked.resource, asked.name)


def test_a_refusal_says_what_is_wrong_with_the_roles(authorizer: Authorizer, shelf: Shelf) -> None:
    shelf.add(binding("a", "none", user("ann")))
    with pytest.raises(Forbidden, match=r'scope: RBAC: clusterrole.* "none" not found$'):
        authorizer.demand(Attributes(ANN, "list", "", "v1", "nodes"))


def test_acting_as_another_takes_the_right_to(authorizer: Authorizer, shelf: Shelf) -> None:
    shelf.add(
        role("act", rule("impersonate", "users", resourceNames=["bob"])),
        binding("a", "act", user("ann")),
    )
    demand = authorizer.demand_impersonation(ANN)
    assert impersonate(ANN, [("Impersonate-User", "bob")], demand).name == "bob"
    with pytest.raises(Forbidden) as caught:
        impersonate(ANN, [("Impersonate-User", "carl")], demand)
    assert str(caught.value) == (
        'users "carl" is forbidden: User "ann" cannot impersonate resource "users" in API group ""'
        " at the cluster scope"
    )
    shelf.add(
        role("more", rule("impersonate", "userextras/scope", groups=["authentication.k8s.io"]))
    )
    shelf.add(binding("b", "more", user("ann")))
    headers = [("Impersonate-User", "bob"), ("Impersonate-Extra-Scope", "x")]
    assert impersonate(ANN, headers, demand).extra == {"scope": ("x",)}
