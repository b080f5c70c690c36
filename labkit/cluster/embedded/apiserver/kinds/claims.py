"""Claims on volumes, and the templates of claims.

Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .differences import difference
from .kind import Kind
from .label_selectors import annotation_map, label_selector, labels
from .names import dns1123_label, dns1123_subdomain
from .pod.resources import canonical_list
from .quantity import parse
from .rules import (
    IMMUTABLE,
    Always,
    Faults,
    Object,
    child,
    fill,
    fill_absent,
    named,
    one_of,
    part,
    required,
    same,
    struct,
    unless_empty,
)

ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
VOLUME_MODES = one_of("Block", "Filesystem")
_MODE = one_of(*ACCESS_MODES)
CLASS_NAME = unless_empty(named(dns1123_subdomain))


def access_modes(value: Any, path: str, faults: Faults) -> None:
    """Who may use a volume; if one pod only, then nobody else."""
    modes = value or ()
    for mode in modes:
        _MODE(mode, path, faults)
    if "ReadWriteOncePod" in modes and len(set(modes) & set(ACCESS_MODES)) > 1:
        message = "may not use ReadWriteOncePod with other access modes"
        faults.append(f.forbidden(path, message))


def positive(written: Any, path: str, faults: Faults) -> None:
    """A quantity above 0."""
    quantity = parse(written)
    if quantity.nano <= 0:
        faults.append(f.invalid(path, str(quantity), "must be greater than zero"))


def claim_defaults(new: Object) -> None:
    """In place: a claim, or the template of one."""
    spec = child(new, "spec")
    fill_absent(spec, {"volumeMode": "Filesystem"})
    canonical_list(spec.get("resources"), "requests", "limits")
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source and not reference:
        spec["dataSourceRef"] = dict(source)
    elif reference and not source and not reference.get("namespace"):
        spec["dataSource"] = dict(reference)
    fill(child(new, "status"), {"phase": "Pending"})


def _some_mode(spec: Any, path: str, faults: Faults) -> None:
    if not spec.get("accessModes"):
        faults.append(f.required(f"{path}.accessModes", "at least 1 access mode is required"))


def _size(spec: Any, path: str, faults: Faults) -> None:
    path = f"{path}.resources[storage]"
    size = part(spec, "resources.requests.storage")
    if size is None:
        faults.append(f.required(path))
    else:
        positive(size, path, faults)


def _default_group(value: Any, path: str, faults: Faults) -> None:
    group, kind = value.get("apiGroup"), value.get("kind") or ""
    if not group and kind != "PersistentVolumeClaim":
        message = "must be 'PersistentVolumeClaim' when referencing the default apiGroup"
        faults.append(f.invalid(path, kind, message))
    CLASS_NAME(group, f"{path}.apiGroup", faults)


_SOURCE = struct({"name": required(), "kind": required()}, _default_group)
_REFERENCE = struct(
    {"name": required(), "kind": required()},
    _default_group,
    struct({"namespace": unless_empty(named(dns1123_label))}),
)


def _one_source(spec: Any, path: str, faults: Faults) -> None:
    source, reference = spec.get("dataSource"), spec.get("dataSourceRef")
    if source is None or reference is None:
        return
    if reference.get("namespace"):
        message = "may not be specified when dataSourceRef.namespace is specified"
        faults.append(f.invalid(path, {}, message))  # a path without a name is shown so there
    elif any(source.get(name) != reference.get(name) for name in ("apiGroup", "kind", "name")):
        faults.append(f.invalid(path, {}, "must match dataSourceRef"))


claim_spec = struct(
    {},
    _some_mode,
    struct({"selector": label_selector, "accessModes": access_modes}),
    _size,
    struct(
        {
            "storageClassName": CLASS_NAME,
            "volumeMode": VOLUME_MODES,
            "dataSource": _SOURCE,
            "dataSourceRef": _REFERENCE,
        },
        _one_source,
        struct({"volumeAttributesClassName": CLASS_NAME}),
    ),
)
_OF_TEMPLATES = {"annotations": annotation_map, "labels": labels}


def claim_template(value: Any, path: str, faults: Faults) -> None:
    """The template of the claim of one pod: only its labels and annotations can be said."""
    about = value.get("metadata") or {}
    path_of_meta = f"{path}.metadata"
    for name, rule in _OF_TEMPLATES.items():
        rule(about.get(name), f"{path_of_meta}.{name}", faults)
    for name, said in about.items():
        if said and name not in _OF_TEMPLATES:
            written = "uID" if name == "uid" else name
            faults.append(f.forbidden(f"{path_of_meta}.{written}", "cannot be set"))
    claim_spec(value.get("spec") or {}, f"{path}.spec", faults)


def _claim_update(new: Object, old: Object, faults: Faults) -> None:
    now, was = dict(new["spec"]), dict(old["spec"])
    if not was.get("volumeName"):
        now.pop("volumeName", None)  # set once, when it is bound
    if was.get("storageClassName") is None:
        now.pop("storageClassName", None)
    is_bound = part(old, "status.phase") == "Bound"
    if is_bound:
        for spec in (now, was):
            requests = {**(part(spec, "resources.requests") or {}), "storage": None}
            spec["resources"] = {**(spec.get("resources") or {}), "requests": requests}
            spec.pop("volumeAttributesClassName", None)
    for spec in (now, was):
        spec.pop("volumeName", None) if spec.get("volumeName") is None else None
    if not same(now, was):
        message = (
            "spec is immutable after creation except resources.requests and "
            "volumeAttributesClassName for bound claims"
        )
        faults.append(f.forbidden("spec", f"{message}\n{difference(was, now)}"))
    _no_shrinking(new, old, faults)
    if (mode := new["spec"].get("volumeMode")) != old["spec"].get("volumeMode"):
        faults.append(f.invalid("volumeMode", mode, IMMUTABLE))  # the path is short there, too
    keeps_attributes(new["spec"], old["spec"], faults)


def keeps_attributes(now: Object, was: Object, faults: Faults) -> None:
    """A class of attributes may become another, not none."""
    name = "volumeAttributesClassName"
    if was.get(name) is not None and now.get(name) is None:
        message = "update from non-nil value to nil is forbidden"
        faults.append(f.forbidden(f"spec.{name}", message))


def _no_shrinking(new: Object, old: Object, faults: Faults) -> None:
    sizes = [parse(part(one, "spec.resources.requests.storage") or 0) for one in (new, old)]
    has = parse(part(old, "status.capacity.storage") or 0)
    if sizes[0] < sizes[1] and sizes[0] <= has:
        message = "field can not be less than status.capacity"
        faults.append(f.forbidden("spec.resources.requests.storage", message))


CLAIM = Kind(
    defaults=(claim_defaults,),
    rules=(struct({"spec": Always(claim_spec)}),),
    update_rules=(_claim_update,),
    rules_first=True,
    status={"phase": "Pending"},
)
