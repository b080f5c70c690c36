"""What the cluster itself is made of: namespaces, nodes, events, leases, runtimes.

Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation`,
`pkg/apis/coordination/validation`, `pkg/apis/node/validation`, `pkg/registry/core/*/strategy.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .kind import Kind
from .meta import NOT_STANDARD
from .names import dns1123_label, path_segment, qualified_name
from .pod.placement import taints
from .pod.resources import canonical_list
from .rules import (
    Always,
    Faults,
    Object,
    at_least,
    child,
    fill_absent,
    immutable,
    part,
    same,
    struct,
)

NAME_LABEL = "kubernetes.io/metadata.name"
FINALIZER = "kubernetes"


# Namespaces


def _namespace_defaults(new: Object) -> None:
    name, labels = new["metadata"].get("name"), child(new["metadata"], "labels")
    if name and labels.get(NAME_LABEL) != name:
        labels[NAME_LABEL] = name
    fill_absent(child(new, "status"), {"phase": "Active"})


def _namespace_finalizer(new: Object) -> None:
    """What is in it goes first."""
    finalizers = child(new, "spec").get("finalizers") or []
    if FINALIZER not in finalizers:
        new["spec"]["finalizers"] = [*finalizers, FINALIZER]


def _finalizers_stay(new: Object, old: Object) -> None:
    """Only the `finalize` subresource takes one away."""
    child(new, "spec")["finalizers"] = part(old, "spec.finalizers") or []


def _namespace_phase(new: Object, old: Object, faults: Faults) -> None:
    phase, is_going = part(new, "status.phase"), new["metadata"].get("deletionTimestamp")
    if not is_going and phase != "Active":
        message = "may only be 'Active' if `deletionTimestamp` is empty"
        faults.append(f.invalid("status.Phase", phase, message))
    elif is_going and phase != "Terminating":
        message = "may only be 'Terminating' if `deletionTimestamp` is not empty"
        faults.append(f.invalid("status.Phase", phase, message))


def validate_finalize(new: Object) -> list[f.Fault]:
    """The `finalize` subresource of a namespace."""
    faults: Faults = []
    for index, name in enumerate(part(new, "spec.finalizers") or ()):
        path = f"spec.finalizers[{index}]"
        faults += [f.invalid(path, name, message) for message in qualified_name(name)]
        if "/" not in name and name != "kubernetes":
            faults.append(f.invalid(path, name, NOT_STANDARD))
    return faults


NAMESPACE = Kind(
    name=dns1123_label,
    is_namespaced=False,
    defaults=(_namespace_defaults,),
    status_rules=(_namespace_phase,),
    status={"phase": "Active"},
    on_create=(_namespace_finalizer,),
    on_update=(_finalizers_stay,),
)


# Nodes


def _node_defaults(new: Object) -> None:
    child(new, "spec")
    status = child(new, "status")
    canonical_list(status, "capacity", "allocatable")
    if status.get("capacity") and status.get("allocatable") is None:
        status["allocatable"] = dict(status["capacity"])


def _node_update(new: Object, old: Object, faults: Faults) -> None:
    now, was = new.get("spec") or {}, old.get("spec") or {}
    if was.get("podCIDRs") and not same(now.get("podCIDRs"), was.get("podCIDRs")):
        message = 'node updates may not change podCIDR except from "" to valid'
        faults.append(f.forbidden("spec.podCIDRs", message))
    if was.get("providerID") and now.get("providerID") != was["providerID"]:
        message = 'node updates may not change providerID except from "" to valid'
        faults.append(f.forbidden("spec.providerID", message))


NODE = Kind(
    is_namespaced=False,
    defaults=(_node_defaults,),
    rules=(struct({"spec": struct({"taints": taints})}),),
    update_rules=(_node_update,),
    status={},
    comes_with_status=True,
)


# Events


def _about(new: Any, path: str, faults: Faults) -> None:
    name = "regarding" if new.get("regarding") is not None else "involvedObject"
    own = new["metadata"].get("namespace") or ""
    about = (new.get(name) or {}).get("namespace") or ""
    if about != own and (about or own not in ("", "default")):
        message = "does not match event.namespace"
        faults.append(f.invalid("involvedObject.namespace", about, message))


EVENT = Kind(name=path_segment, rules=(_about,))


# Leases

_POSITIVE = at_least(1, "must be greater than 0")


def _holder(value: Any, path: str, faults: Faults) -> None:
    if value == "":
        faults.append(f.invalid(path, value, "must not be empty"))


LEASE = Kind(
    rules=(
        struct(
            {
                "spec": struct(
                    {
                        "leaseDurationSeconds": _POSITIVE,
                        "leaseTransitions": at_least(0),
                        "holderIdentity": _holder,
                    }
                )
            }
        ),
    ),
)


# Runtimes


def _handler(value: Any, path: str, faults: Faults) -> None:
    value = value or ""
    faults += [f.invalid(path, value, message) for message in dns1123_label(value)]


RUNTIME_CLASS = Kind(
    is_namespaced=False,
    rules=(struct({"handler": Always(_handler)}),),
    update_rules=(immutable("handler"),),
)
