"""The tables of the cluster itself: nodes, namespaces, events, leases, and what governs a share."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .quantities import canonical_quantity
from .table import AGE, NAME, WIDE, Cell, Column, Object, Table, age_of, name_of
from .text import NONE, condition, spec_and_status
from .times import UNKNOWN, translate_timestamp

ROLE_PREFIX = "node-role.kubernetes.io/"
ROLE = "kubernetes.io/role"


def _node(object: Object, now: datetime) -> list[Cell]:
    spec, status = spec_and_status(object)
    info = status.get("nodeInfo") or {}
    return [
        name_of(object),
        _node_status(spec, status),
        ",".join(_roles(object)) or NONE,
        age_of(object, now),
        info.get("kubeletVersion") or "",
        _address(status, "InternalIP"),
        _address(status, "ExternalIP"),
        *(
            info.get(part) or UNKNOWN
            for part in ("osImage", "kernelVersion", "containerRuntimeVersion")
        ),
    ]


def _node_status(spec: Object, status: Object) -> str:
    ready = condition(status.get("conditions"), "Ready")
    word = "Unknown" if ready is None else "Ready" if ready.get("status") == "True" else "NotReady"
    return f"{word},SchedulingDisabled" if spec.get("unschedulable") else word


def _roles(object: Object) -> list[str]:
    labels: dict[str, str] = (object.get("metadata") or {}).get("labels") or {}
    roles = {label.removeprefix(ROLE_PREFIX) for label in labels if label.startswith(ROLE_PREFIX)}
    return sorted((roles | {labels.get(ROLE, "")}) - {""})


def _address(status: Object, type_: str) -> str:
    address: str = (condition(status.get("addresses"), type_) or {}).get("address", NONE)
    return address


def _namespace(object: Object, now: datetime) -> list[Cell]:
    _, status = spec_and_status(object)
    return [name_of(object), status.get("phase") or "", age_of(object, now)]


def _event(object: Object, now: datetime) -> list[Cell]:
    """An Event of ``v1``, or of ``events.k8s.io/v1``, which has other names for the same."""
    about = _either(object, "involvedObject", "regarding") or {}
    first = _either(object, "firstTimestamp", "deprecatedFirstTimestamp") or object.get("eventTime")
    last = _either(object, "lastTimestamp", "deprecatedLastTimestamp") or first
    count = _either(object, "count", "deprecatedCount") or 1
    if series := object.get("series"):
        last, count = series.get("lastObservedTime"), series.get("count") or 0
    return [
        translate_timestamp(last, now),
        object.get("type") or "",
        object.get("reason") or "",
        "/".join(filter(None, ((about.get("kind") or "").lower(), about.get("name")))),
        about.get("fieldPath") or "",
        _event_source(object),
        (_either(object, "message", "note") or "").strip(),
        translate_timestamp(first, now),
        count,
        name_of(object),
    ]


def _event_source(object: Object) -> str:
    source = _either(object, "source", "deprecatedSource") or {}
    controller = _either(object, "reportingComponent", "reportingController") or ""
    instance = source.get("host") or object.get("reportingInstance")
    component = source.get("component") or controller
    return f"{component}, {instance}" if instance else component


def _either(object: Object, name: str, other: str) -> Any:
    return object.get(name) or object.get(other)


def _component(object: Object, _: datetime) -> list[Cell]:
    healthy = condition(object.get("conditions"), "Healthy")
    if healthy is None:
        return [name_of(object), "Unknown", "", ""]
    word = "Healthy" if healthy.get("status") == "True" else "Unhealthy"
    return [name_of(object), word, healthy.get("message") or "", healthy.get("error") or ""]


def _lease(object: Object, now: datetime) -> list[Cell]:
    holder = (object.get("spec") or {}).get("holderIdentity")
    return [name_of(object), holder or "", age_of(object, now)]


def _lease_candidate(object: Object, now: datetime) -> list[Cell]:
    spec, _ = spec_and_status(object)
    parts = ("leaseName", "binaryVersion", "emulationVersion")
    return [name_of(object), *(spec.get(part) or "" for part in parts), age_of(object, now)]


def _resource_quota(object: Object, now: datetime) -> list[Cell]:
    _, status = spec_and_status(object)
    used = status.get("used") or {}
    requests: list[str] = []
    limits: list[str] = []
    for resource, hard in sorted((status.get("hard") or {}).items()):
        both = f"{canonical_quantity(used.get(resource))}/{canonical_quantity(hard)}"
        (limits if resource.startswith("limits.") else requests).append(f"{resource}: {both}")
    return [name_of(object), ", ".join(requests), ", ".join(limits), age_of(object, now)]


def _priority_class(object: Object, now: datetime) -> list[Cell]:
    return [
        name_of(object),
        object.get("value") or 0,
        bool(object.get("globalDefault")),
        age_of(object, now),
        object.get("preemptionPolicy") or "",
    ]


def _runtime_class(object: Object, now: datetime) -> list[Cell]:
    return [name_of(object), object.get("handler") or "", age_of(object, now)]


def _config_map(object: Object, now: datetime) -> list[Cell]:
    count = len(object.get("data") or ()) + len(object.get("binaryData") or ())
    return [name_of(object), count, age_of(object, now)]


def _secret(object: Object, now: datetime) -> list[Cell]:
    count = len(object.get("data") or ())
    return [name_of(object), object.get("type") or "", count, age_of(object, now)]


def _service_account(object: Object, now: datetime) -> list[Cell]:
    return [name_of(object), len(object.get("secrets") or ()), age_of(object, now)]


_INFO = "core.v1.NodeSystemInfo"

TABLES = {
    "nodes": Table(
        (
            NAME,
            Column("Status", description="Whether the node is ready, and takes pods."),
            Column("Roles", description="The roles that its labels give it."),
            AGE,
            Column("Version", field=f"{_INFO}.kubeletVersion"),
            Column("Internal-IP", field="core.v1.NodeStatus.addresses", priority=WIDE),
            Column("External-IP", field="core.v1.NodeStatus.addresses", priority=WIDE),
            Column("OS-Image", field=f"{_INFO}.osImage", priority=WIDE),
            Column("Kernel-Version", field=f"{_INFO}.kernelVersion", priority=WIDE),
            Column("Container-Runtime", field=f"{_INFO}.containerRuntimeVersion", priority=WIDE),
        ),
        _node,
    ),
    "namespaces": Table(
        (NAME, Column("Status", description="Active, or Terminating."), AGE), _namespace
    ),
    "events": Table(
        (
            Column("Last Seen", field="core.v1.Event.lastTimestamp"),
            Column("Type", field="core.v1.Event.type"),
            Column("Reason", field="core.v1.Event.reason"),
            Column("Object", field="core.v1.Event.involvedObject"),
            Column("Subobject", field="core.v1.ObjectReference.fieldPath", priority=WIDE),
            Column("Source", field="core.v1.Event.source", priority=WIDE),
            Column("Message", field="core.v1.Event.message"),
            Column("First Seen", field="core.v1.Event.firstTimestamp", priority=WIDE),
            Column("Count", field="core.v1.Event.count", priority=WIDE),
            Column("Name", format="name", field="meta.v1.ObjectMeta.name", priority=WIDE),
        ),
        _event,
    ),
    "componentstatuses": Table(
        (
            NAME,
            Column("Status", description="Whether the component is healthy."),
            Column("Message", description="What its health check answered."),
            Column("Error", description="Why it could not be asked."),
        ),
        _component,
    ),
    "leases.coordination.k8s.io": Table(
        (NAME, Column("Holder", field="coordination.v1.LeaseSpec.holderIdentity"), AGE), _lease
    ),
    "leasecandidates.coordination.k8s.io": Table(
        (
            NAME,
            Column("LeaseName", field="coordination.v1beta1.LeaseCandidateSpec.leaseName"),
            Column("BinaryVersion"),
            Column("EmulationVersion"),
            AGE,
        ),
        _lease_candidate,
    ),
    "resourcequotas": Table(
        (
            NAME,
            Column("Request", description="What is used, and may be: requests, and objects."),
            Column("Limit", description="What is used, and may be: limits."),
            AGE,
        ),
        _resource_quota,
    ),
    "priorityclasses.scheduling.k8s.io": Table(
        (
            NAME,
            Column("Value", "integer", field="scheduling.v1.PriorityClass.value"),
            Column("Global-Default", "boolean", field="scheduling.v1.PriorityClass.globalDefault"),
            AGE,
            Column("PreemptionPolicy", field="scheduling.v1.PriorityClass.preemptionPolicy"),
        ),
        _priority_class,
    ),
    "runtimeclasses.node.k8s.io": Table((NAME, Column("Handler"), AGE), _runtime_class),
    "configmaps": Table((NAME, Column("Data", field="core.v1.ConfigMap.data"), AGE), _config_map),
    "secrets": Table(
        (
            NAME,
            Column("Type", field="core.v1.Secret.type"),
            Column("Data", field="core.v1.Secret.data"),
            AGE,
        ),
        _secret,
    ),
    "serviceaccounts": Table(
        (NAME, Column("Secrets", field="core.v1.ServiceAccount.secrets"), AGE), _service_account
    ),
}
