"""Trees with a spec of many kinds of fields, and requests whose bodies are sent as they are."""

from __future__ import annotations

import json
from typing import Any

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver.handlers import dispatch
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from tests.cluster.apiserver.plane import ADMIN, Plane
from tests.cluster.apiserver.trees import SCHEMA, definition, tree

JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"
STRICT = {"fieldValidation": "Strict"}
SPEC: dict[str, Any] = {
    "type": "object",
    "properties": {
        "size": {"type": "integer"},
        "when": {"type": "string", "format": "date-time"},
        "flag": {"type": "boolean"},
        "name": {"type": "string"},
        "box": {"type": "object", "properties": {"a": {"type": "integer"}}},
        "tags": {"type": "object", "additionalProperties": {"type": "string"}},
        "plain": {"type": "array", "items": {"type": "string"}},
        "set": {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
        "ports": {
            "type": "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["port"],
            "items": {
                "type": "object",
                "required": ["port"],
                "properties": {"port": {"type": "integer"}},
            },
        },
        "nul": {"type": "object", "nullable": True, "properties": {"a": {"type": "integer"}}},
        "inner": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        "mode": {"type": "string", "default": "A"},
    },
}


def with_spec(spec: dict[str, Any]) -> dict[str, Any]:
    """A definition of trees with another spec."""
    body = definition()
    schema = {**SCHEMA, "properties": {**SCHEMA["properties"], "spec": spec}}
    body["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": schema}
    body["spec"]["versions"][0]["subresources"] = {"status": {}}
    return body


def small(**spec: Any) -> dict[str, Any]:
    """A tree of such a spec."""
    return {**tree(), "spec": spec}


async def ask(
    plane: Plane, method: str, path: str, body: bytes, kind: str, **query: str
) -> tuple[dict[str, Any], list[str]]:
    """What a body as it is comes to: the object, and warnings."""
    headers = {"Content-Type": kind, "User-Agent": "test"}
    asked = requests.parse(method, path, query, headers, body)
    asked.user = ADMIN
    answer = await dispatch.handle(plane.api, asked)
    assert isinstance(answer, Answer)
    return json.loads(answer.body), answer.warnings
