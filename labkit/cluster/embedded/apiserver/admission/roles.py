"""Nobody grants what they do not have: roles and bindings, before they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.plugin import Rule
from labkit.cluster.embedded.apiserver.authorization.attributes import Forbidden
from labkit.cluster.embedded.apiserver.authorization.escalation import demand_no_escalation

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt

GROUP = "rbac.authorization.k8s.io"


class NoEscalation(Rule):
    """Looks at what a role or a binding would give."""

    async def validate(self, attempt: Attempt) -> None:
        """Refuses what its writer does not have."""
        if attempt.resource.group != GROUP or attempt.object is None:
            return
        user = attempt.request.user
        assert user is not None
        try:
            demand_no_escalation(attempt.api.authorizer, user, attempt.object, attempt.old)
        except Forbidden as error:
            raise status.not_allowed(error) from None
