"""OpenAPI documents, looked at as kubectl does."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from labkit.cluster.embedded.schema import Type, from_crd
from labkit.cluster.embedded.schema.definitions import INT_OR_STRING, OBJECT_META, QUANTITY
from labkit.cluster.embedded.schema.openapi import openapi_v2, openapi_v3, openapi_v3_index
from tests.cluster.schema.support import kind, widget_type

EVERYTHING = ("create", "delete", "deletecollection", "get", "list", "patch", "update", "watch")
POD = "io.k8s.api.core.v1.Pod"
WIDGET = "com.example.v1.Widget"


@dataclass(frozen=True)
class Resource:
    group: str
    version: str
    plural: str
    singular: str
    kind: str
    type: Type
    is_namespaced: bool = True
    verbs: tuple[str, ...] = EVERYTHING
    subresources: tuple[str, ...] = ("status",)
    selectable_paths: tuple[str, ...] = ()


PODS = Resource("", "v1", "pods", "pod", "Pod", kind("", "v1", "Pod"))
NODES = Resource("", "v1", "nodes", "node", "Node", kind("", "v1", "Node"), is_namespaced=False)
DEPLOYMENTS = Resource(
    "apps",
    "v1",
    "deployments",
    "deployment",
    "Deployment",
    kind("apps", "v1", "Deployment"),
    subresources=("status", "scale"),
)
WIDGETS = Resource("example.com", "v1", "widgets", "widget", "Widget", widget_type())
ODD_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "anyOf": {"type": "string", "nullable": True},
        "a": {"type": "array", "items": {"type": "object", "anyOf": [{"required": ["x"]}]}},
    },
}
ODD = Resource("odd.io", "v1", "odds", "odd", "Odd", from_crd(ODD_SCHEMA, ("odd.io", "v1", "Odd")))
ALL = [PODS, NODES, DEPLOYMENTS, WIDGETS]


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


@pytest.mark.parametrize("resource", ALL)
def test_every_reference_of_v3_leads_somewhere(resource: Resource) -> None:
    document = openapi_v3(resource.group, resource.version, ALL)
    schemas = document["components"]["schemas"]
    found = set(references(document))
    assert {name.removeprefix("#/components/schemas/") for name in found} == set(schemas)
    json.dumps(document)


def test_every_reference_of_v2_leads_somewhere() -> None:
    document = openapi_v2(ALL)
    found = {name.removeprefix("#/definitions/") for name in references(document)}
    assert found == set(document["definitions"])
    json.dumps(document)


@pytest.mark.parametrize("resource", ALL)
def test_a_client_finds_out_that_the_server_validates_fields(resource: Resource) -> None:
    """kubectl looks for a PATCH of the kind with the parameter, or validates by itself."""
    gvk = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    paths = openapi_v3(resource.group, resource.version, ALL)["paths"]
    patches = [
        path["patch"]
        for path in paths.values()
        if path.get("patch", {}).get("x-kubernetes-group-version-kind") == gvk
    ]
    assert patches
    for patch in patches:
        names = {parameter["name"] for parameter in patch["parameters"]}
        assert {"fieldValidation", "dryRun", "fieldManager", "force"} <= names


def test_built_in_kinds_have_strategic_merge_and_custom_ones_do_not() -> None:
    strategic = "application/strategic-merge-patch+json"
    for resource, expected in ((PODS, True), (WIDGETS, False)):
        paths = openapi_v3(resource.group, resource.version, ALL)["paths"]
        path = next(path for path in paths if path.endswith(f"{resource.plural}/{{name}}"))
        content = paths[path]["patch"]["requestBody"]["content"]
        assert (strategic in content) == expected
        assert "application/apply-patch+yaml" in content


def test_paths_are_where_the_resources_are() -> None:
    assert set(openapi_v3("", "v1", ALL)["paths"]) == {
        "/api/v1/namespaces/{namespace}/pods",
        "/api/v1/namespaces/{namespace}/pods/{name}",
        "/api/v1/namespaces/{namespace}/pods/{name}/status",
        "/api/v1/pods",
        "/api/v1/nodes",
        "/api/v1/nodes/{name}",
        "/api/v1/nodes/{name}/status",
    }
    scale = "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale"
    get = openapi_v3("apps", "v1", ALL)["paths"][scale]["get"]
    assert get["x-kubernetes-group-version-kind"]["kind"] == "Scale"


def test_what_cannot_be_done_has_no_operation() -> None:
    readable = dataclasses.replace(PODS, verbs=("get",), subresources=())
    paths = openapi_v3("", "v1", [readable])["paths"]
    assert {name: set(path) - {"parameters"} for name, path in paths.items()} == {
        "/api/v1/namespaces/{namespace}/pods/{name}": {"get"}
    }


def test_schemas_carry_descriptions_kinds_and_keys() -> None:
    schemas = openapi_v3("", "v1", ALL)["components"]["schemas"]
    pod = schemas[POD]
    assert pod["description"].startswith("Pod is a collection")
    assert pod["x-kubernetes-group-version-kind"] == [{"group": "", "version": "v1", "kind": "Pod"}]
    spec = pod["properties"]["spec"]
    assert spec["allOf"] == [{"$ref": "#/components/schemas/io.k8s.api.core.v1.PodSpec"}]
    assert spec["description"]
    containers = schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"]
    assert containers["x-kubernetes-patch-merge-key"] == "name"
    assert containers["x-kubernetes-list-map-keys"] == ["name"]
    assert schemas[QUANTITY]["oneOf"]


def test_v2_says_what_it_cannot_otherwise() -> None:
    definitions = openapi_v2(ALL)["definitions"]
    assert definitions[QUANTITY] == {"type": "string"}
    assert definitions[INT_OR_STRING] == {"type": "string", "format": "int-or-string"}
    spec = definitions[POD]["properties"]["spec"]
    assert spec["$ref"] == "#/definitions/io.k8s.api.core.v1.PodSpec"


def test_a_custom_schema_in_v2_has_no_words_of_v3_but_all_its_fields() -> None:
    in_v3 = openapi_v3("odd.io", "v1", [ODD])["components"]["schemas"]["io.odd.v1.Odd"]
    assert in_v3["properties"]["a"] == ODD_SCHEMA["properties"]["a"]
    in_v2 = openapi_v2([ODD])["definitions"]["io.odd.v1.Odd"]["properties"]
    assert in_v2["a"] == {"type": "array", "items": {"type": "object"}}
    assert in_v2["anyOf"] == {"type": "string"}


def test_a_custom_kind_is_published_with_what_every_object_has() -> None:
    schemas = openapi_v3("example.com", "v1", ALL)["components"]["schemas"]
    widget = schemas[WIDGET]
    assert list(widget["properties"]) == ["apiVersion", "kind", "spec", "metadata"]
    assert widget["properties"]["spec"]["properties"]["size"]["minimum"] == 1
    reference = f"#/components/schemas/{OBJECT_META}"
    assert widget["properties"]["metadata"]["allOf"] == [{"$ref": reference}]
    assert widget["x-kubernetes-group-version-kind"] == [
        {"group": "example.com", "version": "v1", "kind": "Widget"}
    ]
    items = schemas[f"{WIDGET}List"]["properties"]["items"]["items"]
    assert items == {"$ref": f"#/components/schemas/{WIDGET}"}


def test_the_index_says_where_the_documents_are() -> None:
    paths = openapi_v3_index(ALL)["paths"]
    assert list(paths) == ["api/v1", "apis/apps/v1", "apis/example.com/v1"]
    for path, said in paths.items():
        address, digest = said["serverRelativeURL"].split("?hash=")
        assert address == f"/openapi/v3/{path}"
        assert len(digest) == 64


def test_the_hash_changes_with_the_document_and_with_no_other() -> None:
    changed = dataclasses.replace(WIDGETS, subresources=("status", "scale"))
    before = openapi_v3_index(ALL)["paths"]
    after = openapi_v3_index([PODS, NODES, DEPLOYMENTS, changed])["paths"]
    assert openapi_v3_index(ALL)["paths"] == before
    assert {path for path in before if before[path] != after[path]} == {"apis/example.com/v1"}


def test_what_field_selectors_may_name_is_said_of_a_custom_resource_and_its_list() -> None:
    said = dataclasses.replace(WIDGETS, selectable_paths=(".spec.color", ".spec.size"))
    schemas = openapi_v3("example.com", "v1", [said])["components"]["schemas"]
    fields = [{"fieldPath": "spec.color"}, {"fieldPath": "spec.size"}]
    for name in (WIDGET, f"{WIDGET}List"):
        assert schemas[name]["x-kubernetes-selectable-fields"] == fields
    plain = openapi_v3("example.com", "v1", ALL)["components"]["schemas"][WIDGET]
    assert "x-kubernetes-selectable-fields" not in plain
