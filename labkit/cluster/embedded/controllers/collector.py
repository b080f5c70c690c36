"""Garbage collection: what has lost its owners goes, too, the way its owner's deletion asked for.

Background: dependents go when the owner is gone. Foreground: the owner waits for those that block
it. Orphan: dependents are let go first. Source: Kubernetes' documentation, "Garbage Collection".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.handlers.ending import FOREGROUND, ORPHAN
from labkit.cluster.embedded.apiserver.status import ApiError
from labkit.cluster.embedded.controllers.controller import Controller
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.store import Change, Record


MATTERS = (b'"ownerReferences":', b'"deletionTimestamp":')
"""What an object says that is looked at: most say neither, and need not be read for it."""


class GarbageCollector(Controller):
    """Collects."""

    name = "garbage-collector"

    def __init__(self, api: Api) -> None:
        super().__init__(api)
        self._foreground: set[Key] = set()
        self._ended: set[str] = set()
        """The uids of owners whose end was seen, and whose dependents may be here yet."""

    def keys_of(self, change: Change) -> list[Key]:
        """What has owners; what is marked; and, when an owner has gone, its dependents."""
        record, is_gone = change.record, change.type == "DELETED"
        if not is_gone and not any(name in record.data for name in MATTERS):
            return []
        about = record.copy()["metadata"]
        if is_gone:
            uids = [owner["uid"] for owner in about.get("ownerReferences") or ()]
            dependents = [one.key for one in self._dependents(about["uid"])]
            if dependents:
                self._ended.add(about["uid"])
            return dependents + self._waiting(uids)
        is_marked = about.get("deletionTimestamp") and about.get("finalizers")
        return [record.key] if about.get("ownerReferences") or is_marked else []

    async def reconcile(self, key: Key) -> None:
        """Looks at one object."""
        record = self.api.store.get(key)
        if record is None:
            return
        about = record.object["metadata"]
        finalizers = about.get("finalizers") or []
        if about.get("deletionTimestamp") and ORPHAN in finalizers:
            await self._let_go(record)
        elif about.get("deletionTimestamp") and FOREGROUND in finalizers:
            await self._dependents_first(record)
        if about.get("ownerReferences"):
            await self._look_at_owners(record)

    async def _look_at_owners(self, record: Record) -> None:
        owners = record.object["metadata"]["ownerReferences"]
        if any(self._is_unknown(owner) for owner in owners):
            return  # nobody can say whether it is there
        found = {owner["uid"]: self._owner(record, owner) for owner in owners}
        solid = [one for one in found.values() if one and not _waits(one)]
        waiting = [one for one in found.values() if one and _waits(one)]
        if solid:
            gone = {uid for uid, one in found.items() if one is None or _waits(one)}
            if gone:
                await self._without_owners(record, gone)
        elif not record.object["metadata"].get("deletionTimestamp"):
            policy = "Foreground" if waiting and self._dependents_of(record) else "Background"
            await self._delete(record, policy)

    def _owner(self, record: Record, reference: dict[str, Any]) -> Record | None:
        """The owner, if it is there, with the uid that is meant, where it may own."""
        resource = self._resource(reference)
        if resource is None:
            return None
        namespace = record.key.namespace if resource.is_namespaced else ""
        owner = self.api.store.get(Key(resource.storage, namespace, reference["name"]))
        is_it = owner is not None and owner.object["metadata"]["uid"] == reference["uid"]
        return owner if is_it else None

    def _is_unknown(self, reference: dict[str, Any]) -> bool:
        """Whether an owner is of a kind that is not served, and nobody saw it end."""
        return self._resource(reference) is None and reference["uid"] not in self._ended

    def _resource(self, reference: dict[str, Any]) -> Resource | None:
        group, _, _ = reference["apiVersion"].rpartition("/")
        for resource in self.api.registry:
            if (resource.group, resource.kind) == (group, reference["kind"]):
                return resource
        return None

    def _dependents(self, uid: str) -> list[Record]:
        found = self.api.store.dependents(uid)
        served = {resource.storage for resource in self.api.registry} if found else ()
        return [one for one in found if one.key.resource in served]

    def _dependents_of(self, record: Record) -> list[Record]:
        return self._dependents(record.object["metadata"]["uid"])

    def _waiting(self, uids: list[str]) -> list[Key]:
        """Owners that wait for what has just gone."""
        keys = []
        for key in list(self._foreground):
            record = self.api.store.get(key)
            if record is None:
                self._foreground.discard(key)
            elif record.object["metadata"]["uid"] in uids:
                keys.append(key)
        return keys

    async def _let_go(self, record: Record) -> None:
        uid = record.object["metadata"]["uid"]
        for dependent in self._dependents(uid):
            await self._without_owners(dependent, {uid})
        await self._without_finalizer(record.key, ORPHAN)

    async def _dependents_first(self, record: Record) -> None:
        self._foreground.add(record.key)
        uid = record.object["metadata"]["uid"]
        dependents = self._dependents(uid)
        for dependent in dependents:
            if not dependent.object["metadata"].get("deletionTimestamp"):
                self.add(dependent.key, record.revision)
        if not any(_blocks(one, uid) for one in dependents):
            self._foreground.discard(record.key)
            await self._without_finalizer(record.key, FOREGROUND)

    async def _without_owners(self, record: Record, uids: set[str]) -> None:
        def change(value: dict[str, Any]) -> None:
            about = value["metadata"]
            owners = about.get("ownerReferences") or ()
            about["ownerReferences"] = [one for one in owners if one["uid"] not in uids]

        await self._change(record.key, change)

    async def _without_finalizer(self, key: Key, name: str) -> None:
        def change(value: dict[str, Any]) -> None:
            about = value["metadata"]
            about["finalizers"] = [one for one in about.get("finalizers") or () if one != name]

        await self._change(key, change)

    async def _change(self, key: Key, change: Any) -> None:
        record = self.api.store.get(key)
        if record is None:
            return
        value = record.copy()
        change(value)
        await self.call("PUT", self._path(key), value)

    async def _delete(self, record: Record, policy: str) -> None:
        options = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": policy,
            "preconditions": {"uid": record.object["metadata"]["uid"]},
        }
        try:
            await self.call("DELETE", self._path(record.key), options)
        except ApiError as error:
            if error.code != 404:
                raise

    def _path(self, key: Key) -> str:
        for resource in self.api.registry:
            if resource.storage == key.resource and resource.conversion is None:
                root = f"/apis/{resource.api_version}" if resource.group else "/api/v1"
                scope = f"/namespaces/{key.namespace}" if key.namespace else ""
                return f"{root}{scope}/{resource.plural}/{key.name}"
        raise ApiError(404, "NotFound", f"{key.resource} is no longer served")


def _waits(owner: Record) -> bool:
    """Whether an owner goes only after its dependents."""
    about = owner.object["metadata"]
    return bool(about.get("deletionTimestamp")) and FOREGROUND in (about.get("finalizers") or ())


def _blocks(dependent: Record, uid: str) -> bool:
    owners = dependent.object["metadata"].get("ownerReferences") or ()
    return any(one["uid"] == uid and one.get("blockOwnerDeletion") for one in owners)
