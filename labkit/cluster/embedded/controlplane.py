"""A control plane: its parts, put together in one process.

Knows nothing about how the process was started.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver.admission import default_chain
from labkit.cluster.embedded.apiserver.api import Api
from labkit.cluster.embedded.apiserver.authentication.authenticator import Authenticator
from labkit.cluster.embedded.apiserver.authentication.pki import open_pki
from labkit.cluster.embedded.apiserver.authentication.service_accounts import (
    LEEWAY_S,
    ServiceAccountTokens,
)
from labkit.cluster.embedded.apiserver.authorization.authorizer import Authorizer
from labkit.cluster.embedded.apiserver.authorization.generation import Generation
from labkit.cluster.embedded.apiserver.customresources import CustomResources
from labkit.cluster.embedded.apiserver.registry import Registry, builtin_resources
from labkit.cluster.embedded.apiserver.server import LOOPBACK, Server
from labkit.cluster.embedded.bootstrap import bootstrap
from labkit.cluster.embedded.controllers.kubernetes_service import KubernetesService
from labkit.cluster.embedded.controllers.manager import Manager
from labkit.cluster.embedded.controllers.signing import CertificateSigner
from labkit.cluster.embedded.keymaking import keys_of
from labkit.cluster.embedded.store import Key, Store

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.authentication.pki import Pki

LEEWAY = timedelta(seconds=LEEWAY_S)
FORGETFUL = frozenset({"leases.coordination.k8s.io"})
"""Written every few seconds, and of no interest a moment later."""


RECENT = 1000
"""Changes in memory: who watches is rarely further behind, and the rest is read from disk."""


class ControlPlane:
    """A control plane.

    Args:
        folder: of its keys and its objects; made when missing.
        pki: those keys, where they have been seen to.

    Attributes:
        url: where it is served, once it is started.

    Raises:
        LabkitError: a folder cannot be used, or another process has it.
    """

    def __init__(self, folder: Path, pki: Pki | None = None) -> None:
        self.pki: Pki = pki or open_pki(keys_of(folder))
        self.store = Store(folder / "store", forgetful=FORGETFUL, recent_changes=RECENT)
        tokens = ServiceAccountTokens(self.pki.signing_key, self._uid_of)
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
        self.manager.add(KubernetesService(self.api, port))
        self.manager.add(CertificateSigner(self.api, self.pki))
        self.manager.start()

    async def stop(self) -> None:
        """Ends everything; what is kept is whole."""
        await self.manager.stop()
        await self.server.stop()
        await self.api.admission.close()
        self.store.close()

    def _uid_of(self, resource: str, namespace: str, name: str) -> str | None:
        """The uid of what a token names; what has been ending for a minute is no longer there."""
        record = self.store.get(Key(resource, namespace, name))
        if record is None:
            return None
        about = record.object["metadata"]
        ends = about.get("deletionTimestamp")
        if ends and datetime.now(UTC) - datetime.fromisoformat(ends) > LEEWAY:
            return None
        uid: str = about["uid"]
        return uid


def _tls(pki: Pki) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*map(str, pki.server_files))
    context.load_verify_locations(str(pki.ca_file))
    context.verify_mode = ssl.CERT_OPTIONAL
    return context
