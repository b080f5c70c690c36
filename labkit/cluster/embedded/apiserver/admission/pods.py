"""What a new pod is given from elsewhere: a priority, tolerations, a runtime class's overhead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.admission import amounts
from labkit.cluster.embedded.apiserver.admission.plugin import Rule, is_new, refuse, spec_of
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt

PRIORITY_CLASSES = "priorityclasses.scheduling.k8s.io"
RUNTIME_CLASSES = "runtimeclasses.node.k8s.io"
STAYS_S = 300
"""How long a pod stays on a node that does not answer."""


class Priority(Rule):
    """The number that belongs to a pod's priority class; of a class, that there is one default."""

    async def admit(self, attempt: Attempt) -> None:
        """Writes the number."""
        if not is_new(attempt, "pods"):
            return
        spec = spec_of(attempt.object)
        found = self._class_of(attempt, spec)
        number = found["value"] if found else 0
        if spec.get("priority") not in (None, number):
            why = f"the integer value of priority ({spec['priority']}) must not be provided in pod "
            raise refuse(attempt, f"{why}spec; priority admission controller computed {number} "
                         "from the given PriorityClass name")  # fmt: skip
        spec["priority"] = number
        policy = (found or {}).get("preemptionPolicy", "PreemptLowerPriority")
        if spec.get("preemptionPolicy") not in (None, policy):
            why = f"the string value of PreemptionPolicy ({spec['preemptionPolicy']}) must not be "
            raise refuse(attempt, f"{why}provided in pod spec; priority admission controller "
                         f"computed {policy} from the given PriorityClass name")  # fmt: skip
        spec["preemptionPolicy"] = policy

    def _class_of(self, attempt: Attempt, spec: dict[str, Any]) -> dict[str, Any] | None:
        store, name = attempt.api.store, spec.get("priorityClassName")
        if name:
            record = store.get(Key(PRIORITY_CLASSES, "", name))
            if record is None:
                raise refuse(attempt, f"no PriorityClass with name {name} was found")
            return record.object
        usual = [
            one.object for one in store.list(PRIORITY_CLASSES) if one.object.get("globalDefault")
        ]
        if not usual:
            return None
        lowest = min(usual, key=lambda one: int(one["value"]))
        spec["priorityClassName"] = lowest["metadata"]["name"]
        return lowest

    async def validate(self, attempt: Attempt) -> None:
        """Refuses a second default."""
        value = attempt.object
        if attempt.resource.storage != PRIORITY_CLASSES or value is None:
            return
        if not value.get("globalDefault"):
            return
        for one in attempt.api.store.list(PRIORITY_CLASSES):
            if one.object.get("globalDefault") and one.key.name != attempt.name:
                why = f"PriorityClass {one.key.name} is already marked as default. Only one default"
                raise refuse(attempt, f"{why} can exist")


class DefaultTolerations(Rule):
    """A pod stays for five minutes on a node that does not answer, unless it says otherwise."""

    async def admit(self, attempt: Attempt) -> None:
        """Adds the tolerations."""
        is_pod = attempt.resource.storage == "pods" and not attempt.subresource
        if not is_pod or attempt.operation not in ("CREATE", "UPDATE"):
            return
        spec = spec_of(attempt.object)
        for key in ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"):
            there = spec.get("tolerations") or []
            if not any(_tolerates(one, key) for one in there):
                usual = {"key": key, "operator": "Exists", "effect": "NoExecute"}
                spec["tolerations"] = [*there, {**usual, "tolerationSeconds": STAYS_S}]


def _tolerates(toleration: dict[str, Any], key: str) -> bool:
    is_for_key = toleration.get("key") in (key, None, "")
    return is_for_key and toleration.get("effect") in ("NoExecute", None, "")


class RuntimeClass(Rule):
    """The overhead, the nodes and the tolerations of a pod's runtime class."""

    async def admit(self, attempt: Attempt) -> None:
        """Writes them into a new pod."""
        if not is_new(attempt, "pods"):
            return
        spec, found = spec_of(attempt.object), _runtime_class(attempt)
        overhead = _overhead(found)
        if overhead:
            if spec.get("overhead") and not _are_equal(spec["overhead"], overhead):
                raise refuse(attempt, f"{REJECTED} Pod's {DIFFERS}")
            spec["overhead"] = dict(overhead)
        scheduling = found.get("scheduling") or {}
        for key, value in (scheduling.get("nodeSelector") or {}).items():
            own = spec.setdefault("nodeSelector", {})
            if own.get(key, value) != value:
                why = f"conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; "
                raise refuse(attempt, f"{why}pod.spec.nodeSelector[{key}] = {own[key]}")
            own[key] = value
        there = spec.get("tolerations") or []
        more = [dict(one) for one in scheduling.get("tolerations") or () if one not in there]
        if more:
            spec["tolerations"] = [*there, *more]

    async def validate(self, attempt: Attempt) -> None:
        """Refuses an overhead that no class has said."""
        if not is_new(attempt, "pods"):
            return
        own, overhead = spec_of(attempt.object).get("overhead"), _overhead(_runtime_class(attempt))
        if overhead and not _are_equal(own or {}, overhead):
            raise refuse(attempt, f"{REJECTED} Pod's {DIFFERS}")
        if own and not overhead:
            why = "Pod Overhead set without corresponding RuntimeClass defined Overhead"
            raise refuse(attempt, f"{REJECTED} {why}")


REJECTED = "pod rejected:"
DIFFERS = "Overhead doesn't match RuntimeClass's defined Overhead"


def _runtime_class(attempt: Attempt) -> dict[str, Any]:
    """The class that a pod names; empty where it names none."""
    name = spec_of(attempt.object).get("runtimeClassName")
    if not name:
        return {}
    record = attempt.api.store.get(Key(RUNTIME_CLASSES, "", name))
    if record is None:
        raise refuse(attempt, f'{REJECTED} RuntimeClass "{name}" not found')
    return record.object


def _overhead(runtime_class: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = (runtime_class.get("overhead") or {}).get("podFixed") or {}
    return found


def _are_equal(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return amounts.read(one) == amounts.read(other)
