"""Mutating policies and their bindings, as somebody would write them."""

from __future__ import annotations

from typing import Any

from tests.cluster.apiserver.plane import Plane

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
