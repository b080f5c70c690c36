"""What expressions about a write see. CEL is loaded when the first one is there.

Shared by policies and by the match conditions of webhooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.admission.webhooks import review
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.admission.policies.evaluating import Evaluation
    from labkit.cluster.embedded.apiserver.admission.policies.invocations import Invocation
    from labkit.cluster.embedded.apiserver.cel.language import Environment
    from labkit.cluster.embedded.apiserver.cel.patch_types import PatchExpressions
    from labkit.cluster.embedded.apiserver.registry import Resource

Object = dict[str, Any]

NOT_IN_REQUEST = ("uid", "object", "oldObject")
UNSEEN = frozenset({"managedFields", "ownerReferences", "selfLink", "uid"})
"""What `namespaceObject` does not show of a namespace's metadata."""


class Scenes:
    """Makes what expressions see. Keeps its environment, and what it has compiled."""

    def __init__(self) -> None:
        self._environment: Environment | None = None
        self._patches: PatchExpressions | None = None

    def environment(self, attempt: Attempt) -> Environment:
        """Where expressions about writes are evaluated."""
        if self._environment is None:
            from labkit.cluster.embedded.apiserver.cel.admission import evaluator

            self._environment = evaluator(attempt.api.authorizer)
        return self._environment

    def patches(self, attempt: Attempt) -> PatchExpressions:
        """Where expressions are evaluated that give objects and patches."""
        if self._patches is None:
            from labkit.cluster.embedded.apiserver.cel.admission import evaluator
            from labkit.cluster.embedded.apiserver.cel.patch_types import PatchExpressions

            authorizer = attempt.api.authorizer
            self._patches = PatchExpressions(lambda types: evaluator(authorizer, types))
        return self._patches

    def values(
        self,
        attempt: Attempt,
        resource: Resource,
        param: Object | None = None,
        *,
        has_namespace: bool = True,
    ) -> dict[str, Any]:
        """The variables of an expression.

        Args:
            resource: in the version in which the objects are shown.
            param: a policy's parameters.
            has_namespace: whether `namespaceObject` is the namespace.
        """
        from labkit.cluster.embedded.apiserver.cel.admission import authorizers
        from labkit.cluster.embedded.apiserver.cel.values import plain

        asked = review.question(attempt, resource, ["v1"])["request"]
        request = {name: part for name, part in asked.items() if name not in NOT_IN_REQUEST}
        values = {
            "object": plain(asked["object"]),
            "oldObject": plain(asked["oldObject"]),
            "request": plain(request),
            "params": plain(param),
            "namespaceObject": plain(_namespace(attempt)) if has_namespace else None,
        }
        return values | dict(authorizers(plain(request["userInfo"]), request))

    def evaluation(self, invocation: Invocation, attempt: Attempt) -> Evaluation:
        """A policy that is asked about a write."""
        from labkit.cluster.embedded.apiserver.admission.policies.evaluating import Evaluation

        values = self.values(attempt, invocation.resource, invocation.param)
        return Evaluation(invocation.bound.spec, self.environment(attempt), values)


def _namespace(attempt: Attempt) -> Object | None:
    if not attempt.resource.is_namespaced:
        return None
    record = attempt.api.store.get(Key("namespaces", "", attempt.namespace))
    if record is None:
        return None
    about = record.object["metadata"]
    shown = {name: part for name, part in about.items() if name not in UNSEEN}
    parts = {name: record.object.get(name) or {} for name in ("spec", "status")}
    return {"metadata": shown, **parts}
