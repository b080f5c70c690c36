"""A namespace that is being deleted is emptied, and then it is gone.

Source: Kubernetes' namespace controller (`pkg/controller/namespace/deletion`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.handlers.stamp import timestamp
from labkit.cluster.embedded.controllers.controller import Controller
from labkit.cluster.embedded.store import Key, thaw

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.store import Change


class NamespaceController(Controller):
    """Empties namespaces."""

    name = "namespace-controller"

    def keys_of(self, change: Change) -> list[Key]:
        """The namespace, when it is being deleted, and when something in such a one has gone."""
        key = change.record.key
        if key.resource == "namespaces":
            return [key] if change.record.object["metadata"].get("deletionTimestamp") else []
        if not key.namespace or change.type != "DELETED":
            return []
        namespace = Key("namespaces", "", key.namespace)
        record = self.api.store.get(namespace)
        is_ending = record and record.object["metadata"].get("deletionTimestamp")
        return [namespace] if is_ending else []

    async def reconcile(self, key: Key) -> None:
        """Deletes what is left in a namespace; when nothing is, takes its finalizer away."""
        record = self.api.store.get(key)
        if record is None or not record.object["metadata"].get("deletionTimestamp"):
            return
        for resource in self._namespaced():
            if self.api.store.list(resource.storage, key.name):
                root = f"/apis/{resource.api_version}" if resource.group else "/api/v1"
                await self.call("DELETE", f"{root}/namespaces/{key.name}/{resource.plural}")
        left = {
            resource.qualified: count
            for resource in self._namespaced()
            if (count := len(self.api.store.list(resource.storage, key.name)))
        }
        record = self.api.store.get(key)
        if record is None:
            return
        value = thaw(record.object)
        if left:
            await self._say(value, left)
            return
        value["spec"]["finalizers"] = []
        await self.call("PUT", f"/api/v1/namespaces/{key.name}/finalize", value)

    def _namespaced(self) -> Iterator[Resource]:
        seen = set()
        for resource in list(self.api.registry):
            can_be_emptied = resource.is_namespaced and "deletecollection" in resource.verbs
            if can_be_emptied and resource.storage not in seen:
                seen.add(resource.storage)
                yield resource

    async def _say(self, value: dict[str, Any], left: dict[str, int]) -> None:
        """Writes into the namespace's status what it waits for."""
        counts = [f"{name}. has {count} resource instances" for name, count in sorted(left.items())]
        condition = {
            "type": "NamespaceContentRemaining",
            "status": "True",
            "reason": "SomeResourcesRemain",
            "message": f"Some resources are remaining: {', '.join(counts)}",
            "lastTransitionTime": timestamp(),
        }
        conditions = value.setdefault("status", {}).setdefault("conditions", [])
        for one in conditions:
            if one["type"] == condition["type"]:
                if one["message"] == condition["message"]:
                    return
                conditions.remove(one)
                break
        conditions.append(condition)
        path = f"/api/v1/namespaces/{value['metadata']['name']}/status"
        await self.call("PUT", path, value)
