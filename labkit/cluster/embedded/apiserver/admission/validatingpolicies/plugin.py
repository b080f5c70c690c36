"""Which policies are asked about a write, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.plugin import Rule, refuse
from labkit.cluster.embedded.apiserver.admission.validatingpolicies.matching import resource_for
from labkit.cluster.embedded.apiserver.admission.validatingpolicies.params import (
    Misconfigured,
    params_of,
)
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.admission.validatingpolicies.evaluating import Refusal
    from labkit.cluster.embedded.apiserver.registry import Resource

Object = dict[str, Any]

GROUP = "admissionregistration.k8s.io"
POLICIES = f"validatingadmissionpolicies.{GROUP}"
BINDINGS = f"validatingadmissionpolicybindings.{GROUP}"
CONFIGURATIONS = (
    f"mutatingwebhookconfigurations.{GROUP}",
    f"validatingwebhookconfigurations.{GROUP}",
)
CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}
INVALID_CODE = 422
WHOSE = "ValidatingAdmissionPolicy"


class Expressions(Rule):
    """Refuses policies, and webhooks, whose expressions do not compile."""

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
    elif resource.storage == POLICIES:
        from labkit.cluster.embedded.apiserver.cel.policies import policy_faults

        yield from policy_faults(value.get("spec") or {})


class ValidatingPolicies(Rule):
    """ValidatingAdmissionPolicy."""

    def __init__(self) -> None:
        from labkit.cluster.embedded.apiserver.admission.expressions import Scenes

        self._scenes = Scenes()

    async def validate(self, attempt: Attempt) -> None:
        """Asks all policies that are bound; the first refusal counts, warnings all."""
        bindings = attempt.api.store.list(BINDINGS)
        if not bindings or attempt.resource.group == GROUP:
            return
        refused: list[status.ApiError] = []
        for record in bindings:
            binding = record.object
            found = attempt.api.store.get(Key(POLICIES, "", binding["spec"]["policyName"]))
            if found is not None:
                refused += self._asked(found.object, binding, attempt)
        if refused:
            raise refused[0]

    def _asked(self, policy: Object, binding: Object, attempt: Attempt) -> list[status.ApiError]:
        """What a policy with a binding refuses. It may warn as well."""
        resource = resource_for(policy["spec"].get("matchConstraints"), attempt)
        if resource is None:
            return []
        try:
            if resource_for(binding["spec"].get("matchResources"), attempt) is None:
                return []
            params = params_of(policy, binding, attempt)
        except Misconfigured as error:
            if policy["spec"].get("failurePolicy") == "Ignore":
                return []
            return [_error(attempt, _blamed(policy, binding, error), str(error), "Invalid")]
        refusals = [
            refusal
            for param in params
            for refusal in self._scenes.evaluation(policy, attempt, resource, param).refusals()
        ]
        return list(_enforced(refusals, policy, binding, attempt))


def _blamed(policy: Object, binding: Object, error: Misconfigured) -> str:
    return _named(policy) if error.is_of_policy else _both(policy, binding)


def _named(policy: Object) -> str:
    return f"{WHOSE} '{policy['metadata']['name']}'"


def _both(policy: Object, binding: Object) -> str:
    return f"{_named(policy)} with binding '{binding['metadata']['name']}'"


def _enforced(
    refusals: list[Refusal], policy: Object, binding: Object, attempt: Attempt
) -> Iterator[status.ApiError]:
    """As the binding says: deny, warn, or only note it where an audit would."""
    who = _both(policy, binding)
    for refusal in refusals:
        for action in binding["spec"].get("validationActions") or ():
            if action == "Deny":
                yield _error(attempt, who, refusal.message, refusal.reason)
            elif action == "Warn":
                attempt.warnings.append(f"Validation failed for {who}: {refusal.message}")


def _error(attempt: Attempt, who: str, message: str, reason: str) -> status.ApiError:
    """403 in its form; its code and its reason are those of the refusal."""
    words = f"{who} denied request: {message}"
    error = refuse(attempt, words)
    details = {**(error.details or {}), "causes": [{"message": words}]}
    return status.ApiError(CODES.get(reason, INVALID_CODE), reason, error.message, details)
