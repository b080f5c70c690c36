"""Which policies are asked about a write, with which binding and with which parameters.

Match conditions are not looked at here. Source: Kubernetes
`apiserver/pkg/admission/plugin/policy/generic/policy_dispatcher.go`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.admission.policies.matching import resource_for
from labkit.cluster.embedded.apiserver.admission.policies.params import Misconfigured, params_of

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.registry import Resource

Object = dict[str, Any]

GROUP = "admissionregistration.k8s.io"


@dataclass(frozen=True, slots=True)
class Bound:
    """A policy and what puts it to use.

    Attributes:
        binding: None where the policy itself is to blame for something.
    """

    policy: Object
    binding: Object | None

    @property
    def spec(self) -> Object:
        """The policy's."""
        found: Object = self.policy["spec"]
        return found

    @property
    def label(self) -> str:
        """How messages name the two: `'p' with binding 'b'`."""
        name = f"'{self.policy['metadata']['name']}'"
        if self.binding is None:
            return name
        return f"{name} with binding '{self.binding['metadata']['name']}'"

    @property
    def is_failure_ignored(self) -> bool:
        """Whether a write goes on when the policy fails."""
        return bool(self.spec.get("failurePolicy") == "Ignore")


@dataclass(frozen=True, slots=True)
class Invocation:
    """A policy that is to be asked.

    Attributes:
        resource: in the version in which it wants to see objects.
        param: its parameters; None for no object.
    """

    bound: Bound
    resource: Resource
    param: Object | None

    @property
    def key(self) -> str:
        """What tells it from all others that are asked about the same write."""
        about = (self.param or {}).get("metadata") or {}
        return f"{self.bound.label} {about.get('namespace', '')}/{about.get('name', '')}"


@dataclass(frozen=True, slots=True)
class Unusable:
    """A policy, or a binding, that cannot be put to use, and why; `failurePolicy` counts."""

    bound: Bound
    why: str


def invocations(attempt: Attempt, policies: str, bindings: str) -> list[Invocation | Unusable]:
    """Those that are for a write, by the names of the policies, then of the bindings.

    Args:
        policies: where they are stored.
        bindings: and what binds them.

    Raises:
        ApiError: 404 when the namespace, whose labels count, is not there.
    """
    store = attempt.api.store
    bound = store.list(bindings)
    if not bound or attempt.resource.group == GROUP:
        return []
    by_policy: dict[str, list[Object]] = {}
    for record in bound:
        by_policy.setdefault(record.object["spec"]["policyName"], []).append(record.object)
    return [
        found
        for record in store.list(policies)
        for found in _of_policy(record.object, by_policy.get(record.key.name, []), attempt)
    ]


def _of_policy(
    policy: Object, bindings: list[Object], attempt: Attempt
) -> Iterator[Invocation | Unusable]:
    if not bindings:
        return
    resource = resource_for(policy["spec"].get("matchConstraints"), attempt)
    if resource is None:
        return
    for binding in bindings:
        if resource_for(binding["spec"].get("matchResources"), attempt) is None:
            continue
        bound = Bound(policy, binding)
        try:
            params = params_of(policy, binding, attempt)
        except Misconfigured as error:
            yield Unusable(Bound(policy, None) if error.is_of_policy else bound, str(error))
            continue
        for param in params:
            yield Invocation(bound, resource, param)
