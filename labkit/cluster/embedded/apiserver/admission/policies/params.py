"""The objects by which a binding sets a policy up. Source: Kubernetes
`apiserver/pkg/admission/plugin/policy/generic/policy_dispatcher.go` (`CollectParams`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from labkit.cluster.embedded.apiserver.selectors import from_label_selector

if TYPE_CHECKING:
    from labkit.cluster.embedded.apiserver.admission.chain import Attempt
    from labkit.cluster.embedded.apiserver.registry import Resource

Object = dict[str, Any]


class Misconfigured(Exception):
    """A policy or a binding that cannot be put to use.

    Args:
        why: in Kubernetes' words.
        is_of_policy: whether the policy is to blame, and not its binding.
    """

    def __init__(self, why: str, *, is_of_policy: bool = False) -> None:
        super().__init__(f"failed to configure {'policy' if is_of_policy else 'binding'}: {why}")
        self.is_of_policy = is_of_policy


def params_of(policy: Object, binding: Object, attempt: Attempt) -> list[Object | None]:
    """What the policy is to be asked with, one after the other; None is no object.

    Raises:
        Misconfigured: there is no such kind, or no such object and that is refused.
    """
    kind, ref = policy["spec"].get("paramKind"), binding["spec"].get("paramRef")
    if not kind:
        return [None]
    resource = _resource(kind, attempt)
    if not ref:
        return [None]
    found = _found(resource, ref, _namespace(resource, ref, attempt), attempt)
    if not found and ref.get("parameterNotFoundAction") == "Deny":
        words = "no params found for policy binding with `Deny` parameterNotFoundAction"
        raise Misconfigured(words)
    return found


def _resource(kind: Object, attempt: Attempt) -> Resource:
    for resource in attempt.api.registry:
        if resource.kind == kind["kind"] and resource.api_version == kind["apiVersion"]:
            return resource
    group, _, version = kind["apiVersion"].rpartition("/")
    words = f"failed to find resource referenced by paramKind: '{group}/{version}, "
    raise Misconfigured(f"{words}Kind={kind['kind']}'", is_of_policy=True)


def _namespace(resource: Resource, ref: Object, attempt: Attempt) -> str:
    said = ref.get("namespace") or ""
    if not resource.is_namespaced:
        if said:
            words = "paramRef.namespace must not be provided for a cluster-scoped `paramKind`"
            raise Misconfigured(words)
        return ""
    if not (said or attempt.namespace):
        raise Misconfigured(
            "cannot use namespaced paramRef in policy binding that matches cluster-scoped resources"
        )
    return said or attempt.namespace


def _found(
    resource: Resource, ref: Object, namespace: str, attempt: Attempt
) -> list[Object | None]:
    store = attempt.api.store
    if ref.get("name"):
        record = store.get(resource.key(namespace, ref["name"]))
        records = [record] if record is not None else []
    else:
        labels = from_label_selector(ref.get("selector") or {})
        records = [
            one
            for one in store.list(resource.storage, namespace)
            if labels.matches(one.object["metadata"].get("labels") or {})
        ]
    type_said = {"apiVersion": resource.api_version, "kind": resource.kind}
    return [{**one.object, **type_said} for one in records]
