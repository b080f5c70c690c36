"""What tests of admission share: questions whose warnings count, and objects with resources."""

from __future__ import annotations

from typing import Any

import orjson

from labkit.cluster.embedded.apiserver import request as requests
from labkit.cluster.embedded.apiserver.handlers.answer import Answer
from tests.cluster.apiserver.plane import ADMIN, Plane

PODS = "/api/v1/namespaces/default/pods"
QUOTAS = "/api/v1/namespaces/default/resourcequotas"
LIMITS = "/api/v1/namespaces/default/limitranges"
MERGE = "application/merge-patch+json"


async def ask(
    plane: Plane, method: str, path: str, body: Any = None, content_type: str = "application/json"
) -> Answer:
    """A request of an administrator, and the whole answer, with its warnings."""
    data = b"" if body is None else orjson.dumps(body)
    headers = {"Content-Type": content_type, "User-Agent": "test"}
    asked = requests.parse(method, path, {}, headers, data)
    asked.user = ADMIN
    answer = await plane.api.handle(asked)
    assert isinstance(answer, Answer)
    return answer


async def warnings(plane: Plane, method: str, path: str, body: Any, **more: Any) -> list[str]:
    """What is said of a write that goes well."""
    answer = await ask(plane, method, path, body, **more)
    assert answer.code < 300, answer.body
    return answer.warnings


def container(name: str = "main", **resources: dict[str, str]) -> dict[str, Any]:
    """A container with `requests` and `limits`."""
    said = {"resources": resources} if resources else {}
    return {"name": name, "image": "busybox:1.36", **said}


def pod(name: str, *containers: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """A pod of these containers."""
    inside = list(containers) or [container()]
    return {"metadata": {"name": name}, "spec": {"containers": inside, **spec}}


def limit_range(*limits: dict[str, Any]) -> dict[str, Any]:
    return {"metadata": {"name": "limits"}, "spec": {"limits": list(limits)}}


def quota(name: str, hard: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, "spec": {"hard": hard, **spec}}
