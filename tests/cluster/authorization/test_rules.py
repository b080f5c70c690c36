"""One rule: what it allows and what it covers."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit.cluster.embedded.apiserver.authorization.attributes import Attributes
from labkit.cluster.embedded.apiserver.authorization.rules import Rule, read_rules, uncovered

from .conftest import ANN, rule


def read(found: dict[str, Any]) -> Rule:
    return read_rules({"rules": [found]})[0]


def asks(
    verb: str, resource: str, group: str = "", name: str = "", namespace: str = "default"
) -> Attributes:
    resource, _, subresource = resource.partition("/")
    return Attributes(ANN, verb, group, "v1", resource, subresource, namespace, name)


@pytest.mark.parametrize(
    ("allows", "asked", "is_allowed"),
    [
        (rule("get", "pods"), asks("get", "pods"), True),
        (rule("get", "pods"), asks("list", "pods"), False),
        (rule("get", "pods"), asks("get", "pods", "apps"), False),
        (rule("get", "pods"), asks("get", "pods/log"), False),
        (rule("get", "pods/log"), asks("get", "pods/log"), True),
        (rule("get", "pods/log"), asks("get", "pods"), False),
        (rule("*", "*"), asks("delete", "pods/log"), True),
        (rule("*", "*"), asks("delete", "deployments", "apps"), False),
        (rule("get", "*", groups=["*"]), asks("get", "deployments", "apps"), True),
        (rule("get", "*/scale", groups=["*"]), asks("get", "deployments/scale", "apps"), True),
        (rule("get", "*/scale", groups=["*"]), asks("get", "deployments", "apps"), False),
        (rule("get", "*/scale", groups=["*"]), asks("get", "deployments/status", "apps"), False),
        (rule("get", "*/*", groups=["*"]), asks("get", "pods/log"), False),
        (rule("get", "pods", resourceNames=["web"]), asks("get", "pods", name="web"), True),
        (rule("get", "pods", resourceNames=["web"]), asks("get", "pods", name="db"), False),
        (rule("list", "pods", resourceNames=["web"]), asks("list", "pods"), False),
        (rule("get", "pods", resourceNames=[]), asks("get", "pods", name="db"), True),
        (rule("get", nonResourceURLs=["*"]), asks("get", "pods"), False),
        ({"verbs": ["get"]}, asks("get", "pods"), False),
    ],
)
def test_a_rule_allows_what_kubernetes_rules_allow(
    allows: dict[str, Any], asked: Attributes, is_allowed: bool
) -> None:
    assert read(allows).allows(asked) is is_allowed


@pytest.mark.parametrize(
    ("url", "path", "is_allowed"),
    [
        ("/healthz", "/healthz", True),
        ("/healthz", "/healthz/ping", False),
        ("/healthz/*", "/healthz/ping", True),
        ("/healthz/*", "/healthz", False),
        ("/api*", "/apis/apps", True),
        ("*", "/anything", True),
        ("/*/x", "/a/x", False),
    ],
)
def test_a_path_may_end_in_a_star(url: str, path: str, is_allowed: bool) -> None:
    found = read(rule("get", nonResourceURLs=[url]))
    asked = Attributes(ANN, "get", path=path, is_resource=False)
    assert found.allows(asked) is is_allowed
    assert not read(rule("*", "*", groups=["*"])).allows(asked)


@pytest.mark.parametrize(
    ("held", "wanted", "missing"),
    [
        ([rule("get list", "pods")], rule("get", "pods"), []),
        ([rule("get", "pods"), rule("list", "pods")], rule("get list", "pods"), []),
        (
            [rule("get", "pods")],
            rule("delete get list", "pods"),
            ['{APIGroups:[""], Resources:["pods"], Verbs:["delete" "list"]}'],
        ),
        ([rule("*", "*")], rule("*", "*/scale pods/log"), []),
        ([rule("get", "*/scale")], rule("get", "deployments/scale"), []),
        (
            [rule("get", "pods")],
            rule("*", "pods"),
            ['{APIGroups:[""], Resources:["pods"], Verbs:["*"]}'],
        ),
        ([rule("get", "pods")], rule("get", "pods", resourceNames=["web"]), []),
        ([rule("get", "pods", resourceNames=["web", "db"])],
         rule("get", "pods", resourceNames=["web"]), []),
        (
            [rule("get", "pods", resourceNames=["web"])],
            rule("get", "pods"),
            ['{APIGroups:[""], Resources:["pods"], Verbs:["get"]}'],
        ),
        (
            [],
            rule("get", "pods", resourceNames=["a", "b"]),
            [
                '{APIGroups:[""], Resources:["pods"], ResourceNames:["a"], Verbs:["get"]}',
                '{APIGroups:[""], Resources:["pods"], ResourceNames:["b"], Verbs:["get"]}',
            ],
        ),
        ([rule("get", nonResourceURLs=["/api/*"])], rule("get", nonResourceURLs=["/api/v1"]), []),
        ([rule("get", nonResourceURLs=["*"])], rule("get", nonResourceURLs=["/api/*"]), []),
        (
            [rule("get", nonResourceURLs=["/api/v1"])],
            rule("get", nonResourceURLs=["/api/*"]),
            ['{NonResourceURLs:["/api/*"], Verbs:["get"]}'],
        ),
    ],
)  # fmt: skip
def test_what_is_not_held_is_named(
    held: list[dict[str, Any]], wanted: dict[str, Any], missing: list[str]
) -> None:
    found = uncovered(read_rules({"rules": held}), [read(wanted)])
    assert sorted(map(str, found)) == missing


words = st.sampled_from(["get", "list", "*"])
resources = st.sampled_from(["pods", "pods/log", "nodes", "*", "*/log"])
groups = st.sampled_from(["", "apps", "*"])
names = st.sampled_from(["web", "db"])
rules = st.builds(
    Rule,
    st.lists(words, max_size=2).map(tuple),
    st.lists(groups, max_size=2).map(tuple),
    st.lists(resources, max_size=2).map(tuple),
    st.lists(names, max_size=2).map(tuple),
)
asked = st.builds(
    asks,
    st.sampled_from(["get", "list", "watch"]),
    st.sampled_from(["pods", "pods/log", "nodes", "nodes/log", "events"]),
    st.sampled_from(["", "apps", "batch"]),
    st.sampled_from(["", "web", "db", "other"]),
)


@given(st.lists(rules, max_size=3), st.lists(rules, max_size=3), asked)
def test_whoever_may_grant_rules_could_do_all_that_they_allow(
    held: list[Rule], wanted: list[Rule], asked: Attributes
) -> None:
    """The promise of escalation prevention, tried on everything that might be asked."""
    if not uncovered(held, wanted) and any(one.allows(asked) for one in wanted):
        assert any(one.allows(asked) for one in held)
