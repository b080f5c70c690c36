"""DefaultStorageClass: a claim that names no class gets the one that is marked as default."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver.admission.plugin import Rule, is_new, spec_of

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt

CLASSES = "storageclasses.storage.k8s.io"
DEFAULT = "storageclass.kubernetes.io/is-default-class"


class DefaultStorageClass(Rule):
    """Names the class."""

    async def admit(self, attempt: Attempt) -> None:
        """Writes the default class into a new claim; of several the newest."""
        if not is_new(attempt, "persistentvolumeclaims"):
            return
        spec = spec_of(attempt.object)
        if spec.get("storageClassName") is not None:
            return
        usual = [
            one.object["metadata"]
            for one in attempt.api.store.list(CLASSES)
            if (one.object["metadata"].get("annotations") or {}).get(DEFAULT) == "true"
        ]
        if usual:
            newest = max(usual, key=lambda about: str(about["creationTimestamp"]))
            spec["storageClassName"] = newest["name"]
