"""Custom resources: what a CustomResourceDefinition adds to what is served.

The registry follows the definitions in the store. Conditions and cleaning up are a controller's
(`controllers/definitions.py`). Versions are served without conversion, as strategy None has it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.conversion import Conversion
from labkit.cluster.embedded.apiserver.registry import Resource, Subresource
from labkit.cluster.embedded.schema import Type, fill_defaults, from_crd, prune
from labkit.cluster.embedded.store import thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.store import Record

DEFINITIONS = "customresourcedefinitions.apiextensions.k8s.io"
CLEANUP = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer that a definition gets when it is deleted: its objects go first."""
OWN_VERBS = ("get", "patch", "update")
VERBS = ("delete", "deletecollection", "get", "list", "patch", "create", "update", "watch")
"""In the order in which discovery gives them."""


def resources_of(definition: dict[str, Any]) -> Iterator[Resource]:
    """The resources that a definition adds: one for each version that is served."""
    spec = definition["spec"]
    names, group = spec["names"], spec["group"]
    for version in spec["versions"]:
        if version.get("served"):
            yield Resource(
                group=group,
                version=version["name"],
                plural=names["plural"],
                kind=names["kind"],
                singular=names.get("singular") or names["kind"].lower(),
                is_namespaced=spec["scope"] == "Namespaced",
                short_names=tuple(names.get("shortNames") or ()),
                categories=tuple(names.get("categories") or ()),
                verbs=VERBS,
                subresources=_subresources(group, version, names["kind"]),
                storage=f"{names['plural']}.{group}",
                type=_type(group, version, names["kind"]),
                crd=definition,
            )


def _type(group: str, version: dict[str, Any], kind: str) -> Type:
    schema = (version.get("schema") or {}).get("openAPIV3Schema")
    return from_crd(schema, (group, version["name"], kind))


def conversion_of(resource: Resource) -> Conversion | None:
    """Between the versions of a definition, as strategy None has it: only `apiVersion` changes.

    What is written loses what the stored version's schema does not know; what is read gets the
    defaults of that schema, and loses what the version that was asked for does not know. None:
    there is one version.
    """
    versions = resource.crd["spec"]["versions"]
    if len(versions) < 2 or resource.type is None:
        return None
    of = resource.type
    stored = next(one for one in versions if one.get("storage"))
    kept = _type(resource.group, stored, resource.kind)

    def shown(value: dict[str, Any]) -> dict[str, Any]:
        kept_of_it = thaw(prune(kept, value))
        fill_defaults(kept, kept_of_it)
        found: dict[str, Any] = prune(of, {**kept_of_it, "apiVersion": resource.api_version})
        return found

    def read(value: dict[str, Any]) -> dict[str, Any]:
        return value if stored["name"] == resource.version else prune(kept, value)

    return Conversion((resource.group, resource.version), shown, read)


def _subresources(group: str, version: dict[str, Any], kind: str) -> dict[str, Subresource]:
    said, found = version.get("subresources") or {}, {}
    if said.get("status") is not None:
        found["status"] = Subresource("status", group, version["name"], kind, OWN_VERBS)
    if said.get("scale"):
        found["scale"] = Subresource("scale", "autoscaling", "v1", "Scale", OWN_VERBS)
    return found


class CustomResources:
    """Keeps the registry in step with the definitions.

    Args:
        api: whose registry; told of each write.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        for record in api.store.list(DEFINITIONS):
            self._serve(record.object)
        api.listen(self._written)

    def _written(self, resource: Resource, record: Record, old: Record | None) -> None:
        if resource.storage != DEFINITIONS:
            return
        if old is not None:
            self._withdraw(old.object, record)
        if self._api.store.get(record.key) is not None:
            self._serve(record.object)

    def _serve(self, definition: dict[str, Any]) -> None:
        if not is_established(definition):
            return
        for resource in resources_of(definition):
            self._api.registry.add(resource)

    def _withdraw(self, definition: dict[str, Any], now: Record) -> None:
        spec = definition["spec"]
        is_gone = self._api.store.get(now.key) is None
        if is_gone or now.object["spec"] != spec:
            self._api.registry.remove(spec["group"], spec["names"]["plural"])
            self._api.hub.end(f"{spec['names']['plural']}.{spec['group']}")


def is_established(definition: dict[str, Any]) -> bool:
    """Whether a definition's names were accepted, and its resources may be served."""
    conditions = (definition.get("status") or {}).get("conditions") or ()
    return any(one["type"] == "Established" and one["status"] == "True" for one in conditions)
