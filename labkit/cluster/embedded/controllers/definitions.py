"""CustomResourceDefinitions: their names accepted, their resources served, and cleaned up at the
end.

Source: apiextensions-apiserver, `pkg/controller/status`, `establish` and `finalizer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.customresources import DEFINITIONS
from labkit.cluster.embedded.apiserver.handlers.stamp import timestamp
from labkit.cluster.embedded.controllers.controller import Controller
from labkit.cluster.embedded.store import Key, thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.store import Change

CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


class DefinitionController(Controller):
    """Accepts names, and empties what is being deleted."""

    name = "customresourcedefinition-controller"

    def keys_of(self, change: Change) -> list[Key]:
        """The definition; when one has gone, those whose names it may have taken."""
        key = change.record.key
        if key.resource == DEFINITIONS:
            if change.type == "DELETED":
                return [one.key for one in self.api.store.list(DEFINITIONS)]
            return [key]
        if change.type != "DELETED":
            return []
        plural, _, group = key.resource.partition(".")
        definition = Key(DEFINITIONS, "", f"{plural}.{group}")
        return [definition] if self.api.store.get(definition) else []

    async def reconcile(self, key: Key) -> None:
        """Looks at one definition."""
        record = self.api.store.get(key)
        if record is None:
            return
        value = thaw(record.object)
        if value["metadata"].get("deletionTimestamp"):
            await self._clean_up(value)
            return
        if CLEANUP not in (value["metadata"].get("finalizers") or ()):
            value["metadata"].setdefault("finalizers", []).append(CLEANUP)
            await self.call("PUT", self._path(key), value)
            return
        status = self._status(value)
        if status != value.get("status"):
            value["status"] = status
            await self.call("PUT", f"{self._path(key)}/status", value)

    def _status(self, value: dict[str, Any]) -> dict[str, Any]:
        spec = value["spec"]
        status: dict[str, Any] = thaw(value.get("status") or {})
        taken = self._taken(value)
        accepted = not taken
        conditions = [
            _condition(
                "NamesAccepted",
                is_true=accepted,
                reason="NoConflicts" if accepted else "PluralConflict",
                message="no conflicts found" if accepted else taken,
            )
        ]
        if accepted or _is_true(status, "Established"):
            conditions.append(
                _condition(
                    "Established",
                    is_true=True,
                    reason="InitialNamesAccepted",
                    message="the initial names have been accepted",
                )
            )
        else:
            conditions.append(
                _condition(
                    "Established",
                    is_true=False,
                    reason="NotAccepted",
                    message="not all names are accepted",
                )
            )
        status["conditions"] = [_kept(status, one) for one in conditions]
        if accepted:
            names = spec["names"]
            status["acceptedNames"] = {
                "plural": names["plural"],
                "singular": names.get("singular") or names["kind"].lower(),
                **{k: names[k] for k in ("shortNames", "categories") if names.get(k)},
                "kind": names["kind"],
                "listKind": names.get("listKind") or f"{names['kind']}List",
            }
        stored = [one["name"] for one in spec["versions"] if one.get("storage")]
        known = status.get("storedVersions") or []
        status["storedVersions"] = [*known, *(one for one in stored if one not in known)]
        return status

    def _taken(self, value: dict[str, Any]) -> str:
        """Which of a definition's names another resource of its group has."""
        spec = value["spec"]
        for other in self.api.registry:
            is_own = other.crd and other.crd["metadata"]["name"] == value["metadata"]["name"]
            if other.group != spec["group"] or is_own:
                continue
            names = spec["names"]
            if other.kind in (names["kind"], names.get("listKind")):
                return f'"{other.kind}" is already in use'
            short = {names["plural"], *(names.get("shortNames") or ())}
            for name in (other.plural, other.singular, *other.short_names):
                if name in short:
                    return f'"{name}" is already in use'
        return ""

    async def _clean_up(self, value: dict[str, Any]) -> None:
        spec, key = value["spec"], Key(DEFINITIONS, "", value["metadata"]["name"])
        if CLEANUP not in (value["metadata"].get("finalizers") or ()):
            return
        storage = f"{spec['names']['plural']}.{spec['group']}"
        served = next((one for one in spec["versions"] if one.get("served")), None)
        if served and self.api.registry.find(
            spec["group"], served["name"], spec["names"]["plural"]
        ):
            root = f"/apis/{spec['group']}/{served['name']}"
            for namespace in {one.key.namespace for one in self.api.store.list(storage)}:
                scope = f"/namespaces/{namespace}" if namespace else ""
                await self.call("DELETE", f"{root}{scope}/{spec['names']['plural']}")
        if not self.api.store.list(storage):
            record = self.api.store.get(key)
            if record is not None:
                value = thaw(record.object)
                about = value["metadata"]
                about["finalizers"] = [one for one in about["finalizers"] if one != CLEANUP]
                await self.call("PUT", self._path(key), value)

    @staticmethod
    def _path(key: Key) -> str:
        return f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{key.name}"


def _condition(kind: str, *, is_true: bool, reason: str, message: str) -> dict[str, Any]:
    said = "True" if is_true else "False"
    return {"type": kind, "status": said, "reason": reason, "message": message}


def _is_true(status: dict[str, Any], kind: str) -> bool:
    conditions = status.get("conditions") or ()
    return any(one["type"] == kind and one["status"] == "True" for one in conditions)


def _kept(status: dict[str, Any], condition: dict[str, Any]) -> dict[str, Any]:
    """The condition with the time since when it is so."""
    for one in status.get("conditions") or ():
        if (one["type"], one["status"]) == (condition["type"], condition["status"]):
            return {**condition, "lastTransitionTime": one["lastTransitionTime"]}
    return {**condition, "lastTransitionTime": timestamp()}
