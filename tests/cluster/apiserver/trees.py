"""A custom resource for tests: trees, with a schema and both subresources."""

from __future__ import annotations

from typing import Any

from tests.cluster.apiserver.plane import Plane

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TREES = "/apis/d.example.org/v1/namespaces/default/trees"
MERGE = "application/merge-patch+json"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "properties": {
                "kind": {"type": "string"},
                "replicas": {"type": "integer"},
                "set": {
                    "type": "array",
                    "items": {"type": "string"},
                    "x-kubernetes-list-type": "set",
                },
                "num": {"type": "number", "multipleOf": 0.5},
                "date": {"type": "string", "format": "date-time"},
                "inner": {
                    "type": "object",
                    "x-kubernetes-embedded-resource": True,
                    "x-kubernetes-preserve-unknown-fields": True,
                },
            },
        },
        "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
    },
}
SUBRESOURCES = {
    "status": {},
    "scale": {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"},
}


def definition(plural: str = "trees", kind: str = "Tree", **names: Any) -> dict[str, Any]:
    """Of trees, or of what else is asked for."""
    version = {"name": "v1", "served": True, "storage": True, "subresources": SUBRESOURCES}
    version["schema"] = {"openAPIV3Schema": SCHEMA}
    spec = {"group": "d.example.org", "scope": "Namespaced", "versions": [version]}
    spec["names"] = {"plural": plural, "kind": kind, **names}
    return {"metadata": {"name": f"{plural}.d.example.org"}, "spec": spec}


def tree(name: str = "t", **spec: Any) -> dict[str, Any]:
    """An oak, with more in its spec."""
    about = {"apiVersion": "d.example.org/v1", "kind": "Tree", "metadata": {"name": name}}
    return about | {"spec": {"kind": "oak", **spec}}


async def serve(plane: Plane, body: dict[str, Any] | None = None) -> None:
    """Has trees served."""
    await plane.call("POST", DEFINITIONS, body or definition())
    await plane.until(lambda: plane.api.registry.find("d.example.org", "v1", "trees") is not None)
