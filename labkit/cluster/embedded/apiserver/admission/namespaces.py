"""NamespaceLifecycle: nothing is made in a namespace that is not there, or is ending."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.plugin import Rule, refuse
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt

IMMORTAL = frozenset({"default", "kube-system", "kube-public"})


class NamespaceLifecycle(Rule):
    """Keeps namespaces and what lies in them together."""

    async def admit(self, attempt: Attempt) -> None:
        """Refuses what has no namespace to be in, and the end of those that a cluster needs."""
        if attempt.resource.storage == "namespaces":
            if attempt.operation == "DELETE" and attempt.name in IMMORTAL:
                raise refuse(attempt, "this namespace may not be deleted")
            return
        _demand_namespace(attempt)


class NamespaceStillThere(Rule):
    """The same once more, in the step that writes: a webhook may have thought for long.

    A real API server does without, and its namespace controller waits a while for stragglers.
    """

    async def validate(self, attempt: Attempt) -> None:
        """Refuses what has no namespace to be in any longer."""
        _demand_namespace(attempt)


def _demand_namespace(attempt: Attempt) -> None:
    if attempt.operation != "CREATE" or not attempt.resource.is_namespaced:
        return
    record = attempt.api.store.get(Key("namespaces", "", attempt.namespace))
    if record is None:
        raise status.not_found("", "namespaces", attempt.namespace)
    if record.object["metadata"].get("deletionTimestamp"):
        raise _ending(attempt)


def _ending(attempt: Attempt) -> status.ApiError:
    why = f"unable to create new content in namespace {attempt.namespace} because it is being "
    refusal = refuse(attempt, why + "terminated")
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {attempt.namespace} is being terminated",
        "field": "metadata.namespace",
    }
    refusal.details = {**(refusal.details or {}), "causes": [cause]}
    return refusal
