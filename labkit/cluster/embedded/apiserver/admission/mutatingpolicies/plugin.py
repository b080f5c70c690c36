"""In which order policies change an object, when they are asked again, and what fails."""

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

Object = dict[str, Any]

POLICIES = f"mutatingadmissionpolicies.{GROUP}"
BINDINGS = f"mutatingadmissionpolicybindings.{GROUP}"


class MutatingPolicies(Rule):
    """MutatingAdmissionPolicy."""

    def __init__(self) -> None:
        from labkit.cluster.embedded.apiserver.admission.expressions import Scenes

        self._scenes = Scenes()

    async def admit(self, attempt: Attempt) -> None:
        """Lets all policies that are bound change the object, one after the other."""
        if attempt.operation == "DELETE":
            return  # there is nothing to change
        found = invocations(attempt, POLICIES, BINDINGS)
        if not found:
            return
        rounds, memory = attempt.rounds, attempt.rounds.policies
        memory.begin(attempt.object, is_second=rounds.is_second)
        errors: list[tuple[Invocation | Unusable, str]] = [
            (one, one.why) for one in found if isinstance(one, Unusable)
        ]
        for one in found:
            if isinstance(one, Invocation):
                errors += [(one, why) for why in self._mutate(one, attempt)]
        if rounds.is_second_wanted:
            memory.something_changed()
        memory.end(attempt.object)
        counted = [(one, why) for one, why in errors if not one.bound.is_failure_ignored]
        if counted:
            raise _refused(attempt, counted)

    def _mutate(self, invocation: Invocation, attempt: Attempt) -> Iterator[str]:
        """Lets one policy change the object. What fails is told; what follows is done all the same.

        As in Kubernetes, whoever wants to be asked again is, once any mutation was made, even one
        that has changed nothing.
        """
        from labkit.cluster.embedded.apiserver.admission.mutatingpolicies.mutating import mutate
        from labkit.cluster.embedded.apiserver.cel.conditions import NoAnswer
        from labkit.cluster.embedded.apiserver.cel.language import Failed

        rounds, memory, spec = attempt.rounds, attempt.rounds.policies, invocation.bound.spec
        evaluation = self._scenes.evaluation(invocation, attempt)
        try:
            if not evaluation.is_meant():
                return
        except NoAnswer as error:
            yield str(error)
            return
        if rounds.is_second and invocation.key not in memory.due:
            return
        patches = self._scenes.patches(attempt)
        for mutation in spec["mutations"] if attempt.object is not None else ():
            try:
                if mutate(mutation, evaluation, patches, attempt, invocation.resource):
                    memory.something_changed()
                    evaluation = self._scenes.evaluation(invocation, attempt)
                rounds.is_second_wanted = True
            except Failed as error:
                yield str(error)
        if spec["reinvocationPolicy"] == "IfNeeded":
            memory.asked.add(invocation.key)


def _refused(attempt: Attempt, errors: list[tuple[Invocation | Unusable, str]]) -> status.ApiError:
    """403; the first error is the message, and all of them are causes."""
    said = [f"policy {one.bound.label} denied request: {why}" for one, why in errors]
    details = refuse(attempt, "").details or {}
    causes = [{"message": words} for words in said]
    reason = "Invalid" if isinstance(errors[0][0], Invocation) else "Forbidden"
    return status.ApiError(403, reason, said[0], {**details, "causes": causes})
