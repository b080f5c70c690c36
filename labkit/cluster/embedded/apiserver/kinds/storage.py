"""Storage: volumes, claims on them, classes of them, and their drivers.

Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation/validation.go`,
`pkg/apis/storage/v1/defaults.go`, `pkg/apis/storage/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .kind import Kind
from .label_selectors import label_selector
from .names import dns1123_subdomain, qualified_name
from .pod.placement import node_selector
from .pod.resources import canonical_list, quantity_value
from .pod.updates import difference
from .quantity import parse
from .rules import (
    IMMUTABLE,
    Always,
    Faults,
    Object,
    Rule,
    child,
    each,
    fill,
    fill_absent,
    immutable,
    is_empty,
    named,
    one_of,
    part,
    required,
    same,
    struct,
    unless_empty,
)

LONGEST_DRIVER = 63
ACCESS_MODES = ("ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod")
_VOLUME_MODES = one_of("Block", "Filesystem")
_RECLAIM = ("Delete", "Recycle", "Retain")
_NOT_SOURCES = frozenset(
    {
        "accessModes", "capacity", "claimRef", "mountOptions", "nodeAffinity",
        "persistentVolumeReclaimPolicy", "storageClassName", "volumeAttributesClassName",
        "volumeMode",
    }
)  # fmt: skip


def _access_modes(message: str) -> Rule:
    def check(value: Any, path: str, faults: Faults) -> None:
        modes = value or ()
        if not modes:
            faults.append(f.required(path, message))
        for mode in modes:
            one_of(*ACCESS_MODES)(mode, path, faults)
        if "ReadWriteOncePod" in modes and len(set(modes) & set(ACCESS_MODES)) > 1:
            message_pod = "may not use ReadWriteOncePod with other access modes"
            faults.append(f.forbidden(path, message_pod))

    return check


def _positive(written: Any, path: str, faults: Faults) -> None:
    quantity = parse(written)
    if quantity.nano <= 0:
        faults.append(f.invalid(path, str(quantity), "must be greater than zero"))


# Claims


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


def _claim_size(spec: Any, path: str, faults: Faults) -> None:
    path = f"{path}.resources[storage]"
    size = part(spec, "resources.requests.storage")
    if size is None:
        faults.append(f.required(path))
    else:
        _positive(size, path, faults)


claim_spec = struct(
    {
        "accessModes": Always(_access_modes("at least 1 access mode is required")),
        "selector": label_selector,
        "storageClassName": unless_empty(named(dns1123_subdomain)),
        "volumeMode": _VOLUME_MODES,
        "dataSource": struct({"name": required(), "kind": required()}),
        "dataSourceRef": struct({"name": required(), "kind": required()}),
    },
    _claim_size,
)


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


def _no_shrinking(new: Object, old: Object, faults: Faults) -> None:
    sizes = [parse(part(one, "spec.resources.requests.storage") or 0) for one in (new, old)]
    has = parse(part(old, "status.capacity.storage") or 0)
    if sizes[0] < sizes[1] and sizes[0] <= has:
        message = "field can not be less than status.capacity"
        faults.append(f.forbidden("spec.resources.requests.storage", message))


CLAIM = Kind(
    defaults=(claim_defaults,),
    rules=(struct({"spec": claim_spec}),),
    update_rules=(_claim_update,),
    status={"phase": "Pending"},
)


# Volumes


def _volume_defaults(new: Object) -> None:
    spec = child(new, "spec")
    fill(spec, {"persistentVolumeReclaimPolicy": "Retain"})
    fill_absent(spec, {"volumeMode": "Filesystem"})
    canonical_list(spec, "capacity")
    if (host := spec.get("hostPath")) is not None:
        fill_absent(host, {"type": ""})
    fill(child(new, "status"), {"phase": "Pending"})


def _capacity(spec: Any, path: str, faults: Faults) -> None:
    capacity, path = spec.get("capacity") or {}, f"{path}.capacity"
    if not capacity:
        faults.append(f.required(path))
    elif "storage" not in capacity or len(capacity) > 1:
        faults.append(f.not_supported(path, capacity, ("storage",)))
    for name, written in capacity.items():
        before = len(faults)
        quantity_value(name, written, f"{path}[{name}]", faults)
        if len(faults) == before:
            _positive(written, f"{path}[{name}]", faults)


def _sources(spec: Object) -> list[str]:
    return [name for name, value in spec.items() if name not in _NOT_SOURCES and value is not None]


def _one_source(spec: Any, path: str, faults: Faults) -> None:
    there = _sources(spec)
    if not there:
        faults.append(f.required(path, "must specify a volume type"))
    for name in there[1:]:
        faults.append(f.forbidden(f"{path}.{name}", "may not specify more than 1 volume type"))
    if "local" in there and not spec.get("nodeAffinity"):
        message = "Local volume requires node affinity"
        faults.append(f.required(f"{path}.nodeAffinity", message))


_VOLUME_SPEC = struct(
    {
        "accessModes": Always(_access_modes("")),
        "hostPath": struct({"path": required()}),
        "local": struct({"path": required()}),
        "nfs": struct({"server": required(), "path": required()}),
        "csi": struct({"driver": required(), "volumeHandle": required()}),
        "persistentVolumeReclaimPolicy": one_of(*_RECLAIM),
        "nodeAffinity": struct({"required": node_selector}),
        "storageClassName": named(dns1123_subdomain),
        "volumeMode": _VOLUME_MODES,
    },
    _capacity,
    _one_source,
)


def _volume_update(new: Object, old: Object, faults: Faults) -> None:
    sources = []
    for one in (old["spec"], new["spec"]):
        sources.append({name: one[name] for name in _sources(one)})
    if not same(*sources):
        message = "spec.persistentvolumesource is immutable after creation"
        faults.append(
            f.forbidden("spec.persistentvolumesource", f"{message}\n{difference(*sources)}")
        )
    was = old["spec"].get("nodeAffinity")
    if was is not None and not same(now := new["spec"].get("nodeAffinity"), was):
        faults.append(f.invalid("nodeAffinity", now, IMMUTABLE))
    if not same(mode := new["spec"].get("volumeMode"), old["spec"].get("volumeMode")):
        faults.append(f.invalid("volumeMode", mode, IMMUTABLE))  # the path is short there, too


VOLUME = Kind(
    is_namespaced=False,
    defaults=(_volume_defaults,),
    rules=(struct({"spec": _VOLUME_SPEC}),),
    update_rules=(_volume_update,),
    status={"phase": "Pending"},
)


# Classes and drivers


def _class_defaults(new: Object) -> None:
    fill_absent(new, {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"})


def _provisioner(value: Any, path: str, faults: Faults) -> None:
    wrong = qualified_name(value.lower())
    faults += [f.invalid(path, value, message) for message in wrong]


def _driver(value: Any, path: str, faults: Faults) -> None:
    """The name of a driver of CSI, which is a domain."""
    if len(value) > LONGEST_DRIVER:
        faults.append(f.too_long(path, LONGEST_DRIVER))
    faults += [f.invalid(path, value, message) for message in dns1123_subdomain(value.lower())]


def _unchanged(*names: str) -> Any:
    """Fields that an update may not touch, with the words of storage classes."""

    def check(new: Object, old: Object, faults: Faults) -> None:
        for name in names:
            if not same(new.get(name), old.get(name)):
                faults.append(f.forbidden(name, f"updates to {name} are forbidden."))

    return check


STORAGE_CLASS = Kind(
    is_namespaced=False,
    defaults=(_class_defaults,),
    rules=(
        struct(
            {
                "provisioner": required(_provisioner),
                "reclaimPolicy": one_of("Delete", "Retain"),
                "volumeBindingMode": one_of("Immediate", "WaitForFirstConsumer"),
            }
        ),
    ),
    update_rules=(
        _unchanged("parameters", "provisioner", "reclaimPolicy"),
        immutable("volumeBindingMode"),
    ),
)


def _driver_defaults(new: Object) -> None:
    spec = child(new, "spec")
    table = {
        "attachRequired": True,
        "podInfoOnMount": False,
        "storageCapacity": False,
        "requiresRepublish": False,
        "seLinuxMount": False,
        "fsGroupPolicy": "ReadWriteOnceWithFSType",
    }
    fill_absent(spec, table)
    if is_empty(spec.get("volumeLifecycleModes")):
        spec["volumeLifecycleModes"] = ["Persistent"]


CSI_DRIVER = Kind(
    is_namespaced=False,
    defaults=(_driver_defaults,),
    rules=(
        struct(
            {
                "spec": struct(
                    {
                        "fsGroupPolicy": one_of("File", "None", "ReadWriteOnceWithFSType"),
                        "volumeLifecycleModes": each(one_of("Ephemeral", "Persistent")),
                    }
                )
            }
        ),
    ),
    generation_of=("spec",),
)

VOLUME_ATTACHMENT = Kind(
    is_namespaced=False,
    rules=(
        struct(
            {
                "spec": struct(
                    {
                        "attacher": required(_driver),
                        "nodeName": required(named(dns1123_subdomain)),
                    }
                )
            }
        ),
    ),
    update_rules=(immutable("spec"),),
    status={"attached": False},
)
