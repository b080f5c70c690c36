"""What a CustomResourceDefinition adds, for as long as it is there."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.cluster.apiserver.plane import Plane, with_plane

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
TREES = "/apis/example.org/v1/namespaces/default/trees"
MERGE = "application/merge-patch+json"

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "spec": {
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": {"type": "string", "enum": ["oak", "elm"]},
                "height": {"type": "integer", "minimum": 1, "default": 3},
                "replicas": {"type": "integer"},
            },
        },
        "status": {"type": "object", "properties": {"replicas": {"type": "integer"}}},
    },
}


def definition(**version: Any) -> dict[str, Any]:
    names = {"plural": "trees", "kind": "Tree", "shortNames": ["tr"]}
    served = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": SCHEMA}}
    spec = {"group": "example.org", "scope": "Namespaced", "names": names}
    return {
        "metadata": {"name": "trees.example.org"},
        "spec": spec | {"versions": [served | version]},
    }


def tree(name: str, **spec: Any) -> dict[str, Any]:
    about = {"apiVersion": "example.org/v1", "kind": "Tree", "metadata": {"name": name}}
    return about | {"spec": {"kind": "oak", **spec}}


async def serve(plane: Plane, **version: Any) -> None:
    await plane.call("POST", DEFINITIONS, definition(**version))
    await plane.until(lambda: plane.api.registry.find("example.org", "v1", "trees") is not None)


def test_a_definition_is_established_and_served(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        found = await plane.call("GET", f"{DEFINITIONS}/trees.example.org")
        kinds = {one["type"]: one["status"] for one in found["status"]["conditions"]}
        assert kinds == {"NamesAccepted": "True", "Established": "True"}
        assert found["status"]["storedVersions"] == ["v1"]
        listed = await plane.call("GET", "/apis/example.org/v1")
        assert listed["resources"][0]["shortNames"] == ["tr"]

    with_plane(tmp_path, run)


def test_defaults_and_rules_are_those_of_the_schema(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        made = await plane.call("POST", TREES, tree("t"))
        assert made["spec"] == {"kind": "oak", "height": 3}
        error = await plane.refused("POST", TREES, tree("u", kind="fir"))
        assert error.code == 422
        assert error.message == (
            'Tree.example.org "u" is invalid: spec.kind: Unsupported value: "fir": '
            'supported values: "oak", "elm"'
        )

    with_plane(tmp_path, run)


def test_a_status_of_its_own_is_changed_by_its_subresource_alone(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, subresources={"status": {}})
        await plane.call("POST", TREES, tree("t") | {"status": {"replicas": 9}})
        made = await plane.call("GET", f"{TREES}/t")
        assert "status" not in made
        body = {"spec": {"height": 7}, "status": {"replicas": 2}}
        await plane.call("PATCH", f"{TREES}/t/status", body, content_type=MERGE)
        found = await plane.call("GET", f"{TREES}/t")
        assert (found["spec"]["height"], found["status"]) == (3, {"replicas": 2})
        assert found["metadata"]["generation"] == 1
        await plane.call("PATCH", f"{TREES}/t", body, content_type=MERGE)
        found = await plane.call("GET", f"{TREES}/t")
        assert (found["spec"]["height"], found["metadata"]["generation"]) == (7, 2)

    with_plane(tmp_path, run)


def test_scale_reads_and_writes_where_the_definition_says(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        paths = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
        await serve(plane, subresources={"status": {}, "scale": paths})
        await plane.call("POST", TREES, tree("t", replicas=2))
        scale = await plane.call("GET", f"{TREES}/t/scale")
        assert (scale["kind"], scale["spec"]["replicas"]) == ("Scale", 2)
        body = {"spec": {"replicas": 5}}
        await plane.call("PATCH", f"{TREES}/t/scale", body, content_type=MERGE)
        assert (await plane.call("GET", f"{TREES}/t"))["spec"]["replicas"] == 5

    with_plane(tmp_path, run)


def test_with_its_definition_go_all_objects_and_the_path(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        await plane.call("POST", TREES, tree("t"))
        await plane.call("DELETE", f"{DEFINITIONS}/trees.example.org")
        await plane.until(lambda: plane.api.registry.find("example.org", "v1", "trees") is None)
        assert plane.store.list("trees.example.org") == []
        assert (await plane.refused("GET", TREES)).code == 404

    with_plane(tmp_path, run)


def test_a_schema_that_is_not_structural_is_refused(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        wrong = {"type": "object", "properties": {"spec": {"properties": {"a": {"type": "text"}}}}}
        error = await plane.refused(
            "POST", DEFINITIONS, definition(schema={"openAPIV3Schema": wrong})
        )
        assert error.code == 422
        where = "spec.validation.openAPIV3Schema.properties[spec]"
        assert f"{where}.type: Required value: must not be empty for specified object fields" in (
            error.message
        )
        assert f'{where}.properties[a].type: Unsupported value: "text"' in error.message

    with_plane(tmp_path, run)


def test_a_name_that_is_taken_is_not_accepted(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        other = definition()
        other["metadata"]["name"] = "shrubs.example.org"
        other["spec"]["names"] = {"plural": "shrubs", "kind": "Tree"}
        await plane.call("POST", DEFINITIONS, other)
        key = f"{DEFINITIONS}/shrubs.example.org"
        found: dict[str, Any] = {}
        for _ in range(400):
            found = await plane.call("GET", key)
            if found.get("status", {}).get("conditions"):
                break
            await asyncio.sleep(0.005)
        kinds = {one["type"]: one["status"] for one in found["status"]["conditions"]}
        assert kinds == {"NamesAccepted": "False", "Established": "False"}
        assert plane.api.registry.find("example.org", "v1", "shrubs") is None

    with_plane(tmp_path, run)
