"""Rules of a CRD, from the definition to the answer that a client gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.cluster.admission.asking import warnings
from tests.cluster.apiserver.plane import Plane, with_plane
from tests.cluster.apiserver.test_custom_resources import (
    DEFINITIONS,
    MERGE,
    TREES,
    definition,
    serve,
    tree,
)

RULES = [
    {
        "rule": "!has(self.height) || self.height <= self.limit",
        "message": "grows too high",
        "fieldPath": ".height",
    },
    {"rule": "self.kind == oldSelf.kind", "message": "kind is immutable"},
]


def schema(*rules: dict[str, Any], **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "kind": {"type": "string"},
        "height": {"type": "integer"},
        "limit": {"type": "integer", "default": 10},
    }
    spec = {"type": "object", "properties": fields, "required": ["kind"]}
    spec["x-kubernetes-validations"] = list(rules)
    status = {"type": "object", "properties": {"height": {"type": "integer"}}}
    return {"type": "object", "properties": {"spec": spec, "status": status}, **more}


def test_an_object_that_breaks_a_rule_is_refused(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, schema={"openAPIV3Schema": schema(*RULES)})
        await plane.call("POST", TREES, tree("t", height=5))
        error = await plane.refused("POST", TREES, tree("u", height=11))
        assert (error.code, error.reason) == (422, "Invalid")
        assert error.message == (
            'Tree.example.org "u" is invalid: spec.height: Invalid value: grows too high'
        )
        assert error.details is not None
        assert error.details["causes"] == [
            {
                "reason": "FieldValueInvalid",
                "message": "Invalid value: grows too high",
                "field": "spec.height",
            }
        ]

    with_plane(tmp_path, run)


def test_a_field_may_be_immutable(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, schema={"openAPIV3Schema": schema(*RULES)})
        await plane.call("POST", TREES, tree("t"))
        patch = {"spec": {"kind": "elm"}}
        error = await plane.refused("PATCH", f"{TREES}/t", patch, content_type=MERGE)
        assert error.message.endswith("spec: Invalid value: kind is immutable")
        patch = {"spec": {"height": 4}}
        await plane.call("PATCH", f"{TREES}/t", patch, content_type=MERGE)

    with_plane(tmp_path, run)


def test_rules_wait_for_an_object_that_its_schema_takes(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, schema={"openAPIV3Schema": schema(*RULES)})
        error = await plane.refused("POST", TREES, {**tree("t"), "spec": {"height": 11}})
        assert error.message == (
            'Tree.example.org "t" is invalid: [spec.kind: Required value, <nil>: Invalid value: '
            "null: some validation rules were not checked because the object was invalid; "
            "correct the existing errors to complete validation]"
        )

    with_plane(tmp_path, run)


def test_rules_are_asked_of_a_new_status(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        rule = {"rule": "!has(self.status) || self.status.height <= self.spec.limit"}
        said = schema(**{"x-kubernetes-validations": [rule]})
        await serve(plane, schema={"openAPIV3Schema": said}, subresources={"status": {}})
        await plane.call("POST", TREES, tree("t"))
        path = f"{TREES}/t/status"
        await plane.call("PATCH", path, {"status": {"height": 3}}, content_type=MERGE)
        error = await plane.refused("PATCH", path, {"status": {"height": 30}}, content_type=MERGE)
        assert "<nil>: Invalid value: failed rule: " in error.message

    with_plane(tmp_path, run)


def test_what_was_stored_before_a_rule_may_stay(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane, schema={"openAPIV3Schema": schema()})
        await plane.call("POST", TREES, tree("t", height=50))
        path = f"{DEFINITIONS}/trees.example.org"
        crd = await plane.call("GET", path)
        crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = schema(*RULES)
        await plane.call("PUT", path, crd)
        await plane.until(lambda: plane.api.registry.find("example.org", "v1", "trees") is not None)
        patch = {"metadata": {"labels": {"a": "b"}}}
        found = await warnings(plane, "PATCH", f"{TREES}/t", patch, content_type=MERGE)
        assert found == ["spec.height: Invalid value: grows too high"]
        patch = {"spec": {"height": 51}}
        await plane.refused("PATCH", f"{TREES}/t", patch, content_type=MERGE)

    with_plane(tmp_path, run)


def test_a_definition_whose_rule_does_not_compile_is_refused(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        said = definition(schema={"openAPIV3Schema": schema({"rule": "self.nope > 1"})})
        error = await plane.refused("POST", DEFINITIONS, said)
        assert error.code == 422
        path = "spec.validation.openAPIV3Schema.properties[spec].x-kubernetes-validations[0].rule"
        assert f'"trees.example.org" is invalid: {path}: Invalid value: ' in error.message
        assert "compilation failed: ERROR: <input>:1:5: undefined field 'nope'" in error.message

    with_plane(tmp_path, run)
