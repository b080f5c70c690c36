"""PodSecurity: pods are refused; of workloads and of a namespace's new labels it only warns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.admission.plugin import Rule, refuse, spec_of
from labkit.cluster.embedded.apiserver.admission.podsecurity import policy
from labkit.cluster.embedded.apiserver.admission.podsecurity.checks import violations
from labkit.cluster.embedded.apiserver.admission.podsecurity.policy import LevelVersion, Policy
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt

Object = dict[str, Any]

TEMPLATES = {
    "podtemplates": ("template",),
    "cronjobs.batch": ("spec", "jobTemplate", "spec", "template"),
    **dict.fromkeys(
        (
            *("replicationcontrollers", "replicasets.apps", "deployments.apps"),
            *("statefulsets.apps", "daemonsets.apps", "jobs.batch"),
        ),
        ("spec", "template"),
    ),
}
"""Where a workload keeps what its pods will be."""
NO_SPEC = frozenset({"binding", "eviction", "status"})
"""Parts of a pod by which nothing of its spec changes that matters here."""
MOST_PODS = 3000
"""Of those already there, when a namespace changes its level; Kubernetes' number."""


class PodSecurity(Rule):
    """Holds pods against the level of their namespace."""

    async def validate(self, attempt: Attempt) -> None:
        """Refuses a pod; of all else only warns."""
        storage = attempt.resource.storage
        if attempt.object is None:
            return
        if storage == "namespaces":
            _judge_labels(attempt, attempt.object)
        elif storage == "pods":
            if attempt.subresource not in NO_SPEC and _is_new_to_us(attempt):
                _judge(attempt, attempt.object, is_pod=True)
        elif storage in TEMPLATES and not attempt.subresource:
            template: Any = attempt.object
            for name in TEMPLATES[storage]:
                template = (template or {}).get(name)
            if template:
                _judge(attempt, template, is_pod=False)


def _judge(attempt: Attempt, pod: Object, *, is_pod: bool) -> None:
    wanted = _policy(attempt)
    about, spec = pod.get("metadata") or {}, spec_of(pod)
    if is_pod and (found := violations(wanted.enforce, about, spec)):
        why = f'violates PodSecurity "{wanted.enforce}": {", ".join(map(str, found))}'
        raise refuse(attempt, why)
    if found := violations(wanted.warn, about, spec):
        words = f'would violate PodSecurity "{wanted.warn}": {", ".join(map(str, found))}'
        attempt.warnings.append(words)


def _policy(attempt: Attempt) -> Policy:
    record = attempt.api.store.get(Key("namespaces", "", attempt.namespace))
    return policy.read(record.object)[0] if record else Policy()


def _is_new_to_us(attempt: Attempt) -> bool:
    """Whether a change of a pod may break a rule: by another image, or another container."""
    if attempt.old is None:
        return True
    new, old = spec_of(attempt.object), spec_of(attempt.old)
    return any(
        [(one["name"], one.get("image")) for one in new.get(group) or ()]
        != [(one["name"], one.get("image")) for one in old.get(group) or ()]
        for group in ("containers", "initContainers", "ephemeralContainers")
    )


def _judge_labels(attempt: Attempt, namespace: Object) -> None:
    if attempt.subresource:
        return
    now, faults = policy.read(namespace)
    was, old_faults = policy.read(attempt.old) if attempt.old else (now, [])
    if faults and faults != old_faults:
        raise status.invalid("", "Namespace", attempt.name, faults)
    is_relaxed = (
        now.enforce.minor == was.enforce.minor and now.enforce.strictness <= was.enforce.strictness
    )
    if now.enforce.level != "privileged" and not is_relaxed:
        attempt.warnings += _of_present_pods(attempt, now.enforce)


def _of_present_pods(attempt: Attempt, wanted: LevelVersion) -> list[str]:
    """Pods stay as they are: it is only said which of them would be refused now."""
    pods = attempt.api.store.list("pods", attempt.name)
    by_reason: dict[str, list[str]] = {}
    for record in pods[:MOST_PODS]:
        found = violations(wanted, record.object["metadata"], spec_of(record.object))
        if found:
            reason = ", ".join(one.reason for one in found)
            by_reason.setdefault(reason, []).append(record.key.name)
    warnings = []
    if len(pods) > MOST_PODS:
        words = f"checked against the first {MOST_PODS} of {len(pods)} existing pods"
        warnings.append(f"new PodSecurity enforce level only {words}")
    if by_reason:
        words = f'existing pods in namespace "{attempt.name}" violate the new PodSecurity enforce'
        warnings.append(f'{words} level "{wanted}"')
    said = (
        f"{min(names)}{_others(len(names) - 1)}: {reason}" for reason, names in by_reason.items()
    )
    return warnings + sorted(said)


def _others(count: int) -> str:
    return f" (and {count} other pod{'s' if count > 1 else ''})" if count else ""
