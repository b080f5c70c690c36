"""Writes as an API server makes them, and objects to write."""

from __future__ import annotations

from typing import Any

from labkit.cluster.embedded.apiserver.patches import apply, managed_fields
from labkit.cluster.embedded.store.frozen import freeze, thaw
from tests.cluster.patches.types import Node

T1, T2, T3 = "2026-11-01T10:00:00Z", "2026-11-01T10:00:01Z", "2026-11-01T10:00:02Z"


def version(type: Node) -> str:
    assert type.gvk is not None
    return f"{type.gvk[0]}/{type.gvk[1]}".lstrip("/")


def applied(
    type: Node, live: Any, config: Any, manager: str = "one", force: bool = False, **options: Any
) -> Any:
    """The stored object after an apply, frozen."""
    options = {"api_version": version(type), "now": T1, **options}
    return freeze(apply(type, live, config, manager, force=force, **options))


def updated(type: Node, live: Any, after: Any, manager: str, **options: Any) -> Any:
    """The stored object after an update, frozen."""
    options = {"api_version": version(type), "now": T1, **options}
    entries = managed_fields(type, live, after, manager, **options)
    return freeze({**after, "metadata": {**after["metadata"], "managedFields": entries}})


def sets(object: Any) -> dict[str, Any]:
    return {e["manager"]: e["fieldsV1"] for e in object["metadata"].get("managedFields", [])}


def bare(object: Any) -> Any:
    """An object without its managedFields."""
    object = thaw(object)
    object["metadata"].pop("managedFields", None)
    return object


def config(**data: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def pod(*containers: Any, **spec: Any) -> dict[str, Any]:
    spec = {"containers": list(containers), **spec}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec}


def deployment(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "default"}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def widget(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "lab.example/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": spec,
    }
