"""authorizer: what the one who writes may do, asked of the cluster's authorization.

A check is built step by step (`authorizer.group('apps').resource('deployments').check('create')`)
and held as a map of what was said. Source: Kubernetes' `apiserver/pkg/cel/library/authz.go`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from labkit.cluster.embedded.apiserver.cel.functions import Function

Check = dict[str, Any]
Ask = Callable[[Check, str], dict[str, Any]]
"""A check and a verb, to `{"allowed": …, "reason": …}`."""

RESOURCE = ("ResourceCheck", "string")


def _with(name: str) -> Callable[[Check, str], Check]:
    return lambda check, value: {**check, name: value}


def _path(check: Check, path: str) -> Check:
    if not path:
        raise ValueError("path must not be empty")
    return {**check, "path": path}


def _resource(check: Check, resource: str) -> Check:
    if not resource:
        raise ValueError("resource must not be empty")
    return {**check, "resource": resource}


def _service_account(check: Check, namespace: str, name: str) -> Check:
    groups = ["system:serviceaccounts", f"system:serviceaccounts:{namespace}"]
    user = {"username": f"system:serviceaccount:{namespace}:{name}", "uid": ""}
    return {**check, "user": {**user, "groups": [*groups, "system:authenticated"], "extra": {}}}


def authorizer_functions(ask: Ask) -> Iterator[Function]:
    """The functions, over one who answers.

    Args:
        ask: whether what a check says may be done with a verb.
    """
    yield Function("path", ("Authorizer", "string"), "PathCheck", _path)
    yield Function("group", ("Authorizer", "string"), "GroupCheck", _with("group"))
    account = ("Authorizer", "string", "string")
    yield Function("serviceAccount", account, "Authorizer", _service_account)
    yield Function("resource", ("GroupCheck", "string"), "ResourceCheck", _resource)
    for name in ("subresource", "namespace", "name", "fieldSelector", "labelSelector"):
        yield Function(name, RESOURCE, "ResourceCheck", _with(name))
    yield Function("check", ("PathCheck", "string"), "Decision", ask)
    yield Function("check", RESOURCE, "Decision", ask)
    yield Function("allowed", ("Decision",), "bool", lambda found: found["allowed"])
    yield Function("reason", ("Decision",), "string", lambda found: found["reason"])
    yield Function("errored", ("Decision",), "bool", lambda found: False)
    yield Function("error", ("Decision",), "string", lambda found: "")
