"""Subresources that are the object itself, of which one part may be changed."""

from __future__ import annotations

from typing import Any

from labkit.cluster.embedded.apiserver.kinds import (
    POD_EPHEMERAL_CONTAINERS,
    POD_RESIZE,
    SIGNING_REQUEST_APPROVAL,
    Kind,
    validate_finalize,
)
from labkit.cluster.embedded.apiserver.kinds.faults import Fault
from labkit.cluster.embedded.apiserver.kinds.meta import keep_system_fields
from labkit.cluster.embedded.store import thaw

Object = dict[str, Any]


def ephemeral_containers(new: Object, old: Object) -> None:
    """Only `spec.ephemeralContainers`."""
    added = (new.get("spec") or {}).get("ephemeralContainers")
    _become(new, old)
    if added is not None:
        new["spec"]["ephemeralContainers"] = added


def finalize(new: Object, old: Object) -> None:
    """A namespace's finalizers, and its metadata as in any update; its status stays."""
    keep_system_fields(new["metadata"], old["metadata"])
    new["spec"] = {"finalizers": (new.get("spec") or {}).get("finalizers") or []}
    new["status"] = thaw(old).get("status") or {}


def approval(new: Object, old: Object) -> None:
    """Only the conditions of a certificate signing request."""
    conditions = (new.get("status") or {}).get("conditions")
    _become(new, old)
    said = new.setdefault("status", {})
    said.pop("conditions", None)
    if conditions:
        said["conditions"] = conditions


def resize(new: Object, old: Object) -> None:
    """Only what a pod's containers ask for."""
    wanted = {
        (group, one.get("name")): one.get("resources")
        for group in ("containers", "initContainers")
        for one in (new.get("spec") or {}).get(group) or ()
    }
    _become(new, old)
    for (group, name), resources in wanted.items():
        for one in new["spec"].get(group) or ():
            if one.get("name") == name:
                one["resources"] = resources or {}


def _become(new: Object, old: Object) -> None:
    managed = new["metadata"].get("managedFields")
    new.clear()
    new.update(thaw(old))
    if managed is not None:
        new["metadata"]["managedFields"] = managed


RULES: dict[str, Kind] = {
    "approval": SIGNING_REQUEST_APPROVAL,
    "ephemeralcontainers": POD_EPHEMERAL_CONTAINERS,
    "resize": POD_RESIZE,
}
"""What is particular to a kind when only that part is changed."""


FREE = ("binding", "finalize")
"""What these write, no other update may change."""


def faults(rules: Kind, subresource: str, new: Object, old: Object) -> list[Fault]:
    """What is wrong with an update, be it of the whole or of one part."""
    if subresource == "finalize":
        return validate_finalize(new)
    if subresource == "binding":
        return []
    if subresource in ("status", "approval"):
        return RULES.get(subresource, rules).validate_status_update(new, old)
    return RULES.get(subresource, rules).validate_update(new, old)


ONLY = {
    "approval": approval,
    "ephemeralcontainers": ephemeral_containers,
    "finalize": finalize,
    "resize": resize,
}
"""Name → what takes over that part alone."""
