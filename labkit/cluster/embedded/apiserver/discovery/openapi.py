"""OpenAPI documents of what is served now, made when asked for.

Knows nothing about requests. The documents themselves are `schema/openapi.py`'s.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from labkit.cluster.embedded.apiserver.discovery import openapi_protobuf
from labkit.cluster.embedded.schema.openapi import openapi_v2, openapi_v3, openapi_v3_index

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.registry import Registry


def in_protobuf(registry: Registry) -> bytes:
    """OpenAPI v2 as kubectl asks for it."""
    return openapi_protobuf.document(_described(registry))


def document(registry: Registry, path: str) -> tuple[bytes, str] | None:
    """A document of OpenAPI.

    Args:
        registry: what is served.
        path: such as `/openapi/v3/apis/apps/v1`.

    Returns:
        The document and a tag that changes with it; None where there is none at this path.
    """
    found = _find(registry, path)
    if found is None:
        return None
    body = orjson.dumps(found)
    return body, hashlib.sha256(body).hexdigest()[:32].upper()


def _find(registry: Registry, path: str) -> dict[str, Any] | None:
    if path == "/openapi/v2":
        return openapi_v2(_described(registry))
    if path == "/openapi/v3":
        return openapi_v3_index(_described(registry))
    parts = path.removeprefix("/openapi/v3/").split("/")
    group, versions = ("", parts[1:]) if parts[0] == "api" else (parts[1], parts[2:])
    if parts[0] not in ("api", "apis") or len(versions) != 1:
        return None
    if not registry.serves(group, versions[0]):
        return None
    return openapi_v3(group, versions[0], _described(registry))


def _described(registry: Registry) -> list[Any]:
    return [one for one in registry if one.type is not None]
