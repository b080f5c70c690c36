"""CustomResourceDefinitions: their names accepted, their resources served, and cleaned up at the
end.

Source: apiextensions-apiserver, `pkg/controller/status`, `establish` and `finalizer`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.customresources import CLEANUP, DEFINITIONS
from labkit.cluster.embedded.apiserver.handlers.stamp import timestamp
from labkit.cluster.embedded.controllers.controller import Controller
from labkit.cluster.embedded.store import Key, thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.store import Change

SHORT = "shortNames"
MANAGER = {"fieldManager": "kube-apiserver"}
"""The process in which a real cluster's controllers of definitions run."""


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
        value = record.copy()
        if value["metadata"].get("deletionTimestamp"):
            await self._clean_up(value)
            return
        status = self._status(value)
        if status != value.get("status"):
            value["status"] = status
            await self.call("PUT", f"{self._path(key)}/status", value, query=MANAGER)

    def _status(self, value: dict[str, Any]) -> dict[str, Any]:
        spec = value["spec"]
        status: dict[str, Any] = thaw(value.get("status") or {})
        names, conflict = self._accepted(value, status.get("acceptedNames") or {})
        reason, message = conflict or ("NoConflicts", "no conflicts found")
        found = {
            "NamesAccepted": _condition(
                "NamesAccepted", is_true=not conflict, reason=reason, message=message
            )
        }
        if not conflict and not _is_true(status, "Established"):
            found["Established"] = _condition(
                "Established",
                is_true=True,
                reason="InitialNamesAccepted",
                message="the initial names have been accepted",
            )
        elif not _is_true(status, "Established"):
            found["Established"] = _condition(
                "Established",
                is_true=False,
                reason="NotAccepted",
                message="not all names are accepted",
            )
        conditions = {one["type"]: one for one in status.get("conditions") or ()}
        conditions |= {kind: _kept(status, one) for kind, one in found.items()}
        status["conditions"] = list(conditions.values())
        status["acceptedNames"] = names
        stored = [one["name"] for one in spec["versions"] if one.get("storage")]
        known = status.get("storedVersions") or []
        status["storedVersions"] = [*known, *(one for one in stored if one not in known)]
        return status

    def _accepted(
        self, value: dict[str, Any], old: dict[str, Any]
    ) -> tuple[dict[str, Any], tuple[str, str] | None]:
        """The names that a definition has now, and the last conflict: its reason and message.

        A name that another definition of the group has stays as it was; all others are taken.
        """
        wanted = value["spec"]["names"]
        resources, kinds = self._taken(value)
        names: dict[str, Any] = {"plural": old.get("plural", "")}
        conflict: tuple[str, str] | None = None
        for name, reason, taken in (
            ("plural", "PluralConflict", resources),
            ("singular", "SingularConflict", resources),
            ("shortNames", "ShortNamesConflict", resources),
            ("kind", "KindConflict", kinds),
            ("listKind", "ListKindConflict", kinds),
        ):
            said, had = wanted.get(name), old.get(name)
            asked = (
                [one for one in said or () if one not in (had or ())] if name == SHORT else [said]
            )
            clashes = [one for one in asked if one in taken and one != had]
            if clashes:
                conflict = (reason, _clash(clashes))
            kept = had if clashes else said
            if kept or name == "kind":
                names[name] = kept or ""
            if name == SHORT and wanted.get("categories"):
                names["categories"] = wanted["categories"]
        return names, conflict

    def _taken(self, value: dict[str, Any]) -> tuple[set[str], set[str]]:
        """The names that the other definitions of a group have: of resources, and of kinds."""
        resources: set[str] = set()
        kinds: set[str] = set()
        for record in self.api.store.list(DEFINITIONS):
            other = record.object
            is_own = other["metadata"]["name"] == value["metadata"]["name"]
            if is_own or other["spec"]["group"] != value["spec"]["group"]:
                continue
            names = (other.get("status") or {}).get("acceptedNames") or {}
            resources |= {names.get(one, "") for one in ("plural", "singular")}
            resources |= {*(names.get(SHORT) or ())}
            kinds |= {names.get(one, "") for one in ("kind", "listKind")}
        return resources - {""}, kinds - {""}

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
                value = record.copy()
                about = value["metadata"]
                about["finalizers"] = [one for one in about["finalizers"] if one != CLEANUP]
                await self.call("PUT", self._path(key), value, query=MANAGER)

    @staticmethod
    def _path(key: Key) -> str:
        return f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{key.name}"


def _clash(names: list[str]) -> str:
    said = [f'"{name}" is already in use' for name in names]
    return said[0] if len(said) == 1 else f"[{', '.join(said)}]"


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
