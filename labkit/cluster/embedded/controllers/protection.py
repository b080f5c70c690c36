"""What is in use is not taken away: a deletion of a claim or of a volume waits.

A finalizer holds it, which admission gives to each new one (`apiserver/admission/storage.py`), and
which is taken away here. A claim is in use while a pod on a node has it among its volumes, a volume
while it is bound. Source: Kubernetes `pkg/controller/volume/pvcprotection` and `pvprotection`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.admission.storage import CLAIMS, HOLDS, VOLUMES
from labkit.cluster.embedded.apiserver.status import ApiError
from labkit.cluster.embedded.controllers.controller import Controller
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.store import Change, Record


MATTERS = (b'"persistentVolumeClaim":', b'"ephemeral":')
"""What a pod says that has a claim: most say neither, and need not be read for it."""


class Protection(Controller):
    """Takes the finalizer away at the end, and gives it to what has none before that."""

    def is_used(self, record: Record) -> bool:
        """Whether something needs it."""
        raise NotImplementedError

    async def reconcile(self, key: Key) -> None:
        """Lets go of what nobody uses, and holds what is there to stay."""
        record = self.api.store.get(key)
        if record is None:
            return
        about, hold = record.object["metadata"], HOLDS[key.resource]
        finalizers = list(about.get("finalizers") or ())
        is_ending, is_held = bool(about.get("deletionTimestamp")), hold in finalizers
        if is_ending != is_held or (is_ending and self.is_used(record)):
            return
        value = record.copy()
        kept = [one for one in finalizers if one != hold]
        value["metadata"]["finalizers"] = kept if is_ending else [*finalizers, hold]
        where = f"namespaces/{key.namespace}/" if key.namespace else ""
        try:
            await self.call("PUT", f"/api/v1/{where}{key.resource}/{key.name}", value)
        except ApiError as error:
            if error.code != 404:
                raise


class ClaimProtection(Protection):
    """A claim stays while a pod on a node has it."""

    name = "pvc-protection-controller"
    resources = frozenset({CLAIMS, "pods"})

    def keys_of(self, change: Change) -> list[Key]:
        """The claim; those of a pod that has none of them any more, or never had."""
        key, data = change.record.key, change.record.data
        if key.resource == CLAIMS:
            return [key]
        if not any(name in data for name in MATTERS):
            return []
        pod = change.record.object
        if change.type != "DELETED" and (pod.get("spec") or {}).get("nodeName"):
            return []
        return [Key(CLAIMS, key.namespace, name) for name in _claims(pod)]

    def is_used(self, record: Record) -> bool:
        """Whether a pod on a node has it among its volumes."""
        name, namespace = record.key.name, record.key.namespace
        pods = (one.object for one in self.api.store.list("pods", namespace))
        return any(name in _claims(pod) for pod in pods if pod["spec"].get("nodeName"))


def _claims(pod: Any) -> Iterator[str]:
    for volume in (pod.get("spec") or {}).get("volumes") or ():
        if claim := volume.get("persistentVolumeClaim"):
            yield claim["claimName"]
        elif volume.get("ephemeral"):
            yield f"{pod['metadata']['name']}-{volume['name']}"


class VolumeProtection(Protection):
    """A volume stays while it is bound to a claim."""

    name = "pv-protection-controller"
    resources = frozenset({VOLUMES})

    def is_used(self, record: Record) -> bool:
        """Whether its status says so."""
        return (record.object.get("status") or {}).get("phase") == "Bound"
