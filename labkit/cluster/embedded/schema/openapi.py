"""The OpenAPI documents that an API server serves: v3 for each group and version, and v2 for all.

They say what is served: the schemas of the resources given, and of all that these refer to.
kubectl reads them for `explain`, for merging lists by their keys, and to learn what the server
can do. Source: the OpenAPI documents in Kubernetes' api/openapi-spec, and what kubectl 1.34 to
1.37 ask for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from labkit.cluster.embedded.schema.definitions import (
    INT_OR_STRING,
    LIST_META,
    OBJECT_META,
    QUANTITY,
    Definitions,
    builtin,
)
from labkit.cluster.embedded.schema.operations import Json, Names, Resource, paths_of
from labkit.cluster.embedded.version import GIT_VERSION

SCALE = "io.k8s.api.autoscaling.v1.Scale"
INFO = {"title": "Kubernetes", "version": GIT_VERSION}
IN_V3, IN_V2 = "#/components/schemas/", "#/definitions/"

AS_V2: dict[str, Json] = {
    QUANTITY: {"type": "string"},
    INT_OR_STRING: {"type": "string", "format": "int-or-string"},
}
"""What v2 cannot say."""

NOT_IN_V2 = frozenset({"anyOf", "oneOf", "allOf", "not", "nullable", "default"})
"""What v2 does not have, or leaves out of the schemas of CRDs."""

TEXTS = {
    "apiVersion": "APIVersion defines the versioned schema of this representation of an object.",
    "kind": "Kind is a string value representing the REST resource this object represents.",
}


def openapi_v3(group: str, version: str, resources: Iterable[Resource]) -> Json:
    """The document at /openapi/v3/apis/GROUP/VERSION, or /openapi/v3/api/v1.

    Args:
        group: the group, "" for the core.
        version: the version.
        resources: those that are served; the ones of other groups and versions are passed over.
    """
    mine = [one for one in resources if (one.group, one.version) == (group, version)]
    document = _Document(IN_V3, is_v2=False)
    paths = document.paths(mine)
    schemas = document.schemas()
    return {
        "openapi": "3.0.0",
        "info": INFO,
        "paths": paths,
        "components": {"schemas": schemas},
    }


def openapi_v2(resources: Iterable[Resource]) -> Json:
    """The document at /openapi/v2: everything that is served, in the older form."""
    document = _Document(IN_V2, is_v2=True)
    paths = document.paths(resources)
    return {"swagger": "2.0", "info": INFO, "paths": paths, "definitions": document.schemas()}


def openapi_v3_index(resources: Iterable[Resource]) -> Json:
    """The document at /openapi/v3: where the others are.

    The hash in each address changes with the document, so that clients may keep one for ever.
    """
    digests: dict[str, Any] = {}
    for one in resources:
        path = f"apis/{one.group}/{one.version}" if one.group else f"api/{one.version}"
        if path not in digests:
            digests[path] = hashlib.sha256(GIT_VERSION.encode())
        said = (one.plural, one.kind, one.is_namespaced, [*one.verbs], [*one.subresources])
        digests[path].update(orjson.dumps([*said, one.type.published]))
    return {
        "paths": {
            path: {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest.hexdigest().upper()}"}
            for path, digest in sorted(digests.items())
        }
    }


class _Document:
    """Collects the schemas that paths refer to, and those that these refer to."""

    def __init__(self, refer: str, *, is_v2: bool) -> None:
        self.refer = refer
        self.is_v2 = is_v2
        self.definitions: Definitions = builtin()
        self.wanted: list[str] = []
        self.custom: dict[str, Json] = {}

    def paths(self, resources: Iterable[Resource]) -> Json:
        found: Json = {}
        for resource in resources:
            names = self.names(resource)
            found |= paths_of(resource, names, is_v2=self.is_v2)
        adapted: Json = self.adapt(found)
        return dict(sorted(adapted.items()))

    def names(self, resource: Resource) -> Names:
        """The names of a resource's schemas; those of a CRD are made here."""
        type_ = resource.type
        if type_.is_custom:
            name = _custom_name(resource)
            schema = _custom_schema(resource)
            self.custom[name] = _as_v2(schema) if self.is_v2 else schema
            self.custom[f"{name}List"] = _custom_list(resource, name)
            return Names(name, f"{name}List", SCALE)
        listed = f"{type_.name}List"
        return Names(type_.name, listed if listed in self.definitions else type_.name, SCALE)

    def schemas(self) -> Json:
        """All that is referred to, by name."""
        found: Json = {}
        while self.wanted:
            name = self.wanted.pop()
            if name not in found:
                found[name] = self.adapt(self.custom.get(name) or self.published(name))
        return dict(sorted(found.items()))

    def published(self, name: str) -> Json:
        """A definition with its descriptions."""
        schema = self.definitions.schema(name)
        if self.is_v2 and name in AS_V2:
            schema = dict(AS_V2[name])
        for field, text in self.definitions.describe(name).items():
            (schema["properties"][field] if field else schema)["description"] = text
        return schema

    def adapt(self, part: Any) -> Any:
        """A part of the document with references as they are written in it."""
        if isinstance(part, list):
            return [self.adapt(element) for element in part]
        if not isinstance(part, dict):
            return part
        name = part.get("$ref")
        if not isinstance(name, str):
            return {key: self.adapt(value) for key, value in part.items()}
        self.wanted.append(name)
        said = {key: value for key, value in part.items() if key != "$ref"}
        reference = {"$ref": self.refer + name}
        if said and not self.is_v2:  # in v3 nothing may stand beside a reference
            return {"allOf": [reference], **said}
        return reference | said


def _custom_name(resource: Resource) -> str:
    """`com.example.v1.Widget`, for the group `example.com`."""
    return ".".join((*reversed(resource.group.split(".")), resource.version, resource.kind))


def _identity() -> Json:
    return {name: {"type": "string", "description": text} for name, text in TEXTS.items()}


def _kinds(resource: Resource, suffix: str = "") -> list[Json]:
    kind = resource.kind + suffix
    return [{"group": resource.group, "version": resource.version, "kind": kind}]


def _custom_schema(resource: Resource) -> Json:
    """A CRD's schema with what every object has."""
    published: Mapping[str, Any] = resource.type.published or {"type": "object"}
    metadata = {"$ref": OBJECT_META, "description": "Standard object's metadata."}
    fields = _identity() | dict(published.get("properties") or {}) | {"metadata": metadata}
    return {
        **published,
        "properties": fields,
        "x-kubernetes-group-version-kind": _kinds(resource),
        **_selectable(resource),
    }


def _selectable(resource: Resource) -> Json:
    """The fields of a custom resource that a field selector may name, beside those of all."""
    fields = [{"fieldPath": path.removeprefix(".")} for path in resource.selectable_paths]
    return {"x-kubernetes-selectable-fields": fields} if fields else {}


def _as_v2(schema: Mapping[str, Any]) -> Json:
    """A CRD's schema without the words that v2 does not have."""
    found = {name: value for name, value in schema.items() if name not in NOT_IN_V2}
    if fields := schema.get("properties"):
        found["properties"] = {name: _as_v2(field) for name, field in fields.items()}
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), Mapping):
            found[name] = _as_v2(schema[name])
    return found


def _custom_list(resource: Resource, name: str) -> Json:
    fields = _identity() | {
        "metadata": {"$ref": LIST_META, "description": "Standard list metadata."},
        "items": {
            "type": "array",
            "items": {"$ref": name},
            "description": f"List of {resource.plural}.",
        },
    }
    return {
        "type": "object",
        "description": f"{resource.kind}List is a list of {resource.kind}",
        "required": ["items"],
        "properties": fields,
        "x-kubernetes-group-version-kind": _kinds(resource, "List"),
        **_selectable(resource),
    }
