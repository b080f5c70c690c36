"""What is served, told: groups, versions and resources, in the legacy and the aggregated form.

Knows nothing about requests. Documents are made anew when the registry has changed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.registry import Registry, Resource, Subresource

AGGREGATED = "apidiscovery.k8s.io"


def core_versions(address: str) -> dict[str, Any]:
    """`/api`."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}],
    }


def groups(registry: Registry) -> dict[str, Any]:
    """`/apis`."""
    found = [group(registry, name) for name in registry.groups() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": found}


def group(registry: Registry, name: str) -> dict[str, Any]:
    """One entry of `/apis`."""
    versions = [
        {"groupVersion": f"{name}/{version}", "version": version}
        for version in registry.groups()[name]
    ]
    return {"name": name, "versions": versions, "preferredVersion": versions[0]}


def resources(registry: Registry, name: str, version: str) -> dict[str, Any]:
    """`/api/v1`, or `/apis/GROUP/VERSION`."""
    found = [entry for one in registry.of(name, version) for entry in _entries(one)]
    about = f"{name}/{version}" if name else version
    kind = {"kind": "APIResourceList"} | ({"apiVersion": "v1"} if name else {})
    return kind | {"groupVersion": about, "resources": found}


def _entries(resource: Resource) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.is_namespaced,
        "kind": resource.kind,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if "create" in resource.verbs and "list" in resource.verbs:
        words = f"{resource.group}/{resource.stored_version}/{resource.kind}"
        entry["storageVersionHash"] = _hash(words)
    parts = [_part(resource, part) for _, part in _in_order(resource)]
    return [entry, *parts]


def _part(resource: Resource, part: Subresource) -> dict[str, Any]:
    entry: dict[str, Any] = {"name": f"{resource.plural}/{part.name}", "singularName": ""}
    entry["namespaced"] = resource.is_namespaced
    if (part.group, part.version) != (resource.group, resource.version):
        entry |= {"group": part.group, "version": part.version}
    return entry | {"kind": part.kind, "verbs": list(part.verbs)}


def aggregated(registry: Registry, *, core: bool) -> dict[str, Any]:
    """`/api` and `/apis` in one document each, which saves a client twenty calls.

    Args:
        core: the core group alone, as `/api` has it; else all others.
    """
    found = []
    for name, versions in registry.groups().items():
        if (name == "") is not core:
            continue
        about: dict[str, Any] = {"metadata": {"name": name} if name else {}}
        about["metadata"]["creationTimestamp"] = None
        about["versions"] = [_version(registry, name, version) for version in versions]
        found.append(about)
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": f"{AGGREGATED}/v2",
        "metadata": {},
        "items": found,
    }


def _version(registry: Registry, name: str, version: str) -> dict[str, Any]:
    found = [_discovered(one) for one in registry.of(name, version)]
    return {"version": version, "resources": found, "freshness": "Current"}


def _discovered(resource: Resource) -> dict[str, Any]:
    scope = "Namespaced" if resource.is_namespaced else "Cluster"
    entry: dict[str, Any] = {
        "resource": resource.plural,
        "responseKind": _kind(resource.group, resource.version, resource.kind),
        "scope": scope,
        "singularResource": resource.singular,
        "verbs": list(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if resource.subresources:
        entry["subresources"] = [
            {
                "subresource": part.name,
                "responseKind": _kind(part.group, part.version, part.kind),
                "verbs": list(part.verbs),
            }
            for _, part in _in_order(resource)
        ]
    return entry


def _kind(group_: str, version: str, kind: str) -> dict[str, str]:
    return {"group": group_, "version": version, "kind": kind}


def _hash(words: str) -> str:
    import base64

    return base64.b64encode(hashlib.sha256(words.encode()).digest()[:8]).decode()


def _in_order(resource: Resource) -> list[tuple[str, Subresource]]:
    """Subresources by name; those of a definition in the order in which it is read."""
    found = resource.subresources.items()
    return sorted(found) if resource.crd is None else list(found)
