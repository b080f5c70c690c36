"""Classes of storage, drivers of the Container Storage Interface, and what is attached where.

Sources: Kubernetes `pkg/apis/storage/v1/defaults.go`, `pkg/apis/storage/validation/validation.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .kind import Kind
from .label_selectors import label_selector
from .names import dns1123_subdomain, out_of_range, qualified_name
from .pod.sources import driver_name
from .quantity import parse
from .rules import (
    Always,
    Faults,
    Object,
    UpdateRule,
    child,
    fill_absent,
    immutable,
    is_empty,
    items,
    listed,
    named,
    named_even_empty,
    not_negative,
    one_of,
    part,
    parts,
    required,
    same,
    struct,
    unless_empty,
)
from .volumes import inline_volume

_MOST_PARAMETERS = 512
_PARAMETERS_LIMIT = 256 * 1024
"""Bytes of all keys and values together."""


# Classes


def _class_defaults(new: Object) -> None:
    fill_absent(new, {"reclaimPolicy": "Delete", "volumeBindingMode": "Immediate"})


def _provisioner(value: Any, path: str, faults: Faults) -> None:
    wrong = qualified_name(value.lower())
    faults += [f.invalid(path, value, message) for message in wrong]


def _parameters(value: Any, path: str, faults: Faults) -> None:
    value = value or {}
    if len(value) > _MOST_PARAMETERS:
        faults.append(f.too_long(path, _MOST_PARAMETERS))
        return
    if "" in value:
        faults.append(f.invalid(path, "", "field can not be empty."))
    if _size(value) > _PARAMETERS_LIMIT:
        faults.append(f.too_long(path, _PARAMETERS_LIMIT))


def _size(value: Object) -> int:
    return sum(len(name.encode()) + len((text or "").encode()) for name, text in value.items())


def _some_parameter(value: Any, path: str, faults: Faults) -> None:
    _parameters(value, path, faults)
    if not value:
        faults.append(f.required(path, "must contain at least one key/value pair"))


def _topologies(value: Any, path: str, faults: Faults) -> None:
    before: list[dict[str, frozenset[str]]] = [{}] * len(value)  # so empty ones are duplicates
    for term, term_path in listed(value, path):
        own_path = f"{term_path}.matchLabelExpressions"
        wanted: dict[str, frozenset[str]] = {}
        for requirement, at in listed(term.get("matchLabelExpressions"), own_path):
            _requirement(requirement, at, faults)
            name = requirement.get("key") or ""
            if name in wanted:
                faults.append(f.duplicate(f"{at}.key", name))
            wanted[name] = frozenset(requirement.get("values") or ())
        faults += [f.duplicate(own_path, "") for one in before if one == wanted]
        before.append(wanted)


def _requirement(value: Any, path: str, faults: Faults) -> None:
    seen = set()
    if not value.get("values"):
        faults.append(f.required(f"{path}.values"))
    for index, text in enumerate(value.get("values") or ()):
        if text in seen:
            faults.append(f.duplicate(f"{path}.values[{index}]", text))
        seen.add(text)
    named_even_empty(qualified_name)(value.get("key"), f"{path}.key", faults)


def _unchanged(*names: str) -> UpdateRule:
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
                "parameters": _parameters,
                "reclaimPolicy": unless_empty(one_of("Delete", "Retain")),
                "volumeBindingMode": one_of("Immediate", "WaitForFirstConsumer"),
                "allowedTopologies": _topologies,
            }
        ),
    ),
    update_rules=(
        _unchanged("parameters", "provisioner", "reclaimPolicy"),
        immutable("volumeBindingMode"),
    ),
    rules_first=True,
)

ATTRIBUTES_CLASS = Kind(
    is_namespaced=False,
    rules=(struct({"driverName": required(_provisioner), "parameters": Always(_some_parameter)}),),
    update_rules=(_unchanged("driverName", "parameters"),),
)


# Drivers


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


def _lifecycle_modes(value: Any, path: str, faults: Faults) -> None:
    for mode in value:  # the API server names no item here
        one_of("Persistent", "Ephemeral")(mode, path, faults)


def _token_requests(value: Any, path: str, faults: Faults) -> None:
    seen = set()
    for request, own_path in listed(value, path):
        audience, lasts_s = request.get("audience") or "", request.get("expirationSeconds")
        if audience in seen:
            faults.append(f.duplicate(f"{own_path}.audience", audience))
            continue
        seen.add(audience)
        if lasts_s is not None and not 600 <= lasts_s <= 1 << 32:
            bound = "less than 10 minutes" if lasts_s < 600 else "larger than 2^32 seconds"
            message = f"may not specify a duration {bound}"
            faults.append(f.invalid(f"{own_path}.expirationSeconds", lasts_s, message))


def _period(value: Any, path: str, faults: Faults) -> None:
    if value < 10:
        message = "must be greater than or equal to 10 seconds"
        faults.append(f.invalid(path, value, message))


def _driver_update(new: Object, old: Object, faults: Faults) -> None:
    for name, called in (
        ("attachRequired", "attachedRequired"),
        ("volumeLifecycleModes", "volumeLifecycleModes"),
    ):
        value = part(new, f"spec.{name}")
        if not same(value, part(old, f"spec.{name}")):
            faults.append(f.invalid(f"spec.{called}", value, "field is immutable"))


CSI_DRIVER = Kind(
    is_namespaced=False,
    defaults=(_driver_defaults,),
    rules=(
        struct(
            {
                "spec": struct(
                    {
                        "fsGroupPolicy": one_of("File", "None", "ReadWriteOnceWithFSType"),
                        "tokenRequests": _token_requests,
                        "volumeLifecycleModes": _lifecycle_modes,
                        "nodeAllocatableUpdatePeriodSeconds": _period,
                    }
                )
            }
        ),
    ),
    update_rules=(_driver_update,),
    rules_first=True,
    generation_of=("spec",),
)


# What a node's drivers say

_LONGEST_NODE_ID = 256


def _node_id(value: Any, path: str, faults: Faults) -> None:
    if not value:
        faults.append(f.required(path))
    elif len(value) > _LONGEST_NODE_ID:
        message = f"must be {_LONGEST_NODE_ID} characters or less"
        faults.append(f.invalid(path, value, message))


_NODE_DRIVER = struct(
    {
        "name": Always(driver_name),
        "nodeID": Always(_node_id),
        "allocatable": struct({"count": not_negative}),
    }
)


def _node_drivers(value: Any, path: str, faults: Faults) -> None:
    seen = set()
    for driver, own_path in listed(value, path):
        _NODE_DRIVER(driver, own_path, faults)
        name = driver.get("name") or ""
        if name in seen:
            faults.append(f.duplicate(f"{own_path}.name", name))
        seen.add(name)
        _topology_keys(driver.get("topologyKeys") or (), own_path, faults)


def _topology_keys(given: Any, path: str, faults: Faults) -> None:
    """The API server names the driver here, not the key."""
    seen = set()
    for name in given:
        if not name:
            faults.append(f.required(path))
        if name in seen:
            faults.append(f.duplicate(path, name))
        seen.add(name)
        named_even_empty(qualified_name)(name, path, faults)


def _node_drivers_stay(new: Object, old: Object, faults: Faults) -> None:
    """A driver may come and go, and count anew what it can take; all else of it stays."""
    spec = new.get("spec") or {}
    for was in parts(old.get("spec") or {}, "drivers"):
        for now, _ in items(spec, "drivers"):
            if now.get("name") == was.get("name"):
                fixed, before = ({**one, "allocatable": None} for one in (now, was))
                if not same(fixed, before):
                    message = "field is immutable"
                    faults.append(f.invalid("spec.drivers", _shown_driver(fixed), message))


def _shown_driver(driver: Object) -> f.InOrder:
    return f.InOrder(
        Name=driver.get("name") or "",
        NodeID=driver.get("nodeID") or "",
        TopologyKeys=driver.get("topologyKeys"),
        Allocatable=None,
    )


CSI_NODE = Kind(
    is_namespaced=False,
    rules=(struct({"spec": struct({"drivers": _node_drivers})}),),
    update_rules=(_node_drivers_stay,),
    rules_first=True,
)


# Room that is left


def _room(value: Any, path: str, faults: Faults) -> None:
    quantity = parse(value)
    if quantity.nano < 0:
        message = "must be greater than or equal to 0"
        faults.append(f.invalid(path, str(quantity), message))


STORAGE_CAPACITY = Kind(
    rules=(
        struct(
            {
                "nodeTopology": label_selector,
                "storageClassName": named_even_empty(dns1123_subdomain),
                "capacity": _room,
            }
        ),
    ),
    update_rules=(immutable("nodeTopology", "storageClassName"),),
)


# Attachments

_EXACTLY_ONE = "must specify exactly one of inlineVolumeSpec and persistentVolumeName"


def _attached(value: Any, path: str, faults: Faults) -> None:
    value = value or {}
    inline, name = value.get("inlineVolumeSpec"), value.get("persistentVolumeName")
    if inline is None and name is None:
        faults.append(f.required(path, _EXACTLY_ONE))
    elif inline is not None and name is not None:
        faults.append(f.forbidden(path, _EXACTLY_ONE))
    elif inline is not None:
        inline_volume(inline, f"{path}.inlineVolumeSpec", faults)
    elif not name:
        message = "must specify non empty persistentVolumeName"
        faults.append(f.required(f"{path}.persistentVolumeName", message))


_ATTACHMENT = struct(
    {
        "attacher": required(),
        "source": Always(_attached),
        "nodeName": named_even_empty(dns1123_subdomain),
    }
)
_NEW_ATTACHMENT = struct(
    {
        "attacher": Always(driver_name),
        "source": struct({"persistentVolumeName": named(dns1123_subdomain)}),
    }
)


def _volume_error(value: Any, path: str, faults: Faults) -> None:
    if len((value.get("message") or "").encode()) > 1024:
        faults.append(f.too_long(f"{path}.message", _PARAMETERS_LIMIT))  # so it is said there
    code = value.get("errorCode")
    if code is not None and code < 0:
        faults.append(f.invalid(f"{path}.errorCode", code, out_of_range(0, 2**31 - 1)))


def _attachment_metadata(value: Any, path: str, faults: Faults) -> None:
    if _size(value) > _PARAMETERS_LIMIT:
        faults.append(f.too_long(path, _PARAMETERS_LIMIT))


_ATTACHMENT_STATUS = struct(
    {
        "attachmentMetadata": _attachment_metadata,
        "attachError": _volume_error,
        "detachError": _volume_error,
    }
)

VOLUME_ATTACHMENT = Kind(
    is_namespaced=False,
    rules=(struct({"spec": Always(lambda *said: _ATTACHMENT(said[0] or {}, *said[1:]))}),),
    create_rules=(struct({"spec": _NEW_ATTACHMENT}),),
    update_rules=(immutable("spec"),),
    status_rules=(lambda new, _, faults: _ATTACHMENT_STATUS(new.get("status"), "status", faults),),
    rules_first=True,
    status={"attached": False},
    status_keeps=("labels", "annotations", "finalizers", "ownerReferences"),
)
