"""Paths that are no resource: discovery, OpenAPI, version, health.

What is not there is answered in plain text, as Kubernetes does.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson

from labkit.cluster.embedded import version
from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.discovery import documents
from labkit.cluster.embedded.apiserver.handlers.answer import JSON, Answer, as_json, as_text

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.request import Request

NO_SUCH_PATH = "404 page not found"
HEALTH = ("/healthz", "/livez", "/readyz")
ISSUER = ("/.well-known/openid-configuration", "/openid/v1/jwks")
CHECKS = ("ping", "log", "etcd", "informer-sync", "poststarthook/rbac/bootstrap-roles")
ROOTS = ("/api", "/apis", "/healthz", "/livez", "/openapi/v2", "/openapi/v3", "/readyz", "/version")


def answer(api: Api, request: Request) -> Answer:
    """Answers a path that names no resource."""
    path = "/" + request.path.strip("/")
    if request.method not in ("GET", "HEAD"):
        return _of_any_method(api, request, path)
    if path.startswith(HEALTH):
        return _health(request, path)
    if path in FIXED:
        return as_json(FIXED[path](api))
    if path.startswith("/openapi/"):
        return _openapi(api, request, path)
    if path in ISSUER:
        return _issuer(api, request, path)
    return _discovery(api, request, path)


def nothing_there() -> Answer:
    """The answer for a path that nobody serves."""
    found = as_text(f"{NO_SUCH_PATH}\n", 404)
    found.headers["X-Content-Type-Options"] = "nosniff"
    return found


def of_no_kind(request: Request) -> Answer:
    """The answer for a path that says `watch` or `proxy`, and not of what."""
    path = "/" + request.path.strip("/")
    words = f"unable to determine kind and namespace from url, {path}"
    words = f'Internal Server Error: "{path}": failed to create RequestInfo: {words}'
    found = as_text(f"{words}\n", 500)
    found.headers["X-Content-Type-Options"] = "nosniff"
    return found


def _of_any_method(api: Api, request: Request, path: str) -> Answer:
    """A write to a path of discovery: some of those who serve them look at no method.

    Source: kube-aggregator `pkg/apiserver/handler_apis.go`, apiextensions-apiserver
    `pkg/apiserver/customresource_discovery.go`.
    """
    parts = path.strip("/").split("/")
    if parts[0] != "apis" or len(parts) > 3:
        return nothing_there()
    if len(parts) == 3 and api.registry.is_built_in(parts[1], parts[2]):
        raise status.method_not_allowed()
    return _discovery(api, request, path)


def _discovery(api: Api, request: Request, path: str) -> Answer:
    registry, parts = api.registry, path.strip("/").split("/")
    if path in ("/api", "/apis") and f"g={documents.AGGREGATED}" in request.headers.get(
        "Accept", ""
    ):
        found = documents.aggregated(registry, core=path == "/api")
        kind = f"{JSON};g={documents.AGGREGATED};v=v2;as=APIGroupDiscoveryList"
        return Answer(200, orjson.dumps(found), kind)
    if path == "/api":
        return as_json(documents.core_versions(request.headers.get("Host", "")))
    if path == "/apis":
        return as_json(documents.groups(registry))
    if parts[0] == "apis" and len(parts) == 2 and parts[1] in registry.groups():
        head = {"kind": "APIGroup", "apiVersion": "v1"}
        return as_json(head | documents.group(registry, parts[1]))
    name, at = ("", parts[1:]) if parts[0] == "api" else (parts[1] if parts[1:] else "", parts[2:])
    if parts[0] in ("api", "apis") and len(at) == 1 and registry.serves(name, at[0]):
        return as_json(documents.resources(registry, name, at[0]))
    return nothing_there()


def _health(request: Request, path: str) -> Answer:
    root, _, check = path.strip("/").partition("/")
    if check and check not in CHECKS:
        return nothing_there()
    if not request.says("verbose") and "verbose" not in request.query:
        return as_text("ok")
    left_out = request.query.get("exclude", "")
    lines = [f"[+]{name} excluded: ok" if name == left_out else f"[+]{name} ok" for name in CHECKS]
    if left_out and left_out not in CHECKS:
        lines += [f'warn: some health checks cannot be excluded: no matches for "{left_out}"']
    return as_text("".join(f"{line}\n" for line in (*lines, f"{root} check passed")))


def _openapi(api: Api, request: Request, path: str) -> Answer:
    from labkit.cluster.embedded.apiserver.discovery import openapi, openapi_protobuf

    wanted = request.headers.get("Accept", "")
    if path == "/openapi/v2" and wanted.startswith(openapi_protobuf.ACCEPTED):
        return Answer(200, openapi.in_protobuf(api.registry), openapi_protobuf.CONTENT_TYPE)
    found = openapi.document(api.registry, path)
    if found is None:
        return nothing_there()
    (body, tag), kind = found, JSON
    headers = {"Etag": f'"{tag}"', "Vary": "Accept"}
    if request.headers.get("If-None-Match", "").strip('"') == tag:
        return Answer(304, b"", kind, headers=headers)
    return Answer(200, body, kind, headers=headers)


def _issuer(api: Api, request: Request, path: str) -> Answer:
    if path.endswith("jwks"):
        return as_json(api.tokens.key_set())
    return as_json(api.tokens.openid_configuration(f"https://{request.headers.get('Host', '')}"))


def _all_paths(api: Api) -> dict[str, list[str]]:
    found = list(ROOTS)
    for group, versions in api.registry.groups().items():
        root = f"/apis/{group}" if group else "/api"
        found += [root, *(f"{root}/{one}" for one in versions)]
    return {"paths": sorted(dict.fromkeys(found))}


FIXED: dict[str, Callable[[Api], Any]] = {
    "/": _all_paths,
    "/version": lambda _: version.info(platform.machine()),
}
