"""Refuses policies, and webhooks, whose expressions do not compile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.plugin import Rule

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.registry import Resource

Object = dict[str, Any]

GROUP = "admissionregistration.k8s.io"
VALIDATING = f"validatingadmissionpolicies.{GROUP}"
MUTATING = f"mutatingadmissionpolicies.{GROUP}"
CONFIGURATIONS = (
    f"mutatingwebhookconfigurations.{GROUP}",
    f"validatingwebhookconfigurations.{GROUP}",
)


class Expressions(Rule):
    """Looks at the expressions of what stands at admission."""

    async def validate(self, attempt: Attempt) -> None:
        """Looks at what is new."""
        resource, value = attempt.resource, attempt.object
        if resource.group != GROUP or value is None or attempt.subresource:
            return
        name = "webhooks" if resource.storage in CONFIGURATIONS else "spec"
        if value.get(name) == (attempt.old or {}).get(name):
            return
        causes = [
            status.StatusCause(str(one.reason), one.body, one.field)
            for one in _faults(resource, value)
        ]
        if causes:
            raise status.invalid(resource.group, resource.kind, attempt.name, causes)


def _faults(resource: Resource, value: Object) -> Iterator[Any]:
    if resource.storage in CONFIGURATIONS:
        webhooks = value.get("webhooks") or ()
        if any(one.get("matchConditions") for one in webhooks):
            from labkit.cluster.embedded.apiserver.cel.policies import webhook_faults

            yield from webhook_faults(webhooks)
    elif resource.storage == VALIDATING:
        from labkit.cluster.embedded.apiserver.cel.policies import validating_faults

        yield from validating_faults(value.get("spec") or {})
    elif resource.storage == MUTATING:
        from labkit.cluster.embedded.apiserver.cel.policies import mutating_faults

        yield from mutating_faults(value.get("spec") or {})
