"""Definitions of custom resources that the extension server of Kubernetes 1.36 refuses.

What is expected was recorded from a real one (apiextensions-apiserver 0.36.4), which was sent the
same definitions: the causes of its 422, in their order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.cluster.apiserver.plane import Plane, with_plane
from tests.cluster.apiserver.test_like_the_extension_server import warned
from tests.cluster.apiserver.trees import MERGE, serve

DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SPEC = "spec.validation.openAPIV3Schema.properties[spec]"
KEYS = "x-kubernetes-list-map-keys"


def definition(schema: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A definition whose version, or whose spec (`in_spec`), says more."""
    in_spec = more.pop("in_spec", {})
    version = {"name": "v1", "served": True, "storage": True}
    version["schema"] = {"openAPIV3Schema": schema or {"type": "object"}}
    spec = {"group": "d.example.org", "scope": "Namespaced", "versions": [version | more]}
    spec["names"] = {"plural": "trees", "kind": "Tree"}
    return {"metadata": {"name": "trees.d.example.org"}, "spec": spec | in_spec}


def of_spec(**schema: Any) -> dict[str, Any]:
    """A definition of objects with a `spec` of this schema."""
    named = {
        name.replace("__", "-").replace("_", "-") if name.startswith("x_") else name: value
        for name, value in schema.items()
    }
    return definition({"type": "object", "properties": {"spec": named}})


def list_of(element: dict[str, Any], list_type: str, *keys: str) -> dict[str, Any]:
    more: dict[str, Any] = {"x_kubernetes_list_type": list_type}
    if keys:
        more["x_kubernetes_list_map_keys"] = list(keys)
    return of_spec(type="array", items=element, **more)


STRING = {"type": "string"}
CASES: list[tuple[dict[str, Any], list[str]]] = [
    (
        definition(in_spec={"preserveUnknownFields": True}),
        [
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
            "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead"
        ],
    ),
    (
        definition(deprecationWarning="x"),
        [
            'spec.versions[0].deprecationWarning: Invalid value: "x": '
            "can only be set for deprecated versions"
        ],
    ),
    (
        definition(in_spec={"conversion": {}}),
        ["spec.conversion.strategy: Required value"],
    ),
    (
        definition(
            in_spec={
                "conversion": {
                    "strategy": "None",
                    "webhook": {
                        "conversionReviewVersions": ["v1"],
                        "clientConfig": {"url": "https://x"},
                    },
                }
            }
        ),
        [
            "spec.conversion.webhookClientConfig: Forbidden: "
            "should not be set when strategy is not set to Webhook",
            "spec.conversion.conversionReviewVersions: Forbidden: "
            "should not be set when strategy is not set to Webhook",
        ],
    ),
    (
        definition(
            additionalPrinterColumns=[
                {"name": "", "type": "string", "jsonPath": ".a"},
                {"name": "B", "type": "foo", "jsonPath": ".a"},
                {"name": "C", "type": "string", "format": "bar", "jsonPath": "a"},
            ]
        ),
        [
            "spec.additionalPrinterColumns[0].name: Required value",
            'spec.additionalPrinterColumns[1].type: Invalid value: "foo": '
            "must be one of boolean,date,integer,number,string",
            'spec.additionalPrinterColumns[2].format: Invalid value: "bar": '
            "must be one of byte,date,date-time,double,float,int32,int64,password",
            'spec.additionalPrinterColumns[2].JSONPath: Invalid value: "a": '
            "must be a simple json path starting with .",
        ],
    ),
    (
        of_spec(properties={"a": {}}),
        [
            f"{SPEC}.properties[a].type: Required value: "
            "must not be empty for specified object fields",
            f"{SPEC}.type: Required value: must not be empty for specified object fields",
        ],
    ),
    (of_spec(type="string", pattern="("), [
        f'{SPEC}.pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: '
        "error parsing regexp: missing closing ): `(`"
    ]),
    (of_spec(type="string", pattern="^(?!x)"), [
        f'{SPEC}.pattern: Invalid value: "^(?!x)": must be a valid regular expression, but '
        "isn't: error parsing regexp: invalid or unsupported Perl syntax: `(?!`"
    ]),
    (of_spec(type="integer", minimum=3, default=1), [
        f"{SPEC}.default: Invalid value: 1:  in body should be greater than or equal to 3"
    ]),
    (of_spec(type="object", default={"a": 1}), [
        f'{SPEC}.default: Invalid value: {{"a":1}}: must not have unknown fields'
    ]),
    (
        list_of({"type": "object", "properties": {"a": STRING}}, "map", "a"),
        [
            f"{SPEC}.items.properties[a].default: Required value: this property is in {KEYS}, "
            "so it must have a default or be a required property"
        ],
    ),
    (
        list_of({"type": "object", "required": ["a"], "properties": {"a": STRING}}, "map", *"aab"),
        [
            f'{SPEC}.{KEYS}: Invalid value: ["a","a","b"]: must not contain duplicate entries',
            f'{SPEC}.{KEYS}: Invalid value: ["a","a","b"]: '
            "entries must all be names of item properties",
        ],
    ),
    (list_of({"type": "string", "nullable": True}, "set"), [
        f"{SPEC}.items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set"
    ]),
    (list_of({"type": "object"}, "set"), [
        f"{SPEC}.items.x-kubernetes-map-type: Invalid value: null: "
        "must be atomic as item of a list with x-kubernetes-list-type=set"
    ]),
    (
        definition(
            {"type": "object", "properties": {"apiVersion": {"type": "string", "default": "v1"}}}
        ),
        [
            "spec.validation.openAPIV3Schema.properties[apiVersion].default: Forbidden: "
            "must not be set in top-level apiVersion"
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "causes"), CASES)
def test_a_definition_is_refused_for_the_same_causes(
    tmp_path: Path, body: dict[str, Any], causes: list[str]
) -> None:
    async def run(plane: Plane) -> None:
        error = await plane.refused("POST", DEFINITIONS, body)
        found = (error.details or {})["causes"]
        assert [f"{one['field']}: {one['message']}" for one in found] == causes

    with_plane(tmp_path, run, is_bare=True)


def test_what_any_of_speaks_of_need_not_be_specified_outside_of_it(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        body = of_spec(type="object", anyOf=[{"properties": {"a": {"minimum": 1}}}])
        assert (await plane.call("POST", DEFINITIONS, body))["metadata"]["generation"] == 1

    with_plane(tmp_path, run, is_bare=True)


def hook(**service: Any) -> dict[str, Any]:
    """A definition whose objects a service converts."""
    webhook = {"conversionReviewVersions": ["v1"], "clientConfig": {"service": service}}
    return definition(in_spec={"conversion": {"strategy": "Webhook", "webhook": webhook}})


WHERE = "spec.conversion.webhookClientConfig.service"
LABEL = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or "
    "'.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used "
    "for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


@pytest.mark.parametrize(
    ("body", "causes"),
    [
        (hook(), [f"{WHERE}.name: Required value", f"{WHERE}.namespace: Required value"]),
        (
            hook(name="a", namespace="b", port=70000),
            [
                f"{WHERE}.port: Invalid value: 70000: port is not valid: "
                "must be between 1 and 65535, inclusive"
            ],
        ),
        (
            hook(name="a", namespace="b", path="/x//y"),
            [f'{WHERE}.path: Invalid value: "/x//y": segment[1] may not be empty'],
        ),
        (
            hook(name="a", namespace="b", path="/a b"),
            [f'{WHERE}.path: Invalid value: "/a b": segment[0]: {LABEL}'],
        ),
        (
            hook(name="a", namespace="b", path="xy/z"),
            [f"{WHERE}.path: Invalid value: \"xy/z\": must start with a '/'"],
        ),
    ],
)
def test_a_service_that_converts_is_named_right(
    tmp_path: Path, body: dict[str, Any], causes: list[str]
) -> None:
    test_a_definition_is_refused_for_the_same_causes(tmp_path, body, causes)


def test_formats_that_nobody_looks_at_are_warned_of_once_they_are_new(tmp_path: Path) -> None:
    fields = {
        "a": {"type": "string", "format": "foo"},
        "b": {"type": "string", "format": "int32"},
        "c": {"type": "integer", "format": "int32"},
        "d": {"type": "number", "format": "int64"},
        "e": {"type": "string", "format": "k8s-short-name"},
        "f": {"type": "array", "items": {"type": "string", "format": "foo"}},
    }
    path = f"{DEFINITIONS}/trees.d.example.org"

    async def run(plane: Plane) -> None:
        body = of_spec(type="object", properties=fields)
        said = await warned(plane, "POST", DEFINITIONS, orjson.dumps(body))
        assert said == [f'unrecognized format "{one}"' for one in ("foo", "int32", "int64")]
        stored = await plane.call("GET", path)
        schema = stored["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        schema["properties"]["spec"]["properties"]["g"] = {"type": "string", "format": "bar"}
        said = await warned(plane, "PUT", path, orjson.dumps(stored))
        assert said == ['unrecognized format "bar"']

    with_plane(tmp_path, run, is_bare=True)


def test_what_cannot_change_is_said_once(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        path = f"{DEFINITIONS}/trees.d.example.org"
        patch = {"spec": {"group": "e.example.org", "scope": "Cluster", "names": {"kind": "X"}}}
        error = await plane.refused("PATCH", path, patch, content_type=MERGE)
        assert [f"{one['field']}: {one['message']}" for one in (error.details or {})["causes"]] == [
            'spec.scope: Invalid value: "Cluster": field is immutable',
            'spec.names.kind: Invalid value: "X": field is immutable',
            'spec.group: Invalid value: "e.example.org": field is immutable',
        ]

    with_plane(tmp_path, run)


def test_the_list_of_conditions_is_there_from_the_start_and_nobodys(tmp_path: Path) -> None:
    async def run(plane: Plane) -> None:
        await serve(plane)
        found = await plane.call("GET", f"{DEFINITIONS}/trees.d.example.org")
        of_status = [one for one in found["metadata"]["managedFields"] if one.get("subresource")]
        (fields,) = [one["fieldsV1"]["f:status"] for one in of_status]
        assert set(fields) == {"f:acceptedNames", "f:conditions"}
        assert set(fields["f:conditions"]) == {
            'k:{"type":"Established"}',
            'k:{"type":"NamesAccepted"}',
        }

    with_plane(tmp_path, run)
