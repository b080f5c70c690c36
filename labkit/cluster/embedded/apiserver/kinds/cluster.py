"""What the cluster itself is made of: namespaces, leases, runtimes.

Sources: Kubernetes `pkg/apis/core/v1/defaults.go`, `pkg/apis/core/validation`,
`pkg/apis/coordination/validation`, `pkg/apis/node/validation`, `pkg/registry/core/*/strategy.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .kind import Kind
from .label_selectors import labels
from .meta import NOT_STANDARD
from .names import dns1123_label, qualified_name
from .pod.placement import tolerations
from .pod.resources import canonical_list, requirements
from .rules import (
    Faults,
    Object,
    at_least,
    child,
    fill_absent,
    immutable,
    listed,
    named_even_empty,
    part,
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


# Leases

_POSITIVE = at_least(1, "must be greater than 0")


def _holder_is_sought(spec: Any, path: str, faults: Faults) -> None:
    if spec.get("preferredHolder") and not spec.get("strategy"):
        message = "may only be specified if `strategy` is defined"
        faults.append(f.forbidden(f"{path}.preferredHolder", message))


def _strategy(value: Any, path: str, faults: Faults) -> None:
    path = f"{path}.strategy"  # it is there twice in what the API server says
    if "/" in value:
        faults += [f.invalid(path, value, message) for message in qualified_name(value)]
    elif value != "OldestEmulationVersion":
        faults.append(f.not_supported(path, value, ("OldestEmulationVersion",)))


LEASE = Kind(
    rules=(
        struct(
            {
                "spec": struct(
                    {
                        "leaseDurationSeconds": _POSITIVE,
                        "leaseTransitions": at_least(0),
                        "strategy": _strategy,
                    },
                    _holder_is_sought,
                )
            }
        ),
    ),
)


# Runtimes


def _overhead_defaults(new: Object) -> None:
    canonical_list(new.get("overhead"), "podFixed")


def _overhead(value: Any, path: str, faults: Faults) -> None:
    """It is held against the rules for what containers may use at most."""
    requirements({"limits": value.get("podFixed")}, path, faults)


def _tolerations(value: Any, path: str, faults: Faults) -> None:
    tolerations(value, f"{path}.tolerations", faults)  # it is there twice in what the server says
    seen = set()
    for toleration, own_path in listed(value, path):
        this = tuple(toleration.get(name) for name in ("key", "operator", "value", "effect"))
        if this in seen:
            faults.append(f.duplicate(own_path, toleration))
        seen.add(this)


RUNTIME_CLASS = Kind(
    is_namespaced=False,
    defaults=(_overhead_defaults,),
    rules=(
        struct(
            {
                "handler": named_even_empty(dns1123_label),
                "overhead": _overhead,
                "scheduling": struct({"nodeSelector": labels, "tolerations": _tolerations}),
            }
        ),
    ),
    update_rules=(immutable("handler"),),
    rules_first=True,
)
