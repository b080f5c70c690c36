"""MutatingAdmissionPolicies: changes in CEL to what is written."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cluster.admission.asking import PODS, container, pod
from tests.cluster.admission.hooks import Hooks, configure, patch, with_hooks
from tests.cluster.apiserver.plane import Plane, with_plane
from tests.cluster.cel.mutating import (
    BINDINGS,
    DEPLOYMENTS,
    MAPS,
    MERGE,
    POLICIES,
    Object,
    bind,
    binding,
    label,
    mutation,
    policy,
    rule,
    settings,
)

CHANGES = {
    "Object{}": settings(a="x"),
    label("team", "a"): settings(labels={"old": "1", "team": "a"}, a="x"),
    'Object{data: {"b": object.data.a + variables.twice}}': settings(a="x", b="xxx"),
    'Object{data: {"n": string(size(object.data)), "who": request.userInfo.username}}':
        settings(a="x", n="1", who="admin"),
    'Object{metadata: Object.metadata{?labels: object.?nope}}': settings(a="x"),
    'Object{metadata: Object.metadata{?annotations: optional.of({"k": namespaceObject.metadata.name})}}':  # noqa: E501
        {**settings(a="x"), "annotations": {"k": "default"}},
    'has(object.data.z) ? Object{} : Object{data: {"z": "1"}}': settings(a="x", z="1"),
    "Object{immutable: false}": {**settings(a="x"), "immutable": False},
    '[JSONPatch{op: "add", path: "/data/b", value: "y"}]': settings(a="x", b="y"),
    '[JSONPatch{op: "replace", path: "/data", value: {"a": "z"}}]': settings(a="z"),
    '[JSONPatch{op: "move", from: "/data/a", path: "/data/b"}]': settings(b="x"),
    '[JSONPatch{op: "remove", path: "/data/a"}]': settings(),
    '[JSONPatch{op: "test", path: "/data/a", value: "x"}, JSONPatch{op: "remove", path: "/data/a"}]':  # noqa: E501
        settings(),
    '[JSONPatch{op: "remove", path: "/data/a"}, JSONPatch{op: "test", path: "/data/b", value: "x"}]':  # noqa: E501
        settings(a="x"),
    '[JSONPatch{op: "add", path: "/metadata/labels/" + jsonpatch.escapeKey("a/b"), value: "1"}]':
        settings(labels={"old": "1", "a/b": "1"}, a="x"),
}  # fmt: skip


@pytest.mark.parametrize("expression", CHANGES)
def test_an_expression_changes_what_is_written(tmp_path: Path, expression: str) -> None:
    async def run(plane: Plane) -> None:
        twice = {"name": "twice", "expression": "object.data.a + object.data.a"}
        await bind(plane, policy(expression, variables=[twice]))
        made = await plane.call("POST", MAPS, settings(labels={"old": "1"}, a="x"))
        wanted = CHANGES[expression]
        assert made.get("data", {}) == wanted["data"]
        assert made["metadata"]["labels"] == (wanted["metadata"]["labels"] or {"old": "1"})
        assert made["metadata"].get("annotations") == wanted.get("annotations")
        assert made.get("immutable") == wanted.get("immutable")
        assert await plane.call("GET", f"{MAPS}/c") == made

    with_plane(tmp_path, run)


SIDECAR = """
Object{
  spec: Object.spec{
    containers: [
      Object.spec.containers{name: "proxy", image: "proxy:1", ports: [
        Object.spec.containers.ports{containerPort: 8080, name: "http"}]},
      Object.spec.containers{name: "main", imagePullPolicy: "Always"}
    ],
    ?priorityClassName: optional.none(),
    terminationGracePeriodSeconds: 7
  }
}
"""


def test_lists_are_merged_by_key_and_what_is_added_gets_defaults(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await bind(plane, policy(SIDECAR))
        made = await plane.call("POST", PODS, pod("p", container()))
        found = {one["name"]: one for one in made["spec"]["containers"]}
        assert sorted(found) == ["main", "proxy"]
        assert (found["main"]["image"], found["main"]["imagePullPolicy"]) == (
            "busybox:1.36",
            "Always",
        )
        assert found["proxy"]["ports"] == [
            {"name": "http", "containerPort": 8080, "protocol": "TCP"}
        ]
        assert found["proxy"]["terminationMessagePath"] == "/dev/termination-log"
        assert found["proxy"]["volumeMounts"] == found["main"]["volumeMounts"]  # the token, too
        assert made["spec"]["terminationGracePeriodSeconds"] == 7

    with_plane(tmp_path, run)


def test_mutations_follow_each_other_and_policies_by_name(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        grow = 'Object{data: {"log": object.data.log + "%s"}}'
        await plane.call("POST", POLICIES, policy(grow % "c", name="b.example.com"))
        await plane.call("POST", POLICIES, policy(grow % "a", grow % "b", name="a.example.com"))
        await plane.call("POST", BINDINGS, binding("1", "b.example.com"))
        await plane.call("POST", BINDINGS, binding("2", "a.example.com"))
        made = await plane.call("POST", MAPS, settings(log=">"))
        assert made["data"]["log"] == ">abc"

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("spec", "of_binding"),
    [
        ({}, None),
        ({}, {"to": "other.example.com"}),
        ({"matchConstraints": {"resourceRules": [rule("secrets")]}}, {}),
        ({"matchConstraints": {"resourceRules": [rule("configmaps", "UPDATE")]}}, {}),
        ({"matchConstraints": {"resourceRules": [rule("configmaps")],
                               "objectSelector": {"matchLabels": {"no": "such"}}}}, {}),
        ({"matchConditions": [{"name": "x", "expression": "object.data.a == 'y'"}]}, {}),
        ({"failurePolicy": "Ignore", "matchConditions": [{"name": "x", "expression": "object.nope == 1"}]}, {}),  # noqa: E501
        ({}, {"matchResources": {"namespaceSelector": {"matchLabels": {"no": "such"}}}}),
    ],
)  # fmt: skip
def test_a_policy_is_not_for_everything(
    tmp_path: Path, spec: Object, of_binding: Object | None
) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", POLICIES, policy(label("found"), **spec))
        if of_binding is not None:
            await plane.call("POST", BINDINGS, binding(**of_binding))
        made = await plane.call("POST", MAPS, settings(a="x"))
        assert "labels" not in made["metadata"]

    with_plane(tmp_path, run)


def test_a_status_is_changed_only_by_who_means_it(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", PODS, pod("p"))
        path, patched = f"{PODS}/p/status", {"status": {"message": "here"}}
        change = 'Object{status: Object.status{reason: "Changed"}}'
        await bind(plane, policy(change))
        found = await plane.call("PATCH", path, patched, content_type=MERGE)
        assert (found["status"]["message"], found["status"].get("reason")) == ("here", None)
        await plane.call("DELETE", f"{POLICIES}/demo.example.com")
        meant = {"resourceRules": [rule("pods/status", "UPDATE")]}
        await plane.call("POST", POLICIES, policy(change, matchConstraints=meant))
        found = await plane.call("PATCH", path, {"status": {"message": "h"}}, content_type=MERGE)
        assert (found["status"]["message"], found["status"]["reason"]) == ("h", "Changed")

    with_plane(tmp_path, run)


def test_updates_and_dry_runs_are_changed_and_deletions_are_not(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", MAPS, settings(a="x"))
        only = [{"name": "x", "expression": "object.data.a != ''"}]  # of nothing: no answer
        await bind(plane, policy('Object{data: {"by": request.operation}}', matchConditions=only))
        path, dry = f"{MAPS}/c", {"dryRun": "All"}
        patched = {"data": {"a": "y"}}
        found = await plane.call("PATCH", path, patched, content_type=MERGE, query=dry)
        assert found["data"] == {"a": "y", "by": "UPDATE"}
        assert (await plane.call("GET", path))["data"] == {"a": "x"}
        found = await plane.call("PATCH", path, patched, content_type=MERGE)
        assert found["data"] == {"a": "y", "by": "UPDATE"}
        await plane.call("DELETE", path)
        assert (await plane.refused("GET", path)).code == 404

    with_plane(tmp_path, run)


def test_the_scale_of_a_deployment_is_changed_as_a_scale(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        spec = {"containers": [container()]}
        template = {"metadata": {"labels": {"a": "b"}}, "spec": spec}
        web = {"selector": {"matchLabels": {"a": "b"}}, "template": template}
        await plane.call("POST", DEPLOYMENTS, {"metadata": {"name": "web"}, "spec": web})
        meant = {"resourceRules": [rule("deployments/scale", "UPDATE", "apps")]}
        number = "object.spec.replicas > 3 ? 3 : object.spec.replicas"
        most = f"Object{{spec: Object.spec{{replicas: {number}}}}}"
        await bind(plane, policy(most, matchConstraints=meant))
        scale = {"spec": {"replicas": 9}}
        await plane.call("PATCH", f"{DEPLOYMENTS}/web/scale", scale, content_type=MERGE)
        assert (await plane.call("GET", f"{DEPLOYMENTS}/web"))["spec"]["replicas"] == 3
        paused = {"spec": {"mutations": [mutation("Object{spec: Object.spec{paused: true}}")]}}
        path = f"{POLICIES}/demo.example.com"
        await plane.call("PATCH", path, paused, content_type=MERGE)
        path = f"{DEPLOYMENTS}/web/scale"
        error = await plane.refused("PATCH", path, scale, content_type=MERGE)
        assert error.message.endswith(".spec.paused: field not declared in schema")

    with_plane(tmp_path, run)


def test_custom_resources_are_changed_by_their_schema(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        fields = {"name": {"type": "string"}, "area": {"type": "integer"}}
        sails = {
            "type": "array",
            "items": {"type": "object", "properties": fields, "required": ["name"]},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        }
        spec = {"type": "object", "properties": {"sails": sails}}
        schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
        said = {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "boats", "kind": "Boat"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        }
        crd = {"metadata": {"name": "boats.example.com"}, "spec": said}
        await plane.call("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd)
        change = 'Object{spec: Object.spec{sails: [Object.spec.sails{name: "jib", area: 2}]}}'
        meant = {"resourceRules": [rule("boats", "CREATE", "example.com")]}
        await bind(plane, policy(change, matchConstraints=meant))
        mine = [{"name": "main", "area": 5}, {"name": "jib", "area": 1}]
        boat = {"apiVersion": "example.com/v1", "kind": "Boat", "spec": {"sails": mine}}
        boat["metadata"] = {"name": "b"}
        path = "/apis/example.com/v1/namespaces/default/boats"
        await plane.until(lambda: plane.api.registry.find("example.com", "v1", "boats") is not None)
        made = await plane.call("POST", path, boat)
        assert made["spec"]["sails"] == [{"name": "main", "area": 5}, {"name": "jib", "area": 2}]

    with_plane(tmp_path, run)


def test_parameters_come_from_objects_and_each_is_one_more_change(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        kind = {"apiVersion": "v1", "kind": "ConfigMap"}
        only = [{"name": "x", "expression": "object.metadata.name == 'c'"}]
        change = "Object{metadata: Object.metadata{labels: {params.metadata.name: params.data.v}}}"
        for name in ("p1", "p2"):
            await plane.call("POST", MAPS, settings(name, {"use": "yes"}, v=f"of-{name}"))
        ref = {"selector": {"matchLabels": {"use": "yes"}}, "parameterNotFoundAction": "Deny"}
        await bind(plane, policy(change, paramKind=kind, matchConditions=only), paramRef=ref)
        made = await plane.call("POST", MAPS, settings())
        assert made["metadata"]["labels"] == {"p1": "of-p1", "p2": "of-p2"}

    with_plane(tmp_path, run)


@pytest.mark.parametrize(("again", "seen"), [("IfNeeded", "two"), ("Never", "one")])
def test_a_policy_sees_what_a_webhook_did_after_it_if_it_wants_to(
    tmp_path: Path, again: str, seen: str
) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        sidecar = {"op": "add", "path": "/spec/containers/-", "value": container("sidecar")}

        def reply(asked: Object) -> Object:
            return patch(sidecar) if len(asked["object"]["spec"]["containers"]) == 1 else {}

        await configure(plane, "mutating", server.webhook("inject", reply))
        words = 'size(object.spec.containers) == 2 ? "two" : "one"'
        change = f'Object{{metadata: Object.metadata{{labels: {{"seen": {words}}}}}}}'
        await bind(plane, policy(change, reinvocationPolicy=again))
        made = await plane.call("POST", PODS, pod("p"))
        assert [one["name"] for one in made["spec"]["containers"]] == ["main", "sidecar"]
        assert made["metadata"]["labels"] == {"seen": seen}
        assert server.asked[0]["object"]["metadata"]["labels"] == {"seen": "one"}  # came after

    with_hooks(tmp_path, run)


def test_policies_that_want_to_are_asked_once_more(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        grow = 'Object{data: {"log": object.data.log + "%s"}}'
        for name, again in (("a", "IfNeeded"), ("b", "Never"), ("c", "IfNeeded")):
            said = policy(grow % name, name=f"{name}.example.com", reinvocationPolicy=again)
            await plane.call("POST", POLICIES, said)
            await plane.call("POST", BINDINGS, binding(name, f"{name}.example.com"))
        made = await plane.call("POST", MAPS, settings(log=">"))
        assert made["data"]["log"] == ">abcac"
        for name in ("b", "c"):
            await plane.call("DELETE", f"{POLICIES}/{name}.example.com")
        made = await plane.call("POST", MAPS, settings("d", log=">"))
        assert made["data"]["log"] == ">aa"

    with_plane(tmp_path, run)
