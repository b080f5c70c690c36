"""Webhooks: no answer, an answer of no use, and what others do while a webhook thinks."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from labkit.cluster.embedded.store import Key
from tests.cluster.admission.asking import MERGE, PODS, pod
from tests.cluster.admission.hooks import Hooks, configure, rule, with_hooks
from tests.cluster.apiserver.plane import Plane

MAPS = "/api/v1/namespaces/default/configmaps"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


CALLING = 'Internal error occurred: failed calling webhook "x.example.org": '


def test_a_webhook_that_is_not_there_fails_or_is_ignored(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        port = free_port()
        url = f"https://127.0.0.1:{port}/look"
        webhook = server.webhook("x", clientConfig={"url": url, "caBundle": server.bundle})
        await configure(plane, "validating", webhook)
        error = await plane.refused("POST", PODS, pod("p"))
        assert (error.code, error.reason) == (500, "InternalError")
        assert error.message == (
            f'{CALLING}failed to call webhook: Post "{url}?timeout=10s": '
            f"dial tcp 127.0.0.1:{port}: connect: connection refused"
        )
        path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/hooks"
        ignoring = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]
        kind = "application/json-patch+json"
        await plane.call("PATCH", path, ignoring, content_type=kind)
        await plane.call("POST", PODS, pod("p"))

    with_hooks(tmp_path, run)


async def late(_: dict[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(3)
    return {}


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        (late, 'failed to call webhook: Post "URL?timeout=1s": context deadline exceeded'),
        (
            lambda _: web.Response(status=500, text="oh no"),
            'failed to call webhook: an error on the server ("oh no") has prevented the request '
            "from succeeding",
        ),
        (
            lambda _: web.Response(status=404),
            "failed to call webhook: the server could not find the requested resource",
        ),
        (
            lambda _: {"uid": "another"},
            'received invalid webhook response: expected response.uid="UID", got "another"',
        ),
        (
            lambda _: web.json_response({}),
            "received invalid webhook response: webhook response was absent",
        ),
        (
            lambda _: {"patch": "W10="},
            "received invalid webhook response: webhook returned response.patch but not "
            "response.patchType",
        ),
    ],
)
def test_an_answer_that_cannot_be_used_is_said_so(tmp_path: Path, reply: Any, words: str) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await configure(plane, "mutating", server.webhook("x", reply, timeoutSeconds=1))
        error = await plane.refused("POST", PODS, pod("p"))
        uid = server.asked[0]["uid"]
        said = words.replace("URL", f"{server.url}/x").replace("UID", uid)
        assert error.message == CALLING + said

    with_hooks(tmp_path, run)


def test_a_server_that_nobody_vouches_for_is_not_asked(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        stranger = server.webhook("x", clientConfig={"url": f"{server.url}/x"})
        await configure(plane, "validating", stranger)
        error = await plane.refused("POST", PODS, pod("p"))
        assert "tls: failed to verify certificate: x509: " in error.message
        assert not server.asked

    with_hooks(tmp_path, run)


def test_a_service_cannot_be_reached(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        service = {"name": "hook", "namespace": "default", "path": "/check"}
        client = {"service": service, "caBundle": server.bundle}
        await configure(plane, "validating", server.webhook("x", clientConfig=client))
        error = await plane.refused("POST", PODS, pod("p"))
        url = "https://hook.default.svc:443/check?timeout=10s"
        assert error.message == (
            f'{CALLING}failed to call webhook: Post "{url}": service "hook" not found'
        )

    with_hooks(tmp_path, run)


def test_what_others_do_while_a_webhook_thinks_is_seen(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await plane.call("POST", MAPS, {"metadata": {"name": "c"}})
        meanwhile = {"data": {"other": "1"}}

        async def slow(_: dict[str, Any]) -> dict[str, Any]:
            if len(server.asked) == 1:
                await plane.call("PATCH", f"{MAPS}/c", meanwhile, content_type=MERGE)
            return {}

        webhook = server.webhook("slow", slow, rules=[rule("configmaps", "UPDATE")])
        await configure(plane, "validating", webhook)
        mine = {"data": {"mine": "1"}}
        made = await plane.call("PATCH", f"{MAPS}/c", mine, content_type=MERGE)
        assert made["data"] == {"other": "1", "mine": "1"}

    with_hooks(tmp_path, run)


def test_nothing_is_made_in_a_namespace_that_went_while_a_webhook_thought(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        await plane.call("POST", "/api/v1/namespaces", {"metadata": {"name": "short"}})

        async def slow(_: dict[str, Any]) -> dict[str, Any]:
            await plane.call("DELETE", "/api/v1/namespaces/short")
            await plane.until(lambda: plane.store.get(Key("namespaces", "", "short")) is None)
            return {}

        await configure(
            plane, "validating", server.webhook("slow", slow, rules=[rule("configmaps")])
        )
        error = await plane.refused(
            "POST", "/api/v1/namespaces/short/configmaps", {"metadata": {"name": "c"}}
        )
        assert (error.code, error.message) == (404, 'namespaces "short" not found')
        assert not plane.store.list("configmaps", "short")

    with_hooks(tmp_path, run)


def test_two_services_never_get_one_address_however_long_a_webhook_thinks(tmp_path: Path) -> None:
    async def run(plane: Plane, server: Hooks) -> None:
        path = "/api/v1/namespaces/default/services"
        spec = {"ports": [{"port": 80}], "clusterIP": "10.96.7.7"}

        async def slow(_: dict[str, Any]) -> dict[str, Any]:
            if len(server.asked) == 1:
                await plane.call("POST", path, {"metadata": {"name": "quick"}, "spec": spec})
            return {}

        await configure(plane, "validating", server.webhook("slow", slow, rules=[rule("services")]))
        error = await plane.refused("POST", path, {"metadata": {"name": "late"}, "spec": spec})
        assert "provided IP is already allocated" in error.message

    with_hooks(tmp_path, run)
