"""A namespace that is being deleted is emptied, and then it is gone.

Source: Kubernetes' namespace controller (`pkg/controller/namespace/deletion`).
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.handlers.stamp import timestamp
from labkit.cluster.embedded.controllers.controller import Controller
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.store import Change


WENT_WELL = (
    (
        "NamespaceDeletionDiscoveryFailure",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        "NamespaceDeletionContentFailure",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
)
"""Type, reason and message of what cannot fail here."""


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
                path = f"{root}/namespaces/{key.name}/{resource.plural}"
                await self.call("DELETE", path, {"propagationPolicy": "Background"})
        left, held = self._left(key.name)
        record = self.api.store.get(key)
        if record is None:
            return
        value = record.copy()
        if left:
            await self._say(value, left, held)
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

    def _left(self, namespace: str) -> tuple[Counter[str], Counter[str]]:
        """How many objects of each resource are left, and how many each finalizer holds."""
        left: Counter[str] = Counter()
        held: Counter[str] = Counter()
        for resource in self._namespaced():
            for record in self.api.store.list(resource.storage, namespace):
                left[f"{resource.plural}.{resource.group}"] += 1
                held.update(record.object["metadata"].get("finalizers") or ())
        return left, held

    async def _say(self, value: dict[str, Any], left: Counter[str], held: Counter[str]) -> None:
        """Writes into the namespace's status what it waits for."""
        status = value.setdefault("status", {})
        before = {one["type"]: one for one in status.get("conditions") or ()}
        now = [_kept(before.get(one["type"]), one) for one in _conditions(left, held)]
        if now == list(before.values()):
            return
        status["conditions"] = now
        path = f"/api/v1/namespaces/{value['metadata']['name']}/status"
        await self.call("PUT", path, value)


def _conditions(left: Counter[str], held: Counter[str]) -> Iterator[dict[str, Any]]:
    """The five conditions, in the order in which Kubernetes writes them."""
    for kind, reason, message in WENT_WELL:
        yield {"type": kind, "status": "False", "reason": reason, "message": message}
    counts = ", ".join(f"{name} has {left[name]} resource instances" for name in sorted(left))
    said = {"reason": "SomeResourcesRemain", "message": f"Some resources are remaining: {counts}"}
    yield {"type": "NamespaceContentRemaining", "status": "True", **said}
    counts = ", ".join(f"{name} in {held[name]} resource instances" for name in sorted(held))
    message = f"Some content in the namespace has finalizers remaining: {counts}"
    reason, condition = "SomeFinalizersRemain", "True"
    if not held:
        reason, condition = "ContentHasNoFinalizers", "False"
        message = "All content-preserving finalizers finished"
    said = {"status": condition, "reason": reason, "message": message}
    yield {"type": "NamespaceFinalizersRemaining", **said}


def _kept(before: dict[str, Any] | None, now: dict[str, Any]) -> dict[str, Any]:
    """A condition, with the time since when it says what it says."""
    if before and all(before.get(name) == said for name, said in now.items()):
        return before
    head = {name: now[name] for name in ("type", "status")}
    return head | {"lastTransitionTime": timestamp()} | now
