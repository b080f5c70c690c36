"""What keeps pods running: deployments, replica sets, stateful sets, daemon sets and their like.

Sources: Kubernetes `pkg/apis/apps/v1/defaults.go`, `pkg/apis/apps/validation/validation.go`,
`pkg/registry/apps/*/strategy.go`.
"""

from __future__ import annotations

from typing import Any

from . import faults as f
from .claims import claim_defaults, claim_spec
from .kind import Kind
from .label_selectors import is_selector_empty, label_selector, matches
from .names import dns1123_label
from .pod.spec import pod_template, template_defaults
from .rules import (
    Faults,
    Object,
    Rule,
    child,
    fill,
    fill_absent,
    immutable,
    items,
    named,
    not_negative,
    part,
    parts,
    required,
    same,
    struct,
)
from .strategies import daemon_set_strategy, deployment_strategy, stateful_set_strategy

_GENERATION = "deprecated.daemonset.template.generation"


# Defaults


def _spec_defaults(new: Object, table: Object) -> Object:
    spec = child(new, "spec")
    fill_absent(spec, table)
    template_defaults(child(spec, "template"))
    return spec


def _rolling_defaults(spec: Object, name: str, table: Object) -> None:
    strategy = child(spec, name)
    fill(strategy, {"type": "RollingUpdate"})
    if strategy["type"] == "RollingUpdate":
        fill_absent(child(strategy, "rollingUpdate"), table)


def _deployment_defaults(new: Object) -> None:
    table = {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
    spec = _spec_defaults(new, table)
    _rolling_defaults(spec, "strategy", {"maxUnavailable": "25%", "maxSurge": "25%"})


def _replica_set_defaults(new: Object) -> None:
    _spec_defaults(new, {"replicas": 1})


def _daemon_set_defaults(new: Object) -> None:
    spec = _spec_defaults(new, {"revisionHistoryLimit": 10})
    _rolling_defaults(spec, "updateStrategy", {"maxUnavailable": 1, "maxSurge": 0})


def _stateful_set_defaults(new: Object) -> None:
    spec = _spec_defaults(new, {"replicas": 1, "revisionHistoryLimit": 10})
    fill(spec, {"podManagementPolicy": "OrderedReady"})
    _rolling_defaults(spec, "updateStrategy", {"partition": 0})
    fill(
        child(spec, "persistentVolumeClaimRetentionPolicy"),
        {"whenDeleted": "Retain", "whenScaled": "Retain"},
    )
    for claim in parts(spec, "volumeClaimTemplates"):
        fill(claim, {"apiVersion": "v1", "kind": "PersistentVolumeClaim"})
        claim_defaults(claim)


def _controller_defaults(new: Object) -> None:
    spec = _spec_defaults(new, {"replicas": 1})
    labels = part(spec, "template.metadata.labels") or {}
    if labels:
        fill(spec, {"selector": dict(labels)})
        fill(new["metadata"], {"labels": dict(labels)})


# Rules


_UNUSABLE = {"ReplicaSet": "invalid label selector", "StatefulSet": ""}
"""What is said once more of a selector that breaks rules; the template is not looked at then."""


def template_of(owner: str, *, empty: str) -> Rule:
    """A spec's selector and its template: they fit together, and the pods run for ever."""
    message = f"empty selector is invalid for {empty}"

    def check(spec: Any, path: str, faults: Faults) -> None:
        selector, template = spec.get("selector"), spec.get("template") or {}
        own_path, before = f"{path}.selector", len(faults)
        label_selector(selector, own_path, faults)
        is_usable = len(faults) == before
        if selector is None:
            faults.append(f.required(own_path))
        elif is_selector_empty(selector):
            faults.append(f.invalid(own_path, selector, message))
        if is_usable:
            _fits(selector, template, f"{path}.template", faults)
        elif owner in _UNUSABLE:
            faults.append(f.invalid(own_path, selector, _UNUSABLE[owner]))
        if is_usable or owner not in _UNUSABLE:
            _template(spec, template, f"{path}.template", faults)
        if is_usable or owner != "ReplicaSet":
            _runs_for_ever(template.get("spec") or {}, owner, f"{path}.template.spec", faults)

    return check


def _fits(selector: Any, template: Object, path: str, faults: Faults) -> None:
    labels = part(template, "metadata.labels")
    if selector is None or not matches(selector, labels):
        message = "`selector` does not match template `labels`"
        faults.append(f.invalid(f"{path}.metadata.labels", labels, message))


def _template(spec: Object, template: Object, path: str, faults: Faults) -> None:
    claims = spec.get("volumeClaimTemplates") or ()
    if claims:  # each of these will be a volume of its name
        names = [part(claim, "metadata.name") for claim in claims]
        own = [one for one in part(template, "spec.volumes") or () if one.get("name") not in names]
        claimed = [
            {"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names if name
        ]
        template = {
            **template,
            "spec": {**(template.get("spec") or {}), "volumes": [*own, *claimed]},
        }
    pod_template(template, path, faults)


def _runs_for_ever(spec: Object, owner: str, path: str, faults: Faults) -> None:
    policy = spec.get("restartPolicy")
    if policy != "Always":
        faults.append(f.not_supported(f"{path}.restartPolicy", policy or "", ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        message = f"activeDeadlineSeconds in {owner} is not Supported"
        faults.append(f.forbidden(f"{path}.activeDeadlineSeconds", message))


_COUNTS = struct(
    {
        "replicas": not_negative,
        "minReadySeconds": not_negative,
        "revisionHistoryLimit": not_negative,
        "progressDeadlineSeconds": not_negative,
    }
)


def _deadline(spec: Any, path: str, faults: Faults) -> None:
    seconds, ready = spec.get("progressDeadlineSeconds"), spec.get("minReadySeconds") or 0
    if seconds is not None and seconds <= ready:
        message = "must be greater than minReadySeconds"
        faults.append(f.invalid(f"{path}.progressDeadlineSeconds", seconds, message))


def _one_of_two(first: str, second: str) -> Rule:
    def check(value: Any, path: str, faults: Faults) -> None:
        if value not in (first, second):
            faults.append(f.invalid(path, value, f"must be '{first}' or '{second}'"))

    return check


def _claims(spec: Any, path: str, faults: Faults) -> None:
    for claim, own_path in items(spec, "volumeClaimTemplates", path):
        claim_spec(claim.get("spec") or {}, f"{own_path}.spec", faults)


_STATEFUL_MAY_CHANGE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)


def _stateful_update(new: Object, old: Object, faults: Faults) -> None:
    now, was = new["spec"], old["spec"]
    fixed = (now.keys() | was.keys()) - set(_STATEFUL_MAY_CHANGE)
    if any(not same(now.get(name), was.get(name)) for name in fixed):
        *first, last = (f"'{name}'" for name in _STATEFUL_MAY_CHANGE)
        message = (
            f"updates to statefulset spec for fields other than {', '.join(first)} and {last} "
            "are forbidden"
        )
        faults.append(f.forbidden("spec", message))


def _raise_with_annotations(new: Object, old: Object) -> None:
    """A deployment's annotations are its spec's: they are copied to its replica sets."""
    now, was = (one["metadata"].get("annotations") for one in (new, old))
    if not same(now, was) and same(new.get("spec"), old.get("spec")):
        new["metadata"]["generation"] = (old["metadata"].get("generation") or 0) + 1


def _first_template(new: Object) -> None:
    child(new["metadata"], "annotations")[_GENERATION] = "1"


def _next_template(new: Object, old: Object) -> None:
    number = int((old["metadata"].get("annotations") or {}).get(_GENERATION) or "0")
    if not same(part(new, "spec.template"), part(old, "spec.template")):
        number += 1
    child(new["metadata"], "annotations")[_GENERATION] = str(number)


_SELECTOR_STAYS = immutable("spec.selector")

DEPLOYMENT = Kind(
    defaults=(_deployment_defaults,),
    rules=(
        struct(
            {
                "spec": struct(
                    {"strategy": deployment_strategy},
                    _COUNTS,
                    template_of("ReplicaSet", empty="deployment"),
                    _deadline,
                )
            }
        ),
    ),
    update_rules=(_SELECTOR_STAYS,),
    rules_first=True,
    status={},
    generation_of=("spec",),
    on_update=(_raise_with_annotations,),
    status_keeps=("labels",),
)

REPLICA_SET = Kind(
    defaults=(_replica_set_defaults,),
    rules=(struct({"spec": struct({}, _COUNTS, template_of("ReplicaSet", empty="deployment"))}),),
    update_rules=(_SELECTOR_STAYS,),
    rules_first=True,
    status={"replicas": 0},
    generation_of=("spec",),
)

DAEMON_SET = Kind(
    defaults=(_daemon_set_defaults,),
    rules=(
        struct(
            {
                "spec": struct(
                    {"updateStrategy": daemon_set_strategy},
                    _COUNTS,
                    template_of("DaemonSet", empty="daemonset"),
                )
            }
        ),
    ),
    update_rules=(_SELECTOR_STAYS,),
    rules_first=True,
    status={
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    },
    generation_of=("spec",),
    on_create=(_first_template,),
    on_update=(_next_template,),
)

STATEFUL_SET = Kind(
    name=dns1123_label,
    defaults=(_stateful_set_defaults,),
    rules=(
        struct(
            {
                "spec": struct(
                    {
                        "podManagementPolicy": _one_of_two("OrderedReady", "Parallel"),
                        "updateStrategy": stateful_set_strategy,
                        "serviceName": named(dns1123_label),
                        "ordinals": struct({"start": not_negative}),
                    },
                    _COUNTS,
                    template_of("StatefulSet", empty="statefulset"),
                    _claims,
                )
            }
        ),
    ),
    update_rules=(_stateful_update,),
    rules_first=True,
    status={"replicas": 0, "availableReplicas": 0},
    generation_of=("spec",),
)


def _controller_template(spec: Any, path: str, faults: Faults) -> None:
    """Its selector is a plain map of labels."""
    selector, template = spec.get("selector") or {}, spec.get("template") or {}
    if not selector:
        faults.append(f.required(f"{path}.selector"))
    else:
        _fits({"matchLabels": selector}, template, f"{path}.template", faults)
    pod_template(template, f"{path}.template", faults)
    pod = template.get("spec") or {}
    _runs_for_ever(pod, "ReplicationController", f"{path}.template.spec", faults)


REPLICATION_CONTROLLER = Kind(
    defaults=(_controller_defaults,),
    rules=(struct({"spec": struct({}, _COUNTS, _controller_template)}),),
    status={"replicas": 0},
    generation_of=("spec",),
)

CONTROLLER_REVISION = Kind(
    rules=(struct({"data": required(message="data is mandatory"), "revision": not_negative}),),
    update_rules=(immutable("data"),),
    rules_first=True,
)
