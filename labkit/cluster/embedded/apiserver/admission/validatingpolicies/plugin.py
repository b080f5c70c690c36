"""Asks policies about a write, and does what becomes of their answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.plugin import Rule, refuse
from labkit.cluster.embedded.apiserver.admission.policies.invocations import (
    GROUP,
    Invocation,
    Unusable,
    invocations,
)

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.admission.validatingpolicies.evaluating import Refusal

Object = dict[str, Any]

POLICIES = f"validatingadmissionpolicies.{GROUP}"
BINDINGS = f"validatingadmissionpolicybindings.{GROUP}"
CODES = {"Forbidden": 403, "Unauthorized": 401, "RequestEntityTooLarge": 413}
INVALID_CODE = 422
WHOSE = "ValidatingAdmissionPolicy"


class ValidatingPolicies(Rule):
    """ValidatingAdmissionPolicy."""

    def __init__(self) -> None:
        from labkit.cluster.embedded.apiserver.admission.expressions import Scenes

        self._scenes = Scenes()

    async def validate(self, attempt: Attempt) -> None:
        """Asks all policies that are bound; the first refusal counts, warnings all."""
        refused: list[status.ApiError] = []
        for one in invocations(attempt, POLICIES, BINDINGS):
            if isinstance(one, Invocation):
                refused += self._asked(one, attempt)
            elif not one.bound.is_failure_ignored:
                refused.append(_unusable(one, attempt))
        if refused:
            raise refused[0]

    def _asked(self, invocation: Invocation, attempt: Attempt) -> Iterator[status.ApiError]:
        """What a policy refuses. It may warn as well."""
        from labkit.cluster.embedded.apiserver.admission.validatingpolicies.evaluating import (
            refusals,
        )

        found = refusals(self._scenes.evaluation(invocation, attempt))
        yield from _enforced(list(found), invocation, attempt)


def _unusable(one: Unusable, attempt: Attempt) -> status.ApiError:
    return _error(attempt, f"{WHOSE} {one.bound.label}", one.why, "Invalid")


def _enforced(
    refusals: list[Refusal], invocation: Invocation, attempt: Attempt
) -> Iterator[status.ApiError]:
    """As the binding says: deny, warn, or only note it where an audit would."""
    who = f"{WHOSE} {invocation.bound.label}"
    binding = invocation.bound.binding or {}
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
