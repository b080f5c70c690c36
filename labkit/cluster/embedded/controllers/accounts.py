"""Each namespace has a service account `default`, and the certificate of the authority."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver.status import ApiError
from labkit.cluster.embedded.controllers.controller import Controller
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.store import Change

ROOT_CA = "kube-root-ca.crt"
ABOUT_CA = {
    "kubernetes.io/description": (
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal "
        "endpoints such as the internal service IP or kubernetes.default.svc. No other usage is "
        "guaranteed across distributions of Kubernetes clusters."
    )
}


class ServiceAccountController(Controller):
    """Makes both where they are missing."""

    name = "service-account-controller"
    resources = frozenset({"namespaces", "serviceaccounts", "configmaps"})

    def keys_of(self, change: Change) -> list[Key]:
        """The namespace; of what lies in it only what this controller makes counts."""
        key = change.record.key
        if key.resource == "namespaces":
            return [key]
        is_ours = key.name in ("default", ROOT_CA) and change.type == "DELETED"
        return [Key("namespaces", "", key.namespace)] if is_ours else []

    async def reconcile(self, key: Key) -> None:
        """Makes what is missing in a namespace."""
        record = self.api.store.get(key)
        if record is None or record.object["metadata"].get("deletionTimestamp"):
            return
        where = f"/api/v1/namespaces/{key.name}"
        if self.api.store.get(Key("serviceaccounts", key.name, "default")) is None:
            await self._make(f"{where}/serviceaccounts", {"metadata": {"name": "default"}})
        if self.api.store.get(Key("configmaps", key.name, ROOT_CA)) is None:
            about = {"name": ROOT_CA, "annotations": ABOUT_CA}
            data = {"ca.crt": self.api.authority_pem}
            await self._make(f"{where}/configmaps", {"metadata": about, "data": data})

    async def _make(self, path: str, value: dict[str, object]) -> None:
        try:
            await self.call("POST", path, value)
        except ApiError as error:
            if error.reason != "AlreadyExists":
                raise
