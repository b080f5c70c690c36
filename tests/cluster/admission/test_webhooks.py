"""Webhooks: what they are told, and what their answers do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.admission.asking import PODS, container, pod, warnings
from tests.cluster.admission.hooks import Hooks, configure, deny, patch, rule, with_hooks
from tests.cluster.apiserver.plane import ADMIN, Plane

MAPS = "/api/v1/namespaces/default/configmaps"


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


def test_a_dry_run_asks_only_webhooks_without_side_effects(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await configure(plane, "validating", server.webhook("x"))
        await plane.call("POST", PODS, pod("p"), query={"dryRun": "All"})
        assert server.asked[0]["dryRun"] is True
        assert server.asked[0]["options"]["dryRun"] == ["All"]

    with_hooks(tmp_path, run)


def test_warnings_of_a_deletion_reach_the_client(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await plane.call("POST", MAPS, {"metadata": {"name": "c"}})
        said = {"warnings": ["gone for good"]}
        webhook = server.webhook("warn", lambda _: said, rules=[rule("configmaps", "DELETE")])
        await configure(plane, "validating", webhook)
        assert await warnings(plane, "DELETE", f"{MAPS}/c", None) == ["gone for good"]

    with_hooks(tmp_path, run)
