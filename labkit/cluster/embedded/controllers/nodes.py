"""A node takes no new pods while something is wrong with it, or while it is cordoned.

Its conditions, which its kubelet reports, become taints with the effect NoSchedule. Whether a node
still reports is looked at by nobody yet. Source: Kubernetes `pkg/controller/nodelifecycle`.
"""

from __future__ import annotations

from typing import Any

from labkit.cluster.embedded.apiserver.admission.nodes import NO_SCHEDULE, NOT_READY
from labkit.cluster.embedded.apiserver.handlers.stamp import timestamp
from labkit.cluster.embedded.apiserver.status import ApiError
from labkit.cluster.embedded.controllers.controller import Controller
from labkit.cluster.embedded.store import Key

CORDONED = "node.kubernetes.io/unschedulable"
TAINTS = {
    ("Ready", "False"): NOT_READY,
    ("Ready", "Unknown"): "node.kubernetes.io/unreachable",
    ("MemoryPressure", "True"): "node.kubernetes.io/memory-pressure",
    ("DiskPressure", "True"): "node.kubernetes.io/disk-pressure",
    ("NetworkUnavailable", "True"): "node.kubernetes.io/network-unavailable",
    ("PIDPressure", "True"): "node.kubernetes.io/pid-pressure",
}
"""What a condition and its status are as a taint."""


class NodeController(Controller):
    """Keeps a node's taints as its conditions are; other taints are nobody's but their maker's."""

    name = "node-controller"
    resources = frozenset({"nodes"})

    async def reconcile(self, key: Key) -> None:
        """Writes the taints that are missing, and takes away those that no longer hold."""
        record = self.api.store.get(key)
        if record is None:
            return
        value = record.copy()
        spec = value.setdefault("spec", {})
        taints, wanted = spec.get("taints") or [], _wanted(value)
        kept = [one for one in taints if not _is_ours(one) or one["key"] in wanted]
        there = {one["key"] for one in kept if _is_ours(one)}
        new = [
            {"key": name, "effect": NO_SCHEDULE, "timeAdded": timestamp()}
            for name in wanted
            if name not in there
        ]
        if not new and kept == taints:
            return
        spec["taints"] = [*kept, *new]
        try:
            await self.call("PUT", f"/api/v1/nodes/{key.name}", value)
        except ApiError as error:
            if error.code != 404:
                raise


def _wanted(node: Any) -> list[str]:
    conditions = (node.get("status") or {}).get("conditions") or ()
    states = ((one.get("type"), one.get("status")) for one in conditions)
    found = [TAINTS[state] for state in states if state in TAINTS]
    return [*found, CORDONED] if (node.get("spec") or {}).get("unschedulable") else found


def _is_ours(taint: Any) -> bool:
    return taint["effect"] == NO_SCHEDULE and taint["key"] in (CORDONED, *TAINTS.values())
