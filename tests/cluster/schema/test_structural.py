"""What is wrong with the schema of a CRD."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from labkit.cluster.embedded.schema import (
    builtin,
    faults,
    from_crd,
    prune,
    set_defaults,
    structural_faults,
    unknown_fields,
    wrong_types,
)
from labkit.cluster.embedded.schema.definitions import JSON_SCHEMA
from tests.cluster.schema.support import WIDGET_KIND, WIDGET_SCHEMA, spoiled, widget_type

ROOT = "spec.versions[0].schema.openAPIV3Schema"
FIELD = f"{ROOT}.properties[x]"


def said(schema: Any) -> list[str]:
    return [str(fault) for fault in structural_faults(schema)]


def field(**schema: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"x": schema}}


@pytest.mark.parametrize(
    "schema",
    [
        WIDGET_SCHEMA,
        field(**{"x-kubernetes-preserve-unknown-fields": True}),
        field(
            **{
                "x-kubernetes-int-or-string": True,
                "anyOf": [{"type": "integer"}, {"type": "string"}],
            }
        ),
        field(
            **{
                "x-kubernetes-int-or-string": True,
                "allOf": [{"anyOf": [{"type": "integer"}, {"type": "string"}]}, {"minimum": 1}],
            }
        ),
        field(type="object", additionalProperties={"type": "string"}),
        field(type="object", properties={"a": {"type": "string"}}, anyOf=[{"required": ["a"]}]),
        field(type="object", anyOf=[{"properties": {"a": {"minimum": 1}}}]),
        {
            "type": "object",
            "properties": {
                "metadata": {"type": "object", "properties": {"name": {"type": "string"}}}
            },
        },
    ],
)
def test_a_structural_schema_has_no_faults(schema: Any) -> None:
    assert said(schema) == []


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({}, [f"{ROOT}.type: Required value: must not be empty at the root"]),
        (
            {"type": "array", "items": {"type": "string"}},
            [f'{ROOT}.type: Invalid value: "array": must be object at the root'],
        ),
        (
            {"type": "object", "additionalProperties": {"type": "string"}},
            [f"{ROOT}.additionalProperties: Forbidden: must not be used at the root"],
        ),
        (
            {
                "type": "object",
                "properties": {"metadata": {"type": "object", "required": ["name"]}},
            },
            [
                f"{ROOT}.properties[metadata]: Forbidden: must not specify anything other than "
                "name and generateName, but metadata is implicitly specified"
            ],
        ),
        (field(), [f"{FIELD}.type: Required value: must not be empty for specified object fields"]),
        (field(type="array"), [f"{FIELD}.items: Required value: must be specified"]),
        (
            field(type="array", items={}),
            [f"{FIELD}.items.type: Required value: must not be empty for specified array items"],
        ),
        (
            field(type="text"),
            [
                f'{FIELD}.type: Unsupported value: "text": supported values: "array", "boolean", '
                '"integer", "number", "object", "string"'
            ],
        ),
        (
            field(type="object", **{"$ref": "#/definitions/x"}),
            [f"{FIELD}.$ref: Forbidden: $ref is not supported"],
        ),
        (
            field(
                type="object",
                properties={"a": {"type": "string"}},
                additionalProperties={"type": "string"},
            ),
            [
                f"{FIELD}.additionalProperties: Forbidden: "
                "additionalProperties and properties are mutual exclusive"
            ],
        ),
        (
            field(type="array", items={"type": "string"}, uniqueItems=True),
            [
                f"{FIELD}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the "
                "runtime complexity becomes quadratic"
            ],
        ),
        (
            field(type="object", anyOf=[{"type": "object", "description": "x"}]),
            [
                f"{FIELD}.anyOf[0].description: Forbidden: must be empty to be structural",
                f"{FIELD}.anyOf[0].type: Forbidden: must be empty to be structural",
            ],
        ),
        (
            {"type": "object", "anyOf": [{"properties": {"a": {"minimum": 1}}}]},
            [
                f"{ROOT}.properties[a]: Required value: because it is defined in "
                f"{ROOT}.anyOf[0].properties[a]"
            ],
        ),
        (
            field(type="integer", default="one"),
            [
                f'{FIELD}.default: Invalid value: "string": '
                ' in body must be of type integer: "string"'
            ],
        ),
        (
            field(type="array", items={"type": "object"}, **{"x-kubernetes-list-type": "map"}),
            [
                f"{FIELD}.x-kubernetes-list-map-keys: Required value: "
                "must not be empty if x-kubernetes-list-type is map"
            ],
        ),
        (
            field(type="string", **{"x-kubernetes-embedded-resource": True}),
            [
                f"{FIELD}.properties: Required value: must not be empty if "
                "x-kubernetes-embedded-resource is true "
                "without x-kubernetes-preserve-unknown-fields",
                f'{FIELD}.type: Invalid value: "string": '
                "must be object if x-kubernetes-embedded-resource is true",
            ],
        ),
        (
            field(type="string", **{"x-kubernetes-preserve-unknown-fields": False}),
            [
                f"{FIELD}.x-kubernetes-preserve-unknown-fields: Invalid value: false: "
                "must be true or undefined"
            ],
        ),
    ],
)
def test_a_fault_is_told_in_the_servers_words(schema: Any, expected: list[str]) -> None:
    assert said(schema) == expected


def test_a_pattern_must_be_one() -> None:
    (fault,) = said(field(type="string", pattern="("))
    assert fault == (
        f'{FIELD}.pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: '
        "error parsing regexp: missing closing ): `(`"
    )


def test_faults_are_sorted() -> None:
    found = said({"type": "object", "properties": {"b": {}, "a": {}, "c": {"type": "array"}}})
    assert len(found) == 3
    assert found == sorted(found)


def test_items_are_one_schema() -> None:
    assert said(field(type="array", items=[{"type": "string"}])) == [
        f"{FIELD}.items: Forbidden: items must be a schema object and not an array"
    ]


TYPES = {
    "a": "object", "b": "array", "c": "string", "d": "integer", "e": "number", "f": "boolean",
}  # fmt: skip


def with_real_types(schema: Any) -> Any:
    """The same schema with types that there are, by the first letters of those it has."""
    if isinstance(schema, list):
        return [with_real_types(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = {name: with_real_types(part) for name, part in schema.items()}
    if isinstance(found.get("type"), str):
        found["type"] = TYPES.get(found["type"][:1], "object")
    return found


@settings(max_examples=150)
@given(spoiled(builtin().definition(JSON_SCHEMA)), spoiled(widget_type()))
def test_whatever_schema_is_taken_can_be_used(schema: Any, value: Any) -> None:
    """Structural or not: no walk stumbles over it."""
    schema_type = builtin().definition(JSON_SCHEMA)
    if wrong_types(schema_type, schema):
        return
    set_defaults(schema_type, schema)
    schema = with_real_types(schema)
    structural_faults(schema)
    type_ = from_crd(schema, WIDGET_KIND)
    for one in (value, dict.fromkeys(schema.get("properties", ()), value)):
        faults(type_, one)
        wrong_types(type_, one)
        set_defaults(type_, one)
        assert unknown_fields(type_, prune(type_, one)) == []
