"""Requests and limits: resource names, lists of quantities, and the quality of service they make.

Sources: Kubernetes `pkg/apis/core/validation/validation.go`, `pkg/apis/core/helper`,
`pkg/apis/core/helper/qos`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .. import faults as f
from ..names import qualified_name
from ..quantity import Quantity, canonical, parse
from ..rules import Faults, Object, child

NEGATIVE = "must be greater than or equal to 0"
_STANDARD = frozenset({"cpu", "memory", "ephemeral-storage"})
_COMPUTE = ("cpu", "memory")
_OBJECTS = frozenset(
    {
        "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps",
        "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
    }
)  # fmt: skip
_QUOTA = _OBJECTS | _STANDARD | {
    "requests.cpu", "requests.memory", "requests.storage", "requests.ephemeral-storage",
    "limits.cpu", "limits.memory", "limits.ephemeral-storage",
}  # fmt: skip
_KNOWN = _QUOTA | {"storage"}


def canonical_list(holder: Object | None, *names: str) -> None:
    """In place: each quantity of these resource lists in its one form."""
    for name in names:
        quantities = (holder or {}).get(name) or {}
        for resource, written in quantities.items():
            if (form := canonical(written)) != written:
                quantities[resource] = form


def requests_from_limits(container: Object) -> None:
    """In place: who says only a limit requests as much."""
    if limits := (container.get("resources") or {}).get("limits"):
        requests = child(container["resources"], "requests")
        for name, quantity in limits.items():
            if name not in requests:
                requests[name] = quantity


def is_native(name: str) -> bool:
    """A resource of Kubernetes' own: without a domain, or of its domain."""
    return "/" not in name or "kubernetes.io/" in name


def is_huge_page(name: str) -> bool:
    """`hugepages-2Mi` and the like."""
    return name.startswith("hugepages-")


def is_whole(name: str) -> bool:
    """Counted in whole numbers."""
    return name in _OBJECTS or name.startswith("count/") or not is_native(name)


def may_overcommit(name: str) -> bool:
    """Whether a request may be less than its limit."""
    return is_native(name) and not is_huge_page(name)


def quantity_value(name: str, written: Any, path: str, faults: Faults) -> Quantity:
    """A quantity of a resource: not below 0, whole where it counts things."""
    quantity = parse(written)
    if quantity.nano < 0:
        faults.append(f.invalid(path, str(quantity), NEGATIVE))
    if is_whole(name) and quantity.milli % 1000:
        faults.append(f.invalid(path, quantity, "must be an integer"))
    return quantity


def resource_name(name: str, path: str, faults: Faults) -> bool:
    """A name that any resource may have."""
    if wrong := qualified_name(name):
        faults += [f.invalid(path, name, message) for message in wrong]
    if wrong or "/" in name or name in _KNOWN or is_huge_page(name):
        return not wrong
    message = "must be a standard resource type or fully qualified"
    faults.append(f.invalid(path, name, message))
    return False


def container_resource_name(name: str, path: str, faults: Faults) -> None:
    """A name of a resource that a container may ask for."""
    if name in _STANDARD:
        return
    resource_name(name, path, faults)
    if "/" not in name:
        if not is_huge_page(name):
            message = "must be a standard resource for containers"
            faults.append(f.invalid(path, name, message))
    elif not is_native(name) and name.startswith("requests."):
        faults.append(f.invalid(path, name, "doesn't follow extended resource name standard"))


def is_standard_for_quota(name: str) -> bool:
    """A resource that Kubernetes itself counts."""
    return name in _QUOTA or is_huge_page(name.removeprefix("requests."))


def quota_resource_name(name: str, path: str, faults: Faults) -> None:
    """A name of a resource that a quota may bound."""
    resource_name(name, path, faults)
    if "/" not in name and not is_standard_for_quota(name):
        faults.append(f.invalid(path, name, "must be a standard resource for quota"))


def requirements(value: Any, path: str, faults: Faults) -> None:
    """Requests and limits of a container: names, quantities, and no request above its limit."""
    if not value:
        return
    limits = {
        name: _named_quantity(name, written, f"{path}.limits[{name}]", faults)
        for name, written in (value.get("limits") or {}).items()
    }
    for name, written in (value.get("requests") or {}).items():
        quantity = _named_quantity(name, written, f"{path}.requests[{name}]", faults)
        _within_limit(name, quantity, limits, path, faults)
    _huge_pages_not_alone(value, path, faults)


def _named_quantity(name: str, written: Any, path: str, faults: Faults) -> Quantity:
    container_resource_name(name, path, faults)
    quantity = quantity_value(name, written, path, faults)
    if is_huge_page(name) and not _is_multiple(name, quantity):
        message = f"{quantity} is not positive integer multiple of {name}"
        faults.append(f.invalid(path, str(quantity), message))
    return quantity


def _is_multiple(name: str, quantity: Quantity) -> bool:
    page = parse(name.removeprefix("hugepages-"))
    return page.nano > 0 and quantity.nano >= 0 and quantity.nano % page.nano == 0


def _within_limit(
    name: str, quantity: Quantity, limits: Mapping[str, Quantity], path: str, faults: Faults
) -> None:
    limit = limits.get(name)
    if limit is None:
        if not may_overcommit(name):
            message = "Limit must be set for non overcommitable resources"
            faults.append(f.required(f"{path}.limits", message))
        return
    if quantity != limit and not may_overcommit(name):
        message = f"must be equal to {name} limit of {limit}"
    elif limit < quantity:
        message = f"must be less than or equal to {name} limit of {limit}"
    else:
        return
    faults.append(f.invalid(f"{path}.requests", str(quantity), message))


def _huge_pages_not_alone(value: Object, path: str, faults: Faults) -> None:
    names = (value.get("limits") or {}).keys() | (value.get("requests") or {}).keys()
    if any(map(is_huge_page, names)) and names.isdisjoint(_COMPUTE):
        faults.append(f.forbidden(path, "HugePages require cpu or memory"))


def qos_class(spec: Object) -> str:
    """Guaranteed, Burstable or BestEffort: who is evicted first when memory runs out."""
    said = [(container.get("resources") or {}) for container in _all_containers(spec)]
    if own := spec.get("resources"):
        said = [own]
    compute = [(_compute(one, "requests"), _compute(one, "limits")) for one in said]
    if not any(requests or limits for requests, limits in compute):
        return "BestEffort"
    is_guaranteed = all(
        len(limits) == len(_COMPUTE) and requests == limits for requests, limits in compute
    )
    return "Guaranteed" if is_guaranteed else "Burstable"


def _all_containers(spec: Object) -> Iterator[Any]:
    yield from spec.get("containers") or ()
    yield from spec.get("initContainers") or ()


def _compute(resources: Mapping[str, Any], name: str) -> dict[str, Quantity]:
    found = {
        key: parse(resources[name][key]) for key in _COMPUTE if key in (resources.get(name) or {})
    }
    return {key: quantity for key, quantity in found.items() if quantity.nano > 0}
