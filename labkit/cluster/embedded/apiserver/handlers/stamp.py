"""What the server itself writes into an object: identity, order of names, who manages which field.

Knows nothing about storage.
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from random import choices
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers.write_options import LONGEST_MANAGER
from labkit.cluster.embedded.apiserver.patches import managed_fields
from labkit.cluster.embedded.apiserver.patches.managers import in_order as in_order_of_time

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request

LETTERS = "bcdfghjklmnpqrstvwxz2456789"
"""Of made-up names: no vowels, so that no word comes of it (apimachinery/pkg/util/rand)."""
LONGEST_GIVEN = 58
"""Of a name's beginning: five made-up letters follow, and 63 is the most."""

ORDER = (
    *("name", "generateName", "namespace", "selfLink", "uid", "resourceVersion", "generation"),
    *("creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds"),
    *("labels", "annotations", "ownerReferences", "finalizers", "managedFields"),
)
"""Of metadata, as Kubernetes writes it. What is not here is not kept."""


def timestamp(when: datetime | None = None) -> str:
    """RFC 3339 with seconds, as `metav1.Time`."""
    return (when or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")


def made_up(beginning: str) -> str:
    """A name that begins so."""
    return beginning[:LONGEST_GIVEN] + "".join(choices(LETTERS, k=5))


def in_order(value: dict[str, Any]) -> dict[str, Any]:
    """The object with kind, apiVersion and metadata first, and empty parts of metadata left out."""
    about = value.get("metadata") or {}
    kept = {name: part for name in ORDER if (part := about.get(name)) or part == 0}
    first = {"kind": value["kind"], "apiVersion": value["apiVersion"], "metadata": kept}
    return first | {name: part for name, part in value.items() if name not in first}


def identify(value: dict[str, Any], namespace: str) -> None:
    """Gives a new object its identity; what only a server may say is dropped."""
    about = value["metadata"]
    if not about.get("name") and about.get("generateName"):
        about["name"] = made_up(about["generateName"])
    for name in ("deletionTimestamp", "deletionGracePeriodSeconds", "generation", "selfLink"):
        about.pop(name, None)
    if namespace:
        about["namespace"] = namespace
    about["uid"] = str(uuid.uuid4())
    about["creationTimestamp"] = timestamp()


def check_namespace(value: dict[str, Any], request: Request, resource: Resource) -> None:
    """Makes sure that the object and the path mean the same namespace; one unsaid is the path's.

    Raises:
        ApiError: 400.
    """
    given = value["metadata"].get("namespace") or ""
    if not resource.is_namespaced:
        if given:
            value["metadata"].pop("namespace")
        return
    if given and given != request.namespace:
        words = "the namespace of the provided object does not match the namespace sent on the"
        raise status.bad_request(f"{words} request")
    value["metadata"]["namespace"] = request.namespace


def manager_of(request: Request) -> str:
    """Who manages the fields of a write: what the client says, else how it calls itself."""
    said = request.query.get("fieldManager", "")
    agent = request.headers.get("User-Agent", "").partition("/")[0].strip()
    return said or agent[:LONGEST_MANAGER] or "unknown"


def note_managers(
    request: Request, resource: Resource, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    """Writes down whose fields these are now, in place."""
    entries = managed_fields(
        resource.type,
        before,
        after,
        manager_of(request),
        operation="Update",
        api_version=resource.api_version,
        subresource=request.subresource,
        now=timestamp(),
        not_settable=not_settable(request, resource),
    )
    if request.subresource == "scale":  # the real one loses the time on the way from the Scale
        entries = in_order_of_time([_timeless(one) for one in entries])
    after["metadata"]["managedFields"] = entries


def _timeless(entry: dict[str, Any]) -> dict[str, Any]:
    if entry.get("subresource") != "scale":
        return entry
    return {name: part for name, part in entry.items() if name != "time"}


def not_settable(request: Request, resource: Resource) -> tuple[str, ...]:
    """What this write cannot set, so nobody gets to manage it by it."""
    if request.subresource != "status":
        return resource.not_settable
    return ("metadata", "spec") if resource.crd is not None else ("spec",)
