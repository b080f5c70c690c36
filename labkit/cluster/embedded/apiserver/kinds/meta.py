"""`metadata`: what every object has, when it is made and when it is changed.

Names differ from kind to kind, so their rule comes from outside. Sources: apimachinery
`pkg/api/validation/objectmeta.go`, Kubernetes `pkg/apis/core/validation` (finalizers),
apiserver `pkg/registry/rest/update.go` (what an update cannot touch).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import faults as f
from .label_selectors import annotation_map, labels
from .names import Check, as_prefix, dns1123_label, qualified_name
from .rules import IMMUTABLE, Faults, Object, listed

NOT_STANDARD = "name is neither a standard finalizer name nor is it fully qualified"
_STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})
_NEVER_CHANGE = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)


def validate_meta(meta: Object, name: Check, is_namespaced: bool, faults: Faults) -> None:
    """The metadata of an object that is made; `name` is the kind's rule for names."""
    if prefix := meta.get("generateName"):
        wrong = name(as_prefix(prefix))
        faults += [f.invalid("metadata.generateName", prefix, message) for message in wrong]
    if own := meta.get("name"):
        faults += [f.invalid("metadata.name", own, message) for message in name(own)]
    else:
        faults.append(f.required("metadata.name", "name or generateName is required"))
    _namespace(meta.get("namespace"), is_namespaced, faults)
    _common(meta, faults)


def _namespace(namespace: str | None, is_namespaced: bool, faults: Faults) -> None:
    path = "metadata.namespace"
    if not is_namespaced:
        if namespace:
            faults.append(f.forbidden(path, "not allowed on this type"))
    elif not namespace:
        faults.append(f.required(path))
    else:
        faults += [f.invalid(path, namespace, message) for message in dns1123_label(namespace)]


def _common(meta: Object, faults: Faults) -> None:
    labels(meta.get("labels"), "metadata.labels", faults)
    annotation_map(meta.get("annotations"), "metadata.annotations", faults)
    if owners := meta.get("ownerReferences"):
        _owners(owners, "metadata.ownerReferences", faults)
    if finalizers := meta.get("finalizers"):
        _finalizers(finalizers, "metadata.finalizers", faults)


def _owners(owners: Sequence[Any], path: str, faults: Faults) -> None:
    controller = ""
    for owner, _ in listed(owners, path):
        if not (owner.get("apiVersion") or "").rpartition("/")[2]:
            version = owner.get("apiVersion") or ""
            faults.append(f.invalid(f"{path}.apiVersion", version, "version must not be empty"))
        for name in ("kind", "name", "uid"):
            if not owner.get(name):
                faults.append(f.invalid(f"{path}.{name}", "", "must not be empty"))
        if owner.get("apiVersion") == "v1" and owner.get("kind") == "Event":
            message = "/v1, Kind=Event is disallowed from being an owner"
            faults.append(f.invalid(path, owner, message))
        if owner.get("controller"):
            this = f"{owner.get('kind')}/{owner.get('name')}"
            if controller:
                message = (
                    "Only one reference can have Controller set to true. "
                    f'Found "true" in references for {controller} and {this}'
                )
                faults.append(f.invalid(path, owners, message))
            controller = controller or this


def _finalizers(finalizers: Sequence[str], path: str, faults: Faults) -> None:
    for name in finalizers:
        faults += [f.invalid(path, name, message) for message in qualified_name(name)]
    if {"orphan", "foregroundDeletion"} <= set(finalizers):
        message = "finalizer orphan and foregroundDeletion cannot be both set"
        faults.append(f.invalid(path, finalizers, message))


def standard_finalizers(meta: Object, faults: Faults) -> None:
    """What built-in kinds ask of finalizers besides: a domain, or a name that is known."""
    for index, name in enumerate(meta.get("finalizers") or ()):
        if "/" not in name and name not in _STANDARD_FINALIZERS:
            faults.append(f.invalid(f"metadata.finalizers[{index}]", name, NOT_STANDARD))


def validate_meta_update(new: Object, old: Object, faults: Faults) -> None:
    """The metadata of an object that is changed, against what it was."""
    if old.get("deletionTimestamp"):
        _no_new_finalizers(new, old, faults)
    if not new.get("resourceVersion"):
        message = "must be specified for an update"
        faults.append(f.invalid("metadata.resourceVersion", "", message))
    for name in _NEVER_CHANGE:
        if new.get(name) != old.get(name):
            faults.append(f.invalid(f"metadata.{name}", new.get(name), IMMUTABLE))
    _common(new, faults)


def _no_new_finalizers(new: Object, old: Object, faults: Faults) -> None:
    added = sorted(set(new.get("finalizers") or ()) - set(old.get("finalizers") or ()))
    if added:
        found = ", ".join(f'"{name}"' for name in added)
        message = (
            "no new finalizers can be added if the object is being deleted, "
            f"found new finalizers []string{{{found}}}"
        )
        faults.append(f.forbidden("metadata.finalizers", message))


def keep_system_fields(new: Object, old: Object) -> None:
    """In place: what no client can change or take away, however it tries."""
    for name in ("uid", "deletionGracePeriodSeconds"):
        if not new.get(name) and old.get(name) is not None:
            new[name] = old[name]
    for name in ("creationTimestamp", "deletionTimestamp"):
        if old.get(name) is not None:
            new[name] = old[name]
    if old.get("generation") is None:
        new.pop("generation", None)
    else:
        new["generation"] = old["generation"]
