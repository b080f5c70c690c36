"""A new node takes no pods before somebody has looked at its conditions.

That is `controllers/nodes.py`, which takes the taint away unless they say that it is not ready.
Source: Kubernetes `plugin/pkg/admission/nodetaint`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver.admission.plugin import Rule, is_new
from labkit.cluster.embedded.apiserver.kinds.rules import child

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt

NOT_READY, NO_SCHEDULE = "node.kubernetes.io/not-ready", "NoSchedule"


class TaintNewNodes(Rule):
    """TaintNodesByCondition."""

    async def admit(self, attempt: Attempt) -> None:
        """Writes the taint, unless the node comes with it."""
        if attempt.object is None or not is_new(attempt, "nodes"):
            return
        spec = child(attempt.object, "spec")
        there = spec.get("taints") or []
        pairs = [(one.get("key"), one.get("effect")) for one in there]
        if (NOT_READY, NO_SCHEDULE) not in pairs:
            spec["taints"] = [*there, {"key": NOT_READY, "effect": NO_SCHEDULE}]
