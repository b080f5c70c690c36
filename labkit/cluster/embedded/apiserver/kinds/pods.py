"""Pods, templates of pods, and bindings of pods to nodes.

Sources: Kubernetes `pkg/registry/core/pod/strategy.go`, `pkg/apis/core/validation/validation.go`,
`pkg/apis/core/v1/conversion.go` (podIPs).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from . import faults as f
from .kind import Kind
from .pod.containers import no_spaces_around_images
from .pod.resources import qos_class, requests_from_limits
from .pod.spec import (
    host_port_defaults,
    pod_spec,
    pod_template,
    spec_defaults,
    template_defaults,
)
from .pod.updates import (
    MIRROR,
    ephemeral_containers_update,
    pod_status_update,
    pod_update,
    resize_update,
)
from .rules import Faults, Object, child, fill_absent, part, parts, struct


def _pod_defaults(pod: Object) -> None:
    spec = child(pod, "spec")
    spec_defaults(spec)
    for name in ("containers", "initContainers"):
        for container in parts(spec, name):
            requests_from_limits(container)
    fill_absent(spec, {"enableServiceLinks": True})
    host_port_defaults(spec)
    _one_address_first(pod.get("status") or {})


def _one_address_first(status: Object) -> None:
    """The one address and the first of all are the same: the one is right where they are not."""
    one, several = status.get("podIP"), status.get("podIPs") or []
    first = (several[0] or {}).get("ip") if several else None
    if one and first != one:
        status["podIPs"] = [{"ip": one}]
    elif first and not one:
        status["podIP"] = first


def _first_status(pod: Object) -> None:
    pod["status"] = {"phase": "Pending", "qosClass": qos_class(pod["spec"])}
    if gates := pod["spec"].get("schedulingGates"):
        pod["status"]["conditions"] = [_waits_at(gates)]


def _keep_class(new: Object, old: Object) -> None:
    """Older kubelets say nothing of a pod's class of service, which stays as it is."""
    if not part(new, "status.qosClass") and (was := part(old, "status.qosClass")):
        child(new, "status")["qosClass"] = was


def _waits_at(gates: Any) -> Object:
    return {
        "type": "PodScheduled",
        "status": "False",
        "reason": "SchedulingGated",
        "message": "Scheduling is blocked due to non-empty scheduling gates",
        "lastProbeTime": None,
        "lastTransitionTime": None,
    }


def _annotations(pod: Any, path: str, faults: Faults) -> None:
    value = (pod["metadata"].get("annotations") or {}).get(MIRROR)
    if value is not None and not pod["spec"].get("nodeName"):
        message = "must set spec.nodeName if mirror pod annotation is set"
        faults.append(f.invalid(f"metadata.annotations[{MIRROR}]", value, message))


POD = Kind(
    defaults=(_pod_defaults,),
    rules=(
        _annotations,
        struct({"spec": pod_spec}),
        lambda pod, path, faults: no_spaces_around_images(pod["spec"], "spec", faults),
    ),
    update_rules=(pod_update,),
    status_rules=(pod_status_update,),
    rules_first=True,
    status={},
    generation_of=("spec",),
    on_create=(_first_status,),
    on_status_update=(_keep_class,),
    status_keeps=("ownerReferences",),
)

POD_EPHEMERAL_CONTAINERS = replace(POD, update_rules=(ephemeral_containers_update,))
"""A pod as its `ephemeralcontainers` subresource updates it."""
POD_RESIZE = replace(POD, update_rules=(resize_update,))
"""A pod as its `resize` subresource updates it."""

POD_TEMPLATE = Kind(
    defaults=(lambda new: template_defaults(child(new, "template")),),
    rules=(struct({"template": pod_template}),),
    generation_of=("template",),
)


def validate_binding(binding: Object) -> list[f.Fault]:
    """The `binding` subresource of a pod: where it shall run."""
    faults: Faults = []
    target = binding.get("target") or {}
    if target.get("kind") not in (None, "", "Node"):
        faults.append(f.not_supported("target.kind", target["kind"], ("Node", "<empty>")))
    if not target.get("name"):
        faults.append(f.required("target.name"))
    return faults
