"""ResourceQuota: nothing is made that is more than a namespace may have.

What is used is counted in the store, in the step that then writes: whatever is created at the same
time, a quota is never exceeded. So this plug-in is the last one, and nothing is awaited after it.
The status of the quota is charged here as well, and put right by a controller
(`controllers/quota.py`) when a write fails after all, and when things end. A real API server counts
in that status, and refuses while it is unknown; ours need not wait for it.

Source: Kubernetes `apiserver/pkg/admission/plugin/resourcequota/controller.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.admission import amounts, scopes
from labkit.cluster.embedded.apiserver.admission.amounts import Amounts
from labkit.cluster.embedded.apiserver.admission.plugin import Rule, refuse, spec_of
from labkit.cluster.embedded.apiserver.admission.tally import Ledger
from labkit.cluster.embedded.apiserver.admission.usage import computed, storage_of, usage
from labkit.cluster.embedded.apiserver.kinds.quantity import Quantity
from labkit.cluster.embedded.store import thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.store import Record

Object = dict[str, Any]

FREE = frozenset({"events", "resourcequotas/status"})
"""Not counted, whatever a quota says."""
GROWS = frozenset({"services", "persistentvolumeclaims"})
"""Resources of which a change may use more than before."""
MUST_BE_SAID = frozenset(
    {"cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"}
)
"""Of these every container has to say how much, where a quota counts them."""


class ResourceQuota(Rule):
    """Holds what is made against the quotas of its namespace."""

    def __init__(self) -> None:
        self._ledger = Ledger()

    async def validate(self, attempt: Attempt) -> None:
        """Refuses what is more than is left, and charges what is not."""
        if attempt.object is None or not attempt.namespace or not _may_use_more(attempt):
            return
        quotas = attempt.api.store.list("resourcequotas", attempt.namespace)
        if not quotas:
            return
        counting = [one for one in quotas if _counts(one, attempt, attempt.object)]
        for quota in counting:
            _demand_amounts(attempt, quota)
        totals = [(quota, self._total(attempt, quota)) for quota in counting]
        for quota, total in totals:
            if total:
                _charge(attempt, quota, total)

    def _total(self, attempt: Attempt, quota: Record) -> Amounts:
        """What will be used of what the object asks for; empty where it asks for nothing."""
        hard = amounts.read(spec_of(quota.object).get("hard"))
        asked = {k: v for k, v in _asked(attempt, quota).items() if k in hard and v.nano}
        used = self._ledger.used(attempt.api.store, quota.object, asked)
        total = dict(used)
        amounts.add(total, asked)
        exceeded = sorted(name for name in asked if hard[name] < total[name])
        if exceeded:
            said = [_words(one, exceeded) for one in (asked, used, hard)]
            why = "exceeded quota: {}, requested: {}, used: {}, limited: {}"
            raise refuse(attempt, why.format(quota.key.name, *said))
        return total


def _may_use_more(attempt: Attempt) -> bool:
    storage = attempt.resource.storage
    if storage in FREE:
        return False
    if attempt.operation == "CREATE":
        return not attempt.subresource
    if attempt.operation != "UPDATE":
        return False
    is_resize = storage == "pods" and attempt.subresource == "resize"
    return is_resize or (storage in GROWS and not attempt.subresource)


def _names(quota: Record, storage: str) -> list[str]:
    return [name for name in spec_of(quota.object).get("hard") or () if storage_of(name) == storage]


def _counts(quota: Record, attempt: Attempt, value: Object) -> bool:
    """Whether a quota is about this object."""
    storage = attempt.resource.storage
    is_in_scope = scopes.all_match(scopes.of_quota(quota.object), storage, value)
    return is_in_scope and bool(_names(quota, storage))


def _demand_amounts(attempt: Attempt, quota: Record) -> None:
    if attempt.resource.storage != "pods":
        return
    wanted = MUST_BE_SAID.intersection(_names(quota, "pods"))
    spec, silent = spec_of(attempt.object), dict[str, set[str]]()
    for container in [*(spec.get("containers") or ()), *(spec.get("initContainers") or ())]:
        resources = container.get("resources") or {}
        said = computed(*(amounts.read(resources.get(what)) for what in ("requests", "limits")))
        for name in wanted - said.keys():
            silent.setdefault(name, set()).add(container["name"])
    if silent:
        words = [f"{name} for: {','.join(sorted(silent[name]))}" for name in sorted(silent)]
        raise refuse(attempt, f"failed quota: {quota.key.name}: must specify {'; '.join(words)}")


def _asked(attempt: Attempt, quota: Record) -> Amounts:
    """What the object uses; of a change, what it uses more than before."""
    storage = attempt.resource.storage
    assert attempt.object is not None
    asked = usage(storage, attempt.object)
    if attempt.old is None or not _counts(quota, attempt, attempt.old):
        return asked
    before = usage(storage, attempt.old)
    return {
        name: Quantity(
            max(0, amount.nano - (before[name].nano if name in before else 0)), amount.format
        )
        for name, amount in asked.items()
    }


def _words(said: Amounts, names: list[str]) -> str:
    return ",".join(f"{name}={said[name]}" for name in names)


def _charge(attempt: Attempt, quota: Record, total: Amounts) -> None:
    """Writes into the quota's status what will be used, before it is."""
    api, resource = attempt.api, attempt.api.registry.find("", "v1", "resourcequotas")
    key = attempt.resource.key(attempt.namespace, attempt.name)
    is_taken = attempt.operation == "CREATE" and api.store.get(key) is not None
    if attempt.is_dry_run or is_taken or resource is None:
        return
    value = thaw(quota.object)
    status = value.setdefault("status", {})
    status.setdefault("hard", dict(spec_of(value)["hard"]))
    status["used"] = {**(status.get("used") or {}), **{k: str(v) for k, v in total.items()}}
    written = api.store.update(quota.key, value, api.cause(attempt.request), quota.revision)
    api.written(resource, written, quota)
