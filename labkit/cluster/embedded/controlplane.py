"""A control plane: its parts, put together in one process.

Knows nothing about how the process was started.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver.admission import default_chain
from labkit.cluster.embedded.apiserver.api import Api
from labkit.cluster.embedded.apiserver.authentication.authenticator import Authenticator
from labkit.cluster.embedded.apiserver.authentication.pki import open_pki
from labkit.cluster.embedded.apiserver.authentication.service_accounts import ServiceAccountTokens
from labkit.cluster.embedded.apiserver.authorization.authorizer import Authorizer
from labkit.cluster.embedded.apiserver.authorization.generation import Generation
from labkit.cluster.embedded.apiserver.customresources import CustomResources
from labkit.cluster.embedded.apiserver.registry import Registry, builtin_resources
from labkit.cluster.embedded.apiserver.server import LOOPBACK, Server
from labkit.cluster.embedded.bootstrap import bootstrap
from labkit.cluster.embedded.controllers.manager import Manager
from labkit.cluster.embedded.store import Key, Store

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.authentication.pki import Pki

FORGETFUL = frozenset({"leases.coordination.k8s.io"})
"""Written every few seconds, and of no interest a moment later."""


class ControlPlane:
    """A control plane.

    Args:
        folder: of its keys; made when missing.
        data: of its store; None for one that ends with the process.

    Attributes:
        url: where it is served, once it is started.

    Raises:
        LabkitError: a folder cannot be used, or another process has it.
    """

    def __init__(self, folder: Path, data: Path | None = None) -> None:
        self.pki: Pki = open_pki(folder / "pki")
        self.store = Store(data, forgetful=FORGETFUL)
        tokens = ServiceAccountTokens(self.pki.signing_key(), self._uid_of)
        self.api = Api(
            store=self.store,
            registry=Registry(builtin_resources()),
            authorizer=Authorizer(self.store, Generation(self.store)),
            admission=default_chain(),
            authenticator=Authenticator(tokens),
            tokens=tokens,
            authority_pem=self.pki.ca_pem.decode(),
        )
        self.custom_resources = CustomResources(self.api)
        self.server = Server(self.api, self.api.authenticator, _tls(self.pki))
        self.manager = Manager(self.api)
        self.url = ""

    async def start(self, port: int = 0) -> None:
        """Serves, and begins to work.

        Args:
            port: on loopback; 0 for any.

        Raises:
            OSError: the port is taken.
        """
        port = await self.server.start(port)
        self.url = f"https://{LOOPBACK}:{port}"
        await bootstrap(self.api, port)
        self.manager.start()

    async def stop(self) -> None:
        """Ends everything; what is kept is whole."""
        await self.manager.stop()
        await self.server.stop()
        await self.api.admission.close()
        self.store.close()

    def _uid_of(self, resource: str, namespace: str, name: str) -> str | None:
        record = self.store.get(Key(resource, namespace, name))
        return record.object["metadata"]["uid"] if record else None


def _tls(pki: Pki) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*map(str, pki.server_files))
    context.load_verify_locations(str(pki.ca_file))
    context.verify_mode = ssl.CERT_OPTIONAL
    return context
