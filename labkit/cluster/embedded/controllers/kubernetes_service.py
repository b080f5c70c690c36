"""The service `kubernetes`: who deletes it gets it back.

`kubectl delete all --all` deletes it, too, and pods find the API by it. Source: Kubernetes
`pkg/controlplane/controller/kubernetesservice`, which looks every ten seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.bootstrap import make_missing, service_objects
from labkit.cluster.embedded.controllers.controller import Controller

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.store import Change, Key


class KubernetesService(Controller):
    """Makes the service, its endpoints and their slice where they are missing.

    Args:
        api: what it works through.
        port: at which the API is served.
    """

    name = "kubernetes-service"
    resources = frozenset({"services", "endpoints", "endpointslices.discovery.k8s.io"})

    def __init__(self, api: Api, port: int) -> None:
        super().__init__(api)
        self._port = port

    def keys_of(self, change: Change) -> list[Key]:
        """Those three, when they were deleted."""
        key = change.record.key
        is_one = (key.namespace, key.name) == ("default", "kubernetes")
        return [key] if is_one and change.type == "DELETED" else []

    async def reconcile(self, key: Key) -> None:
        """Makes what is missing."""
        await make_missing(self.api, service_objects(self._port))
