"""Webhooks: who is asked what, what an answer does, and what is said when there is none."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from labkit.cluster.embedded.store import Key
from tests.cluster.admission.asking import MERGE, PODS, ask, container, pod, warnings
from tests.cluster.admission.hooks import Hooks, configure, deny, hooks, patch, rule
from tests.cluster.apiserver.plane import ADMIN, Plane, with_plane

MAPS = "/api/v1/namespaces/default/configmaps"


def with_hooks(folder: Path, test: Callable[[Plane, Hooks], Awaitable[None]]) -> None:
    """Runs a test in a control plane of its own, beside a webhook server."""

    async def run(plane: Plane) -> None:
        async with hooks(folder) as server:
            await test(plane, server)

    with_plane(folder, run)


def test_a_webhook_is_told_who_wants_what(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await configure(plane, "validating", server.webhook("look"))
        await plane.call("POST", PODS, pod("p"), query={"fieldManager": "me"})
        (asked,) = server.asked
        assert asked["kind"] == {"group": "", "version": "v1", "kind": "Pod"}
        assert asked["resource"] == {"group": "", "version": "v1", "resource": "pods"}
        assert (asked["requestKind"], asked["requestResource"]) == (
            asked["kind"],
            asked["resource"],
        )
        assert (asked["name"], asked["namespace"], asked["operation"]) == ("p", "default", "CREATE")
        assert asked["userInfo"] == ADMIN.as_json()
        assert asked["object"]["spec"]["serviceAccountName"] == "default"
        assert asked["oldObject"] is None
        assert asked["dryRun"] is False
        assert asked["options"] == {
            "kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "me",
        }  # fmt: skip

    with_hooks(tmp_path, run)


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (deny("not today"), 400, "denied the request: not today"),
        (deny("no", code=403, reason="Forbidden"), 403, "denied the request: no"),
        (deny(reason="Teapot", code=418), 418, "denied the request: Teapot"),
        (deny(), 400, "denied the request without explanation"),
    ],
)
@pytest.mark.parametrize("kind", ["validating", "mutating"])
def test_a_refusal_is_said_in_the_webhooks_words(
    tmp_path: Path, kind: str, reply: Any, code: int, words: str
) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await configure(plane, kind, server.webhook("no", lambda _: reply))
        error = await plane.refused("POST", PODS, pod("p"))
        assert error.message == f'admission webhook "no.example.org" {words}'
        assert error.code == code
        assert (await plane.refused("GET", f"{PODS}/p")).code == 404

    with_hooks(tmp_path, run)


def test_warnings_reach_the_client(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        webhook = server.webhook("warn", lambda _: {"warnings": ["old fashioned"]})
        await configure(plane, "validating", webhook)
        assert await warnings(plane, "POST", PODS, pod("p")) == ["old fashioned"]

    with_hooks(tmp_path, run)


def test_a_patch_changes_the_object_and_defaults_follow_it(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        sidecar = {"op": "add", "path": "/spec/containers/-", "value": container("sidecar")}
        webhook = server.webhook("inject", lambda _: patch(sidecar))
        await configure(plane, "mutating", webhook)
        made = await plane.call("POST", PODS, pod("p"))
        added = made["spec"]["containers"][1]
        assert (added["name"], added["imagePullPolicy"]) == ("sidecar", "IfNotPresent")
        # plug-ins are asked once more: the new container has the account's token, too
        assert added["volumeMounts"] == made["spec"]["containers"][0]["volumeMounts"]
        assert len(server.asked) == 1

    with_hooks(tmp_path, run)


def test_what_no_kind_knows_is_left_out_of_a_patched_object(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        odd = {"op": "add", "path": "/spec/odd", "value": 1}
        wrong = {"op": "add", "path": "/spec/hostNetwork", "value": "yes"}
        webhook = server.webhook("odd", lambda _: patch(odd))
        await configure(plane, "mutating", webhook)
        assert "odd" not in (await plane.call("POST", PODS, pod("p")))["spec"]
        server.replies["/odd"] = lambda _: patch(wrong)
        error = await plane.refused("POST", PODS, pod("q"))
        assert error.message.startswith("Internal error occurred: json: cannot unmarshal string")

    with_hooks(tmp_path, run)


def label(name: str) -> Any:
    """A webhook that adds a label, and says what it has seen in its value."""

    def reply(asked: dict[str, Any]) -> dict[str, Any]:
        labels = asked["object"]["metadata"].get("labels") or {}
        seen = "".join(sorted(labels)) or "none"
        if name in labels:
            seen = f"{labels[name]}.again" if seen != "a" else labels[name]
        return patch({"op": "add", "path": "/metadata/labels", "value": {**labels, name: seen}})

    return reply


def test_webhooks_see_what_those_before_them_did_and_are_asked_again_if_they_want(
    tmp_path: Path,
) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        again = server.webhook("first", label("a"), reinvocationPolicy="IfNeeded")
        await configure(plane, "mutating", again, name="a")
        await configure(plane, "mutating", server.webhook("second", label("b")), name="b")
        made = await plane.call("POST", PODS, pod("p"))
        assert made["metadata"]["labels"] == {"a": "none.again", "b": "a"}
        assert len(server.asked) == 3

    with_hooks(tmp_path, run)


def test_who_is_asked_again_only_when_something_has_changed_since(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        once = {"op": "add", "path": "/metadata/labels", "value": {"a": "b"}}
        webhook = server.webhook("last", lambda _: patch(once), reinvocationPolicy="IfNeeded")
        await configure(plane, "mutating", webhook)
        await plane.call("POST", PODS, pod("p"))
        assert len(server.asked) == 1

    with_hooks(tmp_path, run)


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


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


CALLING = 'Internal error occurred: failed calling webhook "x.example.org": '


def test_a_webhook_that_is_not_there_fails_or_is_ignored(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        port = free_port()
        url = f"https://127.0.0.1:{port}/look"
        webhook = server.webhook("x", clientConfig={"url": url, "caBundle": server.bundle})
        await configure(plane, "validating", webhook)
        error = await plane.refused("POST", PODS, pod("p"))
        assert (error.code, error.reason) == (500, "InternalError")
        assert error.message == (
            f'{CALLING}failed to call webhook: Post "{url}?timeout=10s": '
            f"dial tcp 127.0.0.1:{port}: connect: connection refused"
        )
        path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hooks"
        ignoring = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]
        kind = "application/json-patch+json"
        await plane.call("PATCH", path, ignoring, content_type=kind)
        await plane.call("POST", PODS, pod("p"))

    with_hooks(tmp_path, run)


async def late(_: dict[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(30)
    return {}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (late, 'failed to call webhook: Post "URL?timeout=1s": context deadline exceeded'),
        (
            lambda _: web.Response(status=500, text="oh no"),
            'failed to call webhook: an error on the server ("oh no") has prevented the request '
            "from succeeding",
        ),
        (
            lambda _: web.Response(status=404),
            "failed to call webhook: the server could not find the requested resource",
        ),
        (
            lambda _: {"uid": "another"},
            'received invalid webhook response: expected response.uid="UID", got "another"',
        ),
        (
            lambda _: web.json_response({}),
            "received invalid webhook response: webhook response was absent",
        ),
        (
            lambda _: {"patch": "W10="},
            "received invalid webhook response: webhook returned response.patch but not "
            "response.patchType",
        ),
    ],
)
def test_an_answer_that_cannot_be_used_is_said_so(tmp_path: Path, reply: Any, words: str) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await configure(plane, "mutating", server.webhook("x", reply, timeoutSeconds=1))
        error = await plane.refused("POST", PODS, pod("p"))
        uid = server.asked[0]["uid"]
        said = words.replace("URL", f"{server.url}/x").replace("UID", uid)
        assert error.message == CALLING + said

    with_hooks(tmp_path, run)


def test_a_server_that_nobody_vouches_for_is_not_asked(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        stranger = server.webhook("x", clientConfig={"url": f"{server.url}/x"})
        await configure(plane, "validating", stranger)
        error = await plane.refused("POST", PODS, pod("p"))
        assert "tls: failed to verify certificate: x509: " in error.message
        assert not server.asked

    with_hooks(tmp_path, run)


def test_a_service_cannot_be_reached(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        service = {"name": "hook", "namespace": "default", "path": "/check"}
        client = {"service": service, "caBundle": server.bundle}
        await configure(plane, "validating", server.webhook("x", clientConfig=client))
        error = await plane.refused("POST", PODS, pod("p"))
        url = "https://hook.default.svc:443/check?timeout=10s"
        assert error.message == (
            f'{CALLING}failed to call webhook: Post "{url}": service "hook" not found'
        )

    with_hooks(tmp_path, run)


def test_a_dry_run_asks_only_webhooks_without_side_effects(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await configure(plane, "validating", server.webhook("x"))
        await plane.call("POST", PODS, pod("p"), query={"dryRun": "All"})
        assert server.asked[0]["dryRun"] is True
        assert server.asked[0]["options"]["dryRun"] == ["All"]

    with_hooks(tmp_path, run)


@pytest.mark.parametrize("policy", ["Fail", "Ignore"])
def test_conditions_in_cel_are_conditions_that_cannot_be_evaluated(
    tmp_path: Path, policy: str
) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        conditions = [{"name": "always", "expression": "true"}]
        webhook = server.webhook("x", failurePolicy=policy, matchConditions=conditions)
        await configure(plane, "validating", webhook)
        why = 'match conditions of webhook "x.example.org" are CEL, which this cluster cannot'
        answer = await ask(plane, "POST", PODS, pod("p"))
        if policy == "Ignore":
            assert answer.code == 201
            assert answer.warnings == [f"{why} evaluate: it was not called"]
        else:
            assert answer.code == 403
            assert why.replace('"', '\\"').encode() in answer.body
        assert not server.asked

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


def test_what_others_do_while_a_webhook_thinks_is_seen(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await plane.call("POST", MAPS, {"metadata": {"name": "c"}})
        meanwhile = {"data": {"other": "1"}}

        async def slow(_: dict[str, Any]) -> dict[str, Any]:
            if len(server.asked) == 1:
                await plane.call("PATCH", f"{MAPS}/c", meanwhile, content_type=MERGE)
            return {}

        webhook = server.webhook("slow", slow, rules=[rule("configmaps", "UPDATE")])
        await configure(plane, "validating", webhook)
        mine = {"data": {"mine": "1"}}
        made = await plane.call("PATCH", f"{MAPS}/c", mine, content_type=MERGE)
        assert made["data"] == {"other": "1", "mine": "1"}

    with_hooks(tmp_path, run)


def test_nothing_is_made_in_a_namespace_that_went_while_a_webhook_thought(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "short"}})

        async def slow(_: dict[str, Any]) -> dict[str, Any]:
            await plane.call("DELETE", "/api/v1/namespaces/short")
            await plane.until(lambda: plane.store.get(Key("namespaces", "", "short")) is None)
            return {}

        await configure(
            plane, "validating", server.webhook("slow", slow, rules=[rule("configmaps")])
        )
        error = await plane.refused(
            "POST", "/api/v1/namespaces/short/configmaps", {"metadata": {"name": "c"}}
        )
        assert (error.code, error.message) == (404, 'namespaces "short" not found')
        assert not plane.store.list("configmaps", "short")

    with_hooks(tmp_path, run)


def test_two_services_never_get_one_address_however_long_a_webhook_thinks(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        path = "/api/v1/namespaces/default/services"
        spec = {"ports": [{"port": 80}], "clusterIP": "10.96.7.7"}

        async def slow(_: dict[str, Any]) -> dict[str, Any]:
            if len(server.asked) == 1:
                await plane.call("POST", path, {"metadata": {"name": "quick"}, "spec": spec})
            return {}

        await configure(plane, "validating", server.webhook("slow", slow, rules=[rule("services")]))
        error = await plane.refused("POST", path, {"metadata": {"name": "late"}, "spec": spec})
        assert "provided IP is already allocated" in error.message

    with_hooks(tmp_path, run)


def test_warnings_of_a_deletion_reach_the_client(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await plane.call("POST", MAPS, {"metadata": {"name": "c"}})
        said = {"warnings": ["gone for good"]}
        webhook = server.webhook("warn", lambda _: said, rules=[rule("configmaps", "DELETE")])
        await configure(plane, "validating", webhook)
        assert await warnings(plane, "DELETE", f"{MAPS}/c", None) == ["gone for good"]

    with_hooks(tmp_path, run)
