"""A webhook server as somebody would write one: real TLS, its own certificate, any answer."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cluster.apiserver.plane import Plane, with_plane

Object = dict[str, Any]
Reply = Callable[[Object], Object | web.Response | Awaitable[Object | web.Response]]
CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1"


def certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody has signed but itself, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "webhook")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / "webhook.pem"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    return file


class Hooks:
    """A server.

    Args:
        url: where it is.
        bundle: by which clients know it.

    Attributes:
        asked: the requests of the AdmissionReviews that came, in order.
        replies: by path, what is answered: the fields of a response, or a whole HTTP answer.
    """

    def __init__(self, url: str, bundle: str) -> None:
        self.url, self.bundle = url, bundle
        self.asked: list[Object] = []
        self.replies: dict[str, Reply] = {}

    def client(self, path: str) -> Object:
        return {"url": f"{self.url}{path}", "caBundle": self.bundle}

    def webhook(self, name: str, reply: Reply | None = None, **more: Any) -> Object:
        """A webhook of this server, for pods that are created."""
        path = f"/{name}"
        self.replies[path] = reply or (lambda _: {})
        return {
            "name": f"{name}.example.org",
            "clientConfig": self.client(path),
            "rules": [rule()],
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            **more,
        }

    async def answer(self, request: web.Request) -> web.Response:
        review = orjson.loads(await request.read())
        self.asked.append(review["request"])
        found = self.replies[request.path](review["request"])
        found = found if isinstance(found, dict | web.Response) else await found
        if isinstance(found, web.Response):
            return found
        response = {"uid": review["request"]["uid"], "allowed": True, **found}
        kind = {"kind": review["kind"], "apiVersion": review["apiVersion"]}
        return web.json_response({**kind, "response": response})


def rule(
    resources: str = "pods", operations: str = "CREATE", group: str = "", **more: Any
) -> Object:
    return {
        "operations": operations.split(","),
        "apiGroups": [group],
        "apiVersions": ["*"],
        "resources": resources.split(","),
        **more,
    }


def patch(*operations: Object) -> Object:
    """A response that changes the object."""
    said = base64.b64encode(orjson.dumps(list(operations))).decode()
    return {"patch": said, "patchType": "JSONPatch"}


def deny(message: str = "", **status: Any) -> Object:
    return {"allowed": False, "status": {**({"message": message} if message else {}), **status}}


async def configure(plane: Plane, kind: str, *webhooks: Object, name: str = "hooks") -> None:
    """Stores a configuration: `validating` or `mutating`."""
    path = f"{CONFIGURATIONS}/{kind}webhookconfigurations"
    await plane.call("POST", path, {"metadata": {"name": name}, "webhooks": list(webhooks)})


@asynccontextmanager
async def hooks(folder: Path) -> AsyncIterator[Hooks]:
    """A server that runs."""
    file = certificate(folder)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(file)
    app = web.Application()
    runner = web.AppRunner(app, access_log=None)
    pem = file.read_text().partition("-----BEGIN PRIVATE")[0]
    server = Hooks("", base64.b64encode(pem.encode()).decode())
    app.router.add_post("/{path:.*}", server.answer)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
        await site.start()
        server.url = f"https://127.0.0.1:{runner.addresses[0][1]}"
        yield server
    finally:
        await runner.cleanup()


def with_hooks(folder: Path, test: Callable[[Plane, Hooks], Awaitable[None]]) -> None:
    """Runs a test in a control plane of its own, beside a webhook server."""

    async def run(plane: Plane) -> None:
        async with hooks(folder) as server:
            await test(plane, server)

    with_plane(folder, run)
