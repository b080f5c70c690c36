"""Claims and volumes: none goes while it is used, and a claim that names no class gets the default
one and may grow if its class allows it.

Source: Kubernetes `plugin/pkg/admission/storage`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.admission.plugin import (
    Rule,
    is_new,
    marked,
    refuse,
    spec_of,
)
from labkit.cluster.embedded.apiserver.kinds.quantity import Quantity, parse
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt

CLAIMS, VOLUMES = "persistentvolumeclaims", "persistentvolumes"
HOLDS = {CLAIMS: "kubernetes.io/pvc-protection", VOLUMES: "kubernetes.io/pv-protection"}
"""Finalizers; `controllers/protection.py` takes them away."""
CLASSES = "storageclasses.storage.k8s.io"
DEFAULT = "storageclass.kubernetes.io/is-default-class"


class DefaultStorageClass(Rule):
    """Names the class."""

    async def admit(self, attempt: Attempt) -> None:
        """Writes the default class into a new claim; of several the newest."""
        if (
            not is_new(attempt, CLAIMS)
            or spec_of(attempt.object).get("storageClassName") is not None
        ):
            return
        if name := marked(attempt, CLASSES, DEFAULT):
            spec_of(attempt.object)["storageClassName"] = name


class InUseProtection(Rule):
    """StorageObjectInUseProtection: a deletion waits until nobody needs the object."""

    async def admit(self, attempt: Attempt) -> None:
        """Gives a new claim or volume its finalizer."""
        hold = HOLDS.get(attempt.resource.storage)
        if hold is None or attempt.object is None or not is_new(attempt, attempt.resource.storage):
            return
        about = attempt.object["metadata"]
        if hold not in (there := about.get("finalizers") or []):
            about["finalizers"] = [*there, hold]


class ClaimResize(Rule):
    """PersistentVolumeClaimResize: not every volume can grow."""

    async def validate(self, attempt: Attempt) -> None:
        """Refuses to let a claim grow whose class does not say that it may."""
        is_change = attempt.operation == "UPDATE" and not attempt.subresource
        if attempt.resource.storage != CLAIMS or not is_change:
            return
        new, old = spec_of(attempt.object), spec_of(attempt.old)
        if (
            _size(new) <= _size(old)
            or (attempt.old or {}).get("status", {}).get("phase") != "Bound"
        ):
            return
        record = attempt.api.store.get(Key(CLASSES, "", old.get("storageClassName") or ""))
        if record is None or not record.object.get("allowVolumeExpansion"):
            why = "only dynamically provisioned pvc can be resized and the storageclass that "
            raise refuse(attempt, f"{why}provisions the pvc must support resize")


def _size(spec: dict[str, Any]) -> Quantity:
    return parse(((spec.get("resources") or {}).get("requests") or {}).get("storage", "0"))
