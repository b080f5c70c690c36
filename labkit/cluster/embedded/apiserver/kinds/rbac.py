"""Roles and bindings.

Sources: Kubernetes `pkg/apis/rbac/v1/defaults.go`, `pkg/apis/rbac/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .kind import Kind
from .label_selectors import label_selector
from .names import dns1123_subdomain, path_segment
from .rules import (
    Faults,
    Object,
    Rule,
    child,
    each,
    fill,
    items,
    named,
    parts,
    required,
    same,
    struct,
)

GROUP = "rbac.authorization.k8s.io"


# Roles


def _rules(is_namespaced: bool) -> Rule:
    def check(new: Any, path: str, faults: Faults) -> None:
        for rule, own_path in items(new, "rules"):
            _policy_rule(rule, is_namespaced, own_path, faults)

    return check


def _policy_rule(rule: Object, is_namespaced: bool, path: str, faults: Faults) -> None:
    if not rule.get("verbs"):
        faults.append(f.required(f"{path}.verbs", "verbs must contain at least one value"))
    if urls := rule.get("nonResourceURLs"):
        own_path = f"{path}.nonResourceURLs"
        if is_namespaced:
            message = "namespaced rules cannot apply to non-resource URLs"
            faults.append(f.invalid(own_path, urls, message))
        if any(rule.get(name) for name in ("apiGroups", "resources", "resourceNames")):
            message = "rules cannot apply to both regular resources and non-resource URLs"
            faults.append(f.invalid(own_path, urls, message))
        return
    if not rule.get("apiGroups"):
        message = "resource rules must supply at least one api group"
        faults.append(f.required(f"{path}.apiGroups", message))
    if not rule.get("resources"):
        message = "resource rules must supply at least one resource"
        faults.append(f.required(f"{path}.resources", message))


def _aggregation(value: Any, path: str, faults: Faults) -> None:
    if value is None:
        return
    selectors, own_path = value.get("clusterRoleSelectors"), f"{path}.clusterRoleSelectors"
    if not selectors:
        message = "at least one clusterRoleSelector required if aggregationRule is non-nil"
        faults.append(f.required(own_path, message))
    for index, selector in enumerate(selectors or ()):
        before = len(faults)
        label_selector(selector, f"{own_path}[{index}]", faults)
        if len(faults) > before:
            faults.append(f.invalid(f"{own_path}[{index}]", "null", "invalid label selector."))


ROLE = Kind(name=path_segment, rules=(_rules(True),))
CLUSTER_ROLE = Kind(
    name=path_segment,
    is_namespaced=False,
    rules=(_rules(False), struct({"aggregationRule": _aggregation})),
)


# Bindings


def _binding_defaults(new: Object) -> None:
    fill(child(new, "roleRef"), {"apiGroup": GROUP})
    for subject in parts(new, "subjects"):
        if subject.get("kind") in ("User", "Group"):
            fill(subject, {"apiGroup": GROUP})


def _role_ref(*kinds: str) -> Rule:
    def check(value: Any, path: str, faults: Faults) -> None:
        if (group := value.get("apiGroup")) != GROUP:
            faults.append(f.not_supported(f"{path}.apiGroup", group or "", (GROUP,)))
        if (kind := value.get("kind") or "") not in kinds:
            faults.append(f.not_supported(f"{path}.kind", kind, kinds))
        required(named(path_segment))(value.get("name"), f"{path}.name", faults)

    return check


def _subject(is_namespaced: bool) -> Rule:
    def check(value: Any, path: str, faults: Faults) -> None:
        required()(value.get("name"), f"{path}.name", faults)
        kind, group = value.get("kind") or "", value.get("apiGroup") or ""
        if kind == "ServiceAccount":
            named(dns1123_subdomain)(value.get("name") or None, f"{path}.name", faults)
            if group:
                faults.append(f.not_supported(f"{path}.apiGroup", group, ("",)))
            if not is_namespaced and not value.get("namespace"):
                faults.append(f.required(f"{path}.namespace"))
        elif kind in ("User", "Group"):
            if group != GROUP:
                faults.append(f.not_supported(f"{path}.apiGroup", group, (GROUP,)))
        else:
            supported = ("ServiceAccount", "User", "Group")
            faults.append(f.not_supported(f"{path}.kind", kind, supported))

    return check


def _role_stays(new: Object, old: Object, faults: Faults) -> None:
    now = new["roleRef"]
    if not same(now, old["roleRef"]):
        shown = f.InOrder(APIGroup=now.get("apiGroup"), Kind=now.get("kind"), Name=now.get("name"))
        faults.append(f.invalid("roleRef", shown, "cannot change roleRef"))


def _binding(is_namespaced: bool, *kinds: str) -> Kind:
    return Kind(
        name=path_segment,
        is_namespaced=is_namespaced,
        defaults=(_binding_defaults,),
        rules=(struct({"roleRef": _role_ref(*kinds), "subjects": each(_subject(is_namespaced))}),),
        update_rules=(_role_stays,),
    )


ROLE_BINDING = _binding(True, "Role", "ClusterRole")
CLUSTER_ROLE_BINDING = _binding(False, "ClusterRole")
