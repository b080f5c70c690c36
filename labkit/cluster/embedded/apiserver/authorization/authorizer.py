"""May they: yes or no, and by which role.

Whatever no rule allows is refused: there are no rules that forbid. The group system:masters may do
everything, so that nobody is locked out by a mistake in the roles. Roles and bindings are read
again when a generation says that one of them has changed. Knows nothing about HTTP.

Source: Kubernetes documentation, "Using RBAC Authorization".
"""

from __future__ import annotations

from collections.abc import Callable, Hashable

from labkit.cluster.embedded.apiserver.authentication.impersonation import Target
from labkit.cluster.embedded.apiserver.authentication.users import MASTERS, User
from labkit.cluster.embedded.apiserver.authorization.attributes import (
    Attributes,
    Decision,
    forbidden,
)
from labkit.cluster.embedded.apiserver.authorization.policy import Policy, Source

MASTER = Decision(True)


class Authorizer:
    """Decides by the roles and bindings of a source.

    Args:
        source: where they are; the store.
        generation: another value whenever one of them has changed; `Generation` is one.
    """

    def __init__(self, source: Source, generation: Callable[[], Hashable]) -> None:
        self._source, self._generation = source, generation
        self._seen: Hashable = None
        self._policy: Policy | None = None

    @property
    def policy(self) -> Policy:
        """The roles and bindings as they are now."""
        now = self._generation()
        if self._policy is None or now != self._seen:
            self._policy, self._seen = Policy(self._source), now
        return self._policy

    def authorize(self, asked: Attributes) -> Decision:
        """Whether somebody may do what they want to, and why. Never raises."""
        if MASTERS in asked.user.groups:
            return MASTER
        grants = self.policy.grants(asked.user, asked.namespace)
        for rule, source in grants.found:
            if rule.allows(asked):
                return Decision(True, f"RBAC: allowed by {source}", grants.errors)
        return Decision(False, _wrong(grants.errors), grants.errors)

    def demand(self, asked: Attributes) -> None:
        """Lets pass what may be done.

        Raises:
            Forbidden: it may not be done.
        """
        decision = self.authorize(asked)
        if not decision.is_allowed:
            raise forbidden(asked, decision.reason)

    def demand_impersonation(self, user: User) -> Callable[[Target], None]:
        """What `impersonate` asks: whether a user may take on a target."""

        def demand(target: Target) -> None:
            self.demand(
                Attributes(
                    user,
                    "impersonate",
                    target.group,
                    "v1",
                    target.resource,
                    target.subresource,
                    target.namespace,
                    target.name,
                )
            )

        return demand


def _wrong(errors: tuple[str, ...]) -> str:
    """What is wrong with the roles, in one line."""
    if not errors:
        return ""
    return f"RBAC: {errors[0]}" if len(errors) == 1 else f"RBAC: [{', '.join(errors)}]"
