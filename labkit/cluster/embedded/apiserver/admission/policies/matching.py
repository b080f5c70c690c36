"""Whether a policy, and its binding, are for a write: as for webhooks, and a little more.

Source: Kubernetes `apiserver/pkg/admission/plugin/policy/matching`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.admission.webhooks.matching import asked_for, matched

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.registry import Resource

Object = dict[str, Any]

EVERYTHING = {
    "apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"], "resources": ["*", "*/*"],
}  # fmt: skip


def resource_for(resources: Object | None, attempt: Attempt) -> Resource | None:
    """The resource in the version that these MatchResources want to see; None if they do not.

    Args:
        resources: of a policy or a binding; a binding without means all that its policy means.

    Raises:
        ApiError: 404 when the namespace, whose labels count, is not there.
    """
    if resources is None:
        return asked_for(attempt)
    excluded = _named(resources.get("excludeResourceRules"), attempt)
    if excluded and matched({**resources, "rules": excluded}, attempt):
        return None
    said = resources.get("resourceRules")
    rules = _named(said, attempt) if said else [EVERYTHING]
    return matched({**resources, "rules": rules}, attempt)


def _named(rules: Any, attempt: Attempt) -> list[Object]:
    """The rules that mean an object of this name."""
    return [
        rule
        for rule in rules or ()
        if not rule.get("resourceNames") or attempt.name in rule["resourceNames"]
    ]
