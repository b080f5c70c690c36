"""ValidatingAdmissionPolicies, and the match conditions of webhooks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from labkit.cluster.embedded.apiserver.authentication.users import User
from tests.cluster.admission.asking import PODS, pod, warnings
from tests.cluster.apiserver.plane import Plane, with_plane

GROUP = "/apis/admissionregistration.k8s.io/v1"
POLICIES, BINDINGS = (
    f"{GROUP}/validatingadmissionpolicies",
    f"{GROUP}/validatingadmissionpolicybindings",
)
CONFIGMAPS = "/api/v1/namespaces/default/configmaps"
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
MERGE = "application/merge-patch+json"
OF_CONFIGMAPS = {
    "resourceRules": [
        {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]}
    ]
}
WHO = "ValidatingAdmissionPolicy 'demo.example.com' with binding 'demo'"


def policy(*expressions: str | dict[str, Any], **spec: Any) -> dict[str, Any]:
    validations = [one if isinstance(one, dict) else {"expression": one} for one in expressions]
    said = {"matchConstraints": OF_CONFIGMAPS, "validations": validations, **spec}
    return {"metadata": {"name": "demo.example.com"}, "spec": said}


def binding(**spec: Any) -> dict[str, Any]:
    said = {"policyName": "demo.example.com", "validationActions": ["Deny"], **spec}
    return {"metadata": {"name": "demo"}, "spec": said}


def settings(name: str = "c", labels: dict[str, str] | None = None, **data: str) -> dict[str, Any]:
    return {"metadata": {"name": name, "labels": labels or {}}, "data": data}


async def bind(plane: Plane, said: dict[str, Any], **spec: Any) -> None:
    await plane.call("POST", POLICIES, said)
    await plane.call("POST", BINDINGS, binding(**spec))


TRUE = """
object.data.a == 'x' && oldObject == null && request.operation == 'CREATE'
request.kind.kind == 'ConfigMap' && request.resource.resource == 'configmaps' && request.name == 'c'
request.userInfo.username == 'admin' && 'system:masters' in request.userInfo.groups
request.namespace == 'default' && namespaceObject.metadata.name == 'default' && !request.dryRun
namespaceObject.metadata.labels['kubernetes.io/metadata.name'] == 'default'
authorizer.group('apps').resource('deployments').namespace('x').check('create').allowed()
authorizer.requestResource.check('delete').allowed() && authorizer.path('/healthz').check('get').allowed()
!authorizer.serviceAccount('default', 'nobody').group('').resource('secrets').namespace('default').check('get').allowed()
variables.upper == 'X' && variables.twice == 'XX'
!has(object.nope) && object.metadata.?labels.?none.orValue('no') == 'no'
"""  # noqa: E501
NAMED = [
    {"name": "upper", "expression": "object.data.a.upperAscii()"},
    {"name": "broken", "expression": "object.nope.x"},
    {"name": "twice", "expression": "variables.upper + variables.upper"},
]


@pytest.mark.parametrize("expression", TRUE.strip().splitlines())
def test_an_expression_sees_the_request(tmp_path: Path, expression: str) -> None:
    async def run(plane: Plane) -> None:
        await bind(plane, policy(expression, variables=NAMED))
        await plane.call("POST", CONFIGMAPS, settings(a="x"))

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("validation", "code", "reason", "message"),
    [
        ({"expression": "object.data.a == 'y'"}, 422, "Invalid",
         "failed expression: object.data.a == 'y'"),
        ({"expression": "false", "message": "never", "reason": "Forbidden"}, 403, "Forbidden", "never"),  # noqa: E501
        ({"expression": "false", "messageExpression": "'has ' + object.data.a", "message": "no"},
         422, "Invalid", "has x"),
        ({"expression": "false", "messageExpression": "string(object.data.b)", "message": "no"},
         422, "Invalid", "no"),
        ({"expression": "object.data.b == 'y'"}, 422, "Invalid",
         "expression 'object.data.b == 'y'' resulted in error: no such key: b"),
        ({"expression": "variables.broken == 1"}, 422, "Invalid",
         "expression 'variables.broken == 1' resulted in error: composited variable \"broken\" fails "  # noqa: E501
         "to evaluate: expression 'object.nope.x' resulted in error: no such key: nope"),
    ],
)  # fmt: skip
def test_a_refusal_says_who_and_why(
    tmp_path: Path, validation: dict[str, Any], code: int, reason: str, message: str
) -> None:
    async def run(plane: Plane) -> None:
        await bind(plane, policy(validation, variables=NAMED))
        error = await plane.refused("POST", CONFIGMAPS, settings(a="x"))
        assert (error.code, error.reason) == (code, reason)
        assert error.message == f'configmaps "c" is forbidden: {WHO} denied request: {message}'
        assert error.details == {
            "name": "c",
            "kind": "configmaps",
            "causes": [{"message": f"{WHO} denied request: {message}"}],
        }

    with_plane(tmp_path, run)


def test_a_binding_decides_whether_it_is_denied_or_warned_of(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", POLICIES, policy({"expression": "false", "message": "never"}))
        await plane.call("POST", CONFIGMAPS, settings("unbound"))
        await plane.call("POST", BINDINGS, binding(validationActions=["Warn", "Audit"]))
        found = await warnings(plane, "POST", CONFIGMAPS, settings())
        assert found == [f"Validation failed for {WHO}: never"]

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("spec", "of_binding"),
    [
        ({"matchConstraints": {**OF_CONFIGMAPS, "objectSelector": {"matchLabels": {"a": "b"}}}}, {}),  # noqa: E501
        ({"matchConstraints": {**OF_CONFIGMAPS, "excludeResourceRules": OF_CONFIGMAPS["resourceRules"]}}, {}),  # noqa: E501
        ({"matchConditions": [{"name": "x", "expression": "object.metadata.name != 'c'"}]}, {}),
        ({"failurePolicy": "Ignore", "validations": [{"expression": "object.nope == 1"}]}, {}),
        ({"failurePolicy": "Ignore", "matchConditions": [{"name": "x", "expression": "object.nope == 1"}]}, {}),  # noqa: E501
        ({}, {"matchResources": {"namespaceSelector": {"matchLabels": {"no": "such"}}}}),
        ({}, {"matchResources": {"resourceRules": [{**OF_CONFIGMAPS["resourceRules"][0], "resourceNames": ["other"]}]}}),  # noqa: E501
    ],
)  # fmt: skip
def test_a_policy_is_not_for_everything(
    tmp_path: Path, spec: dict[str, Any], of_binding: dict[str, Any]
) -> None:
    async def run(plane: Plane) -> None:
        await bind(plane, policy("false", **spec), **of_binding)
        await plane.call("POST", CONFIGMAPS, settings())
        await plane.call("POST", PODS, pod("p"))

    with_plane(tmp_path, run)


def test_parameters_come_from_an_object(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        kind = {"apiVersion": "v1", "kind": "ConfigMap"}
        expression = (
            "object.metadata.name.startsWith('max') || object.data.size() <= int(params.data.max)"
        )
        ref = {"name": "max", "parameterNotFoundAction": "Deny"}
        await bind(plane, policy(expression, paramKind=kind), paramRef=ref)
        error = await plane.refused("POST", CONFIGMAPS, settings(a="x"))
        words = "no params found for policy binding with `Deny` parameterNotFoundAction"
        assert error.message.endswith(f"denied request: failed to configure binding: {words}")
        await plane.call("DELETE", f"{BINDINGS}/demo")
        await plane.call("POST", CONFIGMAPS, settings("max", max="1"))
        await plane.call("POST", BINDINGS, binding(paramRef=ref))
        await plane.call("POST", CONFIGMAPS, settings(a="x"))
        error = await plane.refused("POST", CONFIGMAPS, settings("d", a="x", b="y"))
        assert f"failed expression: {expression}" in error.message

    with_plane(tmp_path, run)


def test_parameters_of_an_unknown_kind_are_told(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        kind = {"apiVersion": "rules.example.com/v1", "kind": "Limit"}
        await bind(plane, policy("params != null", paramKind=kind), paramRef={"name": "x"})
        error = await plane.refused("POST", CONFIGMAPS, settings())
        assert error.message.endswith(
            "ValidatingAdmissionPolicy 'demo.example.com' denied request: failed to configure "
            "policy: failed to find resource referenced by paramKind: "
            "'rules.example.com/v1, Kind=Limit'"
        )

    with_plane(tmp_path, run)


def test_updates_and_deletions_are_judged_too(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await plane.call("POST", CONFIGMAPS, settings(a="x"))
        rule = "object == null ? oldObject.data.a != 'x' : object.data.a == oldObject.data.a"
        await bind(plane, policy(rule))
        path, patch = f"{CONFIGMAPS}/c", {"data": {"a": "y"}}
        await plane.refused("PATCH", path, patch, content_type=MERGE)
        await plane.call("PATCH", path, {"data": {"b": "y"}}, content_type=MERGE)
        error = await plane.refused("DELETE", path)
        assert error.code == 422

    with_plane(tmp_path, run)


def test_what_a_user_may_do_is_asked_of_the_roles(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        rule = "authorizer.group('').resource('nodes').check('delete').allowed()"
        await bind(plane, policy({"expression": rule, "message": "not you"}))
        account = "system:serviceaccount:kube-system:namespace-controller"
        groups = ("system:masters",)
        await plane.call("POST", CONFIGMAPS, settings(), user=User(account, "", groups, {}))
        roles = "/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings"
        subject = {"kind": "User", "name": "ann", "apiGroup": "rbac.authorization.k8s.io"}
        ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"}
        said = {"metadata": {"name": "ann"}, "subjects": [subject], "roleRef": ref}
        await plane.call("POST", roles, said)
        ann = User("ann", "", ("system:authenticated",), {})
        error = await plane.refused("POST", CONFIGMAPS, settings("d"), user=ann)
        assert error.message.endswith("denied request: not you")

    with_plane(tmp_path, run)


@pytest.mark.parametrize(
    ("said", "field", "words"),
    [
        (policy("objekt.x"), "spec.validations[0].expression",
         "compilation failed: ERROR: <input>:1:1: undeclared reference to 'objekt' (in container '')"),  # noqa: E501
        (policy("1"), "spec.validations[0].expression", "must evaluate to bool but got int"),
        (policy("params == null"), "spec.validations[0].expression", "undeclared reference to 'params'"),  # noqa: E501
        (policy("request.nope == 1"), "spec.validations[0].expression", "undefined field 'nope'"),
        (policy("variables.a", variables=[{"name": "b", "expression": "true"}]),
         "spec.validations[0].expression", "undefined field 'a'"),
        (policy("true", variables=[{"name": "b", "expression": "variables.c"}, {"name": "c", "expression": "1"}]),  # noqa: E501
         "spec.variables[0].expression", "undefined field 'c'"),
        (policy({"expression": "true", "messageExpression": "1"}),
         "spec.validations[0].messageExpression", "must evaluate to string but got int"),
        (policy("true", matchConditions=[{"name": "x", "expression": "object.x +"}]),
         "spec.matchConditions[0].expression", "Syntax error"),
    ],
)  # fmt: skip
def test_a_policy_that_does_not_compile_is_refused(
    tmp_path: Path, said: dict[str, Any], field: str, words: str
) -> None:
    async def run(plane: Plane) -> None:
        error = await plane.refused("POST", POLICIES, said)
        assert error.code == 422
        assert f'is invalid: {field}: Invalid value: "' in error.message
        assert words in error.message

    with_plane(tmp_path, run)
