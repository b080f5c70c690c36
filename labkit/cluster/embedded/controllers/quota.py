"""What is used of each quota: its status, counted anew whenever something in its namespace changes.

Admission charges a quota for what is made (`apiserver/admission/quota.py`); that things end, or are
not made after all, is seen here. Source: Kubernetes' resource quota controller
(`pkg/controller/resourcequota`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver.admission.tally import Ledger
from labkit.cluster.embedded.apiserver.status import ApiError
from labkit.cluster.embedded.controllers.controller import Controller
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.store import Change

QUOTAS = "resourcequotas"


class ResourceQuotaController(Controller):
    """Keeps `status.hard` and `status.used`."""

    name = "resourcequota-controller"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._ledger = Ledger()

    def keys_of(self, change: Change) -> list[Key]:
        """The quotas of the namespace in which something has changed."""
        key = change.record.key
        if not key.namespace:
            return []
        own = [key] if key.resource == QUOTAS else []
        if own and change.type == "MODIFIED":
            return own
        return own + [one.key for one in self.api.store.list(QUOTAS, key.namespace)]

    async def reconcile(self, key: Key) -> None:
        """Counts, and writes what differs."""
        record = self.api.store.get(key)
        if record is None:
            return
        hard = (record.object.get("spec") or {}).get("hard") or {}
        used = self._ledger.used(self.api.store, record.object, hard)
        status = {"hard": dict(hard), "used": {name: str(used[name]) for name in sorted(used)}}
        if record.object.get("status") == status:
            return
        value = {**record.copy(), "status": status}
        try:
            path = f"/api/v1/namespaces/{key.namespace}/{QUOTAS}/{key.name}/status"
            await self.call("PUT", path, value)
        except ApiError as error:
            if error.code == 409:
                self.add(key)  # somebody charged it meanwhile: count again
            elif error.code != 404:
                raise
