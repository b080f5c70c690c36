"""What of a pod may change once it is there: little.

Source: Kubernetes `pkg/apis/core/validation/validation.go` (`ValidatePodUpdate` and its kin).
"""

from __future__ import annotations

from .. import faults as f
from ..differences import difference
from ..names import out_of_range
from ..rules import IMMUTABLE, Faults, Object, part, same
from .placement import only_added_tolerations, only_removed_gates
from .spec import INT32

_MAY_CHANGE = ",".join(
    (
        "`spec.containers[*].image`",
        "`spec.initContainers[*].image`",
        "`spec.activeDeadlineSeconds`",
        "`spec.tolerations` (only additions to existing tolerations)",
        "`spec.terminationGracePeriodSeconds` "
        "(allow it to be set to 1 if it was previously negative)",
    )
)
MIRROR = "kubernetes.io/config.mirror"


def pod_update(new: Object, old: Object, faults: Faults) -> None:
    """A pod that is changed: images, deadlines and tolerations may, nothing else."""
    _mirror(new, old, faults)
    spec, before = new["spec"], old["spec"]
    for name in ("containers", "initContainers"):
        if not _same_number(spec, before, name, faults):
            return
    if not _deadline(spec, before, faults):
        return
    only_added_tolerations(spec, before, "spec", faults)
    only_removed_gates(spec, before, "spec", faults)
    munged = _with_changes_taken_back(spec, before)
    if not same(munged, before):
        message = f"pod updates may not change fields other than {_MAY_CHANGE}"
        faults.append(f.forbidden("spec", f"{message}\n{difference(before, munged)}"))


def _mirror(new: Object, old: Object, faults: Faults) -> None:
    is_, was = (part(pod, "metadata.annotations") or {} for pod in (new, old))
    if is_.get(MIRROR) != was.get(MIRROR):
        what = "add" if MIRROR not in was else "remove or update"
        path = f"metadata.annotations[{MIRROR}]"
        faults.append(f.forbidden(path, f"may not {what} mirror pod annotation"))


def _same_number(spec: Object, before: Object, name: str, faults: Faults) -> bool:
    if len(spec.get(name) or ()) == len(before.get(name) or ()):
        return True
    faults.append(f.forbidden(f"spec.{name}", "pod updates may not add or remove containers"))
    return False


def _deadline(spec: Object, before: Object, faults: Faults) -> bool:
    path, was = "spec.activeDeadlineSeconds", before.get("activeDeadlineSeconds")
    seconds = spec.get("activeDeadlineSeconds")
    if seconds is None:
        if was is not None:
            message = "must not update from a positive integer to nil value"
            faults.append(f.invalid(path, "null", message))
        return True
    if not 0 <= seconds <= INT32:
        faults.append(f.invalid(path, seconds, out_of_range(0, INT32)))
    elif was is not None and was < seconds:
        faults.append(f.invalid(path, seconds, "must be less than or equal to previous value"))
    else:
        return True
    return False


def _with_changes_taken_back(spec: Object, before: Object) -> Object:
    """The new spec as it would be without the changes that are allowed."""
    munged = dict(spec)
    for name in ("containers", "initContainers"):
        pairs = zip(spec.get(name) or (), before.get(name) or (), strict=True)
        munged[name] = [{**new, "image": old.get("image")} for new, old in pairs]
    for name in ("activeDeadlineSeconds", "tolerations", "schedulingGates"):
        munged[name] = before.get(name)
    grace = "terminationGracePeriodSeconds"
    if (before.get(grace) or 0) < 0 and spec.get(grace) == 1:
        munged[grace] = before[grace]
    if before.get("schedulingGates"):
        _gated(munged, before)
    return munged


def _gated(munged: Object, before: Object) -> None:
    """A pod that waits at a gate may still be sent to fewer nodes."""
    had, has = before.get("nodeSelector") or {}, munged.get("nodeSelector") or {}
    if had.items() <= has.items():
        munged["nodeSelector"] = before.get("nodeSelector")


def pod_status_update(new: Object, old: Object, faults: Faults) -> None:
    """A pod's status: its class of service stays, and what has ended does not run again."""
    before = part(old, "status.qosClass")
    if before and (now := part(new, "status.qosClass")) != before:
        faults.append(f.invalid("status.qosClass", now, IMMUTABLE))
    policy = old["spec"].get("restartPolicy")
    if policy != "Always":
        _no_resurrection(new, old, policy, faults)


def _no_resurrection(new: Object, old: Object, policy: str | None, faults: Faults) -> None:
    now = {one.get("name"): one for one in part(new, "status.containerStatuses") or ()}
    for index, was in enumerate(part(old, "status.containerStatuses") or ()):
        ended = part(was, "state.terminated")
        if ended is None or (ended.get("exitCode") and policy == "OnFailure"):
            continue
        one = now.get(was.get("name"))
        if one is not None and part(one, "state.terminated") is None:
            message = "may not be transitioned to non-terminated state"
            faults.append(f.forbidden(f"status.containerStatuses[{index}].state", message))


def ephemeral_containers_update(new: Object, old: Object, faults: Faults) -> None:
    """The `ephemeralcontainers` subresource: one may be added, none changed or taken away."""
    path = "spec.ephemeralContainers"
    now = {one.get("name"): one for one in new["spec"].get("ephemeralContainers") or ()}
    for was in old["spec"].get("ephemeralContainers") or ():
        name = was.get("name")
        if name not in now:
            message = f"existing ephemeral containers {f.shown(name)} may not be removed\n"
            faults.append(f.forbidden(path, message))
        elif not same(now[name], was):
            message = f"existing ephemeral containers {f.shown(name)} may not be changed\n"
            faults.append(f.forbidden(path, message + difference(was, now[name])))
    others = [{**pod["spec"], "ephemeralContainers": None} for pod in (new, old)]
    if not same(*others):
        faults.append(f.forbidden("spec", IMMUTABLE))


def resize_update(new: Object, old: Object, faults: Faults) -> None:
    """The `resize` subresource: CPU and memory of containers may change, and nothing else."""
    before = len(faults)
    for name in ("containers", "initContainers"):
        if not _same_number(new["spec"], old["spec"], name, faults):
            return
    munged = [{**pod["spec"], **_without_compute(pod["spec"])} for pod in (new, old)]
    if not same(*munged):
        faults.append(f.forbidden("spec", "only cpu and memory resources are mutable"))
    if len(faults) == before:
        _not_removed(new, old, faults)


def _without_compute(spec: Object) -> Object:
    return {"containers": [_stripped(container) for container in spec.get("containers") or ()]}


def _stripped(container: Object) -> Object:
    resources = {
        kind: {
            name: text for name, text in (amounts or {}).items() if name not in ("cpu", "memory")
        }
        for kind, amounts in (container.get("resources") or {}).items()
        if kind in ("limits", "requests")
    }
    return {**container, "resources": resources}


def _not_removed(new: Object, old: Object, faults: Faults) -> None:
    pairs = zip(new["spec"]["containers"], old["spec"]["containers"], strict=True)
    for index, (now, was) in enumerate(pairs):
        for kind in ("requests", "limits"):
            had, has = (part(one, f"resources.{kind}") or {} for one in (was, now))
            if had.keys() - has.keys():
                message = f"resource {kind} cannot be removed"
                faults.append(f.forbidden(f"spec.containers[{index}].resources.{kind}", message))
