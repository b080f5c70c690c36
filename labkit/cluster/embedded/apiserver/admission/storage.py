"""Claims: one that names no class gets the default one, and one may grow if its class allows it.

StorageObjectInUseProtection is not here: its finalizers want a controller that takes them away.
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

CLAIMS = "persistentvolumeclaims"
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
