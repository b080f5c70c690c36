"""MutatingAdmissionPolicies: changes in CEL to what is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.admission.asking import PODS, container, pod
from tests.cluster.admission.hooks import Hooks, configure, patch, with_hooks
from tests.cluster.apiserver.plane import Plane, with_plane

GROUP = "/apis/admissionregistration.k8s.io/v1"
POLICIES = f"{GROUP}/mutatingadmissionpolicies"
BINDINGS = f"{GROUP}/mutatingadmissionpolicybindings"
MAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MERGE = "application/merge-patch+json"
WHO = "policy 'demo.example.com' with binding 'demo'"

Object = dict[str, Any]


def rule(resources: str, operations: str = "*", group: str = "") -> Object:
    return {
        "apiGroups": [group],
        "apiVersions": ["v1"],
        "operations": operations.split(","),
        "resources": resources.split(","),
    }


def mutation(text: str) -> Object:
    """By the first letter of the expression: a list is of JSON patches."""
    if text.lstrip().startswith("["):
        return {"patchType": "JSONPatch", "jsonPatch": {"expression": text}}
    return {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": text}}


def policy(*expressions: str, name: str = "demo.example.com", **spec: Any) -> Object:
    said = {
        "matchConstraints": {"resourceRules": [rule("configmaps,pods")]},
        "mutations": [mutation(one) for one in expressions],
        "reinvocationPolicy": "Never",
        **spec,
    }
    return {"metadata": {"name": name}, "spec": said}


def binding(name: str = "demo", to: str = "demo.example.com", **spec: Any) -> Object:
    return {"metadata": {"name": name}, "spec": {"policyName": to, **spec}}


def settings(name: str = "c", labels: dict[str, str] | None = None, **data: str) -> Object:
    return {"metadata": {"name": name, "labels": labels or {}}, "data": data}


async def bind(plane: Plane, said: Object, **spec: Any) -> None:
    await plane.call("POST", POLICIES, said)
    await plane.call("POST", BINDINGS, binding(**spec))


def label(name: str, value: str = "yes") -> str:
    """An expression that sets a label."""
    return f'Object{{metadata: Object.metadata{{labels: {{"{name}": "{value}"}}}}}}'


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
        await bind(plane, policy('Object{data: {"by": request.operation}}'))
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


ERRORS = {
    'Object{data: {"b": object.data.z}}':
        "expression 'Object{data: {\"b\": object.data.z}}' resulted in error: no such key: z",
    "Object{nope: 1}":
        "error applying patch: failed to convert patch object to typed object: "
        ".nope: field not declared in schema",
    "Object{metadata: Object.metadata{nope: {'a': 1}}}":
        "error applying patch: failed to convert patch object to typed object: "
        ".metadata.nope: field not declared in schema",
    "Object{metadata: Object.metadatax{name: 'x'}}":
        'type mismatch: unexpected type name "Object.metadatax", expected "Object.metadata", '
        "which matches field name path from root Object type",
    "Object{data: {'a': 1}}":
        "error applying patch: failed to convert patch object to typed object: "
        ".data.a: expected string, got &value.valueUnstructured{Value:1}",
    "Object{immutable: 'yes'}":
        "error applying patch: failed to convert patch object to typed object: "
        '.immutable: expected boolean, got &value.valueUnstructured{Value:"yes"}',
    "Object{data: 'yes'}":
        "error applying patch: failed to convert patch object to typed object: "
        ".data: expected map, got &{yes}",
    "Object{metadata: Object.metadata{generation: '1', ownerReferences: {'a': 'b'}}}":
        "error applying patch: failed to convert patch object to typed object: errors:\n"
        "  .metadata.generation: expected numeric (int or float), got string\n"
        "  .metadata.ownerReferences: expected list, got &{map[a:b]}",
    '[JSONPatch{op: "add", path: "/no/where", value: 1}]':
        'JSONPath: add operation does not apply: doc is missing path: "/no/where": missing value',
    '[JSONPatch{op: "remove", path: "/data/z"}]':
        "JSONPath: error in remove for path: '/data/z': Unable to remove nonexistent key: z: "
        "missing value",
    '[JSONPatch{op: "sing", path: "/data/z"}]': "JSONPath: Unexpected kind: sing",
    '[JSONPatch{op: "add", path: "/data", value: Object.data{a: Object.data.b{c: 1}}}]':
        'type mismatch: unexpected type name "Object.data.b", expected "Object.data.a", which '
        "matches field name path from root Object type",
}  # fmt: skip


@pytest.mark.parametrize("is_ignored", [False, True])
@pytest.mark.parametrize("expression", ERRORS)
def test_what_fails_is_refused_or_ignored(
    tmp_path: Path, expression: str, is_ignored: bool
) -> None:
    async def run(plane: Plane) -> None:
        failure = "Ignore" if is_ignored else "Fail"
        await bind(plane, policy(expression, label("next"), failurePolicy=failure))
        if is_ignored:
            made = await plane.call("POST", MAPS, settings(a="x"))
            assert (made["data"], made["metadata"]["labels"]) == ({"a": "x"}, {"next": "yes"})
            return
        error = await plane.refused("POST", MAPS, settings(a="x"))
        assert (error.code, error.reason) == (403, "Invalid")
        assert error.message == f"{WHO} denied request: {ERRORS[expression]}"
        causes = [{"message": error.message}]
        assert error.details == {"name": "c", "kind": "configmaps", "causes": causes}

    with_plane(tmp_path, run)


def test_what_is_atomic_is_not_applied(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        args = 'Object.spec.containers{name: "main", args: ["-v"]}'
        nodes = '{"disk": "ssd"}'
        change = f"Object{{spec: Object.spec{{containers: [{args}], nodeSelector: {nodes}}}}}"
        await bind(plane, policy(change))
        error = await plane.refused("POST", PODS, pod("p"))
        assert error.message == (
            f"{WHO} denied request: error applying patch: invalid ApplyConfiguration: may not "
            "mutate atomic arrays, maps or structs: .spec.containers[0].args, .spec.nodeSelector"
        )

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        ('op: "add", path: "/odd", value: 1', 'strict decoding error: unknown field "odd"'),
        ('op: "add", path: "/immutable", value: "yes"',
         "json: cannot unmarshal string into Go struct field ConfigMap.immutable of type bool"),
    ],
)  # fmt: skip
def test_a_patch_that_leaves_no_such_object_is_an_error_whatever_the_policy_says(
    tmp_path: Path, operation: str, words: str
) -> None:
    async def run(plane: Plane) -> None:
        await bind(plane, policy(f"[JSONPatch{{{operation}}}]", failurePolicy="Ignore"))
        error = await plane.refused("POST", MAPS, settings())
        assert (error.code, error.message) == (500, f"Internal error occurred: {words}")

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("spec", "of_binding", "reason", "message"),
    [
        ({"paramKind": {"apiVersion": "v1", "kind": "ConfigMap"}},
         {"paramRef": {"name": "no", "parameterNotFoundAction": "Deny"}}, "Forbidden",
         f"{WHO} denied request: failed to configure binding: no params found for policy binding "
         "with `Deny` parameterNotFoundAction"),
        ({"paramKind": {"apiVersion": "rules.example.com/v1", "kind": "Limit"}},
         {"paramRef": {"name": "no", "parameterNotFoundAction": "Allow"}}, "Forbidden",
         "policy 'demo.example.com' denied request: failed to configure policy: failed to find "
         "resource referenced by paramKind: 'rules.example.com/v1, Kind=Limit'"),
        ({"matchConditions": [{"name": "x", "expression": "object.nope == 1"}]}, {}, "Invalid",
         f"{WHO} denied request: expression 'object.nope == 1' resulted in error: "
         "no such key: nope"),
    ],
)  # fmt: skip
def test_what_cannot_be_put_to_use_is_told(
    tmp_path: Path, spec: Object, of_binding: Object, reason: str, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await bind(plane, policy(label("found"), **spec), **of_binding)
        error = await plane.refused("POST", MAPS, settings())
        assert (error.code, error.reason, error.message) == (403, reason, message)
        path, ignore = f"{POLICIES}/demo.example.com", {"spec": {"failurePolicy": "Ignore"}}
        await plane.call("PATCH", path, ignore, content_type=MERGE)
        assert "labels" not in (await plane.call("POST", MAPS, settings()))["metadata"]

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

    with_plane(tmp_path, run)


def _without(name: str, **spec: Any) -> Object:
    said = policy("Object{}", **spec)
    said["spec"].pop(name, None)
    return said


WRONG = [
    (policy("objekt.x"), "spec.mutations[0].applyConfiguration.expression", "FieldValueInvalid",
     'Invalid value: "objekt.x": compilation failed: ERROR: <input>:1:1: undeclared reference to '
     "'objekt' (in container '')\n | objekt.x\n | ^"),
    (policy("1"), "spec.mutations[0].applyConfiguration.expression", "FieldValueInvalid",
     'Invalid value: "1": must evaluate to Object but got int'),
    (policy("Object.spec{}"), "spec.mutations[0].applyConfiguration.expression",
     "FieldValueInvalid",
     'Invalid value: "Object.spec{}": must evaluate to Object but got Object.spec'),
    (policy("object"), "spec.mutations[0].applyConfiguration.expression", "FieldValueInvalid",
     'Invalid value: "object": must evaluate to Object but got dyn'),
    (policy('["a"]'), "spec.mutations[0].jsonPatch.expression", "FieldValueInvalid",
     'Invalid value: "[\\"a\\"]": must evaluate to list(JSONPatch) but got list(string)'),
    (policy("Object{}", "[JSONPatch{op: 1}]"), "spec.mutations[1].jsonPatch.expression",
     "FieldValueInvalid",
     'Invalid value: "[JSONPatch{op: 1}]": compilation failed: ERROR: <input>:1:14: expected type '
     "of field 'op' is 'string' but provided type is 'int'\n | [JSONPatch{op: 1}]\n"
     " | .............^"),
    (policy("Object{}", variables=[{"name": "v", "expression": "Object{}"}]),
     "spec.variables[0].expression", "FieldValueInvalid",
     'Invalid value: "Object{}": compilation failed: ERROR: <input>:1:1: undeclared reference to '
     "'Object' (in container '')\n | Object{}\n | ^"),
    (policy("Object{}", matchConditions=[{"name": "x", "expression": "1"}]),
     "spec.matchConditions[0].expression", "FieldValueInvalid",
     'Invalid value: "1": must evaluate to bool but got int'),
    (policy("  "), "spec.mutations[0].applyConfiguration.expression", "FieldValueRequired",
     "Required value"),
    (policy(), "spec.mutations", "FieldValueRequired",
     "Required value: mutations must contain at least one item"),
    (_without("reinvocationPolicy"), "spec.reinvocationPolicy", "FieldValueRequired",
     "Required value"),
    (_without("matchConstraints"), "spec.matchConstraints", "FieldValueRequired",
     "Required value"),
    (policy("Object{}", failurePolicy="Perhaps"), "spec.failurePolicy", "FieldValueNotSupported",
     'Unsupported value: "Perhaps": supported values: "Fail", "Ignore"'),
    (policy("Object{}", mutations=[{"patchType": "Magic"}]), "spec.mutations[0].patchType",
     "FieldValueNotSupported",
     'Unsupported value: "Magic": supported values: "ApplyConfiguration", "JSONPatch"'),
    (policy("Object{}", mutations=[{"patchType": "JSONPatch"}]), "spec.mutations[0].jsonPatch",
     "FieldValueRequired", "Required value: must be specified when patchType is JSONPatch"),
    (policy("Object{}", mutations=[{**mutation("[]"), **mutation("Object{}")}]),
     "spec.mutations[0].jsonPatch", "FieldValueInvalid",
     'Invalid value: "{jsonPatch}": must not be specified when patchType is ApplyConfiguration'),
    (policy("Object{}", matchConstraints={"resourceRules": [rule("pods", "CREATE,DELETE")]}),
     "spec.matchConstraints.resourceRules.operations", "FieldValueNotSupported",
     'Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"'),
]  # fmt: skip


@pytest.mark.parametrize(("said", "field", "reason", "message"), WRONG)
def test_a_policy_that_makes_no_sense_is_refused(
    tmp_path: Path, said: Object, field: str, reason: str, message: str
) -> None:
    async def run(plane: Plane) -> None:
        error = await plane.refused("POST", POLICIES, said)
        assert (error.code, error.reason) == (422, "Invalid")
        causes = [(one["field"], one["reason"], one["message"]) for one in error.details["causes"]]
        assert (field, reason, message) in causes

    with_plane(tmp_path, run)


def test_a_changed_expression_is_looked_at_too(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", POLICIES, policy("Object{}"))
        path, change = f"{POLICIES}/demo.example.com", {"spec": {"mutations": [mutation("true")]}}
        error = await plane.refused("PATCH", path, change, content_type=MERGE)
        assert "must evaluate to Object but got bool" in error.message
        assert (await plane.call("GET", path))["metadata"]["generation"] == 1

    with_plane(tmp_path, run)


def test_a_binding_is_not_for_deletions(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        meant = {"resourceRules": [rule("pods", "DELETE")]}
        error = await plane.refused("POST", BINDINGS, binding(matchResources=meant))
        (cause,) = error.details["causes"]
        assert cause["field"] == "spec.matchResources.resourceRules.operations"
        assert cause["reason"] == "FieldValueNotSupported"

    with_plane(tmp_path, run)
