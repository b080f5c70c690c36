"""OpenAPI v2 in protobuf: what kubectl asks for when v3 does not know a kind.

It wants to know one thing from it: whether a PATCH of a kind takes `fieldValidation`; it is the
server then that looks for unknown fields. So the document has the operations that say so, and no
schemas: those are in v3, and in v2 as JSON.

Source: the field numbers of gnostic's openapiv2/OpenAPIv2.proto; kubectl's
`pkg/util/openapi` and cli-runtime's `pkg/resource/query_param_verifier.go`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import orjson

from labkit.cluster.embedded.version import GIT_VERSION

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.registry import Resource

ACCEPTED = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
CONTENT_TYPE = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

PARAMETERS = ("dryRun", "fieldManager", "fieldValidation", "force")


def document(resources: Iterable[Resource]) -> bytes:
    """The document: a path with a PATCH operation for each resource that has one."""
    info = _field(1, b"Kubernetes") + _field(2, GIT_VERSION.encode())
    paths = b"".join(_field(2, _path(one)) for one in resources if "patch" in one.verbs)
    return _field(1, b"2.0") + _field(2, info) + _field(8, paths)


def _path(resource: Resource) -> bytes:
    """A NamedPathItem."""
    group = f"/apis/{resource.group}" if resource.group else "/api"
    namespace = "/namespaces/{namespace}" if resource.is_namespaced else ""
    name = f"{group}/{resource.version}{namespace}/{resource.plural}/{{name}}"
    return _field(1, name.encode()) + _field(2, _field(8, _patch(resource)))


def _patch(resource: Resource) -> bytes:
    """An Operation; whose kind it is of is said in YAML, of which JSON is a part."""
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    said = _field(1, b"x-kubernetes-group-version-kind")
    said += _field(2, _field(2, orjson.dumps(kind)))
    return b"".join(_field(8, _parameter(name)) for name in PARAMETERS) + _field(13, said)


def _parameter(name: str) -> bytes:
    """A ParametersItem: a Parameter that is a NonBodyParameter that is in the query."""
    found = _field(2, b"query") + _field(4, name.encode()) + _field(6, b"string")
    return _field(1, _field(2, _field(3, found)))


def _field(number: int, data: bytes) -> bytes:
    """A field of bytes: a string, or a message."""
    return _varint(number << 3 | 2) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*found, number))
