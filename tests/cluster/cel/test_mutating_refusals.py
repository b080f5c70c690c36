"""MutatingAdmissionPolicies that fail, or make no sense."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.cluster.admission.asking import PODS, pod
from tests.cluster.apiserver.plane import Plane, with_plane
from tests.cluster.cel.mutating import (
    BINDINGS,
    MAPS,
    MERGE,
    POLICIES,
    WHO,
    Object,
    bind,
    binding,
    label,
    mutation,
    policy,
    rule,
    settings,
)

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
        '.immutable: expected boolean, got &{yes}',
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
