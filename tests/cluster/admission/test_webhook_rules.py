"""Webhooks: who is asked about what, and in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.admission.asking import MERGE, PODS, pod
from tests.cluster.admission.hooks import Hooks, configure, deny, patch, rule, with_hooks
from tests.cluster.apiserver.plane import Plane

MAPS = "/api/v1/namespaces/default/configmaps"


@pytest.mark.parametrize(
    ("said", "is_asked"),
    [
        (rule("pods"), True),
        (rule("*"), True),
        (rule("*/*"), True),
        (rule("pods/*"), True),
        (rule("pods/status"), False),
        (rule("services,pods"), True),
        (rule("pods", "*"), True),
        (rule("pods", "UPDATE,DELETE"), False),
        (rule("pods", group="apps"), False),
        (rule("pods", group="*"), True),
        (rule(scope="Namespaced"), True),
        (rule(scope="Cluster"), False),
        (rule() | {"apiVersions": ["v2"]}, False),
    ],
)
def test_a_rule_says_what_is_asked_about(tmp_path: Path, said: Any, is_asked: bool) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await configure(plane, "validating", server.webhook("look", rules=[said]))
        await plane.call("POST", PODS, pod("p"))
        assert bool(server.asked) == is_asked

    with_hooks(tmp_path, run)


def test_parts_changes_and_deletions_are_asked_about(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await plane.call("POST", PODS, pod("p"))
        rules = [rule("pods/status", "UPDATE"), rule("pods", "DELETE")]
        await configure(plane, "validating", server.webhook("look", rules=rules))
        body = {"status": {"phase": "Running"}}
        await plane.call("PATCH", f"{PODS}/p/status", body, content_type=MERGE)
        await plane.call("DELETE", f"{PODS}/p")
        part, end = server.asked
        assert (part["subResource"], part["oldObject"]["status"]["phase"]) == ("status", "Pending")
        assert (end["operation"], end["object"]) == ("DELETE", None)
        assert end["oldObject"]["status"]["phase"] == "Running"

    with_hooks(tmp_path, run)


def test_a_scale_is_shown_and_changed_as_a_scale(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        path = "/apis/apps/v1/namespaces/default/deployments"
        template = {"metadata": {"labels": {"a": "b"}}, "spec": pod("")["spec"]}
        spec = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
        await plane.call("POST", path, {"metadata": {"name": "d"}, "spec": spec})
        fewer = {"op": "replace", "path": "/spec/replicas", "value": 3}
        rules = [rule("deployments/scale", "UPDATE", "apps")]
        webhook = server.webhook("few", lambda _: patch(fewer), rules=rules)
        await configure(plane, "mutating", webhook)
        body = {"spec": {"replicas": 9}}
        made = await plane.call("PATCH", f"{path}/d/scale", body, content_type=MERGE)
        assert made["spec"] == {"replicas": 3}
        assert server.asked[0]["kind"] == {"group": "autoscaling", "version": "v1", "kind": "Scale"}
        assert server.asked[0]["object"]["spec"] == {"replicas": 9}

    with_hooks(tmp_path, run)


def test_selectors_narrow_by_labels_of_the_namespace_and_of_the_object(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        by_space = {"matchLabels": {"kubernetes.io/metadata.name": "elsewhere"}}
        by_label = {"matchLabels": {"watch": "me"}}
        await configure(
            plane,
            "validating",
            server.webhook("space", lambda _: deny("space"), namespaceSelector=by_space),
            server.webhook("label", lambda _: deny("label"), objectSelector=by_label),
        )
        await plane.call("POST", PODS, pod("p"))
        assert not server.asked
        value = pod("q")
        value["metadata"]["labels"] = {"watch": "me"}
        assert (await plane.refused("POST", PODS, value)).message.endswith(": label")

    with_hooks(tmp_path, run)


@pytest.mark.parametrize(("policy", "is_asked"), [("Equivalent", True), ("Exact", False)])
def test_the_same_object_in_another_version_is_meant_or_not(
    tmp_path: Path, policy: str, is_asked: bool
) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        told = rule("horizontalpodautoscalers", group="autoscaling") | {"apiVersions": ["v2"]}
        webhook = server.webhook("look", rules=[told], matchPolicy=policy)
        await configure(plane, "validating", webhook)
        path = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers"
        target = {"kind": "Deployment", "name": "d", "apiVersion": "apps/v1"}
        spec = {"maxReplicas": 3, "scaleTargetRef": target, "targetCPUUtilizationPercentage": 50}
        await plane.call("POST", path, {"metadata": {"name": "h"}, "spec": spec})
        assert bool(server.asked) == is_asked
        if is_asked:
            (asked,) = server.asked
            assert (asked["kind"]["version"], asked["requestKind"]["version"]) == ("v2", "v1")
            assert asked["object"]["apiVersion"] == "autoscaling/v2"
            assert "metrics" in asked["object"]["spec"]

    with_hooks(tmp_path, run)


@pytest.mark.parametrize(
    ("expressions", "policy", "is_asked"),
    [
        (["object.metadata.name == 'p'", "request.operation == 'CREATE'"], "Fail", True),
        (["true", "oldObject != null"], "Fail", False),
        (["object.nope == 1", "false"], "Fail", False),
        (["object.nope == 1"], "Ignore", False),
        (["request.userInfo.username == 'admin' && has(object.spec.containers)"], "Fail", True),
        (["authorizer.group('apps').resource('deployments').check('get').allowed()"], "Fail", True),
    ],
)
def test_conditions_say_whether_a_webhook_is_asked(
    tmp_path: Path, expressions: list[str], policy: str, is_asked: bool
) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        conditions = [{"name": f"c{n}", "expression": one} for n, one in enumerate(expressions)]
        webhook = server.webhook("x", failurePolicy=policy, matchConditions=conditions)
        await configure(plane, "validating", webhook)
        await plane.call("POST", PODS, pod("p"))
        assert bool(server.asked) == is_asked

    with_hooks(tmp_path, run)


def test_a_condition_without_an_answer_is_refused(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        conditions = [{"name": "c", "expression": "object.nope == 1"}]
        await configure(plane, "validating", server.webhook("x", matchConditions=conditions))
        error = await plane.refused("POST", PODS, pod("p"))
        assert error.code == 403
        words = "expression 'object.nope == 1' resulted in error: no such key: nope"
        assert error.message == f'pods "p" is forbidden: {words}'
        assert not server.asked

    with_hooks(tmp_path, run)


def test_conditions_that_do_not_compile_are_refused(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        conditions = [{"name": "c", "expression": "objekt.x == 1"}]
        path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
        said = server.webhook("x", matchConditions=conditions)
        error = await plane.refused("POST", path, {"metadata": {"name": "h"}, "webhooks": [said]})
        assert error.message.endswith(
            'webhooks[0].matchConditions[0].expression: Invalid value: "objekt.x == 1": '
            "compilation failed: ERROR: <input>:1:1: undeclared reference to 'objekt' "
            "(in container '')\n | objekt.x == 1\n | ^"
        )

    with_hooks(tmp_path, run)


def test_no_webhook_is_asked_about_webhooks(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        everything = rule("*/*", "*", "*")
        webhook = server.webhook("no", lambda _: deny("never"), rules=[everything])
        await configure(plane, "validating", webhook)
        assert (await plane.refused("POST", MAPS, {"metadata": {"name": "c"}})).code == 400
        path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hooks"
        await plane.call("DELETE", path)
        await plane.call("POST", MAPS, {"metadata": {"name": "c"}})

    with_hooks(tmp_path, run)
