"""Nodes: what they are called, where their pods' addresses come from, what keeps pods away.

Sources: Kubernetes `pkg/apis/core/v1/defaults.go` and `conversion.go` (podCIDRs),
`pkg/apis/core/validation/validation.go`, `pkg/registry/core/node/strategy.go`.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from . import faults as f
from .kind import Kind
from .names import cidr
from .pod.placement import taints
from .pod.resources import canonical_list, quantity_value
from .rules import Faults, Object, child, items, part, same


def _defaults(new: Object) -> None:
    spec = child(new, "spec")
    if "configSource" in spec:
        del spec["configSource"]  # there is no such source any more
    _one_range_first(spec)
    status = child(new, "status")
    canonical_list(status, "capacity", "allocatable")
    if status.get("capacity") and status.get("allocatable") is None:
        status["allocatable"] = dict(status["capacity"])


def _one_range_first(spec: Object) -> None:
    """The one range and the first of all are the same: the one is right where they are not."""
    one, several = spec.get("podCIDR"), spec.get("podCIDRs") or []
    if one and (not several or several[0] != one):
        spec["podCIDRs"] = [one]
    elif several and not one:
        spec["podCIDR"] = several[0]


def _taints(new: Any, path: str, faults: Faults) -> None:
    taints(part(new, "spec.taints"), "metadata.taints", faults)  # that is where they are there


def _amounts(new: Any, path: str, faults: Faults) -> None:
    for name in ("capacity", "allocatable"):
        for resource, written in (part(new, f"status.{name}") or {}).items():
            quantity_value(resource, written, f"status.{name}.{resource}", faults)


def _ranges(new: Any, path: str, faults: Faults) -> None:
    ranges, path = part(new, "spec.podCIDRs") or [], "spec.podCIDRs"
    for index, text in enumerate(ranges):
        faults += [f.invalid(f"{path}[{index}]", text, message) for message in cidr(text)]
    if len(ranges) < 2:
        return
    families = {_family(text) for text in ranges}
    if families != {4, 6} or len(ranges) > 2:
        message = "may specify no more than one CIDR for each IP family"
        faults.append(f.invalid(path, ranges, message))
    seen = set()
    for index, text in enumerate(ranges):
        if text in seen:
            faults.append(f.duplicate(f"{path}[{index}]", text))
        seen.add(text)


def _family(text: str) -> int:
    return 0 if cidr(text) else ipaddress.ip_network(text, strict=False).version


_ONLY = (
    "node updates may only change labels, taints, or capacity (or configSource, if the "
    "DynamicKubeletConfig feature gate is enabled)"
)
_MAY_CHANGE = frozenset({"podCIDR", "unschedulable", "taints", "configSource"})
_SET_ONCE = ("podCIDRs", "providerID")


def _update(new: Object, old: Object, faults: Faults) -> None:
    seen: list[Any] = []
    for address, path in items(new.get("status") or {}, "addresses", "status"):
        if address in seen:
            faults.append(f.duplicate(path, address))
        seen.append(address)
    now, was = new.get("spec") or {}, old.get("spec") or {}
    _range_stays(now.get("podCIDRs") or [], was.get("podCIDRs") or [], faults)
    if was.get("providerID") and now.get("providerID") != was["providerID"]:
        message = 'node updates may not change providerID except from "" to valid'
        faults.append(f.forbidden("spec.providerID", message))
    if now.get("externalID") != was.get("externalID"):
        faults.append(f.forbidden("spec.externalID", "may not be updated"))
    allowed = {name: now.get(name) for name in _SET_ONCE if not was.get(name)}
    if not same(_fixed(now), _fixed({**was, **allowed})):
        faults.append(f.forbidden("[]", _ONLY))  # how a path without a name is written


def _fixed(spec: Object) -> Object:
    return {name: value for name, value in spec.items() if name not in _MAY_CHANGE}


def _status_update(new: Object, old: Object, faults: Faults) -> None:
    _amounts(new, "", faults)
    _update(new, old, faults)
    _taints(new, "", faults)


def _range_stays(now: list[str], was: list[str], faults: Faults) -> None:
    if not was:
        return
    message = 'node updates may not change podCIDR except from "" to valid'
    changed = 1 if len(now) != len(was) else sum(a != b for a, b in zip(now, was, strict=True))
    faults += [f.forbidden("spec.podCIDRs", message)] * changed


NODE = Kind(
    is_namespaced=False,
    defaults=(_defaults,),
    rules=(_taints, _amounts, _ranges),
    update_rules=(_update,),
    status_rules=(_status_update,),
    rules_first=True,
    status={},
    comes_with_status=True,
)
