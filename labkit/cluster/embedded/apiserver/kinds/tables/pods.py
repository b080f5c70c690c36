"""The table of pods, and what the word under STATUS is made of.

In this order, and what comes later wins: the pod's phase, its reason, the first init container that
is not done, the containers (the first in the list last), and that it is being deleted.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from .table import AGE, NAME, WIDE, Cell, Column, Object, Table, age_of, name_of
from .text import NONE, condition, is_going, is_true, spec_and_status
from .times import translate_timestamp

NODE_LOST = "NodeLost"
"""The reason of a pod whose node does not answer."""

ENDED = {
    "Succeeded": "The pod has completed successfully.",
    "Failed": "The pod failed.",
}


@dataclass(slots=True)
class _Restarts:
    """How often containers were restarted, and when last."""

    count: int = 0
    last: str = ""

    def add(self, container: Object) -> None:
        self.count += container.get("restartCount") or 0
        terminated = (container.get("lastState") or {}).get("terminated") or {}
        # Times of the API are all of one form, so text orders them.
        self.last = max(self.last, terminated.get("finishedAt") or "")

    def text(self, now: datetime) -> str:
        if not self.count or not self.last:
            return str(self.count)
        return f"{self.count} ({translate_timestamp(self.last, now)} ago)"


@dataclass(slots=True)
class _Summary:
    """What the containers of a pod come to."""

    reason: str
    ready: int
    restarts: _Restarts


def pod_row(pod: Object, now: datetime) -> list[Cell]:
    """READY, STATUS, RESTARTS, AGE, and with `-o wide` where the pod is."""
    spec, status = spec_and_status(pod)
    sidecars = {
        each.get("name")
        for each in spec.get("initContainers") or ()
        if each.get("restartPolicy") == "Always"
    }
    summary = _summary(spec, status, sidecars)
    total = len(spec.get("containers") or ()) + len(sidecars)
    return [
        name_of(pod),
        f"{summary.ready}/{total}",
        _when_going(pod, status) or summary.reason,
        summary.restarts.text(now),
        age_of(pod, now),
        _pod_ip(status) or NONE,
        spec.get("nodeName") or NONE,
        status.get("nominatedNodeName") or NONE,
        _readiness_gates(spec, status),
    ]


def _summary(spec: Object, status: Object, sidecars: Collection[str | None]) -> _Summary:
    conditions = status.get("conditions")
    # While a pod initializes, all its init containers count; later, those that still run.
    of_all, of_sidecars = _Restarts(), _Restarts()
    initializing, ready = _init_containers(spec, status, sidecars, of_all, of_sidecars)
    reason = initializing or _initial_reason(status)
    if initializing and not is_true(conditions, "Initialized"):
        return _Summary(reason, ready, of_all)
    summary = _Summary(reason, ready, of_sidecars)
    if _containers(status, summary) and summary.reason == "Completed":
        summary.reason = "Running" if is_true(conditions, "Ready") else "NotReady"
    return summary


def _initial_reason(status: Object) -> str:
    scheduled = condition(status.get("conditions"), "PodScheduled") or {}
    if scheduled.get("reason") == "SchedulingGated":
        return "SchedulingGated"
    return status.get("reason") or status.get("phase") or ""


def _init_containers(
    spec: Object,
    status: Object,
    sidecars: Collection[str | None],
    of_all: _Restarts,
    of_sidecars: _Restarts,
) -> tuple[str, int]:
    """What the first init container that is not done says, and how many sidecars are ready."""
    ready = 0
    for index, container in enumerate(status.get("initContainerStatuses") or ()):
        is_sidecar = container.get("name") in sidecars
        of_all.add(container)
        if is_sidecar:
            of_sidecars.add(container)
        state = container.get("state") or {}
        terminated = state.get("terminated")
        waiting = (state.get("waiting") or {}).get("reason")
        if terminated is not None and not terminated.get("exitCode"):
            continue
        if is_sidecar and container.get("started"):
            ready += bool(container.get("ready"))
            continue
        if terminated is not None:
            return f"Init:{_how_it_ended(terminated)}", ready
        if waiting and waiting != "PodInitializing":
            return f"Init:{waiting}", ready
        return f"Init:{index}/{len(spec.get('initContainers') or ())}", ready
    return "", ready


def _containers(status: Object, summary: _Summary) -> bool:
    """Add the containers to a summary; whether one of them runs and is ready."""
    runs = False
    for container in reversed(status.get("containerStatuses") or ()):
        summary.restarts.add(container)
        state = container.get("state") or {}
        waiting = (state.get("waiting") or {}).get("reason")
        if waiting:
            summary.reason = waiting
        elif (terminated := state.get("terminated")) is not None:
            summary.reason = _how_it_ended(terminated)
        elif container.get("ready") and state.get("running") is not None:
            runs = True
            summary.ready += 1
    return runs


def _how_it_ended(terminated: Object) -> str:
    if reason := terminated.get("reason"):
        return str(reason)
    if signal := terminated.get("signal"):
        return f"Signal:{signal}"
    return f"ExitCode:{terminated.get('exitCode') or 0}"


def _when_going(pod: Object, status: Object) -> str:
    if not is_going(pod):
        return ""
    if status.get("reason") == NODE_LOST:
        return "Unknown"
    return "" if status.get("phase") in ENDED else "Terminating"


def _pod_ip(status: Object) -> str:
    addresses = status.get("podIPs")
    found: str = (addresses[0] if addresses else {"ip": status.get("podIP")}).get("ip") or ""
    return found


def _readiness_gates(spec: Object, status: Object) -> str:
    gates = spec.get("readinessGates")
    if not gates:
        return NONE
    conditions = status.get("conditions")
    return f"{sum(is_true(conditions, each.get('conditionType')) for each in gates)}/{len(gates)}"


def pod_conditions(pod: Object) -> list[dict[str, str]]:
    """That a row's pod is completed: `kubectl` can hide such rows."""
    phase = (pod.get("status") or {}).get("phase")
    if phase not in ENDED:
        return []
    return [{"type": "Completed", "status": "True", "reason": phase, "message": ENDED[phase]}]


PODS = Table(
    (
        NAME,
        Column("Ready", description="How many of the pod's containers are ready for traffic."),
        Column("Status", description="What the pod's containers do, in one word."),
        Column("Restarts", description="How often its containers were restarted, and when last."),
        AGE,
        Column("IP", field="core.v1.PodStatus.podIP", priority=WIDE),
        Column("Node", field="core.v1.PodSpec.nodeName", priority=WIDE),
        Column("Nominated Node", field="core.v1.PodStatus.nominatedNodeName", priority=WIDE),
        Column("Readiness Gates", field="core.v1.PodSpec.readinessGates", priority=WIDE),
    ),
    pod_row,
    conditions=pod_conditions,
)

TABLES = {"pods": PODS}
