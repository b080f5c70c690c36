"""All controllers together: who is told what happened, who runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from labkit.cluster.embedded.controllers.accounts import ServiceAccountController
from labkit.cluster.embedded.controllers.collector import GarbageCollector
from labkit.cluster.embedded.controllers.definitions import DefinitionController
from labkit.cluster.embedded.controllers.namespaces import NamespaceController
from labkit.cluster.embedded.controllers.nodes import NodeController
from labkit.cluster.embedded.controllers.protection import ClaimProtection, VolumeProtection
from labkit.cluster.embedded.controllers.quota import ResourceQuotaController
from labkit.cluster.embedded.controllers.roles import ClusterRoleAggregation

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.controllers.controller import Controller

KINDS = (
    DefinitionController,
    NamespaceController,
    ServiceAccountController,
    GarbageCollector,
    ClusterRoleAggregation,
    ResourceQuotaController,
    ClaimProtection,
    VolumeProtection,
    NodeController,
)


class Manager:
    """Runs controllers.

    Args:
        api: what they work through.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self.controllers: dict[str, Controller] = {kind.name: kind(api) for kind in KINDS}
        self._seen, self._is_planned = 0, False
        self._unsubscribe = api.store.subscribe(self._plan)

    def add(self, controller: Controller) -> None:
        """One more, which wants to know more than the API."""
        self.controllers[controller.name] = controller

    def start(self) -> None:
        """Starts them all, with all that there is in their queues."""
        self._tell()
        for controller in self.controllers.values():
            controller.start()

    async def stop(self) -> None:
        """Stops them all."""
        self._unsubscribe()
        await asyncio.gather(*(one.stop() for one in self.controllers.values()))

    def _plan(self) -> None:
        if not self._is_planned:
            self._is_planned = True
            asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        self._is_planned = False
        since = max(self._seen, self._api.store.compacted)
        for change in self._api.store.changes(since=since):
            self._seen = change.revision
            for controller in self.controllers.values():
                controller.noticed(change)
