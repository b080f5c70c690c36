"""The `paths` of OpenAPI documents: what may be asked for, and with which parameters.

As much as clients look for. kubectl finds a kind's path by `x-kubernetes-group-version-kind`, and
reads from its PATCH whether the server knows `fieldValidation` and `dryRun`. Source: what kubectl
1.34 to 1.37 ask for, and Kubernetes' own api/openapi-spec.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from labkit.cluster.embedded.schema.types import Type

Json = dict[str, Any]

PATCHES = (
    "application/apply-patch+yaml",
    "application/json-patch+json",
    "application/merge-patch+json",
    "application/strategic-merge-patch+json",
)
STRATEGIC = PATCHES[-1]
BODIES = ("application/json", "application/yaml", "application/vnd.kubernetes.protobuf")

ON_WRITE = {
    "dryRun": "When present, nothing is stored. The only value is All.",
    "fieldManager": "The name of who writes, for managedFields.",
    "fieldValidation": "What to do about fields that are not known or twice there: "
    "Ignore, Warn, Strict.",
}
ON_LIST = {
    "labelSelector": "Only objects with such labels.",
    "fieldSelector": "Only objects with such fields.",
    "limit": "At most so many objects.",
    "continue": "Where the answer before ended.",
    "resourceVersion": "Not older than this.",
    "watch": "Changes, as they happen.",
}
SUBRESOURCES = ("status", "scale")
"""Those that are read and written as objects are."""

SCALE = {"group": "autoscaling", "version": "v1", "kind": "Scale"}


class Resource(Protocol):
    """What must be known of a resource: those of the API server have it."""

    @property
    def group(self) -> str: ...  # noqa: D102
    @property
    def version(self) -> str: ...  # noqa: D102
    @property
    def plural(self) -> str: ...  # noqa: D102
    @property
    def singular(self) -> str: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def is_namespaced(self) -> bool: ...  # noqa: D102
    @property
    def verbs(self) -> Collection[str]: ...  # noqa: D102
    @property
    def subresources(self) -> Collection[str]: ...  # noqa: D102
    @property
    def selectable_paths(self) -> Sequence[str]: ...  # noqa: D102
    @property
    def type(self) -> Type: ...  # noqa: D102


class Names(NamedTuple):
    """The names of a resource's schemas in a document."""

    object: str
    list: str
    scale: str


def paths_of(resource: Resource, names: Names, *, is_v2: bool) -> Json:
    """The paths of a resource, of its objects and of their subresources."""
    group = f"/apis/{resource.group}" if resource.group else "/api"
    root = f"{group}/{resource.version}"
    here = f"{root}/namespaces/{{namespace}}" if resource.is_namespaced else root
    write = _Operations(resource, is_v2)
    found = {
        f"{here}/{resource.plural}": dict(write.of_list(names)),
        f"{here}/{resource.plural}/{{name}}": dict(write.of_object(names.object, write.gvk)),
    }
    if resource.is_namespaced and "list" in resource.verbs:
        found[f"{root}/{resource.plural}"] = {"get": write.list(names)}
    for name in SUBRESOURCES:
        if name in resource.subresources:
            schema, gvk = (names.scale, SCALE) if name == "scale" else (names.object, write.gvk)
            path = f"{here}/{resource.plural}/{{name}}/{name}"
            found[path] = dict(write.of_object(schema, gvk, ("get", "update", "patch")))
    for path, operations in found.items():
        write.add_parameters_of_path(path, operations)
    return {path: operations for path, operations in found.items() if operations}


class _Operations:
    """Writes the operations of one resource, in the words of v2 or v3."""

    def __init__(self, resource: Resource, is_v2: bool) -> None:
        self.resource = resource
        self.is_v2 = is_v2
        self.verbs = resource.verbs
        self.gvk = {
            "group": resource.group,
            "version": resource.version,
            "kind": resource.kind,
        }

    def of_list(self, names: Names) -> Iterator[tuple[str, Json]]:
        if "list" in self.verbs:
            yield "get", self.list(names)
        if "create" in self.verbs:
            yield "post", self._write("post", names.object, self.gvk, BODIES, names.object)
        if "deletecollection" in self.verbs:
            yield "delete", self._operation("deletecollection", names.list, self.gvk, ON_LIST)

    def of_object(
        self, name: str, gvk: Json, verbs: Collection[str] | None = None
    ) -> Iterator[tuple[str, Json]]:
        verbs = self.verbs if verbs is None else verbs
        if "get" in verbs:
            yield "get", self._operation("get", name, gvk, {})
        if "update" in verbs:
            yield "put", self._write("put", name, gvk, BODIES, name)
        if "patch" in verbs:
            yield "patch", self._write("patch", name, gvk, self._patches(), None)
        if "delete" in verbs:
            yield "delete", self._operation("delete", name, gvk, {"dryRun": ON_WRITE["dryRun"]})

    def list(self, names: Names) -> Json:
        return self._operation("list", names.list, self.gvk, ON_LIST)

    def add_parameters_of_path(self, path: str, operations: Json) -> None:
        """What stands in braces in the path."""
        said = [
            self._parameter(name, f"{name} of the object", "path")
            for name in ("name", "namespace")
            if f"{{{name}}}" in path
        ]
        if operations and said:
            operations["parameters"] = said

    def _patches(self) -> tuple[str, ...]:
        """A CRD's objects have no strategic merge."""
        return PATCHES[:-1] if self.resource.type.is_custom else PATCHES

    def _operation(self, action: str, answer: str, gvk: Json, query: dict[str, str]) -> Json:
        parameters = [self._parameter(name, text, "query") for name, text in query.items()]
        schema = {"$ref": answer}
        said = {"schema": schema} if self.is_v2 else {"content": {BODIES[0]: {"schema": schema}}}
        return {
            "x-kubernetes-action": action,
            "x-kubernetes-group-version-kind": gvk,
            "parameters": parameters,
            "responses": {"200": {"description": "OK", **said}},
        }

    def _write(
        self, action: str, answer: str, gvk: Json, bodies: Collection[str], body: str | None
    ) -> Json:
        """An operation that has a body: an object, or (None) a patch, which may be anything."""
        operation = self._operation(action, answer, gvk, ON_WRITE)
        schema = {"$ref": body} if body else {"type": "object"}
        if action == "patch":
            force = self._parameter("force", "Take what another manager has.", "query")
            operation["parameters"].append(force)
        if self.is_v2:
            operation["consumes"] = list(bodies)
            operation["parameters"].append(
                {"in": "body", "name": "body", "required": True, "schema": schema}
            )
        else:
            content = {name: {"schema": schema} for name in bodies}
            operation["requestBody"] = {"required": True, "content": content}
        return operation

    def _parameter(self, name: str, text: str, where: str) -> Json:
        kind: Json = {"type": "string"}
        said: Json = {"in": where, "name": name, "description": text}
        if where == "path":
            said["required"] = True
        return said | (kind if self.is_v2 else {"schema": kind})
