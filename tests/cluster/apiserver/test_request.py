"""What a path asks for."""

from __future__ import annotations

import pytest

from labkit.cluster.embedded.apiserver.request import parse

PATHS = [
    ("GET", "/api/v1/pods", "list", ("", "v1", "pods", "", "", "")),
    ("GET", "/api/v1/namespaces", "list", ("", "v1", "namespaces", "", "", "")),
    ("GET", "/api/v1/namespaces/a", "get", ("", "v1", "namespaces", "", "a", "a")),
    ("PUT", "/api/v1/namespaces/a/finalize", "update",
     ("", "v1", "namespaces", "finalize", "a", "a")),
    ("PUT", "/api/v1/namespaces/a/status", "update", ("", "v1", "namespaces", "status", "a", "a")),
    ("POST", "/api/v1/namespaces/a/pods", "create", ("", "v1", "pods", "", "a", "")),
    ("DELETE", "/api/v1/namespaces/a/pods", "deletecollection", ("", "v1", "pods", "", "a", "")),
    ("DELETE", "/api/v1/namespaces/a/pods/b", "delete", ("", "v1", "pods", "", "a", "b")),
    ("GET", "/api/v1/namespaces/a/pods/b/log", "get", ("", "v1", "pods", "log", "a", "b")),
    ("POST", "/api/v1/namespaces/a/pods/b/exec", "create", ("", "v1", "pods", "exec", "a", "b")),
    ("GET", "/api/v1/nodes/n/proxy/a/b", "get", ("", "v1", "nodes", "proxy/a/b", "", "n")),
    ("PATCH", "/apis/apps/v1/namespaces/a/deployments/d/scale", "patch",
     ("apps", "v1", "deployments", "scale", "a", "d")),
    ("GET", "/apis/example.org/v1beta1/things/t", "get",
     ("example.org", "v1beta1", "things", "", "", "t")),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "verb", "parts"), PATHS)
def test_a_path_of_a_resource_names_its_parts(
    method: str, path: str, verb: str, parts: tuple[str, ...]
) -> None:
    asked = parse(method, path, {}, {})
    found = (asked.group, asked.version, asked.resource, asked.subresource)
    assert asked.is_resource
    assert (asked.verb, *found, asked.namespace, asked.name) == (verb, *parts)


def test_a_list_with_watch_is_a_watch() -> None:
    assert parse("GET", "/api/v1/pods", {"watch": "true"}, {}).verb == "watch"
    assert parse("GET", "/api/v1/pods", {"watch": "1"}, {}).verb == "watch"
    assert parse("GET", "/api/v1/pods", {"watch": "false"}, {}).verb == "list"
    assert parse("GET", "/api/v1/pods/p", {"watch": "true"}, {}).verb == "get"


@pytest.mark.parametrize("path", ["/", "/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1",
                                  "/version", "/healthz/ping", "/openapi/v3"])  # fmt: skip
def test_other_paths_are_no_resource(path: str) -> None:
    asked = parse("GET", path, {}, {})
    assert (asked.is_resource, asked.verb) == (False, "get")
