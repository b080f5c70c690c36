"""Whether a webhook is to be asked about a write, and in which version of the resource.

Knows nothing about calls. Source: Kubernetes `apiserver/pkg/admission/plugin/webhook/predicates`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver import status
from labkit.cluster.embedded.apiserver.selectors import from_label_selector
from labkit.cluster.embedded.store import Key

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.registry import Resource

Object = dict[str, Any]

GROUP = "admissionregistration.k8s.io"
"""No webhook is asked about webhooks: a bad one could not be taken away."""
NOT_SHOWN = frozenset({"binding"})


def matched(webhook: Object, attempt: Attempt) -> Resource | None:
    """The resource as the webhook wants to see it; None when it is not to be asked.

    Raises:
        ApiError: 404 when the namespace, whose labels count, is not there.
    """
    if attempt.resource.group == GROUP or attempt.subresource in NOT_SHOWN:
        return None
    if not _is_object_meant(webhook.get("objectSelector"), attempt):
        return None
    found = _resource(webhook, attempt)
    if found is None or not _is_namespace_meant(webhook.get("namespaceSelector"), attempt):
        return None
    return found


def _resource(webhook: Object, attempt: Attempt) -> Resource | None:
    """The one that was asked for, if a rule means it; else one that is the same in other words."""
    rules = webhook.get("rules") or ()
    own = asked_for(attempt)
    if any(_means(rule, own, attempt) for rule in rules):
        return own
    if webhook.get("matchPolicy", "Equivalent") == "Exact":
        return None
    others = [one for one in attempt.api.registry if one.storage == own.storage and one != own]
    equivalent = (one for rule in rules for one in others if _means(rule, one, attempt))
    return next(equivalent, None)


def asked_for(attempt: Attempt) -> Resource:
    """The resource in the version of the request; a write goes on in the version that is stored."""
    asked = attempt.request
    found = attempt.api.registry.find(asked.group, asked.version, asked.resource)
    return found if found and found.storage == attempt.resource.storage else attempt.resource


def _means(rule: Object, resource: Resource, attempt: Attempt) -> bool:
    return (
        _is_one_of(attempt.operation, rule.get("operations"))
        and _is_one_of(resource.group, rule.get("apiGroups"))
        and _is_one_of(resource.version, rule.get("apiVersions"))
        and _is_named(resource.plural, attempt.subresource, rule.get("resources") or ())
        and _is_in_scope(rule.get("scope", "*"), resource)
    )


def _is_one_of(name: str, names: Any) -> bool:
    return "*" in (names or ()) or name in (names or ())


def _is_named(plural: str, subresource: str, names: Any) -> bool:
    """`pods` means no part of a pod, `pods/*` all of it, `*` all but parts."""
    for name in names:
        resource, _, part = name.partition("/")
        if resource in ("*", plural) and part in ("*", subresource):
            return True
    return False


def _is_in_scope(scope: str, resource: Resource) -> bool:
    return scope == "*" or (scope == "Namespaced") == resource.is_namespaced


def _is_object_meant(selector: Object | None, attempt: Attempt) -> bool:
    """By the labels that it has or had."""
    if not selector:
        return True
    wanted = from_label_selector(selector)
    return any(wanted.matches(labels) for labels in _labels(attempt))


def _labels(attempt: Attempt) -> Iterator[dict[str, str]]:
    for value in (attempt.object, attempt.old):
        if value is not None:
            yield value["metadata"].get("labels") or {}


def _is_namespace_meant(selector: Object | None, attempt: Attempt) -> bool:
    """By its labels; what is in no namespace is meant always."""
    if not selector:
        return True
    wanted = from_label_selector(selector)
    if attempt.resource.storage == "namespaces":
        return wanted.matches(next(_labels(attempt), {}))
    if not attempt.resource.is_namespaced:
        return True
    record = attempt.api.store.get(Key("namespaces", "", attempt.namespace))
    if record is None:
        raise status.not_found("", "namespaces", attempt.namespace)
    return wanted.matches(record.object["metadata"].get("labels") or {})
