"""eviction: a deletion that a disruption budget may forbid.

Source: Kubernetes' API-initiated eviction, and `pkg/registry/core/pod/storage/eviction.go`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.handlers import decode, ending, read, stamp
from labkit.cluster.embedded.apiserver.handlers.answer import Answer, as_json
from labkit.cluster.embedded.apiserver.selectors import from_label_selector
from labkit.cluster.embedded.store import Record, thaw

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.api import Api
    from labkit.cluster.embedded.apiserver.registry import Resource
    from labkit.cluster.embedded.apiserver.request import Request

OVER = ("Succeeded", "Failed")


async def create(api: Api, request: Request, resource: Resource) -> Answer:
    """Evicts a pod.

    Raises:
        ApiError: 400, 404, 429 when a budget forbids it, 500 when two budgets mean it.
    """
    sent = decode.read_body(request, "Eviction")
    if sent.get("apiVersion", "policy/v1") not in ("policy/v1", "policy/v1beta1"):
        decode.check_kind(sent, "policy/v1", "Eviction")
    if (named := (sent.get("metadata") or {}).get("name")) and named != request.name:
        raise status.bad_request("name in URL does not match name in Eviction object")
    record = read.find(api, resource, request.namespace, request.name)
    options = sent.get("deleteOptions") or {}
    expected = options.get("preconditions") or {}
    asked = ending.Options(
        options.get("gracePeriodSeconds"),
        options.get("propagationPolicy") or "",
        expected.get("uid"),
        expected.get("resourceVersion"),
        request.is_dry_run or bool(options.get("dryRun")),
    )
    if _counts(record.object):
        _ask_budget(api, request, record, is_dry_run=asked.is_dry_run)
    await ending.end(api, request, resource, record, asked)
    return as_json(status.success(code=201), 201)


def _counts(pod: dict[str, Any]) -> bool:
    """Whether a pod's end disturbs anybody: one that has ended, or is ending, does not."""
    phase = (pod.get("status") or {}).get("phase")
    return phase not in (*OVER, "Pending", None) and not pod["metadata"].get("deletionTimestamp")


def _ask_budget(api: Api, request: Request, record: Record, *, is_dry_run: bool) -> None:
    labels = record.object["metadata"].get("labels") or {}
    found = [
        budget
        for budget in api.store.list("poddisruptionbudgets.policy", record.key.namespace)
        if from_label_selector((budget.object.get("spec") or {}).get("selector")).matches(labels)
    ]
    if len(found) > 1:
        words = "This pod has more than one PodDisruptionBudget, which the eviction subresource "
        raise status.ApiError(500, "", words + "does not support.")
    if found and not _is_unhealthy_and_free(record.object, found[0].object):
        _take_one(api, request, record, found[0], is_dry_run=is_dry_run)


def _is_unhealthy_and_free(pod: dict[str, Any], budget: dict[str, Any]) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    if any(one.get("type") == "Ready" and one.get("status") == "True" for one in conditions):
        return False
    said = budget.get("status") or {}
    if (budget.get("spec") or {}).get("unhealthyPodEvictionPolicy") == "AlwaysAllow":
        return True
    return int(said.get("currentHealthy", 0)) >= int(said.get("desiredHealthy", 0)) > 0


def _take_one(api: Api, request: Request, pod: Record, budget: Record, *, is_dry_run: bool) -> None:
    said = budget.object.get("status") or {}
    name = budget.key.name
    words = "Cannot evict pod as it would violate the pod's disruption budget."
    if said.get("observedGeneration", 0) < budget.object["metadata"].get("generation", 0):
        why = f"The disruption budget {name} is still being processed by the server."
        cause = status.StatusCause("DisruptionBudget", why)
        raise status.too_many_requests(words, 10, [cause])
    if said.get("disruptionsAllowed", 0) <= 0:
        needs, has = said.get("desiredHealthy", 0), said.get("currentHealthy", 0)
        why = f"The disruption budget {name} needs {needs} healthy pods and has {has} currently"
        raise status.too_many_requests(words, 0, [status.StatusCause("DisruptionBudget", why)])
    if is_dry_run:
        return
    value = thaw(budget.object)
    value["status"]["disruptionsAllowed"] -= 1
    value["status"].setdefault("disruptedPods", {})[pod.key.name] = stamp.timestamp()
    api.store.update(budget.key, value, api.cause(request), expected=budget.revision)
