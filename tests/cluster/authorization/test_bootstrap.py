"""The roles of a new cluster: who may do what before anybody has written a role."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.authentication.users import User, anonymous
from labkit.cluster.embedded.apiserver.authorization.aggregation import (
    aggregate,
    aggregated_rules,
    is_aggregated,
    selects,
)
from labkit.cluster.embedded.apiserver.authorization.attributes import Attributes
from labkit.cluster.embedded.apiserver.authorization.authorizer import Authorizer
from labkit.cluster.embedded.apiserver.authorization.bootstrap import bootstrap_objects

from .conftest import KINDS, Shelf, binding, role, rule, user


def somebody(name: str, *groups: str) -> User:
    return User(name, groups=(*groups, "system:authenticated"))


def component(name: str) -> User:
    account = f"system:serviceaccount:kube-system:{name}"
    return somebody(account, "system:serviceaccounts", "system:serviceaccounts:kube-system")


@pytest.fixture
def begun(shelf: Shelf, authorizer: Authorizer) -> Authorizer:
    """A new cluster, in which ann administers, ed edits, and vic views the namespace default."""
    people = [("ann", "admin"), ("ed", "edit"), ("vic", "view")]
    shelf.add(*bootstrap_objects())
    shelf.add(
        *(
            binding(name, to, user(name), namespace="default", kind="ClusterRole")
            for name, to in people
        )
    )
    return authorizer


def may(authorizer: Authorizer, who: User, what: str, namespace: str = "default") -> bool:
    """Whether somebody may do what is said as "verb group/resource"."""
    verb, _, rest = what.partition(" ")
    group, _, resource = rest.rpartition("|")
    resource, _, subresource = resource.partition("/")
    asked = Attributes(who, verb, group, "v1", resource, subresource, namespace)
    return authorizer.authorize(asked).is_allowed


ANN, ED, VIC, DAVE = map(somebody, ("ann", "ed", "vic", "dave"))


@pytest.mark.parametrize(
    ("what", "who"),
    [
        ("get pods", {ANN, ED, VIC}),
        ("get pods/log", {ANN, ED, VIC}),
        ("create pods", {ANN, ED}),
        ("create pods/exec", {ANN, ED}),
        ("create pods/eviction", {ANN, ED}),
        ("get secrets", {ANN, ED}),
        ("list secrets", {ANN, ED}),
        ("impersonate serviceaccounts", {ANN, ED}),
        ("create serviceaccounts/token", {ANN, ED}),
        ("list apps|deployments", {ANN, ED, VIC}),
        ("patch apps|deployments", {ANN, ED}),
        ("patch apps|deployments/scale", {ANN, ED}),
        ("patch apps|deployments/status", set()),
        ("update coordination.k8s.io|leases", {ANN, ED}),
        ("get coordination.k8s.io|leases", {ANN, ED}),
        ("get namespaces", {ANN, ED, VIC}),
        ("delete namespaces", set()),
        ("list discovery.k8s.io|endpointslices", {ANN, ED, VIC}),
        ("update resourcequotas", set()),
        ("get resourcequotas", {ANN, ED, VIC}),
        ("create rbac.authorization.k8s.io|rolebindings", {ANN}),
        ("get rbac.authorization.k8s.io|roles", {ANN}),
        ("create authorization.k8s.io|localsubjectaccessreviews", {ANN}),
        ("create authorization.k8s.io|selfsubjectaccessreviews", {ANN, ED, VIC, DAVE}),
        ("create authentication.k8s.io|selfsubjectreviews", {ANN, ED, VIC, DAVE}),
        ("get nodes", set()),
    ],
)
def test_admin_edit_and_view_may_what_they_may(
    begun: Authorizer, what: str, who: set[User]
) -> None:
    assert {person for person in (ANN, ED, VIC, DAVE) if may(begun, person, what)} == who
    if "self" not in what:
        assert not any(may(begun, person, what, "other") for person in (ANN, ED, VIC))


@pytest.mark.parametrize(
    ("path", "known", "unknown"),
    [
        ("/healthz", True, True),
        ("/version", True, True),
        ("/api", True, False),
        ("/apis/apps/v1", True, False),
        ("/openapi/v3", True, False),
        ("/metrics", False, False),
        ("/healthz/ping", False, False),
        ("/openid/v1/jwks", False, False),
        ("/", False, False),
    ],
)
def test_what_everybody_may_look_at(
    begun: Authorizer, path: str, known: bool, unknown: bool
) -> None:
    def visit(who: User) -> bool:
        return begun.authorize(Attributes(who, "get", path=path, is_resource=False)).is_allowed

    assert visit(DAVE) is known
    assert visit(anonymous()) is unknown
    assert visit(somebody("prometheus", "system:monitoring")) or path in ("/openid/v1/jwks", "/")
    assert visit(component("any")) or path not in ("/openid/v1/jwks",)


@pytest.mark.parametrize(
    ("who", "allowed", "refused"),
    [
        (
            somebody("system:kube-scheduler"),
            ["create pods/binding", "list nodes", "patch pods/status", "create events"],
            ["create pods", "get secrets", "update nodes"],
        ),
        (
            somebody("system:kube-controller-manager"),
            ["list apps|deployments", "watch example.com|anything", "create serviceaccounts/token"],
            ["update apps|deployments", "delete pods"],
        ),
        (
            somebody("system:node:node-1", "system:nodes"),
            ["list pods", "update nodes/status", "get secrets", "create serviceaccounts/token"],
            ["create pods/binding", "delete nodes", "create apps|deployments"],
        ),
        (somebody("system:kube-proxy"), ["watch services", "list nodes"], ["get secrets"]),
        (
            component("deployment-controller"),
            ["update apps|deployments/status", "create apps|replicasets"],
            ["create pods", "delete apps|deployments"],
        ),
        (component("replicaset-controller"), ["create pods", "delete pods"], ["create secrets"]),
        (component("generic-garbage-collector"), ["delete example.com|x"], ["create pods"]),
        (component("horizontal-pod-autoscaler"), ["update apps|deployments/scale"], ["get pods"]),
        (
            component("clusterrole-aggregation-controller"),
            ["escalate rbac.authorization.k8s.io|clusterroles"],
            ["escalate rbac.authorization.k8s.io|roles"],
        ),
        (component("kube-dns"), ["watch services"], ["get services"]),
        (component("default"), [], ["get pods"]),
    ],
)
def test_each_component_may_do_its_work_and_no_more(
    begun: Authorizer, who: User, allowed: list[str], refused: list[str]
) -> None:
    assert [what for what in allowed if not may(begun, who, what)] == []
    assert [what for what in refused if may(begun, who, what)] == []


def test_the_objects_are_whole_and_each_is_there_once() -> None:
    objects = bootstrap_objects()
    keys = [
        (item["kind"], item["metadata"].get("namespace", ""), item["metadata"]["name"])
        for item in objects
    ]
    assert len(set(keys)) == len(keys)
    assert {kind for kind, _, _ in keys} == set(KINDS.values())
    for item in objects:
        assert item["apiVersion"] == "rbac.authorization.k8s.io/v1"
        assert item["metadata"]["labels"]["kubernetes.io/bootstrapping"] == "rbac-defaults"
        if item["kind"].endswith("Binding"):
            namespace = item["metadata"].get("namespace", "")
            assert (item["roleRef"]["kind"], namespace, item["roleRef"]["name"]) in keys
        else:
            assert item["rules"]


def test_nobody_shares_the_objects(begun: Authorizer) -> None:
    first, second = bootstrap_objects(), bootstrap_objects()
    for item in first:
        item["metadata"]["labels"].clear()
        for found in item.get("rules", ()):
            found["verbs"].clear()
    assert second == bootstrap_objects()


def test_a_role_with_the_label_becomes_part_of_another() -> None:
    label = {"rbac.authorization.k8s.io/aggregate-to-view": "true"}
    mine = role("crontabs-view", rule("get", "crontabs", groups=["stable.example.com"]))
    mine["metadata"]["labels"] = label
    roles = [item for item in bootstrap_objects() if item["kind"] == "ClusterRole"]
    before = {item["metadata"]["name"]: item["rules"] for item in roles}
    after = {item["metadata"]["name"]: item["rules"] for item in aggregate([*roles, mine])}
    changed = {name for name, rules in after.items() if before.get(name) != rules}
    assert changed == {"view", "edit", "admin", "crontabs-view"}
    for name in ("view", "edit", "admin"):
        assert [found for found in after[name] if found not in before[name]] == mine["rules"]


def test_rules_are_gathered_by_name_and_each_once() -> None:
    labels = {"labels": {"part": "yes"}}
    roles: list[dict[str, Any]] = [
        role(name, rule("get", name), rule("get", "pods")) for name in ("zebra", "ape", "other")
    ]
    for item in roles[:2]:
        item["metadata"] |= labels
    selectors = [{"matchLabels": {"part": "yes"}}, {"matchExpressions": [
        {"key": "part", "operator": "Exists"}]}]  # fmt: skip
    made = role("made", rule("get", "stale"), aggregationRule={"clusterRoleSelectors": selectors})
    made["metadata"] |= labels
    assert is_aggregated(made)
    assert not is_aggregated(roles[0])
    assert aggregated_rules(made, [*roles, made]) == [
        rule("get", "ape"),
        rule("get", "pods"),
        rule("get", "zebra"),
    ]


def test_roles_that_take_up_each_other_come_to_an_end() -> None:
    def made(name: str) -> dict[str, Any]:
        selector = {"matchExpressions": [{"key": "ring", "operator": "In", "values": ["yes"]}]}
        found = role(name, aggregationRule={"clusterRoleSelectors": [selector]})
        found["metadata"]["labels"] = {"ring": "yes"}
        return found

    assert len(aggregate([made("a"), made("b"), made("c")])) == 3


@pytest.mark.parametrize(
    ("operator", "values", "chosen"),
    [
        ("In", ["a"], [{"k": "a"}]),
        ("NotIn", ["a"], [{"k": "b"}, {}]),
        ("Exists", [], [{"k": "a"}, {"k": "b"}]),
        ("DoesNotExist", [], [{}]),
        ("Likes", ["a"], []),
    ],
)
def test_a_selector_chooses_as_selectors_do(
    operator: str, values: list[str], chosen: list[dict[str, str]]
) -> None:
    selector = {"matchExpressions": [{"key": "k", "operator": operator, "values": values}]}
    for labels, together in product(({"k": "a"}, {"k": "b"}, {}), (False, True)):
        both = {**selector, "matchLabels": {"x": "y"}} if together else selector
        assert selects(both, labels) is (labels in chosen and not together)
