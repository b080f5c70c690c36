"""Aggregated cluster roles: their rules are those of the roles that they choose."""

from __future__ import annotations

from typing import TYPE_CHECKING

from labkit.cluster.embedded.apiserver.authorization.aggregation import (
    aggregated_rules,
    is_aggregated,
)
from labkit.cluster.embedded.controllers.controller import Controller
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.store import Change

ROLES = "clusterroles.rbac.authorization.k8s.io"


class ClusterRoleAggregation(Controller):
    """Keeps their rules."""

    name = "clusterrole-aggregation-controller"
    resources = frozenset({ROLES})

    def keys_of(self, change: Change) -> list[Key]:
        """Every aggregated role: any may choose the one that changed."""
        del change
        return [one.key for one in self.api.store.list(ROLES) if is_aggregated(one.object)]

    async def reconcile(self, key: Key) -> None:
        """Gives one role the rules that it should have."""
        record = self.api.store.get(key)
        if record is None or not is_aggregated(record.object):
            return
        roles = [one.object for one in self.api.store.list(ROLES)]
        rules = aggregated_rules(record.object, roles)
        if rules == (record.object.get("rules") or []):
            return
        value = record.copy()
        value["rules"] = rules
        await self.call("PUT", f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{key.name}", value)
